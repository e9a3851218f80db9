import { ExactSum } from '../../foundation/exact-sum.js';
import type { JudgeUsage } from '../../evaluation/judge-usage.js';

/** What judging cost over a run, apart from what the target cost. */
export class JudgeTotals {
  readonly #models = new Set<string>();
  readonly #cost = new ExactSum();
  #costKnown = false;
  #calls = 0;
  #inputTokens = 0;
  #outputTokens = 0;

  /** Adds what judging one answer cost. */
  add(usage: JudgeUsage): void {
    this.#calls += usage.calls;
    this.#inputTokens += usage.inputTokens;
    this.#outputTokens += usage.outputTokens;
    for (const model of usage.models) this.#models.add(model);
    if (usage.cost === null) return;
    this.#costKnown = true;
    this.#cost.add(usage.cost);
  }

  /** The total; `null` when no judge was asked. */
  get usage(): JudgeUsage | null {
    if (this.#calls + this.#inputTokens + this.#outputTokens === 0) return null; // failed calls may have used some
    return {
      calls: this.#calls,
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      cost: this.#costKnown ? this.#cost.value : null,
      models: [...this.#models].sort(),
    };
  }
}
