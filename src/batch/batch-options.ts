import type { Evaluator } from '../evaluation/evaluator.js';
import type { CaseResult, TestCase } from '../evaluation/evaluation-types.js';
import type { PromptSource } from '../evaluation/prompt-source.js';
import type {
  CallOptions,
  ModelClient,
  ModelInput,
  ModelParameters,
  ModelRequest,
  ModelResponse,
  RetrievedContext,
  TokenUsage,
} from '../client/model-client.js';
import type { GivenToolCall } from '../client/given-tool-calls.js';
import { isModelClient } from '../client/model-client.js';
import { systemClock, type Clock } from '../foundation/clock.js';
import {
  betweenZeroAndOne,
  boolean,
  callable,
  checkOptions,
  either,
  having,
  integer,
  invalidOption,
  milliseconds,
  number,
  object,
  oneOf,
  positive,
  text,
  type OptionChecks,
} from '../foundation/options.js';
import { systemRandom, type RandomSource } from '../foundation/seeded-random.js';
import type { LoadBalancedClientOptions } from '../client/client-options.js';
import { RetrySchedule } from '../client/retry-schedule.js';
import type { ResultStore } from '../stores/result-store.js';

/** What a function target may return beside a bare answer: the answer with whatever else it knows. */
export interface TargetOutput<Output = unknown> extends Partial<
  Omit<ModelResponse, 'output' | 'text' | 'toolCalls' | 'contexts' | 'metadata'>
> {
  /** The answer: a text, or any other JSON value. */
  readonly output: Output;
  /** Passages that the answer rests on. */
  readonly contexts?: readonly RetrievedContext[] | undefined;
  /** Tools that were called on the way, in the order of the calls; ids and texts of arguments are made where missing. */
  readonly toolCalls?: readonly GivenToolCall[] | undefined;
  /** What else there is to say of the answer; plain data, kept with the result. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Whether it was there already and cost nothing: it counts as one from the response cache. @default false */
  readonly cached?: boolean | undefined;
}

/**
 * What a function target may return: a text, any other JSON value but `null`, a {@link TargetOutput} (an object that has
 * `output`), or the members of a response (an object that has `text`).
 */
export type TargetAnswer =
  | string
  | number
  | boolean
  | readonly unknown[]
  | TargetOutput
  | (Partial<ModelResponse> & {
      /** The answer's text. */
      readonly text: string;
      /** Whether it was there already and cost nothing: it counts as one from the response cache. @default false */
      readonly cached?: boolean;
    })
  | object;

/** What a function target gets beside the input. */
export interface TargetContext<Input = unknown, Expected = unknown, Metadata = unknown> {
  /** The case whose input it is. */
  readonly testCase: TestCase<Input, Expected, Metadata>;
  /** 0-based. */
  readonly repetition: number;
  /** Aborted when the case is cancelled or its time is up. Made when first read. */
  readonly signal: AbortSignal;
}

/** Any async function of the host that answers a case's input. */
export type TargetFunction<Input = unknown, Expected = unknown, Metadata = unknown> = (
  input: Input,
  context: TargetContext<Input, Expected, Metadata>,
) => TargetAnswer | Promise<TargetAnswer>;

/**
 * A model client, in a form that tells the compiler what its input is: beside an evaluator that takes anything, the
 * cases of a model client still must be prompts or messages.
 */
export interface ModelTarget<Input = ModelInput> extends Omit<ModelClient, 'complete'> {
  /** As {@link ModelClient.complete}. */
  readonly complete: (
    request: ModelRequest & { readonly input: Input },
    options?: CallOptions,
  ) => Promise<ModelResponse>;
  /** As {@link ModelClient.estimateCost}. */
  readonly estimateCost?: (usage: TokenUsage, model?: string) => number | null;
  /** As {@link ModelClient.stream}. */
  stream?: NonNullable<ModelClient['stream']>;
  /** As {@link ModelClient.describe}. */
  describe?: NonNullable<ModelClient['describe']>;
}

