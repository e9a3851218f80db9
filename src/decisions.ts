/**
 * The answer, not the run: may this change be merged, which of two models is better, can this judge be believed; each
 * with a stated chance of being wrong.
 *
 * @module assaykit/decisions
 */

// may this change be merged
export { formatAnnotations } from './decisions/gate/annotations.js';
export { assertGate, GateError } from './decisions/gate/assert-gate.js';
export { formatGate } from './decisions/gate/format-gate.js';
export { gate } from './decisions/gate/gate.js';
export type {
  GateOptions,
  GateSource,
  MetricRequirement,
  ScoreRequirement,
} from './decisions/gate/gate-options.js';
export type {
  GateCheck,
  GateCheckKind,
  GatedRun,
  GateOutcome,
  GateVerdict,
  GateVerdictData,
  WorstCase,
} from './decisions/gate/gate-verdict.js';
export { writeJunit } from './decisions/gate/junit.js';
export { appendStepSummary } from './decisions/gate/step-summary.js';

// which of two is better
export { decide } from './decisions/decide/decide.js';
export {
  formatDecision,
  type Decision,
  type DecisionData,
  type DecisionSide,
  type DecisionStop,
} from './decisions/decide/decision.js';
export type {
  DecideOptions,
  DecisionPlan,
  DecisionOwnOptions,
  ShuffledOrder,
} from './decisions/decide/decision-options.js';
export { DecisionProcessor, type DecisionEvents } from './decisions/decide/decision-processor.js';
export { meanWithin, type MeanWithinOptions } from './decisions/decide/mean-within.js';
export type { DecisionLook, DecisionOutcome } from './decisions/decide/stopping-rule.js';

// can this judge be believed
export { anchored, type AnchoredOptions } from './decisions/anchored/anchored.js';
export type { Anchored, AnchoredData } from './decisions/anchored/anchored-data.js';
export type { AnchoredForm, AnchoredMean } from './decisions/anchored/anchored-mean.js';
export { formatAnchored } from './decisions/anchored/format-anchored.js';
export type { Figure, JudgeAgreement } from './decisions/anchored/judge-agreement.js';
export type { GivenLabel, LabelDraw, LabelSet } from './decisions/anchored/label-set.js';
export { writeLabelSheet, type LabelSheetOptions } from './decisions/anchored/label-sheet.js';
export { readLabels, type ReadLabelsOptions } from './decisions/anchored/read-labels.js';
export {
  clusteredPredictionPoweredMean,
  predictionPoweredMean,
  weightedPredictionPoweredMean,
  type AnchoredSample,
  type ClusteredAnchoredSample,
  type ClusteredPredictionPoweredMean,
  type PredictionPoweredMean,
  type PredictionPoweredOptions,
  type WeightedAnchoredSample,
} from './decisions/anchored/prediction-powered.js';

// before and beside
export {
  leaderboard,
  type Leaderboard,
  type LeaderboardData,
  type LeaderboardEntry,
  type LeaderboardOptions,
} from './decisions/leaderboard.js';
export {
  planComparison,
  type ComparisonForecast,
  type ComparisonForecastData,
  type PlanComparisonOptions,
} from './decisions/plan-comparison.js';

// the mathematics
export {
  equivalenceOfMeans,
  type EquivalenceOfMeans,
  type EquivalenceOfMeansOptions,
} from './decisions/paired/equivalence-of-means.js';
export {
  mcnemarCases,
  mcnemarDetectableDifference,
  mcnemarPower,
  type McnemarCases,
  type McnemarPlan,
  type McnemarTestName,
} from './decisions/paired/mcnemar-power.js';
export {
  equivalenceTest,
  mcnemarMidP,
  newcombeInterval,
  nonInferiorityTest,
  tangoInterval,
  type Ends,
  type MarginTest,
  type PairedTable,
} from './statistics/paired-table.js';
export {
  bernoulliConfidenceSequence,
  BetaEProcess,
  betaEValue,
  type BernoulliStream,
  type BetaEProcessOptions,
  type BetaEValue,
  type DiscordantPairs,
} from './decisions/sequential/beta-e-process.js';
export {
  BettingSequence,
  BettingTest,
  type BettingOptions,
} from './decisions/sequential/betting-sequence.js';
export type { CrossingProbabilities } from './decisions/sequential/bounded-walk.js';
export { combineEValues, eBenjaminiHochberg, type CombinedEValue } from './decisions/sequential/e-values.js';
export {
  groupSequentialBoundary,
  groupSequentialInflation,
  groupSequentialPower,
  spentAlpha,
  type AlphaSpending,
  type GroupSequentialBoundary,
  type GroupSequentialInflation,
  type GroupSequentialPlan,
  type GroupSequentialPower,
  type SpendingState,
} from './decisions/sequential/group-sequential.js';
export {
  stageWiseEstimate,
  type GroupSequentialStop,
  type StageWiseEstimate,
} from './decisions/sequential/stage-wise.js';
