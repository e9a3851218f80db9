import { AssayError, InputError } from '../../errors.js';
import {
  betweenZeroAndOne,
  checkOptions,
  object,
  oneOf,
  requireOptions,
  show,
  text,
  type OptionChecks,
} from '../../foundation/options.js';
import type { RunSource } from '../../statistics/compare-runs.js';
import { pearson } from '../../statistics/correlation.js';
import { type AnchoredMean, anchoredMean, FEWEST_LABELS, labelsOnly } from './anchored-mean.js';
import type { Anchored, AnchoredData } from './anchored-data.js';
import { formatAnchored } from './format-anchored.js';
import { judgeAgreement } from './judge-agreement.js';
import { areUneven, judgeBias } from './judge-bias.js';
import type { LabelSet } from './label-set.js';
import {
  clusteredPredictionPoweredMean,
  meanOf,
  predictionPoweredMean,
  tunedLambda,
  weightedPredictionPoweredMean,
} from './prediction-powered.js';
import { keyOf, readScores, type ScoredItem } from './scored-items.js';

/** Options of {@link anchored}. */
export interface AnchoredOptions {
  /** The judge's scores of all answers: a stored run or its results. */
  readonly run: RunSource;
  /** The score: `overall` or a dimension's name. @default 'overall' */
  readonly metric?: string | undefined;
  /**
   * Labels of some answers, drawn at random: from {@link readLabels}, or a run whose scores count as labels (a strong judge
   * on a sample, a new run on a part of the cases), which then must say `drawn`.
   */
  readonly labels: LabelSet | RunSource | Promise<LabelSet>;
  /** Says that a run that is used as labels is over cases that were drawn at random; nobody can see it otherwise. */
  readonly drawn?: 'at-random' | undefined;
  /** A second run over the same answers' cases: the difference of both (run - baseline) is anchored. Its labels are `baselineLabels`. */
  readonly baseline?: RunSource | undefined;
  /** Labels of the baseline's answers, for the same cases as `labels`. */
  readonly baselineLabels?: LabelSet | RunSource | Promise<LabelSet> | undefined;
  /** Ids of cases whose labels have tuned the judge: a label among them is refused. @default none */
  readonly tunedOn?: Iterable<string> | undefined;
  /** `auto`: cases that carry a `cluster` count as dependent. @default 'auto' */
  readonly clusters?: 'auto' | 'ignore' | undefined;
  /** Nominal coverage, above 0 and below 1. @default 0.95 */
  readonly level?: number | undefined;
}

const CHECKS: OptionChecks<AnchoredOptions> = {
  run: object,
  metric: text,
  labels: object,
  drawn: oneOf('at-random'),
  baseline: object,
  baselineLabels: object,
  tunedOn: object,
  clusters: oneOf('auto', 'ignore'),
  level: betweenZeroAndOne,
};

/**
 * Can this judge be believed? Judge scores of all answers, labels of a random few, and one interval for the mean label
 * that holds whatever the judge is worth: prediction-powered inference, the judge's weight tuned by the labels. A good
 * judge saves labels, a useless one costs nothing, a biased one biases nothing.
 *
 * The same call anchors a cheap judge by a strong one, and a run on a part of the cases by the run before on all.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for labels that were not drawn at random (or without a record of it), labels
 *   that tuned the judge, labels of another run, a labelled answer that the run does not have, fewer than two clusters
 *   with labels, and fewer than two labels; `ASSAY_INVALID_OPTION`, `ASSAY_EMPTY_INPUT`.
 *
 * @example
 * await writeLabelSheet(store, { runId, n: 100, seed: 1, path: 'labels.csv' }); // people fill in the column `label`
 * console.log(String(await anchored({ run: { store, runId }, metric: 'quality', labels: readLabels('labels.csv') })));
 */
