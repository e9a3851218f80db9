import type { ErrorRecord } from '../errors.js';
import type { ModelInput, ModelParameters, ModelResponse, TokenUsage } from '../client/model-client.js';

/** One thing to ask and what is expected of the answer. */
export interface TestCase<
  Input = ModelInput,
  Expected = unknown,
  Metadata = Readonly<Record<string, unknown>>,
> {
  /** Unique within the run. */
  readonly id: string;
  /** What the target gets: for a model a prompt or messages, for a function whatever it takes. */
  readonly input: Input;
  /** What scorers compare with. */
  readonly expected?: Expected | undefined;
  /** Anything else that scorers, groups or reports need. */
  readonly metadata?: Metadata | undefined;
  /** Cases that are not independent (one document, one user) share a cluster: standard errors then are clustered. */
  readonly cluster?: string | undefined;
  /** Cases that are reported together; the summary gives macro and micro means over groups. */
  readonly group?: string | undefined;
  /** How the model shall answer this case; laid over the processor's defaults. */
  readonly parameters?: ModelParameters | undefined;
}

/** What a scorer is called with: autoevals' call shape, plus what this package knows. */
export interface ScorerArguments<Input = unknown, Expected = unknown, Metadata = unknown> {
  readonly input: Input;
  /** The answer: the model's text, or whatever a function target returned. */
  readonly output: string;
  readonly expected: Expected;
  readonly metadata: Metadata;
  readonly response: ModelResponse;
  /** Aborted when the case is cancelled or the dimension's time is up. Made when first read. */
  readonly signal: AbortSignal;
}

/** What a scorer says. `score` lies in 0..1; `null` is *unscored* and needs a `reason`. */
export interface Score {
  readonly score: number | null;
  readonly name?: string | undefined;
  readonly label?: string | undefined;
  readonly reason?: string | undefined;
  /** 0..1. */
  readonly confidence?: number | undefined;
  readonly evidence?: readonly string[] | undefined;
  readonly culturalRelevance?: number | undefined;
  readonly culturalMarkers?: readonly string[] | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** What a scorer may return: a {@link Score}, a number in 0..1, a boolean (1 or 0), or `null` (unscored). */
export type ScorerResult = Score | number | boolean | null;

/**
 * Measures one dimension of one answer. Any function of this shape will do, those of autoevals included.
 * Scorers of this package carry `convention` and `version`, which are stored with the run: runs that were
 * scored by different conventions refuse to be compared.
 */
export interface Scorer<Input = unknown, Expected = unknown, Metadata = unknown> {
  (args: ScorerArguments<Input, Expected, Metadata>): ScorerResult | Promise<ScorerResult>;
  /** Names the rule with all options that change a score, e.g. `exact-match(case=fold)`. */
  readonly convention?: string | undefined;
  /** Changes when the same convention may give another score. */
  readonly version?: string | undefined;
}

/** One measured dimension of an evaluation. */
export interface DimensionResult {
  readonly name: string;
  readonly outcome: 'scored' | 'unscored' | 'errored';
  /** 0..1 when scored, else `null`: an error is never a 0. */
  readonly score: number | null;
  readonly label?: string;
  readonly reason?: string;
  /** 0..1. */
  readonly confidence?: number;
  readonly evidence?: readonly string[];
  /** 0..1. */
  readonly culturalRelevance?: number;
  readonly culturalMarkers?: readonly string[];
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Set when errored. */
  readonly error?: ErrorRecord;
  readonly durationMs: number;
}

/** Where an answer stands culturally, as the seed's evaluators describe it. */
export interface CulturalContext {
  readonly traditions?: readonly string[];
  readonly knowledgeSystems?: readonly string[];
  readonly performanceAspects?: readonly string[];
  readonly culturalGroups?: readonly string[];
  readonly linguisticVarieties?: readonly string[];
}

/** What an evaluator says of one answer. */
export interface Evaluation {
  /** Name of the evaluator. */
  readonly evaluator: string;
  /** Version of the evaluator. */
  readonly version: string;
  /** 0..1, or `null` when nothing could be scored. */
  readonly overallScore: number | null;
  /** Why `overallScore` is `null`, or how many dimensions were missing from it. */
  readonly reason?: string;
  /** Whether the pass threshold was reached, when there is one. */
  readonly passed?: boolean;
  readonly dimensions: readonly DimensionResult[];
  readonly culturalContext?: CulturalContext;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** What an evaluator gets beside the response. */
export interface EvaluationContext<Input = unknown, Expected = unknown, Metadata = unknown> {
  readonly testCase: TestCase<Input, Expected, Metadata>;
  /** 0-based. */
  readonly repetition: number;
  readonly runId: string;
  /** Aborted when the case is cancelled. Made when first read. */
  readonly signal: AbortSignal;
}

/** Where the time of one case went, milliseconds. */
export interface CaseTimings {
  /** From being pulled to the call. */
  readonly queuedMs: number;
  /** The target, with all attempts and waits. */
  readonly targetMs: number;
  readonly timeToFirstTokenMs: number | null;
  readonly evaluationMs: number;
}

/** What every {@link CaseResult} has. */
export interface CaseResultBase {
  readonly runId: string;
  readonly caseId: string;
  /** 0-based. */
  readonly repetition: number;
  readonly cluster?: string;
  readonly group?: string;
  /** The model that answered, or that was asked; `null` for a function target. */
  readonly model: string | null;
  readonly endpoint: string | null;
  /** Attempts of the client; 0 when the target was never reached. */
  readonly attempts: number;
  readonly usage: TokenUsage | null;
  readonly cost: number | null;
  /** Whether the answer came from the response cache. */
  readonly cached: boolean;
  readonly timings: CaseTimings;
  /** Wall-clock start, milliseconds since the epoch. */
  readonly startedAt: number;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** The target answered and the evaluator gave a score. */
export interface ScoredCaseResult extends CaseResultBase {
  readonly outcome: 'scored';
  readonly evaluation: Evaluation & { readonly overallScore: number };
  readonly response: StoredResponse;
  readonly error?: undefined;
}

/** The target answered, but nothing could be scored; `reason` says why. */
export interface UnscoredCaseResult extends CaseResultBase {
  readonly outcome: 'unscored';
  readonly reason: string;
  readonly evaluation: Evaluation;
  readonly response: StoredResponse;
  readonly error?: undefined;
}

/** The target or the evaluator failed. */
export interface ErroredCaseResult extends CaseResultBase {
  readonly outcome: 'errored';
  readonly error: ErrorRecord;
  readonly evaluation?: Evaluation;
  readonly response?: StoredResponse;
}

/** Exactly one of these comes out for each case and repetition. */
export type CaseResult = ScoredCaseResult | UnscoredCaseResult | ErroredCaseResult;

/** What a result keeps of the response. */
export interface StoredResponse {
  readonly text: string;
  readonly finishReason: ModelResponse['finishReason'];
  readonly requestId: string | null;
  readonly toolCalls?: readonly unknown[];
  readonly logprobs?: unknown;
  readonly raw?: unknown;
}
