import type { Clock } from '../foundation/clock.js';
import type { DiskTier, DiskTierStats } from './disk-tier.js';
import {
  boolean,
  callable,
  integer,
  milliseconds,
  object,
  type OptionChecks,
} from '../foundation/options.js';

/** Options of a `MemoryBoundedCache`. */
export interface MemoryBoundedCacheOptions<Value> {
  /** Most memory that keys, values and the accounts of them may hold, bytes, >= 1. */
  readonly maxBytes: number;
  /** How long a value holds, milliseconds. @default Infinity */
  readonly ttlMs?: number | undefined;
  /** Most entries, >= 1 and <= 16,777,216: what a Map of V8 can hold. @default no limit */
  readonly maxEntries?: number | undefined;
  /** Bytes of a value, for values that `byteSizeOf` cannot see into; an integer >= 0. @default byteSizeOf */
  readonly sizeOf?: ((value: Value) => number) | undefined;
  /**
   * Whether plain data is copied when stored. A copy pins no larger text that a string was cut from, is weighed
   * exactly, and does not change when the original does. `false` keeps the very object, with a size that may be
   * too low. @default true
   */
  readonly copy?: boolean | undefined;
  /** Second tier, asked when memory has no value. The cache closes it. @default none */
  readonly disk?: DiskTier | undefined;
  /** Where time comes from. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/** How one value is stored. */
export interface CacheSetOptions {
  /** How long it holds, milliseconds. @default the cache's `ttlMs` */
  readonly ttlMs?: number | undefined;
}

/** How one value is computed and stored. */
export interface GetOrComputeOptions<Value> extends CacheSetOptions {
  /** Stops waiting with `ASSAY_ABORTED`; others who wait for the same value do not notice. */
  readonly signal?: AbortSignal | undefined;
  /** Whether a computed value is worth storing. @default always */
  readonly keepIf?: ((value: Value) => boolean) | undefined;
}

/** What a `MemoryBoundedCache` holds and has done. */
export interface CacheStats {
  /** Entries in memory. */
  readonly entries: number;
  /** Bytes held, by the cache's own accounts. */
  readonly bytes: number;
  /** The ceiling of `bytes`, as given. */
  readonly maxBytes: number;
  /** Answers from memory or disk. */
  readonly hits: number;
  /** The part of `hits` that came from the second tier. */
  readonly diskHits: number;
  /** Answers that had to be computed, or were not there. */
  readonly misses: number;
  /** `hits / (hits + misses)`; 0 before the first question. */
  readonly hitRate: number;
  /** Callers who waited for a computation that another had started; not part of hits and misses. */
  readonly shared: number;
  /** Entries that left to make room. */
  readonly evictions: number;
  /** Entries that were found too old. */
  readonly expired: number;
  /** Values that were larger than the whole cache, and passed through. */
  readonly oversize: number;
  /** Computations under way. */
  readonly inFlight: number;
  /** The second tier, if there is one. */
  readonly disk?: DiskTierStats;
}

const MOST_ENTRIES = 2 ** 24;

/** How each option is checked. */
export const CACHE_CHECKS: OptionChecks<MemoryBoundedCacheOptions<unknown>> = {
  maxBytes: integer(1),
  ttlMs: milliseconds,
  maxEntries: integer(1, MOST_ENTRIES),
  sizeOf: callable,
  copy: boolean,
  disk: object,
  clock: object,
};
