import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import { kendallTauB, midRanks, pearson } from '../../src/statistics/correlation.js';
import { Moments } from '../../src/statistics/moments.js';
import { comparePaired } from '../../src/statistics/paired-differences.js';
import {
  mcnemarTest,
  signFlipTest,
  welchTest,
  wilcoxonSignedRankTest,
} from '../../src/statistics/paired-tests.js';
import { itWithData, readDataJson, readDataLines } from '../support/data.js';
import { readReference } from '../support/reference.js';
import { auroc } from '../../src/statistics/probability-scores.js';
import { expectClose, shuffle } from './support.js';

interface PairedCase {
  readonly id: number;
  readonly tag: string;
  readonly a: number[];
  readonly b: number[];
  readonly expected: Readonly<Record<string, number>> & {
    readonly ci95: [number, number];
    readonly correlation: number | null;
  };
}

describe('reference cases of paired comparisons', () => {
  const { cases } = readReference<{ cases: PairedCase[] }>('paired');

  it.each(cases)('case $id ($tag)', async ({ a, b, tag, expected }) => {
    const found = await comparePaired(a, b);
    const figure = (name: string): number => expected[name] as number;
    expect([found.pairs, found.wins, found.losses, found.ties]).toEqual(
      ['n', 'wins', 'losses', 'ties'].map(figure),
    );
    expectClose(found.difference, figure('meanDiff'));
    expectClose(found.standardError, figure('stderrPaired'));
    expectClose(found.unpairedStandardError, figure('stderrUnpaired'));
    expectClose(found.correlation, expected.correlation);
    expectClose(found.t, figure('t'));
    expectClose(found.pValues.t, figure('tTestP'));
    expectClose(found.intervals.t?.low ?? null, expected.ci95[0]);
    expectClose(found.intervals.t?.high ?? null, expected.ci95[1]);
    expect(found.interval?.method).toBe(tag === 'continuous' ? 't' : 'tango');
    expectClose(welchTest(Moments.of(a), Moments.of(b))?.pValue ?? null, figure('welchP'));
    expectClose(mcnemarTest(found.wins, found.losses).pValue, figure('signTestP'));
    if ('permutationP' in expected) expectClose(found.pValues.signFlip, figure('permutationP'));
    if ('mcnemarExactP' in expected) {
      const { chiSquare, chiSquarePValue } = mcnemarTest(found.wins, found.losses);
      expect(found.test).toBe('mcnemar');
      expectClose(found.pValue, figure('mcnemarExactP'));
      expectClose(chiSquare, figure('mcnemarChi2Corrected'));
      expectClose(chiSquarePValue, figure('mcnemarCorrectedP'));
    } else expect(found.pValues.mcnemar).toBeNull();
    if ('wilcoxonExactP' in expected) {
      const wilcoxon = wilcoxonSignedRankTest(a.map((value, i) => value - (b[i] as number)));
      expectClose(wilcoxon?.pValue ?? null, figure('wilcoxonExactP'));
    }
  });

  it('keeps small p-values in proportion, not only to nine decimals', async () => {
    for (const { a, b, expected } of cases) {
      const found = await comparePaired(a, b, { permutation: false });
      expect(Math.abs((found.pValues.t as number) / (expected['tTestP'] as number) - 1)).toBeLessThan(1e-9);
    }
  });

  itWithData('reproduces the published comparison of two GSM8K models', async () => {
    const rows = readDataLines<{ id: string; model: string; isCorrect: boolean }>(
      'gsm8k/model_solutions_6b.jsonl',
    );
    const scores = (model: string): Map<string, number> =>
      new Map(rows.filter((row) => row.model === model).map((row) => [row.id, row.isCorrect ? 1 : 0]));
    const [verification, finetuning] = [scores('6b_verification'), scores('6b_finetuning')];
    const ids = [...verification.keys()];
    const found = await comparePaired(
      ids.map((id) => verification.get(id) as number),
      ids.map((id) => finetuning.get(id) as number),
    );
    const { paired } = readDataJson<{ paired: Record<string, Record<string, number>> }>(
      'gsm8k/expected.json',
    );
    const expected = paired['6b_verification minus 6b_finetuning'] as Record<string, number>;
    expectClose(found.difference, expected['meanDiff'] as number);
    expectClose(found.standardError, expected['stderrPaired'] as number);
    expect([found.wins, found.losses, found.ties]).toEqual([
      expected['wins'],
      expected['losses'],
      expected['ties'],
    ]);
  });
});

