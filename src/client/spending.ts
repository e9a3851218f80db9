import type { TokenUsage } from './model-client.js';

/** Tokens and money of some attempts together. */
export interface Spending {
  /** `null` when no server told of any. */
  readonly usage: TokenUsage | null;
  /** In the unit of the host's prices; `null` without usage or price. */
  readonly cost: number | null;
}

/** The sum of two; what is known of one only stands for both. */
export function sumSpending(a: Spending | undefined, b: Spending): Spending {
  if (a === undefined) return b;
  return {
    usage: sumTokens(a.usage, b.usage),
    cost: a.cost === null || b.cost === null ? (a.cost ?? b.cost) : a.cost + b.cost,
  };
}

/** Tokens of inputs and outputs together; 0 where nothing is known. */
export const tokensOf = (
  usage: Pick<TokenUsage, 'inputTokens' | 'outputTokens'> | null | undefined,
): number => (usage ? usage.inputTokens + usage.outputTokens : 0);

function sumTokens(a: TokenUsage | null, b: TokenUsage | null): TokenUsage | null {
  if (a === null || b === null) return a ?? b;
  const cached = (a.cachedInputTokens ?? 0) + (b.cachedInputTokens ?? 0);
  const told = a.cachedInputTokens !== undefined || b.cachedInputTokens !== undefined;
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    ...(told ? { cachedInputTokens: cached } : {}),
  };
}
