import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { Clock } from '../foundation/clock.js';
import type { RunBudget } from './batch-options.js';
import { BudgetWatch, type BookedUse, type BudgetWatchOptions } from './budget.js';
import type { BudgetSummary } from './summary/budget-summary.js';

type Told = Pick<BudgetWatchOptions, 'onExhausted' | 'onBlind'>;

/** A run's part in a budget: its own, or one that it shares. */
export interface BudgetMember {
  /** Books a result. */
  spend(result: CaseResult, use: BookedUse): void;
  /** What was counted; `null` where the books are not the run's own. */
  summary(): BudgetSummary | null;
  /** Is told nothing any more. */
  close(): void;
}

/** A budget that several runs share: one for all that they use together, and all end when it is used up. */
export class SharedBudget {
  readonly #watch: BudgetWatch;
  readonly #members = new Set<Told>();
  readonly #counts = { errored: 0, results: 0 };

  constructor(budget: RunBudget, clock: Clock) {
    const each = (tell: (member: Told) => void): void => {
      for (const member of this.#members) tell(member);
    };
    this.#watch = new BudgetWatch(budget, {
      clock,
      begunAt: clock.now(),
      counts: this.#counts,
      onExhausted: (exhausted) => each((member) => member.onExhausted(exhausted)),
      onBlind: (blind) => each((member) => member.onBlind(blind)),
    });
  }

  /** A run that takes part. */
  join(member: Told): BudgetMember {
    this.#members.add(member);
    return {
      spend: (result, use) => {
        this.#counts.results++;
        if (result.outcome === 'errored') this.#counts.errored++;
        this.#watch.spend(result, use);
      },
      summary: () => null,
      close: () => void this.#members.delete(member),
    };
  }

  /** What all runs together have used. */
  summary(): BudgetSummary {
    return this.#watch.summary();
  }

  /** Stops the timer. */
  close(): void {
    this.#watch.close();
  }
}