describe('comparePaired', () => {
  it('says null where nothing can be said', async () => {
    const empty = await comparePaired([], []);
    expect([empty.pairs, empty.difference, empty.standardError, empty.interval, empty.pValue]).toEqual([
      0,
      null,
      null,
      null,
      null,
    ]);
    const same = await comparePaired([0.5, 0.7], [0.5, 0.7]);
    expect([same.difference, same.intervals.t, same.t, same.pValue, same.test]).toEqual([
      0,
      null,
      null,
      1,
      'sign-flip',
    ]);
    expect(same.interval).toMatchObject({ method: 'mid-gaffke' });
    const unbounded = await comparePaired([5, 7], [5, 7]);
    expect([unbounded.interval, unbounded.pValue]).toEqual([null, 1]);
  });

  it('names itself where an option is unknown or bad, not the tests that it makes', async () => {
    await expect(comparePaired([1], [1], { lvl: 0.9 } as never)).rejects.toThrow(
      'Unknown option `lvl` of comparePaired; did you mean `level`?',
    );
    await expect(comparePaired([1, 0], [1, 1], { level: 2 })).rejects.toThrow('`level` of comparePaired');
  });

  it('keeps the digits of a correlation of which one side hardly varies', async () => {
    const a = [0.25, 0.5, 0.75, 0.25];
    const b = a.map((score, i) => 0.5 + 2 ** -40 * (score + (i % 2))); // exact in binary
    const { correlation } = await comparePaired(a, b);
    expect(correlation).toBeCloseTo(
      pearson(
        a,
        b.map((score) => (score - 0.5) * 2 ** 40),
      )!,
      14,
    );
  });

  it('does not depend on the order of the pairs, not by a bit', async () => {
    const random = seededRandom(5);
    const pairs = Array.from({ length: 60 }, (_, i) => ({ a: random(), b: random(), cluster: `c${i % 7}` }));
    const compare = (list: typeof pairs) =>
      comparePaired(
        list.map(({ a }) => a),
        list.map(({ b }) => b),
        { clusters: list.map(({ cluster }) => cluster), resamples: 500 },
      );
    const expected = await compare(pairs);
    expect(expected.test).toBe('clustered-t');
    expect(expected.clusters).toBe(7);
    for (const seed of [1, 2, 3]) expect(await compare(shuffle(pairs, seededRandom(seed)))).toEqual(expected);
  });

  it('takes repetitions of one case as one: the error does not shrink by asking the same again', async () => {
    const a = [1, 0, 1, 1, 0, 1, 0, 0];
    const b = [0, 0, 1, 0, 0, 1, 1, 0];
    const cases = a.map((_, i) => `case ${i}`);
    const repeated = <T>(list: readonly T[]): T[] => [...list, ...list, ...list];
    const once = await comparePaired(a, b);
    const thrice = await comparePaired(repeated(a), repeated(b), { clusters: repeated(cases) });
    expectClose(thrice.standardError, once.standardError, 1e-14);
    expect(thrice.test).toBe('clustered-t');
    expect(thrice.pValues.mcnemar).toBeNull();
    expectClose(thrice.pValues.signFlip, once.pValues.signFlip, 1e-14);
  });
});

