/**
 * Matchers for Vitest and Jest: `expect.extend(assayMatchers)`, then `await expect(run).toHold({ accuracy: { min: 0.8 } })`.
 *
 * @module assaykit/matchers
 */

export {
  assayMatchers,
  type AssayMatchers,
  type HoldOptions,
  type MatcherContext,
  type MatcherResult,
  type NoWorseOptions,
} from './matchers/assay-matchers.js';
export type { GateSource, MetricRequirement, ScoreRequirement } from './decisions/gate/gate-options.js';
