import { AssayError } from '../errors.js';
import { looksLikeKey } from '../foundation/key-like.js';
import { showOption } from '../foundation/options.js';
import type { TokenUsage } from './model-client.js';

/** What a model costs, in the host's unit of money for a million tokens. */
export interface ModelPrice {
  /** For input tokens, >= 0. */
  readonly inputPerMillion: number;
  /** For output tokens, >= 0. */
  readonly outputPerMillion: number;
  /** For input tokens that the server took from its cache, >= 0. @default as other input */
  readonly cachedInputPerMillion?: number | undefined;
}

/**
 * Prices by model name, or a function that gives the price of a model. A table is looked up with the name that
 * the server reported, then with the one that was asked for.
 */
export type PriceTable = Readonly<Record<string, ModelPrice>> | ((model: string) => ModelPrice | undefined);

/** Checks a price table: every price is a finite number >= 0. */
export function checkPrices(prices: PriceTable): void {
  if (typeof prices === 'function') return;
  for (const [index, [model, price]] of Object.entries(prices).entries()) {
    const place = looksLikeKey(model)
      ? `the price of model ${index + 1}`
      : `prices[${JSON.stringify(model)}]`;
    if (typeof price !== 'object' || price === null) throw wrong(`\`${place}\` to be an object`, price);
    for (const name of ['inputPerMillion', 'outputPerMillion', 'cachedInputPerMillion'] as const) {
      const value = price[name];
      if (value === undefined && name === 'cachedInputPerMillion') continue;
      if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) continue;
      throw wrong(`\`${place}.${name}\` to be a number >= 0`, value);
    }
  }
}

function wrong(expected: string, value: unknown): AssayError {
  return new AssayError('ASSAY_INVALID_OPTION', `Expected ${expected}, got ${showOption('', value)}`);
}

/**
 * What a call cost; `null` when its usage or the model's price is not known. A price function of the host that
 * throws or gives no sound price knows none: an answer that was paid for is not lost over it.
 */
export function costOf(
  prices: PriceTable | undefined,
  {
    reported,
    asked,
    usage,
  }: { readonly reported: string; readonly asked: string; readonly usage: TokenUsage | null },
): number | null {
  if (prices === undefined || usage === null) return null;
  return costBy(prices, reported, usage) ?? costBy(prices, asked, usage) ?? null;
}

function costBy(prices: PriceTable, model: string, usage: TokenUsage): number | null {
  try {
    const price = find(prices, model);
    return price ? costAt(price, usage) : null;
  } catch {
    return null;
  }
}

function costAt(price: ModelPrice, usage: TokenUsage): number | null {
  const cached = Math.min(usage.cachedInputTokens ?? 0, usage.inputTokens);
  const cost =
    ((usage.inputTokens - cached) * price.inputPerMillion +
      cached * (price.cachedInputPerMillion ?? price.inputPerMillion) +
      usage.outputTokens * price.outputPerMillion) /
    1_000_000;
  return Number.isFinite(cost) ? cost : null;
}

/** As {@link costOf}; a model without a price counts as the dearest of the table. For budgets: rather too much than blind. */
export function estimateCost(
  prices: PriceTable | undefined,
  { model, usage }: { readonly model: string; readonly usage: TokenUsage },
): number | null {
  const own = costOf(prices, { reported: model, asked: model, usage });
  if (own !== null || prices === undefined || typeof prices === 'function') return own;
  const costs = Object.keys(prices).flatMap(
    (name) => costOf(prices, { reported: name, asked: name, usage }) ?? [],
  );
  return costs.length === 0 ? null : Math.max(...costs);
}

function find(prices: PriceTable, model: string): ModelPrice | undefined {
  if (typeof prices === 'function') return prices(model);
  return Object.hasOwn(prices, model) ? prices[model] : undefined;
}