/** What is evaluated: a model client (for cases whose input is a prompt or messages) or a function. */
export type Target<Input = ModelInput, Expected = unknown, Metadata = unknown> =
  | (ModelTarget<Input> & (unknown extends Input ? unknown : Input extends ModelInput ? unknown : never))
  | TargetFunction<Input, Expected, Metadata>;

/** Holds answers: a `MemoryBoundedCache` is one. */
export interface ResponseCache {
  /** The value of a key, computed once however many ask for it; kept if `keepIf` says so. */
  getOrCompute(
    key: string,
    compute: (signal: AbortSignal) => Promise<ModelResponse>,
    options?: {
      readonly signal?: AbortSignal | undefined;
      readonly keepIf?: ((response: ModelResponse) => boolean) | undefined;
    },
  ): Promise<ModelResponse>;
}

/** How fast cases are sent, on top of what the client's endpoints allow. */
export interface ProcessorRateLimit {
  /** Cases a second, > 0. */
  readonly requestsPerSecond?: number | undefined;
  /** Tokens a minute, > 0; a case is charged what the cases before it used on average, corrected afterwards. */
  readonly tokensPerMinute?: number | undefined;
  /** Cases that may go at once after a pause, >= 1. @default one second's worth, at least 1 */
  readonly burst?: number | undefined;
}

/**
 * Limits of one start of a run: what an earlier start has used does not count. What answers, failed attempts and judges have
 * used counts; where nobody tells it is estimated from the text (`budget:blind`). When one is reached no further case is
 * begun, what is in flight is finished, and `budget:exhausted` is emitted.
 */
export interface RunBudget {
  /** Money, in the unit of the client's price table, > 0. */
  readonly maxCost?: number | undefined;
  /** Input and output tokens together, > 0. */
  readonly maxTokens?: number | undefined;
  /** Milliseconds from the start of the run, > 0; also while no case ends. */
  readonly maxDurationMs?: number | undefined;
  /** Share of errored results, 0..1; looked at from 20 results on. */
  readonly maxErrorRate?: number | undefined;
}

/** Keeps evaluation on the main thread from starving the calls in flight. */
export interface EventLoopProtection {
  /** Bound on the 99th percentile of the event loop's delay, milliseconds. @default 250 */
  readonly maxDelayMs?: number | undefined;
  /** How often it is looked at, milliseconds. @default 1000 */
  readonly intervalMs?: number | undefined;
}

