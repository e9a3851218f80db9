import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { MemoryBoundedCache } from '../../src/cache/memory-bounded-cache.js';
import type { CacheEvents } from '../../src/cache/cache-events.js';
import { ManualClock } from '../../src/testing/manual-clock.js';

const KB = 'x'.repeat(1000);

describe('MemoryBoundedCache', () => {
  it('answers undefined for a miss only: null, 0, false and empty text are values', () => {
    const cache = new MemoryBoundedCache({ maxBytes: 1e6 });
    for (const value of [null, 0, false, '', Number.NaN]) {
      cache.set('key', value);
      expect(cache.get('key')).toBe(value);
    }
    expect(cache.get('other')).toBeUndefined();
    expect(() => cache.set('key', undefined)).toThrow(/undefined/);
  });

  it('drops what was used least when room is needed', () => {
    const cache = new MemoryBoundedCache<string, string>({ maxBytes: 4000 });
    for (const key of ['a', 'b', 'c']) cache.set(key, KB);
    cache.get('a');
    cache.set('d', KB);
    expect(['a', 'b', 'c', 'd'].map((key) => cache.has(key))).toEqual([true, false, true, true]);
    expect(cache.stats).toMatchObject({ entries: 3, evictions: 1 });
  });

  it('never accounts for more than its limit, whatever is done to it', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      length: fc.nat(3000),
      what: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const cache = new MemoryBoundedCache<string, string>({ maxBytes: 6000, maxEntries: 4 });
        const model = new Map<string, string>();
        for (const { key, length, what } of steps) {
          if (what === 0) {
            cache.delete(key);
            model.delete(key);
          } else if (what === 1) {
            const found = cache.get(key);
            if (found !== undefined) expect(found).toBe(model.get(key));
          } else {
            cache.set(key, 'y'.repeat(length));
            model.set(key, 'y'.repeat(length));
            expect(cache.get(key)).toBe(model.get(key));
          }
          expect(cache.stats.bytes).toBeLessThanOrEqual(6000);
          expect(cache.stats.entries).toBeLessThanOrEqual(4);
        }
      }),
    );
  });

  it('passes a value larger than the whole cache through, and drops the value it replaces', () => {
    const cache = new MemoryBoundedCache<string, string>({ maxBytes: 2000 });
    cache.set('key', 'old');
    expect(cache.set('key', 'y'.repeat(5000))).toBe(false);
    expect(cache.get('key')).toBeUndefined();
    expect(cache.stats).toMatchObject({ oversize: 1, entries: 0, bytes: 0 });
  });

  it('forgets after the time to live, the one of the entry before the one of the cache', async () => {
    const clock = new ManualClock();
    const cache = new MemoryBoundedCache<string, number>({ maxBytes: 1e6, ttlMs: 100, clock });
    cache.set('short', 1);
    cache.set('long', 2, { ttlMs: 1000 });
    await clock.advance(100);
    expect(cache.has('short')).toBe(false);
    expect(cache.get('short')).toBeUndefined();
    expect(cache.get('long')).toBe(2);
    expect(cache.stats).toMatchObject({ expired: 1, entries: 1 });
  });

  it('computes once for a hundred concurrent callers, also when the cache has room for two', async () => {
    const cache = new MemoryBoundedCache<string, string>({ maxBytes: 3000 });
    const compute = vi.fn(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return KB;
    });
    const keys = Array.from({ length: 100 }, (_, i) => `key-${i % 20}`);
    const answers = await Promise.all(keys.map((key) => cache.getOrCompute(key, compute)));
    expect(answers.every((answer) => answer === KB)).toBe(true);
    expect(compute).toHaveBeenCalledTimes(20);
    expect(cache.stats).toMatchObject({ misses: 20, shared: 80, inFlight: 0 });
  });

  it('does not store failures: all who wait hear of it, the next one tries again', async () => {
    const cache = new MemoryBoundedCache<string, number>({ maxBytes: 1e6 });
    const failing = [1, 2, 3].map(() => cache.getOrCompute('key', () => Promise.reject(new Error('no'))));
    for (const outcome of await Promise.allSettled(failing)) expect(outcome.status).toBe('rejected');
    await expect(
      cache.getOrCompute('key', () => {
        throw new Error('at once');
      }),
    ).rejects.toThrow('at once');
    await expect(cache.getOrCompute('key', () => 5)).resolves.toBe(5);
    await expect(cache.getOrCompute('none', () => undefined as never)).rejects.toMatchObject({
      code: 'ASSAY_INVALID_INPUT',
    });
  });

  it('lets one waiter go without failing the others, and cancels the computation when all have gone', async () => {
    const cache = new MemoryBoundedCache<string, number>({ maxBytes: 1e6 });
    let seen: AbortSignal | undefined;
    let finish: (value: number) => void = () => {};
    const compute = (signal: AbortSignal): Promise<number> => {
      seen = signal;
      return new Promise((resolve) => (finish = resolve));
    };
    const impatient = new AbortController();
    const first = cache.getOrCompute('key', compute, { signal: impatient.signal });
    const second = cache.getOrCompute('key', compute, { signal: new AbortController().signal });
    impatient.abort(new Error('enough'));
    await expect(first).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
    expect(seen?.aborted).toBe(false);
    finish(7);
    await expect(second).resolves.toBe(7);

    const alone = new AbortController();
    const third = cache.getOrCompute('other', compute, { signal: alone.signal });
    alone.abort();
    await expect(third).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
    expect(seen?.aborted).toBe(true);
    expect(cache.stats.inFlight).toBe(0);
    await expect(cache.getOrCompute('other', () => 9)).resolves.toBe(9); // not the abandoned computation
    await expect(cache.getOrCompute('key', () => 1, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ASSAY_ABORTED',
    });
  });

  it('does not store what was asked for before a delete, a clear or a set', async () => {
    for (const change of ['delete', 'clear', 'set'] as const) {
      const cache = new MemoryBoundedCache<string, string>({ maxBytes: 1e6 });
      let finish: (value: string) => void = () => {};
      const old = cache.getOrCompute('key', () => new Promise((resolve) => (finish = resolve)));
      if (change === 'set') cache.set('key', 'new');
      else cache[change]('key');
      finish('old');
      await expect(old).resolves.toBe('old');
      expect(cache.get('key')).toBe(change === 'set' ? 'new' : undefined);
    }
  });

  it('stores only what keepIf wants', async () => {
    const cache = new MemoryBoundedCache<string, number>({ maxBytes: 1e6 });
    await cache.getOrCompute('key', () => 1, { keepIf: (value) => value > 1 });
    expect(cache.has('key')).toBe(false);
    await cache.getOrCompute('key', () => 2, { keepIf: (value) => value > 1 });
    expect(cache.get('key')).toBe(2);
  });

  it('tells hits, misses and every reason for an eviction', async () => {
    const clock = new ManualClock();
    const cache = new MemoryBoundedCache<string, string>({ maxBytes: 2800, clock });
    const heard: string[] = [];
    cache.on('cache:hit', ({ key, tier }) => heard.push(`hit ${key} ${tier}`));
    cache.on('cache:miss', ({ key }) => heard.push(`miss ${key}`));
    cache.on('cache:evict', ({ key, reason, bytes }: CacheEvents['cache:evict']) => {
      expect(bytes).toBeGreaterThan(0);
      heard.push(`evict ${key} ${reason}`);
    });
    cache.get('a');
    cache.set('a', KB);
    cache.get('a');
    cache.set('a', KB, { ttlMs: 10 });
    await clock.advance(10);
    cache.get('a');
    cache.set('b', KB);
    cache.set('c', KB);
    cache.set('d', KB);
    cache.delete('d');
    cache.set('e', KB.repeat(5));
    expect(heard).toEqual([
      'miss a',
      'hit a memory',
      'evict a replaced',
      'evict a expired',
      'miss a',
      'evict b space',
      'evict d deleted',
      'evict e oversize',
    ]);
  });

  it('holds a copy, unless it is told to keep the very object', () => {
    const value = { score: 1 };
    const copying = new MemoryBoundedCache<string, typeof value>({ maxBytes: 1e6 });
    copying.set('key', value);
    value.score = 2;
    expect(copying.get('key')).toEqual({ score: 1 });
    const keeping = new MemoryBoundedCache<string, typeof value>({ maxBytes: 1e6, copy: false });
    keeping.set('key', value);
    expect(keeping.get('key')).toBe(value);
  });

  it('weighs with the size function of the host, and refuses nonsense from it', () => {
    const cache = new MemoryBoundedCache<string, string>({
      maxBytes: 10_000,
      sizeOf: (value) => value.length * 5000,
    });
    cache.set('a', 'x');
    cache.set('b', 'x');
    expect(cache.stats.entries).toBe(1);
    const bad = new MemoryBoundedCache<string, string>({ maxBytes: 10_000, sizeOf: () => -1 });
    expect(() => bad.set('a', 'x')).toThrow(/sizeOf/);
  });

  it('refuses everything after close, and closes twice', async () => {
    const cache = new MemoryBoundedCache<string, number>({ maxBytes: 1e6 });
    cache.set('key', 1);
    await cache.close();
    await cache.close();
    expect(() => cache.get('key')).toThrow(/closed/);
    expect(() => cache.set('key', 1)).toThrow(/closed/);
    await expect(cache.getOrCompute('key', () => 1)).rejects.toMatchObject({ code: 'ASSAY_CLOSED' });
    expect(cache.stats.entries).toBe(0);
  });

  it.each([Number.NaN, -1, Number.NEGATIVE_INFINITY, '5'])(
    'refuses %s as the life of a value before anything happens',
    async (given) => {
      const options = { ttlMs: given as number };
      const cache = new MemoryBoundedCache<string, number>({ maxBytes: 1e6 });
      const compute = vi.fn(() => 2);
      cache.set('key', 1);
      const expected = {
        code: 'ASSAY_INVALID_OPTION',
        message: expect.stringContaining('`ttlMs`') as string,
      };
      expect(() => cache.set('key', 2, options)).toThrow(expect.objectContaining(expected));
      await expect(cache.getOrCompute('other', compute, options)).rejects.toMatchObject(expected);
      expect(compute).not.toHaveBeenCalled();
      expect(cache.get('key')).toBe(1);
      expect(() => new MemoryBoundedCache({ maxBytes: 1e6, ...options })).toThrow(
        expect.objectContaining(expected),
      );
    },
  );

  it('refuses more entries than a Map can hold, saying so', () => {
    expect(() => new MemoryBoundedCache({ maxBytes: 1e6, maxEntries: 1e15 })).toThrow(
      expect.objectContaining({
        code: 'ASSAY_INVALID_OPTION',
        message:
          'Expected `maxEntries` of MemoryBoundedCache to be an integer from 1 to 16777216, got 1000000000000000',
      }),
    );
  });

  it('names a bad or misspelt option', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -1, 1.5]) {
      expect(() => new MemoryBoundedCache({ maxBytes: bad })).toThrow(/`maxBytes`/);
      expect(() => new MemoryBoundedCache({ maxBytes: 1, maxEntries: bad })).toThrow(/`maxEntries`/);
    }
    expect(() => new MemoryBoundedCache({ maxBytes: 0 })).toThrow(/`maxBytes`.*>= 1.*got 0/);
    expect(() => new MemoryBoundedCache({} as never)).toThrow(/`maxBytes`/);
    expect(() => new MemoryBoundedCache({ maxBytes: 1, maxEntires: 3 } as never)).toThrow(
      /did you mean `maxEntries`/,
    );
  });

  it('stays whole when a listener uses it while values leave', () => {
    const cache = new MemoryBoundedCache<string, string>({ maxBytes: 3000 });
    const told: string[] = [];
    cache.on('cache:evict', ({ key, reason }) => {
      told.push(reason);
      if (key.length < 8) cache.set(`${key}+`, 'again'.repeat(10));
      cache.get('k1');
    });
    for (let i = 0; i < 30; i++) cache.set(`k${i}`, 'v'.repeat(50));
    cache.set('k29', 'another');
    cache.delete('k29');
    const { entries, bytes, evictions } = cache.stats;
    expect(evictions).toBe(told.filter((reason) => reason === 'space').length);
    expect(told).toEqual(expect.arrayContaining(['space', 'replaced', 'deleted']));
    expect([entries > 0, bytes <= 3000]).toEqual([true, true]);
    cache.clear();
    for (let round = 0; round < 100 && cache.stats.entries > 0; round++) cache.clear();
    expect(cache.stats).toMatchObject({ entries: 0, bytes: 0 });
  });

  it('does not store what was computed for a key that compute itself set or cleared', async () => {
    const cache = new MemoryBoundedCache<string, string>({ maxBytes: 1e6 });
    const set = cache.getOrCompute('key', () => {
      cache.set('key', 'set');
      return 'computed';
    });
    expect([await set, cache.get('key')]).toEqual(['computed', 'set']);
    cache.clear();
    const cleared = cache.getOrCompute('key', () => {
      cache.clear();
      return 'computed';
    });
    expect([await cleared, cache.get('key')]).toEqual(['computed', undefined]);
  });

  it('refuses a computation that asks for its own key, and one for a key that is no string', async () => {
    const cache = new MemoryBoundedCache<string, string>({ maxBytes: 1e6 });
    const own = cache.getOrCompute('key', () => cache.getOrCompute('key', () => 'inner'));
    await expect(own).rejects.toMatchObject({ code: 'ASSAY_INVALID_INPUT' });
    expect(await cache.getOrCompute('key', () => 'later')).toBe('later');
    const wrong = expect.objectContaining({
      code: 'ASSAY_INVALID_INPUT',
      message: expect.stringMatching(/5/),
    });
    await expect(cache.getOrCompute(5 as never, () => 'x')).rejects.toEqual(wrong);
    expect(() => cache.set(5 as never, 'x')).toThrow(wrong as Error);
  });

  it('takes no memory for entries that its bytes leave no room for', () => {
    const before = process.memoryUsage().arrayBuffers;
    const cache = new MemoryBoundedCache<string, string>({ maxBytes: 10_000, maxEntries: 2 ** 24 });
    for (let i = 0; i < 1000; i++) cache.set(`k${i}`, 'v');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000); // 128 MB as lru-cache would have it
    expect(cache.stats.bytes).toBeLessThanOrEqual(10_000);
  });
});