export async function anchored(options: AnchoredOptions): Promise<Anchored> {
  const checked = checkOptions('anchored', options, CHECKS);
  requireOptions('anchored', checked, ['run', 'labels']);
  const { metric = 'overall', level = 0.95, clusters = 'auto' } = checked;
  const paired = checked.baseline !== undefined;
  if (paired !== (checked.baselineLabels !== undefined)) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      'Expected `baseline` and `baselineLabels` of anchored together: a difference needs labels of both sides',
    );
  }
  const own = { run: checked.run, labels: await checked.labels, options: checked };
  let { items: sample, skipped } = await sideOf('run', own);
  if (checked.baseline !== undefined && checked.baselineLabels !== undefined) {
    const given = { run: checked.baseline, labels: await checked.baselineLabels, options: checked };
    const other = await sideOf('baseline', given);
    sample = differenceOf(sample, other.items);
    skipped += other.skipped;
  }
  const items = [...sample.values()];
  if (clusters === 'ignore') for (const item of items) item.cluster = undefined;
  const data = anchoredData(items, { metric, level, paired, labelsSkipped: skipped });
  return Object.defineProperty({ ...data }, 'toString', {
    value: () => formatAnchored(data),
    enumerable: false,
  }) as Anchored;
}

/** Everything is made on 0..1 and mapped back. */
interface Scale {
  readonly to: (value: number) => number;
  readonly from: (value: number) => number;
  readonly width: number;
}

const SCORES: Scale = { to: (x) => x, from: (x) => x, width: 1 };
/** Differences lie in -1..1. */
const DIFFERENCES: Scale = { to: (x) => (x + 1) / 2, from: (x) => 2 * x - 1, width: 2 };

function anchoredData(
  items: readonly ScoredItem[],
  asked: Pick<AnchoredData, 'metric' | 'level' | 'paired' | 'labelsSkipped'>,
): AnchoredData {
  const { level, paired } = asked;
  const scale = paired ? DIFFERENCES : SCORES;
  const mapped = items.map((item) => ({
    ...item,
    score: scale.to(item.score),
    label: item.label === null ? null : scale.to(item.label),
  }));
  const sample = sampleOf(mapped);
  const { labels, judge } = sample;
  const found = estimate(mapped, sample, level);
  const binary = !paired && [...labels, ...judge].every((x) => x === 0 || x === 1);
  const effective = effectiveLabels(sample);
  const clusters =
    clustersOf(mapped) === null
      ? null
      : mapped.filter(({ label }) => label !== null).map(({ cluster }) => cluster as string);
  return {
    ...asked,
    ...found,
    mean: scale.from(found.mean),
    interval: [scale.from(found.interval[0]), scale.from(found.interval[1])],
    labels: labels.length,
    items: mapped.length,
    clusters: clustersOf(mapped),
    judgeMean: scale.from(meanOf(mapped.map(({ score }) => score))),
    judgeBias: judgeBias(sample, { level, clusters, chances: chancesOf(mapped), width: scale.width }),
    correlation: pearson(labels, judge),
    agreement: binary ? judgeAgreement(labels, judge, { level, clusters }) : null,
    effectiveLabels: effective,
    labelsSaved: labelsSaved(found, effective, labels.length),
  };
}

/** Chances of the answers that have a label. */
const chancesOf = (items: readonly ScoredItem[]): number[] =>
  items.filter(({ label }) => label !== null).map(({ probability }) => probability ?? 1);

function labelsSaved({ form }: AnchoredMean, effective: number | null, labels: number): number | null {
  if (form === 'labels-only') return 0;
  return effective === null ? null : Math.max(0, effective - labels);
}

function sampleOf(items: readonly ScoredItem[]): Sample {
  const labelled = items.filter(({ label }) => label !== null);
  if (labelled.length < 2) {
    throw new InputError(
      'ASSAY_EMPTY_INPUT',
      `Expected at least two labelled answers with a score of the judge, found ${labelled.length}`,
    );
  }
  return {
    labels: labelled.map(({ label }) => label as number),
    judge: labelled.map(({ score }) => score),
    unlabelledJudge: items.filter(({ label }) => label === null).map(({ score }) => score),
  };
}

interface Sample {
  readonly labels: readonly number[];
  readonly judge: readonly number[];
  readonly unlabelledJudge: readonly number[];
}