/** Options of a BatchProcessor. */
export interface BatchProcessorOptions<Input = ModelInput, Expected = unknown, Metadata = unknown> {
  /** What answers: a model client or a function. */
  readonly target: Target<Input, Expected, Metadata>;
  /** What judges the answers. */
  readonly evaluator: Evaluator<Input, Expected, Metadata>;
  /** Where results go. Without one they are only in events, in `stream` and in the summary. */
  readonly store?: ResultStore | undefined;
  /** Answers to identical requests (same target, input, model, parameters and repetition) are asked for once. */
  readonly cache?: ResponseCache | undefined;
  /**
   * What the target's answers are cached under, beside its name, `model` and `parameters`: whoever has the same shares
   * them. Change it with whatever changes an answer. Without it a client is told apart by its own `cacheIdentity`, and the
   * answers of a function, or of a client without one, are cached for this processor only.
   */
  readonly cacheIdentity?: string | undefined;
  /** Cases in flight at once, >= 1. @default 16 */
  readonly concurrency?: number | undefined;
  /** Results that are stored together, >= 1. @default 250 */
  readonly batchSize?: number | undefined;
  /** Cases that are pulled from the input ahead of their turn, >= 1. @default twice the concurrency */
  readonly queueSize?: number | undefined;
  /** Longest time for one case, target and evaluation together, milliseconds. @default 300000 */
  readonly caseTimeoutMs?: number | undefined;
  /** How often each case is asked, >= 1. @default 1 */
  readonly repetitions?: number | undefined;
  /**
   * Makes what the target is asked out of each case: `promptTemplate` of `assaykit/prompts`. Evaluators and stores see the
   * case as it is.
   * @default the case's `input`
   */
  readonly prompt?: PromptSource | undefined;
  /** The model to ask for; a case cannot change it. @default the client's */
  readonly model?: string | undefined;
  /** Parameters of every request; a case's own are laid over them. */
  readonly parameters?: ModelParameters | undefined;
  /** How fast cases are sent. @default no limit */
  readonly rateLimit?: ProcessorRateLimit | undefined;
  /**
   * How a case is asked again whose target failed for a reason that may pass: an `AssayError` that is `retryable`, an error
   * of the AI SDK with `isRetryable`, one with the HTTP status 408, 409, 425, 429 or 5xx; a wait that its server asked for is
   * kept. At most 20 % of the cases of the last ten seconds and ten a second are retried at once, the others wait. `false`:
   * never. Without effect on a client that retries by itself, as a `LoadBalancedClient` does (its own `retry`).
   * @default three retries with full jitter
   */
  readonly retry?: LoadBalancedClientOptions['retry'] | false;
  /** When the run has cost enough. @default no limit */
  readonly budget?: RunBudget | undefined;
  /**
   * What an errored case does to the run: go on, stop after what is in flight, or ask the function.
   * @default 'continue'
   */
  readonly onCaseError?: 'continue' | 'stop' | ((result: CaseResult) => 'continue' | 'stop') | undefined;
  /**
   * What a failing store does to the run: end it with an error, or wait and try again, 250 ms to 30 s apart, until
   * it works, the run is aborted or the time of a drain is up (an error that will not pass: five times at most).
   * @default 'stop'
   */
  readonly onStoreError?: 'stop' | 'retry' | undefined;
  /** A batch that is not full is stored after this time, milliseconds. @default 2000 */
  readonly flushIntervalMs?: number | undefined;
  /** Least time between two `progress` events, milliseconds. @default 200 */
  readonly progressIntervalMs?: number | undefined;
  /** Confidence level of the intervals in the summary, between 0 and 1. @default 0.95 */
  readonly confidenceLevel?: number | undefined;
  /** Score from which a repetition counts as passed for pass@k, 0..1. @default the evaluation's `passed`, else 1 */
  readonly passThreshold?: number | undefined;
  /** Lowers the number of evaluations a turn of the event loop when it lags; `false`: never. */
  readonly eventLoopProtection?: EventLoopProtection | false | undefined;
  /** The host's own labels, kept in the run manifest. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /**
   * What a store keeps of the cases beside their results: all, nothing but a hash of the content, or what the function
   * makes of a case (with secrets taken out, say; `null`: nothing of this case). A case that cannot be kept (the function
   * throws, or the case holds what no text can) is counted in the summary's `warnings`. It holds for the `metadata` of
   * results, too; `id`, `group` and `cluster` stand in every result.
   * @default true
   */
  readonly keepCases?:
    boolean | ((testCase: TestCase<Input, Expected, Metadata>) => object | null) | undefined;
  /**
   * How long the run stays this start's own without a sign of it, milliseconds, >= 1000; a sign is given four times as
   * often. After that another start with `resume` may take it over. One that finds the process dead need not wait.
   * @default 60000
   */
  readonly leaseMs?: number | undefined;
  /** Where time comes from. @default the machine's clock */
  readonly clock?: Clock | undefined;
  /** Where chance comes from: waits between tries, and what tells the names of two runs apart. @default Math.random */
  readonly random?: RandomSource | undefined;
}

/** {@link BatchProcessorOptions} with all defaults filled in. */
export interface ResolvedBatchOptions<Input, Expected, Metadata> extends BatchProcessorOptions<
  Input,
  Expected,
  Metadata