describe('rounding is no evidence', () => {
  const ninths = (ratings: readonly number[]): number[] => ratings.map((rating) => rating / 9);

  it('sees no spread in differences that are equal on paper', async () => {
    const found = await comparePaired(ninths([9, 6, 3]), ninths([8, 5, 2]));
    expect([found.t, found.pValues.t, found.standardError]).toEqual([null, null, 0]);
    expect([found.test, found.pValue]).toEqual(['sign-flip', 0.25]);
    expect(found.interval!.method).toBe('mid-gaffke');
    expect(found.interval!.low).toBeLessThan(0);
    expect(found.interval!.high).toBeGreaterThan(0.5);
  });

  it('counts means that are equal on paper as ties', async () => {
    const a = Array.from({ length: 40 }, (_, i) => (0.1 + 0.2 + (i % 4) / 10) / 4);
    const b = Array.from({ length: 40 }, (_, i) => (0.3 + (i % 4) / 10) / 4);
    expect(a).not.toEqual(b);
    for (const clusters of [undefined, a.map((_, i) => `c${i % 8}`)]) {
      const found = await comparePaired(a, b, { clusters });
      expect([found.wins, found.losses, found.ties]).toEqual([0, 0, 40]);
      expect([found.difference, found.standardError, found.pValue]).toEqual([0, 0, 1]);
    }
  });

  it('still sees what is a difference, however small the numbers', async () => {
    expect(await comparePaired([0.5, 0.5], [0.5 + 1e-12, 0.5])).toMatchObject({ losses: 1, ties: 1 });
    const tiny = await comparePaired([3e-85, 5e-85, 9e-85], [1e-85, 2e-85, 3e-85]);
    const usual = await comparePaired([3, 5, 9], [1, 2, 3]);
    expect(tiny.wins).toBe(3);
    expectClose(tiny.pValue, usual.pValue, 1e-12);
  });

  it('ties ranks, and leaves out zeros, in tests that are given differences', async () => {
    const differences = [0.3 - 0.2, 0.9 - 0.8, 0.2 - 0.3, 0.6 - 0.5, 0.1 + 0.2 - 0.3, 0.8 - 0.3];
    const onPaper = [0.1, 0.1, -0.1, 0.1, 0, 0.5];
    expect(wilcoxonSignedRankTest(differences)).toEqual(wilcoxonSignedRankTest(onPaper));
    expect(await signFlipTest(differences)).toEqual(await signFlipTest(onPaper));
    const noise = [0.1 + 0.2 - 0.3, 0.7 - 0.1 - 0.6];
    expect(wilcoxonSignedRankTest(noise, { magnitude: 1 })).toBeNull();
    expect((await signFlipTest(noise, { magnitude: 1 })).pValue).toBe(1);
  });

  it('ranks numbers that are equal on paper alike', () => {
    expect([...midRanks([0.3, 0.1 + 0.2, 0.5])]).toEqual([1.5, 1.5, 3]);
    expect(pearson([0.3, 0.1 + 0.2, 0.3], [1, 2, 3])).toBeNull();
    expect(kendallTauB([0.3, 0.1 + 0.2, 0.5], [1, 2, 3])).toBe(kendallTauB([0.3, 0.3, 0.5], [1, 2, 3]));
    expect(auroc([1, 0], [0.3, 0.1 + 0.2])).toBe(0.5);
  });
});

