import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from '../../src/foundation/histogram.js';
import { IntervalTimes } from '../../src/monitor/interval-times.js';
import { PackedTimes } from '../../src/monitor/packed-times.js';
import { ResponseTimeHistory } from '../../src/monitor/response-times.js';
import { seededRandom } from '../../src/foundation/seeded-random.js';

const of = (values: readonly number[]): Histogram => {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
};
const nearestRank = (values: readonly number[], percent: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil((percent * values.length) / 100) - 1] as number;
const PERCENTS = [50, 90, 95, 99, 99.9];

describe('response times of the history', () => {
  it('are those of exactly the window, however it lies to the blocks', () => {
    const random = seededRandom(5);
    const history = new ResponseTimeHistory(1200); // blocks of ten
    const snapshots: number[][] = [];
    for (let i = 0; i < 1203; i++) {
      // An incident that has just left a window must not be in its percentiles.
      const slow = i % 100 === 0 ? 60_000 : 50;
      const values = i % 7 === 0 ? [] : Array.from({ length: 5 }, () => slow * (1 + random()));
      snapshots.push(values);
      history.add(values.length === 0 ? undefined : of(values));
    }
    for (const window of [1, 3, 9, 10, 11, 60, 61, 99, 100, 101, 555, 1199, 1200]) {
      const values = snapshots.slice(-window).flat();
      const { times, covered } = history.latest(window);
      expect([covered, times.count, times.max]).toEqual([
        window,
        values.length,
        values.length === 0 ? null : Math.max(...values),
      ]);
      for (const percent of values.length === 0 ? [] : PERCENTS) {
        const error = (times.percentile(percent) as number) / nearestRank(values, percent) - 1;
        expect(Math.abs(error)).toBeLessThan(0.001);
      }
    }
  });

  it('cover at most a 120th of a long history more than the window', () => {
    const history = new ResponseTimeHistory(12_000); // blocks of a hundred
    for (let i = 0; i < 12_345; i++) history.add(of([100]));
    for (const window of [1, 101, 3600, 3601, 4444, 12_000]) {
      const { times, covered } = history.latest(window);
      expect(times.count).toBe(covered);
      expect(covered - window).toBeGreaterThanOrEqual(0);
      expect(covered - window).toBeLessThan(window <= 3600 ? 1 : 100);
    }
  });

  it('are still right when so many different ones come that they are not kept one by one', () => {
    const history = new ResponseTimeHistory(3600);
    const wide = of(Array.from({ length: 20_000 }, (_, i) => 2 ** (i / 1000))); // 20 octaves: 10,000 buckets
    for (let i = 0; i < 400; i++) history.add(wide);
    expect(history.latest(100).covered).toBe(100);
    const { times, covered } = history.latest(371); // 371 * 10,000 buckets are more than are kept
    expect(covered).toBe(400); // whole blocks of thirty
    expect(times.count).toBe(400 * 20_000);
  });

  it('come back from their packed form as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e12, noNaN: true })), (values) => {
        expect(new PackedTimes(of(values)).unpack().toJSON()).toEqual(of(values).toJSON());
      }),
    );
    const many = of(Array<number>(300_000).fill(7)); // more than one packed entry can count
    expect(new PackedTimes(many).unpack().toJSON()).toEqual(many.toJSON());
  });
});

describe('response times of one endpoint in one interval', () => {
  it.each([1, 2, 20, 100, 255, 256, 257, 2000])('give the percentiles of %d values', (count) => {
    const random = seededRandom(count);
    const values = Array.from({ length: count }, () => 10 * Math.exp(7 * random()));
    const times = new IntervalTimes();
    for (const value of values) times.record(value);
    const metrics = times.take();
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    for (const [read, exact] of [
      [metrics.averageResponseTimeMs, mean],
      [metrics.p50ResponseTimeMs, nearestRank(values, 50)],
      [metrics.p95ResponseTimeMs, nearestRank(values, 95)],
      [metrics.p99ResponseTimeMs, nearestRank(values, 99)],
    ] as const) {
      expect(Math.abs((read as number) / exact - 1)).toBeLessThan(0.001);
    }
  });

  it('begin anew when they are taken, and are not known when there are none', () => {
    const times = new IntervalTimes();
    for (let i = 0; i < 300; i++) times.record(1);
    times.take();
    expect(times.take()).toEqual({
      averageResponseTimeMs: null,
      p50ResponseTimeMs: null,
      p95ResponseTimeMs: null,
      p99ResponseTimeMs: null,
    });
  });
});
