import { costText, count } from '../../foundation/counted.js';

/** A limit that cannot be kept by what is reported: the replies carry no token counts, or the model has no price. */
export interface BlindBudget {
  /** Which limit. */
  readonly budget: 'maxCost' | 'maxTokens';
  /** What is missing. */
  readonly reason: 'no-usage' | 'no-price';
  /** The model that it was noticed with; `null` for a function target that names none. */
  readonly model: string | null;
  /** Whether an estimate stands in: from the text, and at known prices. `false`: the limit does not bind. */
  readonly estimated: boolean;
}

/** What a run's budget has counted, in this start of the run. */
export interface BudgetSummary {
  /** The limits, as they were given. */
  readonly limits: {
    /** Money. */
    readonly maxCost?: number;
    /** Tokens. */
    readonly maxTokens?: number;
    /** Milliseconds. */
    readonly maxDurationMs?: number;
    /** Share, 0..1. */
    readonly maxErrorRate?: number;
  };
  /** Tokens of all attempts and of judges, those of `estimatedTokens` included. */
  readonly tokens: number;
  /** Tokens that no server told of: one for four characters of input and answer. */
  readonly estimatedTokens: number;
  /** Money for target and judges, that of `estimatedCost` included; 0 while nothing has a price. */
  readonly cost: number;
  /** Money that is estimated: from estimated tokens, or at the price of another model. */
  readonly estimatedCost: number;
  /** Limits that could not be kept by what was reported, each once; empty when all could. */
  readonly blind: readonly BlindBudget[];
}

/** What a reader of the summary has to know of the budget: nothing when all that it counted was reported. */
export function budgetNotes(budget: BudgetSummary): string[] {
  return budget.blind.map(({ budget: limit, reason, model, estimated }) => {
    const of = model === null ? '' : ` of ${model}`;
    const why =
      reason === 'no-usage' ? `replies${of} carry no token counts` : `there is no price for tokens${of}`;
    if (!estimated) return `${limit} was not enforced: ${why}`;
    const [total, guessed] =
      limit === 'maxTokens'
        ? [count(budget.tokens), count(budget.estimatedTokens)]
        : [budget.cost, budget.estimatedCost].map(costText);
    return `${limit} counts estimates (${guessed} of ${total}): ${why}`;
  });
}
