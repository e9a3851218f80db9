import { describe, expect, it } from 'vitest';
import { AssayError } from '../../src/errors.js';
import { ExactSum } from '../../src/foundation/exact-sum.js';
import { agreement, cohenKappa, fleissKappa, percentAgreement } from '../../src/statistics/agreement.js';
import { bootstrap } from '../../src/statistics/bootstrap.js';
import { bradleyTerry } from '../../src/statistics/bradley-terry.js';
import { classificationReport } from '../../src/statistics/classification.js';
import { kendallTauB, midRanks, pearson, spearman } from '../../src/statistics/correlation.js';
import {
  clopperPearsonInterval,
  jeffreysInterval,
  tInterval,
  wilsonInterval,
} from '../../src/statistics/intervals.js';
import { krippendorffAlpha } from '../../src/statistics/krippendorff.js';
import { meanInterval } from '../../src/statistics/mean-interval.js';
import { holm } from '../../src/statistics/multiple-comparisons.js';
import { Moments } from '../../src/statistics/moments.js';
import { comparePaired } from '../../src/statistics/paired-differences.js';
import { signFlipTest, tTest, welchTest, wilcoxonSignedRankTest } from '../../src/statistics/paired-tests.js';
import {
  auroc,
  averagePrecision,
  brierScore,
  calibration,
  logLoss,
} from '../../src/statistics/probability-scores.js';
import { median, quantile } from '../../src/statistics/quantiles.js';
import { reduceRepetitions } from '../../src/statistics/repetition-reducers.js';
import { minimumDetectableDifference, requiredCases } from '../../src/statistics/sample-size.js';
import { ScoreCounts } from '../../src/statistics/score-counts.js';
import { betaCdf, normalCdf } from '../../src/statistics/special-functions.js';
import { studentCdf } from '../../src/statistics/student.js';

const codeOf = async (run: () => unknown): Promise<unknown> => {
  try {
    return { returned: await run() };
  } catch (error) {
    return AssayError.is(error) ? error.code : error;
  }
};

/** What JavaScript callers pass although the types forbid it. */
const untyped = (value: unknown): never => value as never;

describe('what is no number', () => {
  it.each<[string, () => unknown]>([
    ['a text as a score', () => Moments.of([untyped('1')])],
    ['a text in a sum', () => new ExactSum().add(untyped('1'))],
    ['NaN in a quantile', () => quantile([1, Number.NaN], 0.5)],
    ['an infinity in a quantile', () => quantile([1, Number.POSITIVE_INFINITY], 0.5)],
    ['null in a median, which is not 0', () => median([untyped(null), 1])],
    ['NaN in a rank correlation', () => spearman([1, Number.NaN, 2], [1, 2, 3])],
    ['NaN in tau', () => kendallTauB([1, 2, 3], [1, Number.NaN, 2])],
    ['null among ranks', () => midRanks([untyped(null)])],
    ['NaN in a correlation', () => pearson([1, Number.NaN], [1, 2])],
    ['NaN as a classifier score', () => auroc([1, 0], [Number.NaN, 1])],
    ['NaN in average precision', () => averagePrecision([1, 0], [Number.NaN, 1])],
    ['an outcome that is none', () => auroc([untyped(2), 0], [0.5, 1])],
    ['a probability above 1', () => brierScore([1], [1.2])],
    ['a missing probability, which is not 0', () => brierScore([1], [untyped(null)])],
    ['null as the place of a quantile', () => quantile([1, 2], untyped(null))],
    ['a text as a p-value', () => holm([untyped('0.5')])],
    ['a game without its second item', () => bradleyTerry([untyped({ a: 'x', winner: 'a' })])],
    ['NaN in calibration', () => calibration([1], [Number.NaN])],
    ['NaN as a mean', () => tInterval({ mean: Number.NaN, standardError: 1, degreesOfFreedom: 2 })],
    ['a negative error', () => tInterval({ mean: 0, standardError: -1, degreesOfFreedom: 2 })],
    ['a t test without degrees of freedom', () => tTest({ mean: 1, standardError: 1, degreesOfFreedom: 0 })],
    ['NaN in a paired comparison', () => comparePaired([Number.NaN], [1])],
    [
      'a pair without its cluster',
      () => comparePaired([1, 0], [0, 0], { clusters: ['a', untyped(undefined)] }),
    ],
    ['a value without its cluster', () => bootstrap([1, 2], { clusters: ['a', untyped(undefined)] })],
    ['a statistic that gives NaN', () => bootstrap([1, 2], { statistic: () => Number.NaN })],
    ['NaN among differences', () => signFlipTest([Number.NaN])],
    ['an infinity among differences', () => wilcoxonSignedRankTest([Number.POSITIVE_INFINITY])],
    ['a missing repetition', () => reduceRepetitions([untyped(undefined), 1], 'mode')],
    ['NaN among repetitions', () => reduceRepetitions([Number.NaN], { reducer: 'pass-at', k: 1 })],
    ['a missing rating, which is no category', () => cohenKappa([untyped(null), 'b'], ['a', 'b'])],
    ['a missing rating for Fleiss', () => fleissKappa([['a', untyped(null)]])],
    ['undefined for null', () => krippendorffAlpha([['a', untyped(undefined)]])],
    ['NaN as a rating', () => agreement([[Number.NaN, 1]])],
    ['a missing prediction', () => classificationReport(['a'], [untyped(null)])],
    ['a normal quantile of NaN', () => normalCdf(Number.NaN)],
    ['t without degrees of freedom', () => studentCdf(1, 0)],
    ['a beta distribution without shape', () => betaCdf(0.5, -1, 1)],
  ])('is refused: %s', async (_, run) => {
    expect(await codeOf(run)).toBe('ASSAY_INVALID_INPUT');
  });
});

