import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import { bootstrap } from '../../src/statistics/bootstrap.js';
import { bradleyTerry, type BradleyTerryRanking, type Game } from '../../src/statistics/bradley-terry.js';
import { Moments } from '../../src/statistics/moments.js';
import { comparePaired } from '../../src/statistics/paired-differences.js';
import { resample } from '../../src/statistics/resample.js';
import { expectClose, shuffle } from './support.js';

const random = seededRandom(1);
const values = Array.from({ length: 300 }, () => random());

describe('bootstrap', () => {
  it('is the same to the bit inline and in any number of threads', async () => {
    for (const statistic of ['mean', 'median', 'standard-deviation'] as const) {
      const inline = await bootstrap(values, { statistic, resamples: 2100, seed: 9, threads: 'inline' });
      for (const threads of [1, 2]) {
        expect(await bootstrap(values, { statistic, resamples: 2100, seed: 9, threads })).toEqual(inline);
      }
    }
  });

  it('is the same to the bit for any order of the values, with and without clusters', async () => {
    const pairs = values.map((value, i) => ({ value, cluster: `c${i % 17}` }));
    const of = (list: typeof pairs, clustered: boolean) =>
      bootstrap(
        list.map(({ value }) => value),
        { resamples: 500, clusters: clustered ? list.map(({ cluster }) => cluster) : undefined },
      );
    for (const clustered of [false, true]) {
      expect(await of(shuffle(pairs, seededRandom(4)), clustered)).toEqual(await of(pairs, clustered));
    }
  });

  it('gives other draws for another seed', async () => {
    const one = await bootstrap(values, { resamples: 500, seed: 1 });
    const two = await bootstrap(values, { resamples: 500, seed: 2 });
    expect(one?.interval).not.toEqual(two?.interval);
    expect(one?.estimate).toBe(two?.estimate);
  });

  it('keeps its bits from release to release', async () => {
    // Figures that people have published must come out again.
    expect(await bootstrap([0, 0.25, 0.5, 1, 1], { resamples: 1000, seed: 42 })).toMatchInlineSnapshot(`
      {
        "estimate": 0.55,
        "interval": {
          "high": 0.9,
          "level": 0.95,
          "low": 0.2,
          "method": "bootstrap-percentile",
        },
        "resamples": 1000,
        "seed": 42,
        "standardError": 0.17536998640626092,
      }
    `);
  });

  it('lies within 5 Monte-Carlo errors of the enumerated distribution', async () => {
    const sample = [0, 0.1, 0.4, 1];
    const means: number[] = [];
    for (let draw = 0; draw < 4 ** 4; draw++) {
      means.push([0, 1, 2, 3].reduce((sum, at) => sum + (sample[(draw >> (2 * at)) & 3] as number), 0) / 4);
    }
    const exact = Moments.of(means);
    const resamples = 50_000;
    const found = await bootstrap(sample, { resamples, seed: 3 });
    const error = Math.sqrt((exact.variance as number) * (255 / 256));
    expect(Math.abs((found?.standardError as number) - error)).toBeLessThan(
      ((5 * error) / Math.sqrt(2 * resamples)) * 2,
    );
    // The share of resampled means below each end is the nominal one.
    const below = (end: number): number => means.filter((mean) => mean < end - 1e-12).length / means.length;
    const atMost = (end: number): number => means.filter((mean) => mean <= end + 1e-12).length / means.length;
    const slack = 5 * Math.sqrt((0.025 * 0.975) / resamples);
    const { low, high } = found?.interval ?? { low: 0, high: 0 };
    expect(below(low)).toBeLessThanOrEqual(0.025 + slack);
    expect(atMost(low)).toBeGreaterThanOrEqual(0.025 - slack);
    expect(below(high)).toBeLessThanOrEqual(0.975 + slack);
    expect(atMost(high)).toBeGreaterThanOrEqual(0.975 - slack);
  });

  it('comes close to the clustered standard error when clusters are drawn', async () => {
    const source = seededRandom(6);
    const rows = Array.from({ length: 60 }, (_, i) => ({ cluster: `c${i}`, level: source() })).flatMap(
      ({ cluster, level }) => Array.from({ length: 4 }, () => ({ cluster, value: level + source() / 10 })),
    );
    const clustered = await bootstrap(
      rows.map(({ value }) => value),
      { clusters: rows.map(({ cluster }) => cluster), resamples: 4000 },
    );
    const plain = await bootstrap(
      rows.map(({ value }) => value),
      { resamples: 4000 },
    );
    const between = Moments.of(rows.map(({ value }) => value)).standardDeviation as number;
    expect(clustered?.standardError).toBeGreaterThan(1.8 * (plain?.standardError as number));
    expect(Math.abs((clustered?.standardError as number) / (between / Math.sqrt(60)) - 1)).toBeLessThan(0.1);
  });

  it('has no interval without width: for equal scores the bounded one, else none', async () => {
    const ones = await bootstrap([1, 1, 1, 1, 1], { resamples: 200 });
    expect(ones?.interval).toMatchObject({ method: 'wilson', high: 1 });
    expect(ones!.interval!.low).toBeLessThan(0.6);
    const tenths = await bootstrap([0.3, 0.1 + 0.2, 0.3], { resamples: 200 });
    expect(tenths?.interval).toMatchObject({ method: 'mid-gaffke' });
    const clustered = await bootstrap([0.5, 0.5, 0.5, 0.5], {
      resamples: 200,
      clusters: ['a', 'a', 'b', 'b'],
    });
    expect(clustered?.interval).toMatchObject({ method: 'clustered-mid-gaffke' });
    expect((await bootstrap([7, 7, 7], { resamples: 200 }))?.interval).toBeNull();
    expect((await bootstrap([1, 1, 1], { resamples: 200, statistic: 'median' }))?.interval).toBeNull();
  });

  it("takes a statistic of the host's own", async () => {
    const range = (sample: Float64Array): number => Math.max(...sample) - Math.min(...sample);
    const found = await bootstrap([1, 2, 5], { statistic: range, resamples: 300 });
    expect(found?.estimate).toBe(4);
    expect(found?.interval?.high).toBe(4);
    const mean = (sample: Float64Array): number =>
      sample.reduce((sum, value) => sum + value, 0) / sample.length;
    const own = await bootstrap(values, { statistic: mean, resamples: 500 });
    expect(own?.interval).toEqual((await bootstrap(values, { resamples: 500 }))?.interval);
  });

  it('says null for too few values and refuses what makes no sense', async () => {
    expect(await bootstrap([1])).toBeNull();
    expect(await bootstrap([1, 2], { clusters: ['a', 'a'] })).toBeNull();
    await expect(bootstrap([1, 2], { clusters: ['a', 'b'], statistic: 'median' })).rejects.toThrow(/mean/);
    await expect(bootstrap([1, 2], { clusters: ['a'] })).rejects.toThrow(/one length/);
    await expect(bootstrap([1, Number.NaN])).rejects.toThrow(/NaN/);
    await expect(bootstrap([1, 2], { resamples: 1 })).rejects.toThrow(/resamples/);
  });

  it('stops when aborted, inline and in threads', async () => {
    for (const threads of ['inline', 1] as const) {
      const controller = new AbortController();
      const running = bootstrap(values, { resamples: 1_000_000, threads, signal: controller.signal });
      setImmediate(() => controller.abort(new Error('enough')));
      await expect(running).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
      await expect(bootstrap(values, { signal: controller.signal })).rejects.toMatchObject({
        code: 'ASSAY_ABORTED',
      });
    }
  });

  it('lets the event loop turn while it works inline', async () => {
    let turns = 0;
    const ticking = setInterval(() => turns++, 0);
    await bootstrap(values, { resamples: 30_000, threads: 'inline' });
    clearInterval(ticking);
    expect(turns).toBeGreaterThan(2);
  });

  it('leaves no thread behind', async () => {
    const threads = (): number =>
      Number(/Threads:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
    if (process.platform !== 'linux') return;
    const before = threads();
    await resample(
      { kind: 'mean', values: Float64Array.from(values), seed: 0, resamples: 500 },
      { threads: 2 },
    );
    expect(threads()).toBeLessThanOrEqual(before);
  });
});

describe('sign flips', () => {
  it('are the same to the bit inline and in threads', async () => {
    const other = values.map((value) => value - 0.02 + random() / 20);
    const inline = await comparePaired(values, other, { threads: 'inline', resamples: 1000 });
    expect(await comparePaired(values, other, { threads: 2, resamples: 1000 })).toEqual(inline);
  });
});

describe('bradleyTerry', () => {
  const play = (strengths: Readonly<Record<string, number>>, rounds: number, seed: number): Game[] => {
    const source = seededRandom(seed);
    const names = Object.keys(strengths);
    return Array.from({ length: rounds }, () => {
      const a = names[Math.floor(source() * names.length)] as string;
      const others = names.filter((name) => name !== a);
      const b = others[Math.floor(source() * others.length)] as string;
      const chance = 1 / (1 + Math.exp((strengths[b] as number) - (strengths[a] as number)));
      return { a, b, winner: source() < chance ? 'a' : 'b' };
    });
  };

  /** How far the wins that an item is expected to have lie from those that it has: 0 at the maximum likelihood. */
  const excessOf = (games: readonly Game[], { items }: BradleyTerryRanking, item: string): number => {
    const strength = new Map(items.map((each) => [each.item, each.strength]));
    let excess = 0;
    for (const { a, b, winner } of games) {
      if (a !== item && b !== item) continue;
      const other = strength.get(a === item ? b : a) as number;
      excess += 1 / (1 + Math.exp(other - (strength.get(item) as number)));
      if ((winner === 'a') === (a === item)) excess--;
    }
    return excess;
  };

  it('finds the strengths of two items in closed form', async () => {
    const games: Game[] = [
      ...Array.from({ length: 3 }, (): Game => ({ a: 'x', b: 'y', winner: 'a' })),
      { a: 'y', b: 'x', winner: 'a' },
    ];
    const found = await bradleyTerry(games, { resamples: 0 });
    expectClose(found?.items[0]?.strength ?? null, Math.log(3) / 2, 1e-12);
    expectClose(
      (found?.items[0]?.rating as number) - (found?.items[1]?.rating as number),
      400 * Math.log10(3),
      1e-9,
    );
    expect(found?.items.map(({ interval }) => interval)).toEqual([null, null]);
  });

  it('meets the likelihood equations: expected wins are the wins that were seen', async () => {
    const games = play({ a: 0, b: 0.5, c: 1, d: -1 }, 400, 12);
    const found = await bradleyTerry(games, { resamples: 0 });
    for (const { item } of found?.items ?? []) expectClose(excessOf(games, found!, item), 0, 1e-12);
  });

  it('meets them to the last digits also where the likelihood is flat', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const games = play({ a: 0, b: 2.5, c: -2.5, d: 1 }, 60, seed);
      const found = await bradleyTerry(games, { resamples: 0 }); // null when somebody lost everything
      for (const { item } of found?.items ?? []) expectClose(excessOf(games, found!, item), 0, 1e-12);
    }
  });

  it('covers the true differences with its intervals, and does not depend on the order of the games', async () => {
    const truth = { weak: -0.8, middle: 0, strong: 0.8 };
    const games = play(truth, 600, 2);
    const found = await bradleyTerry(games, { resamples: 400, seed: 5, level: 0.999 });
    expect(found?.items.map(({ item }) => item)).toEqual(['strong', 'middle', 'weak']);
    for (const { item, interval } of found?.items ?? []) {
      const rating = 1000 + (400 / Math.LN10) * truth[item as keyof typeof truth];
      expect(interval?.low).toBeLessThan(rating);
      expect(interval?.high).toBeGreaterThan(rating);
    }
    const turned = shuffle(games, seededRandom(8)).map(({ a, b, winner }): Game => ({
      a: b,
      b: a,
      winner: winner === 'a' ? 'b' : 'a',
    }));
    expect(await bradleyTerry(turned, { resamples: 400, seed: 5, level: 0.999 })).toEqual(found);
    expect(await bradleyTerry(games, { resamples: 400, seed: 5, level: 0.999, threads: 1 })).toEqual(found);
  });

  it('takes a tie as half a win each', async () => {
    const found = await bradleyTerry([{ a: 'x', b: 'y', winner: 'tie' }], { resamples: 0 });
    expect(found?.items.map(({ rating }) => rating)).toEqual([1000, 1000]);
  });

  it('says null when somebody won everything, and counts resamples in which somebody did', async () => {
    expect(await bradleyTerry([{ a: 'x', b: 'y', winner: 'a' }])).toBeNull();
    expect(await bradleyTerry([])).toBeNull();
    const few = await bradleyTerry(
      [
        { a: 'x', b: 'y', winner: 'a' },
        { a: 'x', b: 'y', winner: 'a' },
        { a: 'x', b: 'y', winner: 'b' },
      ],
      { resamples: 1000 },
    );
    // (2/3)³ + (1/3)³ of all resamples have a winner of everything.
    expect(Math.abs((few?.resamplesWithoutFit as number) / 1000 - 1 / 3)).toBeLessThan(
      5 * Math.sqrt(2 / 9 / 1000),
    );
  });

  it('refuses a game of an item against itself', async () => {
    await expect(bradleyTerry([{ a: 'x', b: 'x', winner: 'a' }])).rejects.toThrow(/two items/);
  });
});
