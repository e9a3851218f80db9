import { describe, expect, it } from 'vitest';
import { SubmissionOrder } from '../../../src/batch/summary/submission-order.js';
import { seededRandom } from '../../../src/foundation/seeded-random.js';

describe('SubmissionOrder', () => {
  it('hands on each item once all before it are there', () => {
    const taken: string[] = [];
    const order = new SubmissionOrder<string>((item) => void taken.push(item));
    order.settle(1, 'b');
    order.settle(3, 'd');
    expect(taken).toEqual([]);
    order.settle(0, 'a');
    expect(taken).toEqual(['a', 'b']);
    order.settle(2, 'c');
    expect(taken).toEqual(['a', 'b', 'c', 'd']);
  });

  it('keeps the order however far the finished run ahead of one that is slow', () => {
    const random = seededRandom(5);
    for (const ahead of [1, 63, 64, 65, 1000]) {
      const taken: number[] = [];
      const order = new SubmissionOrder<number>((item) => void taken.push(item));
      const open: number[] = [];
      for (let place = 0; place < 3000; place++) {
        open.push(place);
        if (open.length <= ahead) continue;
        const [settled] = open.splice(Math.floor(random() * open.length), 1);
        order.settle(settled!, settled!);
      }
      for (const place of open.reverse()) order.settle(place, place);
      expect(taken).toEqual(Array.from({ length: 3000 }, (_, place) => place));
    }
  });
});
