import type { BaseEventMap } from '../foundation/event-source.js';

/** Events of a MemoryBoundedCache. `at` is wall-clock time in milliseconds since the epoch. */
export interface CacheEvents extends BaseEventMap {
  /** A value was found. */
  'cache:hit': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The key that was asked for. */
    readonly key: string;
    /** Where it was; `disk`: in the second tier. */
    readonly tier: 'memory' | 'disk';
  };
  /** A key had no value, neither in memory nor on disk. */
  'cache:miss': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The key that was asked for. */
    readonly key: string;
  };
  /** A value left memory, or was too large to enter it (`oversize`). */
  'cache:evict': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The key of the value. */
    readonly key: string;
    /** What it weighs by the cache's own accounts, bytes. */
    readonly bytes: number;
    /** Why: to make room, too old, a new value for the key, `delete` or `clear` or `close`, larger than the cache. */
    readonly reason: 'space' | 'expired' | 'replaced' | 'deleted' | 'oversize';
  };
}
