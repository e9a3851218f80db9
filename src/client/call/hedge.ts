import { checkOptions, milliseconds, number } from '../../foundation/options.js';

/** When a slow call is sent a second time. */
export interface HedgingOptions {
  /** Quantile of latency per unit of work after which a call is slow, 0.5..0.999. @default 0.95 */
  readonly quantile?: number | undefined;
  /** Most hedges, as a share of calls, 0..1. @default 0.05 */
  readonly maxExtraLoad?: number | undefined;
  /** Never earlier than this, milliseconds. @default 50 */
  readonly minimumDelayMs?: number | undefined;
}

/** {@link HedgingOptions} with nothing left open. */
export type HedgingSettings = { readonly [Name in keyof HedgingOptions]-?: number };

/** Checks the options and fills in the defaults; `undefined` when hedging is off. */
export function hedgingOptions(options: HedgingOptions | boolean): HedgingSettings | undefined {
  if (options === false) return undefined;
  const checked = checkOptions('hedging', options === true ? {} : options, {
    quantile: number(0.5, 0.999),
    maxExtraLoad: number(0, 1),
    minimumDelayMs: milliseconds,
  });
  return {
    quantile: checked.quantile ?? 0.95,
    maxExtraLoad: checked.maxExtraLoad ?? 0.05,
    minimumDelayMs: checked.minimumDelayMs ?? 50,
  };
}

const SAMPLES = 400;
const MIN_SAMPLES = 50;
const REFRESH_EVERY = 25;
const MAX_CREDIT = 20;

/**
 * Hedged requests (Dean and Barroso, The Tail at Scale, 2013): a call that has taken longer than 95 % of calls
 * of its size is sent to a second endpoint too, and the first answer wins. Credit for hedges grows with calls,
 * so they add at most `maxExtraLoad`.
 */
export class HedgePlan {
  readonly #settings: HedgingSettings;
  readonly #samples = new Float64Array(SAMPLES);
  #count = 0;
  #threshold = Number.NaN;
  #credit = 0;

  constructor(settings: HedgingSettings) {
    this.#settings = settings;
  }

  /** A call came in: it pays for a share of a hedge. */
  deposit(): void {
    this.#credit = Math.min(MAX_CREDIT, this.#credit + this.#settings.maxExtraLoad);
  }

  /** An attempt was answered. */
  observe(latencyMs: number, work: number): void {
    this.#samples[this.#count++ % SAMPLES] = latencyMs / work;
    if (this.#count < MIN_SAMPLES) return;
    if (!Number.isNaN(this.#threshold) && this.#count % REFRESH_EVERY !== 0) return;
    const known = this.#samples.slice(0, Math.min(this.#count, SAMPLES)).sort();
    this.#threshold = known[Math.min(known.length - 1, Math.floor(known.length * this.#settings.quantile))]!;
  }

  /** Milliseconds after which a call with that much work is slow; `undefined` while too little is known. */
  delayMs(work: number): number | undefined {
    if (Number.isNaN(this.#threshold)) return undefined;
    return Math.max(this.#settings.minimumDelayMs, this.#threshold * work);
  }

  /** Takes credit for one hedge; `false` when there is none. */
  withdraw(): boolean {
    if (this.#credit < 1) return false;
    this.#credit--;
    return true;
  }
}
