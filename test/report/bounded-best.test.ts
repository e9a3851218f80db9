import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedBest } from '../../src/report/bounded-best.js';

describe('BoundedBest', () => {
  it('gives what sorting everything and cutting gives', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 })),
        fc.integer({ min: 0, max: 20 }),
        (numbers, limit) => {
          const best = new BoundedBest<number>(limit, (a, b) => a - b);
          for (const each of numbers) best.add(each);
          expect(best.values).toEqual([...numbers].sort((a, b) => a - b).slice(0, limit));
        },
      ),
    );
  });
});
