import { describe, expect, it } from 'vitest';
import {
  clusteredPredictionPoweredMean,
  predictionPoweredMean,
  weightedPredictionPoweredMean,
} from '../../src/decisions/anchored/prediction-powered.js';
import { expectClose } from '../statistics/support.js';
import { type ReferenceCase, referenceCases } from './reference.js';

const expectEnds = (found: readonly number[] | null, expected: readonly number[]): void =>
  expected.forEach((end, i) => expectClose((found as number[])[i] as number, end));

function expectForms(
  sample: Parameters<typeof predictionPoweredMean>[0],
  { alpha, expected }: ReferenceCase,
): void {
  for (const [name, lambda] of [
    ['ppi', 1],
    ['ppiPlus', 'tuned'],
  ] as const) {
    const published = predictionPoweredMean(sample, { lambda, form: 'published', level: 1 - alpha });
    expectClose(published.mean, expected[name].mean);
    expectClose(published.lambda, expected[name].lambda);
    expectClose(published.standardError, expected[name].stderr);
    expectEnds(published.interval, expected[name].interval);
    const { small } = expected[name];
    const found = predictionPoweredMean(sample, { lambda, level: 1 - alpha });
    if (small.interval === undefined || small.interval === null) expect(found.interval).toBeNull();
    else {
      expectClose(found.standardError, small.stderr);
      expect(found.degreesOfFreedom).toBe(small.df);
      expectEnds(found.interval, small.interval);
    }
  }
}

describe('prediction-powered means agree with the reference values to 1e-9', () => {
  it('of one system, in all forms', () => {
    for (const each of referenceCases('anchored', 'mean')) {
      const { labels, judge, unlabelledJudge } = each;
      expectForms({ labels, judge, unlabelledJudge }, each);
    }
  });

  it('of a paired difference', () => {
    const minus = (b: number[], a: number[]): number[] => b.map((value, i) => value - (a[i] as number));
    for (const each of referenceCases('anchored', 'paired difference')) {
      expectForms(
        {
          labels: minus(each.labelsB, each.labelsA),
          judge: minus(each.judgeB, each.judgeA),
          unlabelledJudge: minus(each.unlabelledB, each.unlabelledA),
        },
        each,
      );
    }
  });

  it('of clusters', () => {
    for (const {
      expected,
      alpha,
      labels,
      judge,
      unlabelledJudge,
      clusters,
      unlabelledClusters,
    } of referenceCases('anchored', 'clustered')) {
      const sample = { labels, judge, unlabelledJudge, clusters, unlabelledClusters };
      const found = clusteredPredictionPoweredMean(sample, { level: 1 - alpha });
      expectClose(found.mean, expected.mean);
      expectClose(found.lambda, expected.lambda);
      expectClose(found.standardError, expected.stderr);
      expect(found.clusters).toBe(expected.clusters);
      expect(found.degreesOfFreedom).toBe(expected.df);
      expectEnds(found.interval, expected.interval);
    }
  });

  it('of items drawn with known chances', () => {
    for (const { expected, alpha, lambda, labels, judge, probability } of referenceCases(
      'anchored',
      'known probability',
    )) {
      const found = weightedPredictionPoweredMean(
        { labels, judge, probability },
        { lambda, level: 1 - alpha },
      );
      expectClose(found.mean, expected.mean);
      expectClose(found.standardError, expected.stderr);
      expectEnds(found.interval, expected.interval);
    }
  });
});

describe('a prediction-powered mean', () => {
  it('takes no word of a judge that says the same of everything', () => {
    const found = predictionPoweredMean({
      labels: [1, 0, 1, 1],
      judge: [1, 1, 1, 1],
      unlabelledJudge: [1, 1, 1],
    });
    expect(found.lambda).toBe(0);
    expect(found.mean).toBe(0.75);
  });

  it('refuses samples that do not belong together', () => {
    const sample = { labels: [1, 0], judge: [1, 0], unlabelledJudge: [1] };
    expect(() => predictionPoweredMean({ ...sample, judge: [1] })).toThrow(/2 and 1/);
    expect(() => predictionPoweredMean({ ...sample, unlabelledJudge: [] })).toThrow(/without a label/);
    expect(() => predictionPoweredMean({ ...sample, labels: [1], judge: [1] })).toThrow(/two labels/);
    expect(() => predictionPoweredMean({ ...sample, labels: [1, Number.NaN] })).toThrow(/NaN/);
    expect(() =>
      clusteredPredictionPoweredMean({ ...sample, clusters: ['a', 'a'], unlabelledClusters: ['b'] }),
    ).toThrow(/two clusters/);
    expect(() =>
      weightedPredictionPoweredMean({ judge: [1, 0], labels: [1, 0], probability: [0.5, 0] }),
    ).toThrow(/got 0/);
  });
});
