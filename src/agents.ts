/**
 * Agents: a loop that lets a model call tools, scorers of what it did on the way and of what it left behind, and readers of
 * the steps that other frameworks record.
 *
 * @module assaykit/agents
 */

// run one
export {
  runTools,
  type AgentContext,
  type RunToolsOptions,
  type ToolAgent,
  type ToolRunBudget,
} from './agents/run-tools.js';
export { ToolRunError, type ToolRunErrorOptions } from './agents/tool-run-error.js';
export type {
  AgentStep,
  StepOutcome,
  Tool,
  ToolContext,
  ToolRun,
  ToolRunMetadata,
  ToolRunStop,
} from './agents/tool-run.js';

// score one
export { trajectory, type TrajectoryOptions } from './agents/trajectory.js';
export { toolCalls, type ToolCallsOptions } from './agents/tool-calls.js';
export { finalState, type FinalStateOptions, type PlaceInAnswer } from './agents/final-state.js';
export { stepCount, type StepCountOptions } from './agents/step-count.js';
export type { CallScorerOptions } from './agents/score-calls.js';
export type { CallMatch } from './agents/match-calls.js';
export type { ArgumentMatcher, ArgumentRule, ArgumentRules } from './agents/compare-arguments.js';
export type { ExpectedCalls, GivenExpectedCall } from './agents/expected-calls.js';
export type { PlaceInCase } from './scorers/place-in-case.js';

// what it costs
export {
  costPerSolved,
  type CostPerSolved,
  type CostPerSolvedOptions,
} from './statistics/cost-per-solved.js';
export type { RatioInterval } from './statistics/ratio-of-means.js';

// read the steps of another framework's
export { fromAiSdk } from './agents/from-ai-sdk.js';
export { fromOpenAIAgents } from './agents/from-openai-agents.js';
export { fromSpans } from './agents/from-spans.js';
export type { RecordedSteps } from './agents/step-recorder.js';
