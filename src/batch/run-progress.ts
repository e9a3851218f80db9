import type { Clock, ClockTimer } from '../foundation/clock.js';
import type { ProgressEvent } from './batch-events.js';
import { ProgressMeter } from './progress-meter.js';
import type { PrefixScore } from './summary/prefix-score.js';
import type { RunStatistics } from './summary/run-statistics.js';

/** What a {@link RunProgress} needs to know. */
export interface RunProgressOptions {
  readonly runId: string;
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly confidenceLevel: number;
  readonly statistics: RunStatistics;
  readonly prefix: PrefixScore;
  /** Results that will be there at the end, if that is known. */
  readonly total: () => number | null;
  readonly skipped: () => number;
  readonly inFlight: () => number;
  /** Whether anybody listens. */
  readonly wanted: () => boolean;
}

/** Longest time without a word while nothing ends, so that a display is seen to live, milliseconds. */
const TICK_MS = 1000;

/** Says how far a run is, at most every interval, and at least every second. */
export class RunProgress {
  readonly #options: RunProgressOptions;
  readonly #meter: ProgressMeter;
  #lastAt = Number.NEGATIVE_INFINITY;
  #timer: ClockTimer | undefined;

  constructor(options: RunProgressOptions) {
    this.#options = options;
    this.#meter = new ProgressMeter(options.clock.now());
  }

  /** Tells where the run stands whenever a second passes in which no case ends. */
  begin(tell: (progress: ProgressEvent) => void): void {
    const { clock, intervalMs, wanted } = this.#options;
    const tickMs = Math.max(TICK_MS, intervalMs);
    const tick = (): void => {
      const now = clock.now();
      if (wanted() && now - this.#lastAt >= tickMs) tell(this.#reportAt(now, false));
      this.begin(tell);
    };
    this.#timer = clock.schedule(tick, tickMs, { keepAlive: false });
  }

  /** Ends what {@link RunProgress.begin} began. */
  close(): void {
    this.#timer?.cancel();
  }

  /** The progress, if it is time for it (or `last`). */
  report(last: boolean): ProgressEvent | undefined {
    const now = this.#options.clock.now();
    return last || now - this.#lastAt >= this.#options.intervalMs ? this.#reportAt(now, last) : undefined;
  }

  // Apart from the look at the clock, which every case takes: V8 compiles what stands together.
  #reportAt(now: number, last: boolean): ProgressEvent {
    const { runId, clock, confidenceLevel, statistics } = this.#options;
    this.#lastAt = now;
    const { scored, unscored, errored } = statistics;
    const skipped = this.#options.skipped();
    const done = scored + unscored + errored + skipped;
    this.#meter.sample(now, done - skipped);
    const total = this.#options.total();
    return {
      at: clock.wallTime(),
      runId,
      done,
      total,
      scored,
      unscored,
      errored,
      skipped,
      inFlight: this.#options.inFlight(),
      ratePerSecond: this.#meter.ratePerSecond,
      etaMs: total === null ? null : this.#meter.etaMs(Math.max(0, total - done)),
      score: this.#options.prefix.score(confidenceLevel, last),
      cost: statistics.cost,
      tokens: statistics.tokens,
    };
  }
}
