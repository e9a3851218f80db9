import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import { kendallTauB, midRanks, pearson, spearman } from '../../src/statistics/correlation.js';
import { readReference } from '../support/reference.js';
import { expectClose, shuffle } from './support.js';

interface CorrelationCase {
  readonly id: number;
  readonly x: number[];
  readonly y: number[];
  readonly expected: Readonly<Record<'pearson' | 'spearman' | 'kendallTauB', number | null>>;
}

describe('reference cases of correlation', () => {
  const { cases } = readReference<{ cases: CorrelationCase[] }>('correlation');

  it.each(cases)('case $id', ({ x, y, expected }) => {
    expectClose(pearson(x, y), expected.pearson);
    expectClose(spearman(x, y), expected.spearman);
    expectClose(kendallTauB(x, y), expected.kendallTauB);
  });
});

describe('correlation', () => {
  it('is not defined for a constant side or fewer than two pairs', () => {
    for (const correlate of [pearson, spearman, kendallTauB]) {
      expect(correlate([1, 1, 1], [1, 2, 3])).toBeNull();
      expect(correlate([1, 2, 3], [2, 2, 2])).toBeNull();
      expect(correlate([1], [2])).toBeNull();
      expect(correlate([], [])).toBeNull();
    }
  });

  it('is exactly 1 and -1 for straight lines far from zero', () => {
    const x = [1e9, 1e9 + 1, 1e9 + 2];
    expect(pearson(x, x)).toBe(1);
    expect(
      pearson(
        x,
        x.map((value) => -value),
      ),
    ).toBe(-1);
    expect(kendallTauB(x, x)).toBe(1);
  });

  it('does not mind values whose squares are no numbers', () => {
    for (const scale of [1e-170, 1e-320, 1e170, 1e300]) {
      const x = [1, 2, 3, 5].map((value) => value * scale);
      expect(pearson(x, [1, 2, 3, 5])).toBeCloseTo(1, 3);
      expect(pearson([4, 1, 2, 2], x)).toBeCloseTo(pearson([4, 1, 2, 2], [1, 2, 3, 5])!, 3);
    }
  });

  it('counts pairs as the definition of tau-b does', () => {
    const small = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(small, (pairs) => {
        let [score, openX, openY] = [0, 0, 0];
        for (let i = 0; i < pairs.length; i++) {
          for (let j = 0; j < i; j++) {
            const [dx, dy] = [0, 1].map((at) =>
              Math.sign((pairs[i]?.[at] as number) - (pairs[j]?.[at] as number)),
            );
            score += (dx as number) * (dy as number);
            openX += Math.abs(dx as number);
            openY += Math.abs(dy as number);
          }
        }
        const expected = openX * openY === 0 ? null : score / Math.sqrt(openX) / Math.sqrt(openY);
        const found = kendallTauB(
          pairs.map(([x]) => x),
          pairs.map(([, y]) => y),
        );
        expectClose(found, expected, 1e-12);
      }),
    );
  });

  it('has the same bits in any order of the pairs', () => {
    const pair = fc.tuple(
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.double({ min: -1, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(pair, { minLength: 2, maxLength: 30 }), fc.integer(), (pairs, seed) => {
        const mixed = shuffle(pairs, seededRandom(seed));
        const of = (list: readonly (readonly [number, number])[]): number | null =>
          pearson(
            list.map(([x]) => x),
            list.map(([, y]) => y),
          );
        expect(of(mixed)).toBe(of(pairs));
      }),
    );
  });

  it('shares ranks among ties', () => {
    expect([...midRanks([30, 10, 20, 10])]).toEqual([4, 1.5, 3, 1.5]);
  });

  it('refuses lists of different lengths', () => {
    expect(() => pearson([1], [1, 2])).toThrow(/one length/);
  });
});