describe('an option that cannot be meant', () => {
  const half = { successes: 1, n: 2 };
  it.each<[string, () => unknown]>([
    ...[0, 1, Number.NaN, 95].flatMap((level): [string, () => unknown][] => [
      [`level ${level} of wilson`, () => wilsonInterval(half, { level })],
      [`level ${level} of clopper-pearson`, () => clopperPearsonInterval(half, { level })],
      [`level ${level} of jeffreys`, () => jeffreysInterval(half, { level })],
      [`level ${level} of the mean`, () => meanInterval(Moments.of([1, 0]), { level })],
      [`level ${level} of the bootstrap`, () => bootstrap([1, 2], { level })],
      [`level ${level} of a ranking`, () => bradleyTerry([], { level })],
      [`level ${level} of a comparison`, () => comparePaired([0.5, 0.2], [0.1, 0.1], { level })],
    ]),
    ['an unknown quantile method', () => quantile([1, 2], 0.5, untyped('type-6'))],
    ['unknown weights', () => cohenKappa(['a'], ['b'], { weights: untyped('cubic') })],
    ['a misspelled option', () => cohenKappa(['a'], ['b'], untyped({ weight: 'linear' }))],
    ['an unknown level of measurement', () => krippendorffAlpha([], { level: untyped('cardinal') })],
    ['an unknown level for all figures', () => agreement([], { level: untyped('cardinal') })],
    ['labels that are no list', () => classificationReport(['a'], ['a'], { labels: untyped('a') })],
    ['a clip of 0', () => logLoss([1], [1], 0)],
    ['a plan without variance', () => requiredCases(untyped({ difference: 0.1 }))],
    ['a plan without cases', () => minimumDetectableDifference(untyped({ differenceVariance: 0.1 }))],
    ['a difference above 1', () => requiredCases({ differenceVariance: 0.1, difference: 2 })],
    ['a misspelled option of a comparison', () => comparePaired([1], [1], untyped({ lvl: 0.9 }))],
    [
      'a permutation test that is neither wanted nor not',
      () => comparePaired([1], [1], untyped({ permutation: 'no' })),
    ],
    ['a reducer without k', () => reduceRepetitions([1], untyped({ reducer: 'at-least' }))],
    ['a reducer without name', () => reduceRepetitions([1], untyped({ k: 1 }))],
  ])('is refused: %s', async (_, run) => {
    expect(await codeOf(run)).toBe('ASSAY_INVALID_OPTION');
  });
});

describe('what is not defined', () => {
  it('is null', async () => {
    expect(meanInterval(new Moments())).toBeNull();
    expect(meanInterval(Moments.of([0.5]))).toBeNull();
    expect(wilsonInterval({ successes: 0, n: 0 })).toBeNull();
    expect(quantile([], 0.5)).toBeNull();
    expect(auroc([1, 1], [0.2, 0.3])).toBeNull();
    expect(brierScore([], [])).toBeNull();
    expect(cohenKappa(['a', 'a'], ['a', 'a'])).toBeNull();
    expect(percentAgreement([['a', null]])).toBeNull();
    expect(welchTest(Moments.of([1]), Moments.of([1, 2]))).toBeNull();
    expect(await bootstrap([1])).toBeNull();
    expect(await comparePaired([], [])).toMatchObject({ difference: null, pValue: null, interval: null });
  });

  it('is a null interval where no spread was seen and no bounds are known, rather than one without width', () => {
    expect(meanInterval(Moments.of([0.7, 0.7, 0.7]))).toBeNull();
    expect(meanInterval(Moments.of([0.1 + 0.2, 0.3, 0.3]))).toBeNull();
    expect(meanInterval(ScoreCounts.of([0.7, 0.7, 0.7]))).toMatchObject({ method: 'mid-gaffke' });
  });

  it('stays apart from a spread of 0, which is one', () => {
    expect(spearman([Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY], [1, 2, 3])).toBe(1);
  });
});
