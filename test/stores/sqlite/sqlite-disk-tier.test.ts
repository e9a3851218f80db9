import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBoundedCache } from '../../../src/cache/memory-bounded-cache.js';
import { SqliteDiskTier } from '../../../src/stores/sqlite/sqlite-disk-tier.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';

let folder = '';
const opened: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assaykit-cache-'));
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
  await rm(folder, { recursive: true });
});

async function open(options: Parameters<typeof SqliteDiskTier.open>[1] = {}): Promise<SqliteDiskTier> {
  const tier = await SqliteDiskTier.open(join(folder, 'cache.db'), options);
  opened.push(tier);
  return tier;
}

describe('SqliteDiskTier', () => {
  it('gives back what was set, at once and after reopening, whatever kind it is', async () => {
    const values: unknown[] = [
      null,
      0,
      '',
      'text 评估 😀',
      { a: [1, Number.NaN, undefined] },
      new Map([['k', new Date(5)]]),
      Buffer.from([1, 2, 3]),
    ];
    const first = await open();
    values.forEach((value, i) => first.set(`key-${i}`, value, null));
    expect(first.get('key-3')).toEqual({ value: values[3], expiresAt: null });
    await first.close();
    const second = await open();
    values.forEach((value, i) => {
      const found = second.get(`key-${i}`)!.value;
      expect(Buffer.isBuffer(value) ? Buffer.from(found as Uint8Array) : found).toEqual(value);
    });
    expect(second.stats.entries).toBe(values.length);
  });

  it('takes a life in parts of a millisecond, and one beyond all dates as for ever', async () => {
    const tier = await open();
    const cache = new MemoryBoundedCache<string, number>({ maxBytes: 1e6, disk: tier });
    cache.set('part', 1, { ttlMs: 60_000.5 });
    cache.set('long', 2, { ttlMs: 1e300 });
    await tier.flush();
    expect(tier.stats).toMatchObject({ entries: 2, refused: 0 });
    expect(tier.get('long')).toEqual({ value: 2, expiresAt: null });
  });

  it('forgets what has expired, also on opening', async () => {
    const clock = new ManualClock();
    const tier = await open({ clock });
    tier.set('soon', 1, clock.wallTime() + 100);
    tier.set('later', 2, clock.wallTime() + 1000);
    await tier.flush();
    await clock.advance(100);
    expect(tier.get('soon')).toBeUndefined();
    expect(tier.get('later')?.value).toBe(2);
    await tier.close();
    await clock.advance(1000);
    expect((await open({ clock })).stats).toMatchObject({ entries: 0, bytes: 0 });
  });

  it('stays within its bytes and keeps what was used last', async () => {
    const tier = await open({ maxBytes: 20_000 });
    for (let i = 0; i < 15; i++) tier.set(`key-${i}`, 'x'.repeat(1000), null);
    await tier.flush();
    tier.get('key-0');
    for (let i = 15; i < 25; i++) tier.set(`key-${i}`, 'x'.repeat(1000), null);
    await tier.flush();
    expect(tier.stats.bytes).toBeLessThanOrEqual(20_000);
    expect(tier.get('key-0')).toBeDefined();
    expect(tier.get('key-1')).toBeUndefined();
    expect(tier.get('key-24')).toBeDefined();
    const counted = tier.stats;
    await tier.close();
    expect((await open()).stats).toMatchObject({ entries: counted.entries, bytes: counted.bytes });
  });

  it('counts right through overwriting, deleting and clearing', async () => {
    const tier = await open();
    tier.set('a', 'x'.repeat(100), null);
    tier.set('a', 'x'.repeat(200), null);
    tier.set('b', 1, null);
    await tier.flush();
    tier.set('a', 'x', null);
    await tier.flush();
    expect(tier.stats.entries).toBe(2);
    expect(tier.delete('b')).toBe(true);
    expect(tier.delete('b')).toBe(false);
    tier.set('c', 1, null);
    expect(tier.delete('c')).toBe(true); // still waiting to be written
    await tier.flush();
    expect(tier.get('c')).toBeUndefined();
    expect(tier.stats.entries).toBe(1);
    tier.clear();
    expect(tier.stats).toMatchObject({ entries: 0, bytes: 0 });
  });

  it('refuses what cannot be written without a fuss', async () => {
    const tier = await open({ maxBytes: 1000 });
    tier.set('function', { run() {} }, null);
    tier.set('large', 'x'.repeat(5000), null);
    await tier.flush();
    expect(tier.stats).toMatchObject({ entries: 0, refused: 2 });
  });

  it('says so when the file is no database', async () => {
    await writeFile(join(folder, 'cache.db'), 'this is not a database at all, not even nearly so'.repeat(50));
    await expect(open()).rejects.toMatchObject({ code: 'ASSAY_STORE_CORRUPT' });
    await expect(open({ maxByte: 3 } as never)).rejects.toThrow(/`maxBytes`/);
  });

  it('is closed twice without harm, and is silent afterwards', async () => {
    const tier = await open();
    tier.set('a', 1, null);
    await tier.close();
    await tier.close();
    tier.set('b', 1, null);
    expect(tier.get('a')).toBeUndefined();
    expect(tier.delete('a')).toBe(false);
  });
});

describe('MemoryBoundedCache with a second tier', () => {
  it('makes a second run free', async () => {
    let computed = 0;
    for (const run of [1, 2]) {
      const cache = new MemoryBoundedCache<string, { readonly i: number }>({
        maxBytes: 1e6,
        disk: await open(),
      });
      const tiers: string[] = [];
      cache.on('cache:hit', ({ tier }) => tiers.push(tier));
      for (let i = 0; i < 20; i++) {
        await cache.getOrCompute(`key-${i}`, () => {
          computed++;
          return { i };
        });
      }
      if (run === 2) {
        expect(tiers).toEqual(Array.from({ length: 20 }, () => 'disk'));
        expect(cache.get('key-3')).toEqual({ i: 3 });
        expect(tiers.at(-1)).toBe('memory');
        expect(cache.stats).toMatchObject({ hits: 21, diskHits: 20, misses: 0 });
      }
      await cache.close();
    }
    expect(computed).toBe(20);
  });

  it('keeps what memory had to drop, and its time to live', async () => {
    const clock = new ManualClock();
    const cache = new MemoryBoundedCache<string, string>({
      maxBytes: 3000,
      ttlMs: 1000,
      clock,
      disk: await open({ clock }),
    });
    for (let i = 0; i < 10; i++) cache.set(`key-${i}`, 'x'.repeat(1000));
    expect(cache.stats.entries).toBe(2);
    expect(cache.get('key-0')).toBe('x'.repeat(1000));
    expect(cache.has('key-1')).toBe(true);
    await clock.advance(1000);
    expect(cache.get('key-0')).toBeUndefined();
    expect(cache.has('key-1')).toBe(false);
    cache.set('key-2', 'y');
    cache.delete('key-2');
    expect(cache.get('key-2')).toBeUndefined();
    cache.clear();
    expect(cache.stats.disk).toMatchObject({ entries: 0 });
    await cache.close();
  });
});