describe('the interval of a difference', () => {
  const pairsOf = (differences: readonly number[]): [number[], number[]] => [
    differences.map((d) => Math.max(0, d)),
    differences.map((d) => Math.max(0, -d)),
  ];
  const methodOf = async (differences: readonly number[], clusters?: readonly string[]) =>
    (await comparePaired(...pairsOf(differences), { clusters, permutation: false })).interval?.method;

  it('is t where differences are spread, and bounded where ties or rare losses pile up', async () => {
    const random = seededRandom(8);
    const spread = Array.from({ length: 40 }, () => random() / 2 - 0.2);
    expect(await methodOf(spread)).toBe('t');
    expect(await methodOf(spread.map((d, i) => (i % 3 === 0 ? 0 : d)))).toBe('mid-gaffke');
    expect(await methodOf(Array.from({ length: 40 }, (_, i) => (i === 7 ? -0.5 : 0)))).toBe('mid-gaffke');
    expect(await methodOf([0.9, -0.8])).toBe('mid-gaffke'); // t would leave -1..1
  });

  it('goes by the means of clusters where there are some', async () => {
    const random = seededRandom(9);
    const clusters = Array.from({ length: 40 }, (_, i) => `c${i % 10}`);
    expect(
      await methodOf(
        clusters.map(() => random() / 2 - 0.2),
        clusters,
      ),
    ).toBe('clustered-t');
    expect(
      await methodOf(
        clusters.map((cluster) => (cluster === 'c3' ? -0.4 : 0)),
        clusters,
      ),
    ).toBe('clustered-mid-gaffke');
  });

  it('never leaves -1..1 and is never without width', async () => {
    const score = fc.constantFrom(0, 0.1, 0.3, 0.5, 0.9, 1);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(score, score, fc.constantFrom('x', 'y', 'z')), { minLength: 2, maxLength: 12 }),
        fc.boolean(),
        async (pairs, clustered) => {
          const found = await comparePaired(
            pairs.map(([a]) => a),
            pairs.map(([, b]) => b),
            { permutation: false, clusters: clustered ? pairs.map(([, , cluster]) => cluster) : undefined },
          );
          if (found.interval === null) {
            expect(found.clusters).toBe(1);
            return;
          }
          expect(found.interval.low).toBeGreaterThanOrEqual(-1);
          expect(found.interval.high).toBeLessThanOrEqual(1);
          expect(found.interval.high - found.interval.low).toBeGreaterThan(0.01);
        },
      ),
    );
  });
});

describe('paired tests', () => {
  it('takes the exact McNemar p-value from the binomial distribution', () => {
    expect(mcnemarTest(0, 0).pValue).toBe(1);
    expectClose(mcnemarTest(10, 0).pValue, 2 ** -9, 1e-15);
    expectClose(mcnemarTest(7, 1).pValue, (2 * 9) / 256, 1e-15);
    expect(mcnemarTest(5000, 5000).pValue).toBe(1);
    expect(() => mcnemarTest(-1, 2)).toThrow(/integers/);
  });

  it('draws signs close to what counting them all would give, and the same ones for a seed', async () => {
    const random = seededRandom(11);
    const differences = Array.from({ length: 30 }, () => random() - 0.35);
    const drawn = await signFlipTest(differences, { resamples: 20_000, seed: 3 });
    expect(drawn.exact).toBe(false);
    expect(await signFlipTest(shuffle(differences, random), { resamples: 20_000, seed: 3 })).toEqual(drawn);
    // 15 of them, counted and drawn (by padding with a pair of differences that is too small to matter)
    const few = differences.slice(0, 20);
    const counted = await signFlipTest(few);
    const padded = await signFlipTest([...few, 1e-300, -1e-300], { resamples: 20_000 });
    const error = Math.sqrt((counted.pValue * (1 - counted.pValue)) / 20_000);
    expect(counted.exact).toBe(true);
    expect(Math.abs(padded.pValue - counted.pValue)).toBeLessThan(5 * error);
  });

  it('computes Wilcoxon exactly with ties, as enumeration does', () => {
    const differences = [1, 1, -1, 2, 2, -3, 4, 0];
    const nonZero = differences.filter((difference) => difference !== 0);
    const ranks = [2, 2, 2, 4.5, 4.5, 6, 7];
    const total = 28;
    const observed = nonZero.reduce(
      (sum, difference, i) => sum + (difference > 0 ? (ranks[i] as number) : 0),
      0,
    );
    let extreme = 0;
    for (let signs = 0; signs < 2 ** 7; signs++) {
      const sum = ranks.reduce((all, rank, i) => all + ((signs >> i) & 1 ? rank : 0), 0);
      if (Math.abs(sum - total / 2) >= Math.abs(observed - total / 2)) extreme++;
    }
    expectClose(wilcoxonSignedRankTest(differences)?.pValue ?? null, extreme / 2 ** 7, 1e-15);
    expect(wilcoxonSignedRankTest([0, 0])).toBeNull();
  });

  it('has no Welch test without spread', () => {
    expect(welchTest(Moments.of([1, 1]), Moments.of([0, 0]))).toBeNull();
    expect(welchTest(Moments.of([1]), Moments.of([0, 1]))).toBeNull();
  });
});
