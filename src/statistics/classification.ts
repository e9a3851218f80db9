import { checkOptions } from '../foundation/options.js';
import { type Label, labelIndex, labelsCheck, positionOf } from './labels.js';
import { checkSameLength } from './paired-numbers.js';

/** Figures of one class; 0 where the usual ratio is 0/0, as scikit-learn's default. */
export interface ClassFigures {
  /** The class. */
  readonly label: Label;
  /** True positives / everything predicted as this class. */
  readonly precision: number;
  /** True positives / everything that is of this class. */
  readonly recall: number;
  /** Harmonic mean of both. */
  readonly f1: number;
  /** How many cases are of this class. */
  readonly support: number;
}

/** Averages of a per-class figure, each under its own name. */
export interface ClassAverages {
  /** Mean over classes, each counting the same. */
  readonly macro: number;
  /** From the counts of all classes together; with one label a case it equals the accuracy. */
  readonly micro: number;
  /** Mean over classes, weighted by support. */
  readonly weighted: number;
}

/** How predictions of single labels agree with the truth. */
export interface ClassificationReport {
  /** How many cases, >= 1. */
  readonly n: number;
  /** All labels, in the order of `confusion` and `classes`. */
  readonly labels: readonly Label[];
  /** `confusion[i][j]`: cases of label i that were predicted as label j. */
  readonly confusion: readonly (readonly number[])[];
  /** The figures of each label. */
  readonly classes: readonly ClassFigures[];
  /** Share of cases whose label was predicted, 0..1. */
  readonly accuracy: number;
  /** Averages of the classes' precision, 0..1. */
  readonly precision: ClassAverages;
  /** Averages of the classes' recall, 0..1. */
  readonly recall: ClassAverages;
  /** Averages of the classes' F1, 0..1; `macro` is the mean of F1, not the F1 of means. */
  readonly f1: ClassAverages;
  /** Mean recall over all labels; one that the truth never has counts 0. */
  readonly balancedAccuracy: number;
  /** Matthews correlation coefficient (Gorodkin's for several classes); 0 when one side is constant. */
  readonly matthews: number;
}

/** Options of {@link classificationReport}. */
export interface ClassificationOptions {
  /** All labels, in the order they shall have. @default those that occur, sorted */
  readonly labels?: readonly Label[] | undefined;
}

/**
 * Confusion matrix and the figures read from it. `null` for no cases. All counts are integers, so order does
 * not matter.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for lists of different lengths, a label that is none or was not given;
 *   `ASSAY_INVALID_OPTION`.
 */
export function classificationReport(
  truth: readonly Label[],
  predicted: readonly Label[],
  options: ClassificationOptions = {},
): ClassificationReport | null {
  const given = checkOptions<ClassificationOptions>('classificationReport', options, { labels: labelsCheck });
  checkSameLength('truth and predictions', truth, predicted);
  const n = truth.length;
  if (n === 0) return null;
  const index = labelIndex([truth, predicted], given.labels);
  const labels = [...index.keys()];
  const confusion = labels.map(() => labels.map(() => 0));
  truth.forEach((label, i) => {
    const row = confusion[positionOf(index, label)] as number[];
    const column = positionOf(index, predicted[i] as Label);
    row[column] = (row[column] as number) + 1;
  });
  const rows = confusion.map(total);
  const columns = labels.map((_, j) => total(confusion.map((row) => row[j] as number)));
  const hits = labels.map((_, i) => confusion[i]?.[i] as number);
  const classes = labels.map((label, i): ClassFigures => {
    const [hit, support, calls] = [hits[i] as number, rows[i] as number, columns[i] as number];
    return {
      label,
      precision: ratio(hit, calls),
      recall: ratio(hit, support),
      f1: ratio(2 * hit, support + calls),
      support,
    };
  });
  const accuracy = total(hits) / n;
  const averages = (of: (figures: ClassFigures) => number): ClassAverages => ({
    macro: total(classes.map(of)) / classes.length,
    micro: accuracy,
    weighted: total(classes.map((figures) => of(figures) * figures.support)) / n,
  });
  return {
    n,
    labels,
    confusion,
    classes,
    accuracy,
    precision: averages((figures) => figures.precision),
    recall: averages((figures) => figures.recall),
    f1: averages((figures) => figures.f1),
    balancedAccuracy: total(classes.map((figures) => figures.recall)) / classes.length,
    matthews: matthews(n, total(hits), { rows, columns }),
  };
}

/** Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation coefficient". */
function matthews(
  n: number,
  hits: number,
  { rows, columns }: { readonly rows: readonly number[]; readonly columns: readonly number[] },
): number {
  const dot = (a: readonly number[], b: readonly number[]): number =>
    total(a.map((value, i) => value * (b[i] as number)));
  const spread = Math.sqrt(n * n - dot(columns, columns)) * Math.sqrt(n * n - dot(rows, rows));
  return spread === 0 ? 0 : (hits * n - dot(rows, columns)) / spread;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