> {
  readonly concurrency: number;
  readonly batchSize: number;
  readonly queueSize: number;
  readonly caseTimeoutMs: number;
  readonly repetitions: number;
  readonly onCaseError: 'continue' | 'stop' | ((result: CaseResult) => 'continue' | 'stop');
  readonly onStoreError: 'stop' | 'retry';
  readonly flushIntervalMs: number;
  readonly progressIntervalMs: number;
  readonly confidenceLevel: number;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** Checks of the rate limit of a run. */
export const RATE_LIMIT_CHECKS: OptionChecks<ProcessorRateLimit> = {
  requestsPerSecond: positive,
  tokensPerMinute: positive,
  burst: number(1),
};

/** Checks of the budget of a run. */
export const BUDGET_CHECKS: OptionChecks<RunBudget> = {
  maxCost: positive,
  maxTokens: positive,
  maxDurationMs: positive,
  maxErrorRate: number(0, 1),
};

const PROTECTION_CHECKS: OptionChecks<EventLoopProtection> = { maxDelayMs: positive, intervalMs: positive };

const OPTION_CHECKS: OptionChecks<BatchProcessorOptions> = {
  target: (value) =>
    typeof value === 'function' || isModelClient(value)
      ? undefined
      : 'a model client (with `complete`) or a function',
  evaluator: (value) =>
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { evaluate?: unknown }).evaluate === 'function'
      ? undefined
      : 'an Evaluator (subclass it or use createEvaluator)',
  store: (value) =>
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { append?: unknown }).append === 'function'
      ? undefined
      : 'a ResultStore',
  cache: (value) =>
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { getOrCompute?: unknown }).getOrCompute === 'function'
      ? undefined
      : 'a MemoryBoundedCache',
  concurrency: integer(1),
  batchSize: integer(1),
  queueSize: integer(1),
  caseTimeoutMs: positive,
  repetitions: integer(1),
  cacheIdentity: text,
  prompt: having('a prompt', 'render'),
  model: text,
  parameters: object,
  retry: either(object, (value) => (value === false ? undefined : 'false')),
  rateLimit: object,
  budget: object,
  onCaseError: either(oneOf('continue', 'stop'), callable),
  onStoreError: oneOf('stop', 'retry'),
  flushIntervalMs: milliseconds,
  progressIntervalMs: milliseconds,
  confidenceLevel: betweenZeroAndOne,
  passThreshold: number(0, 1),
  eventLoopProtection: either(object, (value) => (value === false ? undefined : 'false')),
  labels: object,
  keepCases: either(boolean, callable),
  leaseMs: number(1000),
  clock: object,
  random: callable,
};

/** Checks the options of a processor and fills in the defaults. */
export function resolveBatchOptions<Input, Expected, Metadata>(
  options: BatchProcessorOptions<Input, Expected, Metadata>,
): ResolvedBatchOptions<Input, Expected, Metadata> {
  const owner = 'BatchProcessor';
  const given = checkOptions(
    owner,
    options,
    OPTION_CHECKS as OptionChecks<BatchProcessorOptions<Input, Expected, Metadata>>,
  );
  for (const required of ['target', 'evaluator'] as const) {
    const missing = invalidOption(owner, {
      name: required,
      value: given[required],
      check: OPTION_CHECKS[required],
    });
    if (missing !== undefined) throw missing;
  }
  if (given.rateLimit !== undefined) checkOptions(`${owner}.rateLimit`, given.rateLimit, RATE_LIMIT_CHECKS);
  if (given.retry) void new RetrySchedule(given.retry, { clock: systemClock, random: systemRandom });
  if (given.budget !== undefined) checkOptions(`${owner}.budget`, given.budget, BUDGET_CHECKS);
  if (given.eventLoopProtection)
    checkOptions(`${owner}.eventLoopProtection`, given.eventLoopProtection, PROTECTION_CHECKS);
  const concurrency = given.concurrency ?? 16;
  return Object.freeze({
    ...given,
    concurrency,
    batchSize: given.batchSize ?? 250,
    queueSize: given.queueSize ?? concurrency * 2,
    caseTimeoutMs: given.caseTimeoutMs ?? 300_000,
    repetitions: given.repetitions ?? 1,
    onCaseError: given.onCaseError ?? 'continue',
    onStoreError: given.onStoreError ?? 'stop',
    flushIntervalMs: given.flushIntervalMs ?? 2000,
    progressIntervalMs: given.progressIntervalMs ?? 200,
    confidenceLevel: given.confidenceLevel ?? 0.95,
    leaseMs: given.leaseMs ?? 60_000,
    clock: given.clock ?? systemClock,
    random: given.random ?? systemRandom,
  });
}
