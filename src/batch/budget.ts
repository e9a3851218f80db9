import type { RunBudget } from './batch-options.js';

/** Results before which an error rate says nothing. */
const LEAST_RESULTS = 20;

/** What a run has used so far. */
export interface RunUsage {
  readonly cost: number;
  readonly tokens: number;
  readonly durationMs: number;
  readonly errored: number;
  readonly results: number;
}

/** The first limit of a budget that is reached, or `undefined`. */
export function exhaustedBudget(
  budget: RunBudget,
  used: RunUsage,
): { readonly budget: keyof RunBudget; readonly limit: number; readonly value: number } | undefined {
  const { maxCost, maxTokens, maxDurationMs, maxErrorRate } = budget;
  if (maxCost !== undefined && used.cost >= maxCost)
    return { budget: 'maxCost', limit: maxCost, value: used.cost };
  if (maxTokens !== undefined && used.tokens >= maxTokens) {
    return { budget: 'maxTokens', limit: maxTokens, value: used.tokens };
  }
  if (maxDurationMs !== undefined && used.durationMs >= maxDurationMs) {
    return { budget: 'maxDurationMs', limit: maxDurationMs, value: used.durationMs };
  }
  if (maxErrorRate !== undefined && used.results >= LEAST_RESULTS) {
    const rate = used.errored / used.results;
    if (rate > maxErrorRate) return { budget: 'maxErrorRate', limit: maxErrorRate, value: rate };
  }
  return undefined;
}
