import { BudgetWatch, type BookedUse } from '../batch/budget.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { Clock } from '../foundation/clock.js';
import type { SharedLimits, SharedSpending, SpendingGrant, SpendingReport } from '../stores/run-work.js';

/** Share of a limit that a worker asks for beyond what it has spent: a worker that dies takes at most that with it. */
export const CHUNK_SHARE = 1 / 200;
const LEAST_RESULTS = 20; // before which an error rate says nothing

/** What a {@link RunSpending} needs to know. */
export interface RunSpendingOptions {
  /** Names the worker. */
  readonly worker: string;
  readonly limits: SharedLimits;
  readonly clock: Clock;
}

/**
 * The books of one worker for one run: what it has spent, and how far it may go. The store gives out the budget in chunks
 * of {@link CHUNK_SHARE}, so that the sum of all that is given out never exceeds it.
 */
export class RunSpending {
  readonly #options: RunSpendingOptions;
  readonly #books: BudgetWatch;
  #results = 0;
  #errored = 0;
  #granted: Pick<SpendingGrant, 'cost' | 'tokens'> = { cost: 0, tokens: 0 };

  constructor(options: RunSpendingOptions) {
    this.#options = options;
    const ignore = (): void => {};
    this.#books = new BudgetWatch(
      { maxCost: Number.MAX_VALUE, maxTokens: Number.MAX_VALUE }, // it only counts
      {
        clock: options.clock,
        begunAt: 0,
        counts: { errored: 0, results: 0 },
        onExhausted: ignore,
        onBlind: ignore,
      },
    );
  }

  /** Books a result. */
  book(result: CaseResult, use: BookedUse): void {
    this.#results += 1;
    if (result.outcome === 'errored') this.#errored += 1;
    this.#books.spend(result, use);
  }

  /** Whether a case may begin: there is something left of each chunk. */
  get mayGo(): boolean {
    const { maxCost, maxTokens } = this.#options.limits;
    const { cost, tokens } = this.#books.summary();
    return (
      (maxCost === undefined || cost < this.#granted.cost) &&
      (maxTokens === undefined || tokens < this.#granted.tokens)
    );
  }

  /** The next report; `last`: nothing more will be spent, so that what is left of the chunks goes back. */
  report(last: boolean): SpendingReport {
    const { maxCost = 0, maxTokens = 0 } = this.#options.limits;
    const spent = this.spent;
    const share = last ? 0 : CHUNK_SHARE;
    return {
      worker: this.#options.worker,
      spent,
      wantedCost: spent.cost + maxCost * share,
      wantedTokens: spent.tokens + maxTokens * share,
    };
  }

  /** Takes the answer to a report; whether a limit of the run is reached. */
  take({ wantedCost, wantedTokens }: SpendingReport, grant: SpendingGrant): boolean {
    this.#granted = grant;
    const { maxDurationMs, maxErrorRate } = this.#options.limits;
    const { results, errored } = grant.spending;
    const gotLess = grant.cost < wantedCost || grant.tokens < wantedTokens; // else more may be had
    return (
      (gotLess && !this.mayGo) ||
      (maxDurationMs !== undefined && grant.ageMs >= maxDurationMs) ||
      (maxErrorRate !== undefined && results >= LEAST_RESULTS && errored / results > maxErrorRate)
    );
  }

  /** What this worker has spent. */
  get spent(): SharedSpending {
    const { cost, tokens, estimatedCost, estimatedTokens } = this.#books.summary();
    return { cost, tokens, estimatedCost, estimatedTokens, results: this.#results, errored: this.#errored };
  }
}
