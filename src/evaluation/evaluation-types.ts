import type { ToolCall } from '../client/tool-call.js';
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
export interface ScorerArguments<Input = unknown, Expected = unknown, Metadata = unknown, Output = string> {
  /** What the target got: the input of the case. */
  readonly input: Input;
  /** The answer: the model's text, or whatever JSON value a function target returned. */
  readonly output: Output;
  /** The case's `expected`; `undefined` when it has none. */
  readonly expected: Expected;
  /** The case's `metadata`; `undefined` when it has none. */
  readonly metadata: Metadata;
  /** The whole response that `output` is taken from, with usage, tool calls, contexts and times. */
  readonly response: ModelResponse;
  /** Aborted when the case is cancelled or the dimension's time is up. Made when first read. */
  readonly signal: AbortSignal;
}

/** A passage of the answer that a score rests on, so that a report can mark it in the text. */
export interface EvidencePlace {
  /** The passage; of a long one the beginning, with `…`. */
  readonly text: string;
  /** Where it begins in `output`, UTF-16 code units. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
}

/** What a scorer says. `score` lies in 0..1; `null` is *unscored* and needs a `reason`. */
export interface Score {
  /** 0..1, or `null` when there is nothing to score. */
  readonly score: number | null;
  /** The scorer's own name, as autoevals gives it; results go by the name of the dimension instead. */
  readonly name?: string | undefined;
  /** A class beside the number, such as the letter that was chosen. */
  readonly label?: string | undefined;
  /** Why the score is what it is; of `null`, why there is none. */
  readonly reason?: string | undefined;
  /** 0..1. */
  readonly confidence?: number | undefined;
  /** Passages or findings that the score rests on. */
  readonly evidence?: readonly (string | EvidencePlace)[] | undefined;
  /** 0..1. */
  readonly culturalRelevance?: number | undefined;
  /** Signs of a culture that were found in the answer. */
  readonly culturalMarkers?: readonly string[] | undefined;
  /** Anything else worth keeping with the result; plain data. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** What a scorer may return: a {@link Score}, a number in 0..1, a boolean (1 or 0), or `null` (unscored). */
export type ScorerResult = Score | number | boolean | null;

/**
 * Measures one dimension of one answer. Any function of this shape will do, those of autoevals included.
 * Scorers of this package carry `convention` and `version`, which are stored with the run: runs that were
 * scored by different conventions refuse to be compared.
 */
export interface Scorer<Input = unknown, Expected = unknown, Metadata = unknown, Output = string> {
  (args: ScorerArguments<Input, Expected, Metadata, Output>): ScorerResult | Promise<ScorerResult>;
  /** Names the rule with all options that change a score, e.g. `exact-match(case=fold)`. */
  readonly convention?: string | undefined;
  /** Changes when the same convention may give another score. */
  readonly version?: string | undefined;
  /**
   * What its scores depend on that the convention does not name, such as whom a judge asks: part of the keys of evaluation
   * caches, so that two judges of one rubric do not share verdicts.
   */
  readonly cacheIdentity?: string | undefined;
}

/**
 * A scorer of answers of any kind, beside scorers of texts or of objects in one evaluator: it has no say in what `output` is
 * taken to be there.
 */
export type AnyOutputScorer = Scorer<unknown, unknown, unknown, unknown> &
  // The last form is the one that types are inferred from, and it does not mention `output`.
  ((args: Omit<ScorerArguments, 'output'>) => ScorerResult | Promise<ScorerResult>);

/** One measured dimension of an evaluation. */
export interface DimensionResult {
  /** Name of the dimension; unique within the evaluation. */
  readonly name: string;
  /** Whether there is a score, none for a stated reason, or a failure. */
  readonly outcome: 'scored' | 'unscored' | 'errored';
  /** 0..1 when scored, else `null`: an error is never a 0. */
  readonly score: number | null;
  /** A class beside the number, when the scorer gave one. */
  readonly label?: string;
  /** Why the score is what it is, when the scorer said; of an unscored one, why there is none. */
  readonly reason?: string;
  /** 0..1. */
  readonly confidence?: number;
  /** Passages or findings that the score rests on, when the scorer gave any. */
  readonly evidence?: readonly (string | EvidencePlace)[];
  /** 0..1. */
  readonly culturalRelevance?: number;
  /** Signs of a culture that were found in the answer, when the scorer gave any. */
  readonly culturalMarkers?: readonly string[];
  /** What else the scorer gave, if anything. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Set when errored. */
  readonly error?: ErrorRecord;
  /** Time that the measurement took, milliseconds. */
  readonly durationMs: number;
}

/** Where an answer stands culturally, as the seed's evaluators describe it. */
export interface CulturalContext {
  /** Traditions that the answer draws on. */
  readonly traditions?: readonly string[];
  /** Systems of knowledge that it draws on. */
  readonly knowledgeSystems?: readonly string[];
  /** Aspects of performance, such as how a text is spoken. */
  readonly performanceAspects?: readonly string[];
  /** Groups that it speaks of or for. */
  readonly culturalGroups?: readonly string[];
  /** Languages, dialects and registers that it uses. */
  readonly linguisticVarieties?: readonly string[];
}

/** What an evaluator says of one answer. */
export interface Evaluation {
  /** Name of the evaluator. */
  readonly evaluator: string;
  /** Version of the evaluator. */
  readonly version: string;
  /** Hash of the conventions and the configuration that it was scored by; a run adds it where an evaluator of the host's own left it out. */
  readonly scoringHash?: string;
  /** 0..1, or `null` when nothing could be scored. */
  readonly overallScore: number | null;
  /** Why `overallScore` is `null`, or how many dimensions were missing from it. */
  readonly reason?: string;
  /** Whether the pass threshold was reached, when there is one. */
  readonly passed?: boolean;
  /** What was measured, one entry a dimension. */
  readonly dimensions: readonly DimensionResult[];
  /** Where the answer stands culturally, when the evaluator says so. */
  readonly culturalContext?: CulturalContext;
  /** What else the evaluator has to say, if anything; plain data. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** What an evaluator gets beside the response. */
export interface EvaluationContext<Input = unknown, Expected = unknown, Metadata = unknown> {
  /** The case that was answered. */
  readonly testCase: TestCase<Input, Expected, Metadata>;
  /** 0-based. */
  readonly repetition: number;
  /** The run that the case belongs to; `evaluate-text` outside of a run. */
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
  /** To the first token; `null` when nothing was streamed or no answer came. */
  readonly timeToFirstTokenMs: number | null;
  /** The evaluator, with the wait for its turn; 0 when no answer came. */
  readonly evaluationMs: number;
}

/** What every {@link CaseResult} has. */
export interface CaseResultBase {
  /** The run that the result belongs to. */
  readonly runId: string;
  /** The case's `id`; with `runId` and `repetition` it is the key of the result. */
  readonly caseId: string;
  /** 0-based. */
  readonly repetition: number;
  /** The case's `cluster`; absent when it has none. */
  readonly cluster?: string;
  /** The case's `group`; absent when it has none. */
  readonly group?: string;
  /** The model that answered, or that was asked; `null` for a function target. */
  readonly model: string | null;
  /** Id of the endpoint that answered, or that failed last; `null` for a function target or when none is known. */
  readonly endpoint: string | null;
  /** Attempts of the client; 0 when the target was never reached. */
  readonly attempts: number;
  /** Tokens of the answer; `null` when there is no answer or the server did not say. */
  readonly usage: TokenUsage | null;
  /** Money, in the unit of the host's prices; 0 from the cache, `null` without an answer or a price. */
  readonly cost: number | null;
  /** Whether the answer came from the response cache. */
  readonly cached: boolean;
  /** Where its time went. */
  readonly timings: CaseTimings;
  /** Wall-clock start, milliseconds since the epoch. */
  readonly startedAt: number;
  /** The case's `metadata`, as `keepCases` lets it be kept; absent when there is none. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Hash of what the case is made of, by which stores keep it; absent when it could not be told. */
  readonly caseHash?: string;
}

/** The target answered and the evaluator gave a score. */
export interface ScoredCaseResult extends CaseResultBase {
  /** Tells the three kinds of result apart. */
  readonly outcome: 'scored';
  /** What the evaluator said. */
  readonly evaluation: Evaluation & {
    /** 0..1. */
    readonly overallScore: number;
  };
  /** What is kept of the answer. */
  readonly response: StoredResponse;
  /** Never there: nothing failed as a whole. */
  readonly error?: undefined;
}

/** The target answered, but nothing could be scored; `reason` says why. */
export interface UnscoredCaseResult extends CaseResultBase {
  /** Tells the three kinds of result apart. */
  readonly outcome: 'unscored';
  /** Why there is no score, as the evaluator or its dimensions say. */
  readonly reason: string;
  /** What the evaluator said, without an overall score. */
  readonly evaluation: Evaluation;
  /** What is kept of the answer. */
  readonly response: StoredResponse;
  /** Never there: nothing failed as a whole. */
  readonly error?: undefined;
}

/** The target or the evaluator failed. */
export interface ErroredCaseResult extends CaseResultBase {
  /** Tells the three kinds of result apart. */
  readonly outcome: 'errored';
  /** What failed. */
  readonly error: ErrorRecord;
  /** What the evaluator said, when it got so far. */
  readonly evaluation?: Evaluation;
  /** What is kept of the answer, when the target gave one. */
  readonly response?: StoredResponse;
}

/** Exactly one of these comes out for each case and repetition. */
export type CaseResult = ScoredCaseResult | UnscoredCaseResult | ErroredCaseResult;

/** What a result keeps of the response. */
export interface StoredResponse {
  /** The answer's text, without its reasoning. */
  readonly text: string;
  /** What the model reasoned before it answered; absent when nothing is known of it. */
  readonly reasoning?: string;
  /** Why the answer ended; `length`: it was cut off. */
  readonly finishReason: ModelResponse['finishReason'];
  /** The vendor's id of the request; `null` when it gave none. */
  readonly requestId: string | null;
  /** The answer where it is no text: any JSON value; `text` is its JSON. Absent for a text. */
  readonly output?: unknown;
  /** Passages that the answer rests on; absent when the target gave none. */
  readonly contexts?: ModelResponse['contexts'];
  /** What else the target said of its answer; absent when it said nothing. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Tool calls of the answer; absent when there were none. */
  readonly toolCalls?: readonly ToolCall[];
  /** Parameters that were not sent, and the like; absent when there is nothing. */
  readonly warnings?: readonly string[];
  /** Log probabilities in the server's own form, if asked for. */
  readonly logprobs?: unknown;
  /** The parsed reply; only with the client's `includeRaw` option. */
  readonly raw?: unknown;
}
