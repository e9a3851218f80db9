import type { BaseEventMap } from '../foundation/event-source.js';

/** Events of a MemoryBoundedCache. `at` is wall-clock time in milliseconds since the epoch. */
export interface CacheEvents extends BaseEventMap {
  'cache:hit': { readonly at: number; readonly key: string; readonly tier: 'memory' | 'disk' };
  'cache:miss': { readonly at: number; readonly key: string };
  'cache:evict': {
    readonly at: number;
    readonly key: string;
    readonly bytes: number;
    readonly reason: 'space' | 'expired' | 'replaced' | 'deleted' | 'oversize';
  };
}