const clip = (value: number): number => Math.min(1, Math.max(0, value));

/** Where labels were drawn with several chances: each counts by its own. */
function weighted(items: readonly ScoredItem[], sample: Sample, level: number): AnchoredMean {
  const lambda = sample.unlabelledJudge.length === 0 ? 0 : tunedLambda(sample);
  // An item that was not drawn had some chance, too; where nobody says which, that of its like counts for nothing: its term is λF alone.
  const found = weightedPredictionPoweredMean(
    {
      judge: items.map(({ score }) => score),
      labels: items.map(({ label }) => label),
      probability: items.map(({ probability }) => probability ?? 1),
    },
    { lambda, level },
  );
  const interval = found.interval ?? [0, 1];
  return {
    mean: clip(found.mean),
    interval: [clip(interval[0]), clip(interval[1])],
    lambda,
    form: 'prediction-powered-weighted',
    reason: null,
  };
}

function estimate(items: readonly ScoredItem[], sample: Sample, level: number): AnchoredMean {
  const { labels } = sample;
  const chances = chancesOf(items);
  const uneven = areUneven(chances);
  const clustered = clustersOf(items) !== null;
  if (uneven && clustered) {
    throw new InputError(
      'ASSAY_INVALID_INPUT',
      "Expected labels with one chance for all where cases come in clusters, got several (a sheet with strata): draw without strata, or say `clusters: 'ignore'`",
    );
  }
  if (uneven) return weighted(items, sample, level);
  if (!clustered) return anchoredMean(sample, level);
  const withLabels = items.filter(({ label }) => label !== null);
  const labelled = new Set(withLabels.map(({ cluster }) => cluster)).size;
  if (labelled < 2) {
    throw new InputError('ASSAY_INVALID_INPUT', `Expected labels in at least two clusters, got ${labelled}`);
  }
  if (sample.unlabelledJudge.length === 0 || labels.length < FEWEST_LABELS) {
    return labelsOnly(labels, {
      level,
      reason: clusterReason(sample),
      clusters: withLabels.map(({ cluster }) => cluster as string),
    });
  }
  const found = clusteredPredictionPoweredMean(
    {
      ...sample,
      clusters: withLabels.map(({ cluster }) => cluster as string),
      unlabelledClusters: items.filter(({ label }) => label === null).map(({ cluster }) => cluster as string),
    },
    { level },
  );
  const interval = found.interval ?? [0, 1];
  return {
    mean: clip(found.mean),
    interval: [clip(interval[0]), clip(interval[1])],
    lambda: found.lambda,
    form: 'prediction-powered-clustered',
    reason: null,
  };
}

const clusterReason = ({ unlabelledJudge }: Sample): string =>
  unlabelledJudge.length === 0
    ? 'every item has a label'
    : `fewer than ${FEWEST_LABELS} labels: a judge cannot be weighed with so few`;

function effectiveLabels(sample: Sample): number | null {
  const { labels, unlabelledJudge } = sample;
  if (unlabelledJudge.length === 0) return null;
  const mean = meanOf(labels);
  const variance = labels.reduce((sum, label) => sum + (label - mean) ** 2, 0) / labels.length;
  const { standardError } = predictionPoweredMean(sample, { form: 'published' });
  return standardError === 0 ? null : variance / standardError ** 2;
}

function clustersOf(items: readonly ScoredItem[]): number | null {
  const named = items.filter(({ cluster }) => cluster !== undefined).length;
  if (named === 0) return null;
  if (named === items.length) return new Set(items.map(({ cluster }) => cluster)).size;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected all answers or none to carry a cluster, got one for ${named} of ${items.length} (\`clusters: 'ignore'\` goes without)`,
  );
}

/** The answers of a run with their labels. */
interface Side {
  readonly items: Map<string, ScoredItem>;
  /** Labels of answers that the judge has not scored. */
  readonly skipped: number;
}

