import type { Clock, ClockTimer } from '../foundation/clock.js';
import type { RunBudget } from './batch-options.js';

/** Results before which an error rate says nothing. */
const LEAST_RESULTS = 20;

/** A limit that is reached. */
export interface ExhaustedBudget {
  readonly budget: keyof RunBudget;
  readonly limit: number;
  readonly value: number;
}

/** What a {@link BudgetWatch} needs to know. */
export interface BudgetWatchOptions {
  readonly clock: Clock;
  /** Monotonic time at which the run began. */
  readonly begunAt: number;
  /** The results so far, those that errored among them. */
  readonly counts: { readonly errored: number; readonly results: number };
  /** Called at every result from then on at which a limit is reached. */
  readonly onExhausted: (exhausted: ExhaustedBudget) => void;
}

/** Keeps the books of a run and says when its budget is used up. */
export class BudgetWatch {
  readonly #budget: RunBudget;
  readonly #options: BudgetWatchOptions;
  readonly #timer: ClockTimer | undefined;
  #cost = 0;
  #tokens = 0;

  constructor(budget: RunBudget, options: BudgetWatchOptions) {
    this.#budget = budget;
    this.#options = options;
    const { maxDurationMs } = budget;
    if (maxDurationMs === undefined) return;
    // time passes also when no case ends, because the source or the target hangs
    const leftMs = maxDurationMs - this.#elapsedMs;
    this.#timer = options.clock.schedule(() => this.#check(Math.max(maxDurationMs, this.#elapsedMs)), leftMs);
  }

  /** Books what a result has cost; it must be in the counts already. */
  spend(cost: number, tokens: number): void {
    this.#cost += cost;
    this.#tokens += tokens;
    this.#check(this.#elapsedMs);
  }

  /** Stops the timer. */
  close(): void {
    this.#timer?.cancel();
  }

  get #elapsedMs(): number {
    return this.#options.clock.now() - this.#options.begunAt;
  }

  #check(durationMs: number): void {
    const { counts, onExhausted } = this.#options;
    const { maxCost, maxTokens, maxDurationMs, maxErrorRate } = this.#budget;
    if (maxCost !== undefined && this.#cost >= maxCost) {
      onExhausted({ budget: 'maxCost', limit: maxCost, value: this.#cost });
    } else if (maxTokens !== undefined && this.#tokens >= maxTokens) {
      onExhausted({ budget: 'maxTokens', limit: maxTokens, value: this.#tokens });
    } else if (maxDurationMs !== undefined && durationMs >= maxDurationMs) {
      onExhausted({ budget: 'maxDurationMs', limit: maxDurationMs, value: durationMs });
    } else if (maxErrorRate !== undefined && counts.results >= LEAST_RESULTS) {
      const rate = counts.errored / counts.results;
      if (rate > maxErrorRate) onExhausted({ budget: 'maxErrorRate', limit: maxErrorRate, value: rate });
    }
  }
}

/** Watches a budget, if there is one. */
export function watchBudget(
  budget: RunBudget | undefined,
  options: BudgetWatchOptions,
): BudgetWatch | undefined {
  return budget === undefined ? undefined : new BudgetWatch(budget, options);
}
