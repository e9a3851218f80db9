import type { Cancellation } from '../foundation/cancellation.js';

/** One message of a chat. */
export interface ChatMessage {
  /** `system`, `user`, `assistant`, `tool` or whatever the server knows. */
  readonly role: string;
  /** The text, or the server's own content parts (images and the like), passed through as they are. */
  readonly content: string | readonly unknown[];
  /** Further members of the message (`name`, `tool_call_id`, …), passed through. */
  readonly [member: string]: unknown;
}

/** What a model is asked: a prompt, or the messages of a chat. */
export type ModelInput = string | readonly ChatMessage[];

/**
 * How the model shall answer. Names are the field's; each protocol maps them to its own. Other names are refused
 * (`ASSAY_INVALID_OPTION`); members of the server's own go into `extraBody`.
 */
export interface ModelParameters {
  /** Most tokens to generate, >= 1. */
  readonly maxTokens?: number | undefined;
  /** Sampling temperature, >= 0. */
  readonly temperature?: number | undefined;
  /** Nucleus sampling, 0..1. */
  readonly topP?: number | undefined;
  /** Seed of the sampler. */
  readonly seed?: number | undefined;
  /** Strings that end the answer. */
  readonly stop?: string | readonly string[] | undefined;
  /** Log probabilities: `true`, or how many alternatives a token. */
  readonly logprobs?: boolean | number | undefined;
  /** Tools that the model may call, in the server's own form. */
  readonly tools?: readonly unknown[] | undefined;
  /** Structured output, in the server's own form. */
  readonly responseFormat?: unknown;
  /** Further members of the request body, sent as they are; they win over everything above. */
  readonly extraBody?: Readonly<Record<string, unknown>> | undefined;
}

/** One call to a model. */
export interface ModelRequest {
  /** A prompt, or the messages of a chat. */
  readonly input: ModelInput;
  /** Model name; the client's own when left out. */
  readonly model?: string | undefined;
  /** How the model shall answer; each member wins over the client's. */
  readonly parameters?: ModelParameters | undefined;
  /** Same on all attempts of a call; sent as `idempotency-key` when given. */
  readonly idempotencyKey?: string | undefined;
}

/** Tokens that a call used, as the server reported them. */
export interface TokenUsage {
  /** Tokens of the request, those of `cachedInputTokens` included. */
  readonly inputTokens: number;
  /** Tokens that were generated. */
  readonly outputTokens: number;
  /** Input tokens that the server took from its own cache, if it says so. */
  readonly cachedInputTokens?: number;
}

/** Why the model stopped, in one vocabulary for all protocols. */
export type FinishReason = 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'other';

/** What a model answered. */
export interface ModelResponse {
  /** The answer's text; may be empty (a tool call, a refusal). */
  readonly text: string;
  /** The model that answered, as the server names it; else the one that was asked for. */
  readonly model: string;
  /** Why the model stopped; `other` when the server gave no reason that is known. */
  readonly finishReason: FinishReason;
  /** Tokens of the call, those of attempts before that gave no answer included; `null` when no server said. */
  readonly usage: TokenUsage | null;
  /** Money for `usage`, in the unit of the host's price table; `null` without one. */
  readonly cost: number | null;
  /** Id of the endpoint that answered; `null` for a target that is a function. */
  readonly endpoint: string | null;
  /** The vendor's id of the request; `null` when it gave none. */
  readonly requestId: string | null;
  /** Attempts made, including the one that answered: 1 or more. */
  readonly attempts: number;
  /** Duration of the attempt that answered, milliseconds. */
  readonly latencyMs: number;
  /** Time to the first token, milliseconds; only when streaming was used. */
  readonly timeToFirstTokenMs: number | null;
  /** Tool calls of the answer, in the server's own form, if there were any. */
  readonly toolCalls?: readonly unknown[];
  /** Log probabilities in the server's own form, if asked for. */
  readonly logprobs?: unknown;
  /** The parsed reply, of a stream its last message; only with the client's `includeRaw` option. */
  readonly raw?: unknown;
}

/** A piece of a streamed answer; the last one carries the whole response. */
export type ModelStreamEvent =
  | {
      /** A piece of the answer's text. */
      readonly type: 'text';
      /** The piece. */
      readonly text: string;
    }
  | {
      /** The answer is complete. */
      readonly type: 'end';
      /** The whole response, its text included. */
      readonly response: ModelResponse;
    };

/** How a call is bounded. */
export interface CallOptions {
  /** Cancels the call: it rejects with `ASSAY_ABORTED` and frees its slot at once. */
  readonly signal?: AbortSignal | undefined;
  /** Total time for the call with all its attempts and waits, milliseconds; past it: `ASSAY_DEADLINE`. */
  readonly timeoutMs?: number | undefined;
  /** The cheap form of `signal`, for callers that make many calls; both may be given. */
  readonly cancellation?: Cancellation | undefined;
}

/** Anything that can be asked: the interface of targets and judges. */
export interface ModelClient {
  /** Asks and waits for the whole answer. Rejects with an `AssayError`. */
  complete(request: ModelRequest, options?: CallOptions): Promise<ModelResponse>;
  /** Asks and yields the answer as it comes. */
  stream?(request: ModelRequest, options?: CallOptions): AsyncIterable<ModelStreamEvent>;
  /** What identifies the target in a run manifest: plain data without keys. */
  describe?(): Readonly<Record<string, unknown>>;
  /**
   * What identifies it for caches: clients with the same give the same answers to the same requests. Left out: nobody may
   * share its answers.
   */
  readonly cacheIdentity?: string | undefined;
  /** Whether it tries failed calls again by itself; then a processor does not. Left out: it does not. */
  readonly retriesItself?: boolean | undefined;
  /**
   * What `usage` would cost at the price of `model`, in the unit of `cost`; for budgets, where answers carry no cost. Where the
   * model has no price, at the dearest that is known. `null` when there is none.
   */
  estimateCost?(usage: TokenUsage, model?: string): number | null;
}

/** Whether a value can be used as a {@link ModelClient}. */
export function isModelClient(value: unknown): value is ModelClient {
  return typeof value === 'object' && value !== null && typeof (value as ModelClient).complete === 'function';
}
