import type { CaseChange, CutText } from './case-data.js';

/** Ends of an interval and how it was made. */
export interface ShownInterval {
  readonly low: number;
  readonly high: number;
  /** Nominal coverage, such as 0.95. */
  readonly level: number;
  /** Name of the formula. */
  readonly method: string;
}

/** A run's name and what it was made with. */
export interface ShownRun {
  readonly runId: string;
  /** `running`, `ended`, `drained`, `crashed`; `unknown` when the store has only results. */
  readonly state: string;
  /** Why it ended; empty when it never said. */
  readonly stopReason: string;
  /** For people; empty when none was given. */
  readonly description: string;
  readonly tags: readonly string[];
  /** Models, evaluator, conventions and the like, by name. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Wall-clock start, milliseconds since the epoch. */
  readonly startedAt: number;
}

/** A mean score. */
export interface ShownMetric {
  /** `Overall`, or the name of a dimension, group or slice. */
  readonly name: string;
  readonly scored: number;
  readonly unscored: number;
  readonly errored: number;
  readonly mean: number | null;
  readonly interval: ShownInterval | null;
  /** Mean of the baseline over all of its own cases; `null` without one. */
  readonly baselineMean: number | null;
  readonly baselineInterval: ShownInterval | null;
  /** Clusters, where scores are not independent; else `null`. */
  readonly clusters: number | null;
}

/** A metric of both runs over the cases that both have. */
export interface ShownDifference {
  readonly name: string;
  readonly pairs: number;
  readonly mean: number | null;
  readonly baselineMean: number | null;
  /** Run minus baseline. */
  readonly difference: number | null;
  readonly interval: ShownInterval | null;
  /** After Holm's correction for dimensions. */
  readonly pValue: number | null;
  readonly test: string;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  /** What can be said of it. */
  readonly outcome: 'better' | 'worse' | 'open' | 'none';
}

/** How often each score came. */
export interface ShownHistogram {
  readonly name: string;
  /** Counts of scores in twenty equal parts of 0..1; 1 itself is in the last. */
  readonly bins: readonly number[];
  /** The baseline's; `null` without one. */
  readonly baseline: readonly number[] | null;
}

/** What failed, and how often. */
export interface ShownError {
  readonly code: string;
  /** The dimension that failed; empty when the whole case did. */
  readonly dimension: string;
  readonly count: number;
  readonly examples: readonly {
    readonly caseId: string;
    readonly repetition: number;
    readonly message: CutText;
  }[];
}

/** A figure by name, of the run and of the baseline, as text. */
export interface ShownCost {
  readonly name: string;
  readonly value: string;
  /** Empty without a baseline. */
  readonly baseline: string;
}

/** A statement about judges. */
export interface ShownAgreement {
  readonly name: string;
  /** What is measured. */
  readonly measure: string;
  readonly value: number | null;
  readonly interval: ShownInterval | null;
  /** Answers that it rests on. */
  readonly n: number;
}

/** How the answers of the labelling mode were drawn: the members of a `LabelSet`'s draw. */
export interface ShownDraw {
  readonly sheet: string;
  readonly runId: string;
  readonly purpose: 'anchor';
  readonly n: number;
  readonly population: number;
  readonly seed: number;
}

/** Everything in a report but its cases. */
export interface ReportData {
  readonly run: ShownRun;
  readonly baseline: ShownRun | null;
  readonly verdict: {
    readonly tone: 'better' | 'worse' | 'plain' | 'unknown';
    readonly sentence: string;
    /** What a reader of it has to know. */
    readonly notes: readonly string[];
  };
  /** Results by what came of them. */
  readonly counts: {
    readonly results: number;
    readonly scored: number;
    readonly unscored: number;
    readonly errored: number;
    readonly passed: number;
  };
  /** The overall score first. */
  readonly metrics: readonly ShownMetric[];
  /** The overall score first; empty without a baseline. */
  readonly differences: readonly ShownDifference[];
  /** Results of both runs by how they changed; `null` without a baseline. */
  readonly changes: Readonly<Record<CaseChange, number>> | null;
  readonly groups: readonly ShownMetric[];
  readonly slices: readonly ShownMetric[];
  readonly histograms: readonly ShownHistogram[];
  readonly errors: readonly ShownError[];
  readonly costs: readonly ShownCost[];
  readonly agreement: readonly ShownAgreement[];
  /** What labels say of the judge, a line each; empty without labels. */
  readonly anchored: readonly string[];
  /** `null` where no answer can be labelled. */
  readonly draw: ShownDraw | null;
}
