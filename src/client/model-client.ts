import type { MessagePart } from './message-part.js';
import type { ToolCall, ToolDefinition } from './tool-call.js';

/** One message of a chat. */
export interface ChatMessage {
  /** `system`, `user`, `assistant`, `tool` or whatever the server knows. */
  readonly role: string;
  /**
   * The text, or parts: {@link MessagePart}s are written as the protocol wants them, and refused by name
   * (`ASSAY_BAD_REQUEST`) where it cannot carry them. Parts in the server's own form are sent as they are.
   */
  readonly content: string | readonly (MessagePart | Readonly<Record<string, unknown>>)[];
  /** Calls that the assistant made; those of a response can be handed back as they are. */
  readonly toolCalls?: readonly ToolCall[] | undefined;
  /** Of a message of role `tool`: the `id` of the call that it answers. */
  readonly toolCallId?: string | undefined;
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
  /** Tools that the model may call; one in the server's own form is sent as it is. */
  readonly tools?: readonly (ToolDefinition | Readonly<Record<string, unknown>>)[] | undefined;
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
  /** Whether this answer carries the parsed reply as `raw`; it is not streamed underneath then. @default the client's */
  readonly includeRaw?: boolean | undefined;
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

/** A passage that a target with retrieval found: its text, or what is known of it. */
export type RetrievedContext =
  | string
  | {
      /** Names the passage or its document, for metrics of retrieval. */
      readonly id?: string | undefined;
      /** The passage. */
      readonly text?: string | undefined;
      /** How well it fits, by the retriever's own measure. */
      readonly score?: number | undefined;
      /** Whatever else is known of it. */
      readonly [member: string]: unknown;
    };

/** What a model answered. */
export interface ModelResponse {
  /** The answer's text, without its reasoning; may be empty (a tool call, a refusal, reasoning that was cut off). */
  readonly text: string;
  /**
   * What the model reasoned before it answered: the protocol's own field or blocks, or what stood in the text between
   * `<think>` and `</think>`. Absent when there was none.
   */
  readonly reasoning?: string;
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
  /**
   * The answer of a function target where it is no text: any JSON value. `text` then is its JSON. Absent for an answer
   * that is a text.
   */
  readonly output?: unknown;
  /** Passages that the answer rests on, as a target with retrieval gives them; absent when it gave none. */
  readonly contexts?: readonly RetrievedContext[];
  /** What else a function target says of its answer; absent when it says nothing. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Tool calls of the answer; absent when there were none. */
  readonly toolCalls?: readonly ToolCall[];
  /** Log probabilities in the server's own form, if asked for. */
  readonly logprobs?: unknown;
  /** Parameters that were not sent, and whatever else the asker should know of; absent when there is nothing. */
  readonly warnings?: readonly string[];
  /** The parsed reply, of a stream its last message; only with `includeRaw`. */
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
      /** A piece of reasoning that stands in the text, as between `<think>` and `</think>`: no part of the answer. */
      readonly type: 'reasoning';
      /** The piece; may be empty where it only retracts. */
      readonly text: string;
      /**
       * All that came as text before this was reasoning: the model ended a trace whose beginning the server had left out.
       * Clear what you have shown.
       */
      readonly retracts?: true;
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
