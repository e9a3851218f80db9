import { describe, expect, it } from 'vitest';
import { InlinePolicy } from '../../src/workers/inline-policy.js';

const feed = (policy: InlinePolicy, costs: readonly number[]): boolean =>
  costs.map((us) => policy.observe(us)).includes(true);
const many = (us: number, count = 64): number[] => Array.from({ length: count }, () => us);

describe('InlinePolicy', () => {
  it('moves to the main thread after a whole window of cheap evaluations, not before', () => {
    const policy = new InlinePolicy();
    expect(feed(policy, many(5, 63))).toBe(false);
    expect(feed(policy, [5])).toBe(true);
    expect(policy.inline).toBe(true);
    expect(policy.averageUs).toBe(5);
  });

  it('stays in the workers when they are dear, or one of them was very slow', () => {
    const dear = new InlinePolicy();
    expect(feed(dear, many(25, 640))).toBe(false);
    const spiky = new InlinePolicy();
    expect(feed(spiky, [1200, ...many(1, 63)])).toBe(false);
    expect(feed(spiky, many(1))).toBe(true); // the first ones are slow since nothing is compiled yet
  });

  it('goes back at once after a stall, and after a window that got dear', () => {
    const stalled = new InlinePolicy();
    feed(stalled, many(5));
    expect(feed(stalled, [6000])).toBe(true);
    expect(stalled.inline).toBe(false);
    const grown = new InlinePolicy();
    feed(grown, many(5));
    expect(feed(grown, many(30))).toBe(false); // between the bounds: no to and fro
    expect(feed(grown, many(60))).toBe(true);
    expect(grown.inline).toBe(false);
  });
});
