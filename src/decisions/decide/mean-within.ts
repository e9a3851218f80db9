import type { StopRule, StopWatch } from '../../batch/stop-rule.js';
import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { betweenZeroAndOne, checkOptions, positive, requireOptions, text } from '../../foundation/options.js';
import type { Ends } from '../../statistics/paired-table.js';
import { bernoulliConfidenceSequence } from '../sequential/beta-e-process.js';
import { BettingSequence } from '../sequential/betting-sequence.js';

/** Options of {@link meanWithin}. */
export interface MeanWithinOptions {
  /** Half of the width that the interval may have at most, above 0. */
  readonly halfWidth: number;
  /** The score: `overall` or a dimension's name. @default 'overall' */
  readonly metric?: string | undefined;
  /** Coverage of the interval, over all looks together. @default 0.95 */
  readonly level?: number | undefined;
}

/**
 * Stops a run once its mean score is known to ± `halfWidth`: `processor.run(cases, { stopWhen: meanWithin(...) })`. The
 * interval holds although it is looked at again and again (a confidence sequence), and stands in the warnings of the
 * summary. Judged on complete cases of the submission order, so cases must come in random order: shuffle a sorted input.
 * Repetitions, and cases of one cluster that come one after the other, count as one. Errored and unscored cases do not
 * count.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function meanWithin(options: MeanWithinOptions): StopRule {
  const {
    halfWidth,
    metric = 'overall',
    level = 0.95,
  } = checkOptions<MeanWithinOptions>('meanWithin', options, {
    halfWidth: positive,
    metric: text,
    level: betweenZeroAndOne,
  });
  requireOptions('meanWithin', options, ['halfWidth']);
  return { begin: () => new MeanWatch({ halfWidth, metric, level }) };
}

interface Wanted {
  readonly halfWidth: number;
  readonly metric: string;
  readonly level: number;
}

class MeanWatch implements StopWatch {
  readonly #options: Wanted;
  readonly #sequence: BettingSequence;
  #block: { readonly id: string; sum: number; n: number } | undefined;
  #binary = true;
  #ones = 0;
  #next = 1;
  #interval: Ends = [0, 1];
  /** What a result without the metric had. */
  #other: readonly string[] | undefined;

  constructor(options: Wanted) {
    this.#options = options;
    this.#sequence = new BettingSequence({ alpha: 1 - options.level });
  }

  scoreOf({ evaluation }: CaseResult): number | null {
    const { metric } = this.#options;
    if (metric === 'overall') return evaluation?.overallScore ?? null;
    const found = evaluation?.dimensions.find(({ name }) => name === metric);
    if (found === undefined) this.#other ??= evaluation?.dimensions.map(({ name }) => name);
    return found?.score ?? null;
  }

  add(
    score: number | null,
    { caseId, cluster }: { readonly caseId: string; readonly cluster: string | undefined },
  ): boolean {
    const id = cluster ?? caseId;
    if (this.#block !== undefined && this.#block.id !== id) this.#close();
    if (score !== null) {
      this.#block ??= { id, sum: 0, n: 0 };
      this.#block.sum += score;
      this.#block.n++;
    }
    const { n } = this.#sequence;
    if (n < this.#next) return false;
    this.#next = n + Math.max(1, Math.floor(n / 50));
    this.#interval = this.#binary
      ? bernoulliConfidenceSequence({ successes: this.#ones, n, level: this.#options.level })
      : this.#sequence.interval();
    return (this.#interval[1] - this.#interval[0]) / 2 <= this.#options.halfWidth;
  }

  note(): string | undefined {
    if (this.#sequence.n === 0) return this.#nothingSeen();
    const [low, high] = this.#interval.map((end) => end.toFixed(4));
    const { metric, level } = this.#options;
    return `mean of ${metric} between ${low} and ${high} (${Number((100 * level).toFixed(1))} %, at all looks together)`;
  }

  /** A misspelled metric would let the run go to its end without a word. */
  #nothingSeen(): string | undefined {
    if (this.#block !== undefined || this.#other === undefined) return undefined;
    const { metric } = this.#options;
    const had = this.#other.map((name) => `\`${name}\``).join(', ');
    return `meanWithin found no score of \`${metric}\` and could not stop the run; results had ${had}`;
  }

  #close(): void {
    const { sum, n } = this.#block as { sum: number; n: number };
    const mean = Math.min(1, sum / n);
    this.#block = undefined;
    if (mean !== 0 && mean !== 1) this.#binary = false;
    else this.#ones += mean;
    this.#sequence.add(mean);
  }
}
