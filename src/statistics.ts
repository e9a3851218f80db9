/**
 * Statistics for scores: means with intervals, clustered errors, paired and unpaired tests, bootstrap, agreement of
 * raters, correlation, classification, calibration, pass@k and sample sizes. Pure functions on numbers; what is not
 * defined is `null`, never 0 or NaN. Two runs are compared by `compareRuns` of `assaykit`.
 *
 * @module assaykit/statistics
 */

export { ExactSum } from './foundation/exact-sum.js';
export { Histogram, type HistogramOptions, type HistogramRecord } from './foundation/histogram.js';
export {
  agreement,
  cohenKappa,
  fleissKappa,
  percentAgreement,
  type Agreement,
  type AgreementOptions,
  type CohenOptions,
} from './statistics/agreement.js';
export {
  bootstrap,
  type BootstrapEstimate,
  type BootstrapOptions,
  type BootstrapStatistic,
} from './statistics/bootstrap.js';
export {
  bradleyTerry,
  type BradleyTerryOptions,
  type BradleyTerryRanking,
  type Game,
  type RankedItem,
} from './statistics/bradley-terry.js';
export {
  classificationReport,
  type ClassAverages,
  type ClassFigures,
  type ClassificationOptions,
  type ClassificationReport,
} from './statistics/classification.js';
export { boundedMeanInterval, type BoundedMeanOptions } from './statistics/bounded-mean.js';
export type { ClusteredEstimate } from './statistics/clustered-interval.js';
export type { ClusterMeans } from './statistics/cluster-means.js';
export type { WeighedValues } from './statistics/gaffke-distribution.js';
export {
  ClusteredMoments,
  type ClusteredIntervalOptions,
  type ClusteredMomentsRecord,
  type ClusterRobustForm,
} from './statistics/clustered.js';
export type { DifferenceIntervals } from './statistics/difference-intervals.js';
export { fisherTest, type FisherTest, type TwoByTwoTable } from './statistics/fisher-test.js';
export { kendallTauB, pearson, spearman } from './statistics/correlation.js';
export {
  clopperPearsonInterval,
  jeffreysInterval,
  midPInterval,
  tInterval,
  wilsonInterval,
  type Interval,
  type IntervalMethod,
  type IntervalOptions,
  type MeanEstimate,
  type Proportion,
} from './statistics/intervals.js';
export {
  krippendorffAlpha,
  type KrippendorffLevel,
  type KrippendorffOptions,
  type Rating,
} from './statistics/krippendorff.js';
export { meanInterval } from './statistics/mean-interval.js';
export { Moments, type MomentsRecord } from './statistics/moments.js';
export { benjaminiHochberg, holm } from './statistics/multiple-comparisons.js';
export type { Label } from './statistics/labels.js';
export {
  comparePaired,
  type PairedComparison,
  type PairedOptions,
  type PairedTestName,
} from './statistics/paired-differences.js';
export {
  mcnemarTest,
  signFlipTest,
  tTest,
  welchTest,
  wilcoxonSignedRankTest,
  type DifferenceOptions,
  type McnemarTest,
  type PermutationTest,
  type SignFlipOptions,
  type TTest,
} from './statistics/paired-tests.js';
export { passAtK, passHatK } from './statistics/pass-at-k.js';
export {
  auroc,
  averagePrecision,
  brierScore,
  calibration,
  logLoss,
  type Calibration,
  type CalibrationBin,
  type Happened,
} from './statistics/probability-scores.js';
export { median, quantile, quantiles, type QuantileMethod } from './statistics/quantiles.js';
export {
  reduceRepetitions,
  type RepetitionReducer,
  type ThresholdReducer,
} from './statistics/repetition-reducers.js';
export type { ResamplingOptions } from './statistics/resample.js';
export { ScoreCounts, type ScoreCountsRecord } from './statistics/score-counts.js';
export type { ValueRange } from './statistics/value-range.js';
export {
  minimumDetectableDifference,
  requiredCases,
  type ComparisonPlan,
  type DetectableDifferencePlan,
  type SampleSizePlan,
} from './statistics/sample-size.js';
