import type { Ends } from '../../statistics/paired-table.js';
import type { AnchoredForm, AnchoredMean } from './anchored-mean.js';
import type { Figure, JudgeAgreement } from './judge-agreement.js';

/** Can this judge be believed? Plain data, JSON-serialisable. */
export interface AnchoredData extends Omit<AnchoredMean, 'interval'> {
  /** The score that was anchored. */
  readonly metric: string;
  /** Whether it is the difference of two runs. */
  readonly paired: boolean;
  /** Nominal coverage of all intervals. */
  readonly level: number;
  /** Interval of `mean`, within the scale. */
  readonly interval: Ends;
  /** How it was made. */
  readonly form: AnchoredForm;
  /** Labels that it rests on. */
  readonly labels: number;
  /** Labels that were left out, as the judge has not scored their answers; with a baseline those of both sides. */
  readonly labelsSkipped: number;
  /** Answers that the judge has scored, the labelled ones among them. */
  readonly items: number;
  /** Clusters, when answers come in some; else `null`. */
  readonly clusters: number | null;
  /** What the judge alone says, over all answers. */
  readonly judgeMean: number;
  /** How much too high the judge is, on average over the labels; those drawn by strata weighed back. */
  readonly judgeBias: Figure;
  /** Pearson's correlation of judge and labels; `null` where one of both does not vary. */
  readonly correlation: number | null;
  /** How often they agree, for 0/1 scores of one run; `null` for others. */
  readonly agreement: JudgeAgreement | null;
  /** Labels that would say as much without the judge; `null` where that is not defined. */
  readonly effectiveLabels: number | null;
  /** Labels that the judge has saved, >= 0; `null` where that is not defined. */
  readonly labelsSaved: number | null;
}

/** An {@link AnchoredData} that reads like a sentence as text. */
export interface Anchored extends AnchoredData {
  toString(): string;
}
