import { MetricStatistics } from '../batch/summary/metric-statistics.js';
import type { CaseResult, DimensionResult } from '../evaluation/evaluation-types.js';
import { reaches } from '../foundation/rounding.js';
import { givenAtOnce } from '../foundation/thenable.js';
import type { ShownAgreement, ShownError, ShownMetric } from '../page/report-data.js';
import { scoreOf } from '../stores/result-query.js';
import { cutText } from './cut-text.js';
import { shownMetric } from './shown-metric.js';

const BINS = 20;
const EXAMPLES = 3;
const LONGEST_MESSAGE = 1000;
const MOST_ERROR_KINDS = 200;
const LEVEL = 0.95;

/** What a report counts beside the summary of a run, while its results stream by. */
export interface RunFiguresOptions {
  /** Overall score from which a result counts as passed. @default as the evaluation says, else 1 */
  readonly passThreshold: number | null;
  /** Parts of the cases by name. */
  readonly slices: Readonly<Record<string, (result: CaseResult) => boolean>>;
}

interface ErrorKind {
  readonly code: string;
  readonly dimension: string;
  count: number;
  readonly examples: {
    readonly caseId: string;
    readonly repetition: number;
    readonly message: ShownError['examples'][number]['message'];
  }[];
}

/** Figures of one run that stream by: outcomes, histograms, errors, slices and what juries say of themselves. */
export class RunFigures {
  readonly counts = { results: 0, scored: 0, unscored: 0, errored: 0, passed: 0 };
  readonly #options: RunFiguresOptions;
  readonly #overall = new Uint32Array(BINS);
  readonly #dimensions = new Map<string, Uint32Array>();
  readonly #errors = new Map<string, ErrorKind>();
  readonly #slices = new Map<string, MetricStatistics>();
  readonly #agreement = new Map<
    string,
    { readonly name: string; readonly measure: string; readonly statistics: MetricStatistics }
  >();

  constructor(options: RunFiguresOptions) {
    this.#options = options;
    for (const name of Object.keys(options.slices)) this.#slices.set(name, new MetricStatistics());
  }

  /** Names of all dimensions that were met, sorted. */
  get dimensions(): readonly string[] {
    return [...this.#dimensions.keys()].sort();
  }

  /** Takes in a result; answers whether its score counts as passed. */
  add(result: CaseResult): boolean | null {
    const { outcome, evaluation, cluster } = result;
    const score = scoreOf(result);
    const passed = this.#passed(result, score);
    this.counts.results++;
    this.counts[outcome]++;
    if (passed === true) this.counts.passed++;
    if (score !== null) count(this.#overall, score);
    for (const [name, statistics] of this.#slices)
      if (givenAtOnce(`the slice ${JSON.stringify(name)}`, this.#options.slices[name]!(result)) === true)
        statistics.add(outcome, score, cluster);
    if (result.outcome === 'errored') this.#addError(result, result.error, '');
    for (const dimension of evaluation?.dimensions ?? []) this.#addDimension(result, dimension);
    return passed;
  }

  #passed({ evaluation }: CaseResult, score: number | null): boolean | null {
    if (score === null) return null;
    const { passThreshold } = this.#options;
    return passThreshold === null ? (evaluation?.passed ?? score === 1) : reaches(score, passThreshold);
  }

  #addDimension(result: CaseResult, dimension: DimensionResult): void {
    const { name, score, error, metadata } = dimension;
    let bins = this.#dimensions.get(name);
    if (bins === undefined) this.#dimensions.set(name, (bins = new Uint32Array(BINS)));
    if (score !== null) count(bins, score);
    if (error !== undefined) this.#addError(result, error, name);
    if (metadata === undefined) return;
    const { agreement, votes, consistent } = metadata;
    if (typeof agreement === 'number' && Array.isArray(votes))
      this.#addAgreement(result, name, ['Votes of the jury for what it decided', agreement]);
    if (typeof consistent === 'boolean')
      this.#addAgreement(result, name, ['Same verdict in both orders', consistent ? 1 : 0]);
  }

  #addAgreement({ cluster }: CaseResult, name: string, [measure, value]: readonly [string, number]): void {
    const key = `${measure}\0${name}`;
    let found = this.#agreement.get(key);
    if (found === undefined)
      this.#agreement.set(key, (found = { name, measure, statistics: new MetricStatistics() }));
    found.statistics.add('scored', value, cluster);
  }

  #addError(
    { caseId, repetition }: CaseResult,
    { code, message }: { readonly code: string; readonly message: string },
    dimension: string,
  ): void {
    const key = `${code}\0${dimension}`;
    let kind = this.#errors.get(key);
    if (kind === undefined) {
      if (this.#errors.size >= MOST_ERROR_KINDS) return;
      this.#errors.set(key, (kind = { code, dimension, count: 0, examples: [] }));
    }
    kind.count++;
    if (kind.examples.length < EXAMPLES)
      kind.examples.push({ caseId, repetition, message: cutText(message, LONGEST_MESSAGE) });
  }

  /** Errors by code and dimension, the most frequent first. */
  get errors(): readonly ShownError[] {
    return [...this.#errors.values()].sort(
      (a, b) => b.count - a.count || (a.code + a.dimension < b.code + b.dimension ? -1 : 1),
    );
  }

  /** Counts of scores by name; the overall score first, under an empty name. */
  get histograms(): ReadonlyMap<string, readonly number[]> {
    return new Map([
      ['', Array.from(this.#overall)],
      ...this.dimensions.map((name) => [name, Array.from(this.#dimensions.get(name) ?? [])] as const),
    ]);
  }

  /** The overall score within each slice. */
  get slices(): readonly ShownMetric[] {
    return Array.from(this.#slices, ([name, statistics]) => shownMetric(name, statistics.summary(LEVEL)));
  }

  /** What juries and pairwise judges say of themselves. */
  get agreement(): readonly ShownAgreement[] {
    return Array.from(this.#agreement.values(), ({ name, measure, statistics }) => {
      const { mean, interval, scored } = statistics.summary(LEVEL);
      return { name, measure, value: mean, interval, n: scored };
    });
  }
}

function count(bins: Uint32Array, score: number): void {
  bins[Math.min(BINS - 1, Math.max(0, Math.floor(score * BINS)))]!++;
}
