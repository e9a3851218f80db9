import type { RunBudget } from '../../batch/batch-options.js';
import type { CaseResult } from '../../evaluation/evaluation-types.js';
import type { Clock, ClockTimer } from '../../foundation/clock.js';

/** Calls and money of both sides, and the budget that they share. */
export class SideCosts {
  readonly asked: [number, number] = [0, 0];
  readonly cost: [number | null, number | null] = [null, null];
  readonly #budget: RunBudget;
  readonly #onExhausted: () => void;
  readonly #timer: ClockTimer | undefined;
  #spent = 0; // by this start alone, as budgets are
  #tokens = 0;

  constructor(
    budget: RunBudget | undefined,
    { clock, onExhausted }: { readonly clock: Clock; readonly onExhausted: () => void },
  ) {
    this.#budget = budget ?? {};
    this.#onExhausted = onExhausted;
    const { maxDurationMs } = this.#budget;
    if (maxDurationMs !== undefined) this.#timer = clock.schedule(onExhausted, maxDurationMs);
  }

  /** Books a result; `spent`: by this start. */
  add(side: 0 | 1, result: CaseResult, spent: boolean): void {
    this.asked[side]++;
    if (result.cost !== null) this.cost[side] = (this.cost[side] ?? 0) + result.cost;
    if (!spent) return;
    const { maxCost, maxTokens } = this.#budget;
    this.#spent += result.cost ?? 0;
    if (!result.cached && result.usage !== null)
      this.#tokens += result.usage.inputTokens + result.usage.outputTokens;
    if (maxCost !== undefined && this.#spent >= maxCost) this.#onExhausted();
    if (maxTokens !== undefined && this.#tokens >= maxTokens) this.#onExhausted();
  }

  /** What asking all of `cases` would have cost beyond, at the same price a case; `null` when a side has no price. */
  saved(cases: number): number | null {
    const parts = ([0, 1] as const).map((side) => {
      const [cost, asked] = [this.cost[side], this.asked[side]];
      return cost === null || asked === 0 ? null : (cost / asked) * Math.max(0, cases - asked);
    });
    const [a, b] = parts;
    return a === null || a === undefined || b === null || b === undefined ? null : a + b;
  }

  /** Stops the clock. */
  close(): void {
    this.#timer?.cancel();
  }
}