async function sideOf(
  role: string,
  {
    run,
    labels,
    options,
  }: {
    readonly run: RunSource;
    readonly labels: LabelSet | RunSource;
    readonly options: Pick<AnchoredOptions, 'metric' | 'drawn' | 'tunedOn'>;
  },
): Promise<Side> {
  const { metric = 'overall', drawn } = options;
  const { items, unscored, runId } = await readScores(run, { role, metric });
  const set = isLabelSet(labels) ? labels : await labelsOfRun(labels, metric, drawn);
  if (set.labels.length === 0)
    throw new InputError('ASSAY_EMPTY_INPUT', `Expected labels of the ${role}, got none`);
  checkDraw(role, set, { runId, drawn });
  const tuned = new Set(options.tunedOn ?? []);
  const unknown: string[] = [];
  let skipped = 0;
  for (const { caseId, repetition, label, probability } of set.labels) {
    if (tuned.has(caseId)) {
      throw new AssayError(
        'ASSAY_INVALID_INPUT',
        `Expected labels that did not tune the judge, got that of case ${show(caseId)}: split the labels, some to tune and others to anchor`,
      );
    }
    const key = keyOf(caseId, repetition);
    const item = items.get(key);
    if (item !== undefined) Object.assign(item, { label, probability });
    else if (unscored.has(key)) skipped++;
    else unknown.push(caseId);
  }
  if (unknown.length > 0) {
    throw new AssayError(
      'ASSAY_INVALID_INPUT',
      `Expected labels of the ${role}'s answers, got ${unknown.length} of ${set.labels.length} that it does not have, such as ` +
        unknown.slice(0, 3).map(show).join(', '),
    );
  }
  return { items, skipped };
}

function isLabelSet(labels: LabelSet | RunSource): labels is LabelSet {
  return 'labels' in labels && 'draw' in labels;
}

async function labelsOfRun(
  source: RunSource,
  metric: string,
  drawn: AnchoredOptions['drawn'],
): Promise<LabelSet> {
  const { items } = await readScores(source, { role: 'labels', metric });
  const labels = [...items.values()].map(({ caseId, repetition, score }) => ({
    caseId,
    repetition,
    label: score,
    probability: drawn === undefined ? null : 1,
  }));
  return { draw: null, labels, unlabelled: 0 };
}

/** Labels that somebody picked say nothing about the others: the chance of each must be known. */
function checkDraw(
  role: string,
  { draw, labels }: LabelSet,
  { runId, drawn }: { readonly runId: string | undefined; readonly drawn: AnchoredOptions['drawn'] },
): void {
  if (draw?.purpose === 'tune') {
    throw new AssayError(
      'ASSAY_INVALID_INPUT',
      `Expected labels that measure the judge, got those of sheet ${show(draw.sheet)}, which was drawn to tune it`,
    );
  }
  if (draw !== null && runId !== undefined && draw.runId !== '' && draw.runId !== runId) {
    throw new AssayError(
      'ASSAY_INVALID_INPUT',
      `Expected labels of the ${role} ${show(runId)}, got a sheet of run ${show(draw.runId)}: they belong to other answers`,
    );
  }
  if (drawn === 'at-random') return;
  const unknown = labels.find(
    ({ probability }) => !(probability !== null && probability > 0 && probability <= 1),
  );
  if (unknown === undefined) return;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected labels that were drawn at random, with the chance of each, got none for case ${show(unknown.caseId)}: draw them by ` +
      "writeLabelSheet, or say `drawn: 'at-random'` if they were",
  );
}

function differenceOf(
  run: ReadonlyMap<string, ScoredItem>,
  baseline: ReadonlyMap<string, ScoredItem>,
): Map<string, ScoredItem> {
  const differences = new Map<string, ScoredItem>();
  for (const [key, item] of run) {
    const other = baseline.get(key);
    if (other === undefined) continue;
    if ((item.label === null) !== (other.label === null)) {
      throw new AssayError(
        'ASSAY_INVALID_INPUT',
        `Expected labels of the same cases on both sides, got one for case ${show(item.caseId)} on one side alone`,
      );
    }
    const label = item.label === null || other.label === null ? null : item.label - other.label;
    differences.set(key, { ...item, score: item.score - other.score, label });
  }
  return differences;
}
