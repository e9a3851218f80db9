import type { ToolCall } from '../tool-call.js';
import type { FinishReason, ModelInput, ModelParameters, TokenUsage, ChatMessage } from '../model-client.js';
import { breaksOff, endsAnswer, finishReason } from './finish-reason.js';

/** What a protocol builds a request body from. */
export interface ProtocolRequest {
  /** A prompt, or the messages of a chat. */
  readonly input: ModelInput;
  /** Model name; empty when neither the call nor the client nor the endpoint names one. */
  readonly model: string;
  /** The client's defaults and the call's own parameters, merged; `extraBody` is added by the client. */
  readonly parameters: ModelParameters;
  /** Whether the answer shall be streamed. */
  readonly stream: boolean;
}

/** A whole answer, as a protocol reads it. */
export interface ProtocolReply {
  /** The answer's text; may be empty. */
  readonly text: string;
  /** What the model reasoned, where the server keeps it apart; `undefined` or `''` when it does not. */
  readonly reasoning?: string | undefined;
  /** The model as the server names it; `undefined` when it does not. */
  readonly model: string | undefined;
  /** Why the model stopped; `other` for reasons that have no name of ours. */
  readonly finishReason: FinishReason;
  /** `null` when the server did not say. */
  readonly usage: TokenUsage | null;
  /** The server's id of the answer; a request-id header wins over it. */
  readonly id: string | undefined;
  /** Tool calls; `undefined` when there are none. */
  readonly toolCalls: readonly ToolCall[] | undefined;
  /** Log probabilities in the server's own form; `undefined` when there are none. */
  readonly logprobs: unknown;
}

/** Puts a streamed answer together from its messages. Made anew for each attempt. */
export interface StreamReader {
  /**
   * Takes one message: the data of one server-sent event or one line, parsed as JSON. Returns the text that
   * came with it (empty when none did).
   */
  read(message: unknown): string;
  /**
   * Whether the answer is complete: the protocol's own sign of it came, as a finish reason that is known. A stream that ends
   * before is no answer.
   */
  readonly done: boolean;
  /**
   * Whether the stream said that it is over, without saying why the answer ended. Servers that never do are known by their
   * record.
   */
  readonly ended?: boolean;
  /** About how many characters it keeps beside the text (tool calls, log probabilities); counted against the limit. */
  readonly kept?: number;
  /** Tokens that the stream told of so far, so that an attempt that fails is booked, too. */
  readonly usage?: TokenUsage | null;
  /** The whole answer, once {@link StreamReader.done}. */
  reply(): ProtocolReply;
}

/**
 * A server's language. Add one by giving such an object as `protocol` to a client or an endpoint: it says where
 * to post, how to write a request and how to read an answer; everything else (connections, limits, retries,
 * streaming, errors) is the client's. A method that throws makes the reply malformed.
 */
export interface Protocol {
  /** Stands in run manifests, so that results of different protocols are not mixed up. */
  readonly name: string;
  /** Path below the endpoint's base URL, with leading slash: `/chat/completions`. */
  readonly path: string;
  /**
   * Prefix that belongs to the path, as `/v1`: added when the endpoint's URL is a bare origin, and not doubled
   * when the URL already ends with it. Empty for none.
   */
  readonly prefix: string;
  /** How a streamed answer is split: server-sent events or one JSON value a line. */
  readonly streamFormat: 'sse' | 'ndjson';
  /** Parameters that the protocol has no word for: they are not sent, and `warnings` of a response say so. */
  readonly unsupported?: readonly (keyof ModelParameters)[];
  /** Headers beside `content-type` and the key; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The header that carries the key. @default authorization: Bearer <key> */
  authorization?(apiKey: string): readonly [name: string, value: string];
  /**
   * The request's body, before `JSON.stringify`. Members that are `undefined` are left out. An `AssayError` refuses the
   * request.
   */
  body(request: ProtocolRequest): Record<string, unknown>;
  /** Reads a whole answer. */
  parse(body: unknown): ProtocolReply;
  /** The token counts of a whole answer, also of one that {@link Protocol.parse} refuses: it was paid for. */
  usage?(body: unknown): TokenUsage | null;
  /** A reader for a streamed answer. */
  stream(): StreamReader;
}

/** The messages of an input: a prompt becomes one message of the user. */
export function messagesOf(input: ModelInput): readonly ChatMessage[] {
  return typeof input === 'string' ? [{ role: 'user', content: input }] : input;
}

/** The text of a message's content; parts that are not text are left out (a tool call's content is `null`). */
export function plainText(content: string | readonly unknown[]): string {
  if (typeof content === 'string') return content;
  return list(content)
    .map((part) => (typeof part === 'string' ? part : (textField(record(part), 'text') ?? '')))
    .join('');
}

/** A value as an object; anything else as one without members. */
export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** A member that is a string. */
export function textField(of: Record<string, unknown>, name: string): string | undefined {
  const value = of[name];
  return typeof value === 'string' ? value : undefined;
}

/** A list, or an empty one. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/**
 * Token usage from two counts, and the cached share where known. `null` unless both counts are finite numbers
 * from 0 on and one is above: a server that sends nonsense, or only zeros, said nothing.
 */
export function tokenUsageOf(input: unknown, output: unknown, cached?: unknown): TokenUsage | null {
  if (!isCount(input) || !isCount(output) || input + output === 0) return null;
  return isCount(cached)
    ? { inputTokens: input, outputTokens: output, cachedInputTokens: cached }
    : { inputTokens: input, outputTokens: output };
}

/** Usage of a stream that tells it more than once: counts grow, so a later 0 is a field that was left empty. */
export function laterUsage(known: TokenUsage | null, told: TokenUsage | null): TokenUsage | null {
  if (known === null || told === null) return told ?? known;
  return (
    tokenUsageOf(
      told.inputTokens || known.inputTokens,
      told.outputTokens || known.outputTokens,
      told.cachedInputTokens || known.cachedInputTokens,
    ) ?? known
  );
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY;
}

/** Thrown by a {@link Protocol} for a reply that is well formed and holds no answer of any kind. */
export class EmptyAnswer extends Error {}

/** Thrown by a {@link Protocol} for an answer that was filtered away before its first word. */
export class FilteredAnswer extends Error {
  constructor() {
    super('the answer was filtered away');
  }
}

/** Thrown by a {@link Protocol} for an answer that is not complete. */
export class IncompleteAnswer extends Error {
  /** Whether the server is to blame. */
  readonly atFault: boolean;

  constructor(message: string, { atFault = true }: { readonly atFault?: boolean } = {}) {
    super(message);
    this.atFault = atFault;
  }
}

/** What an answer holds, for {@link checkAnswer}. */
export interface AnswerParts {
  /** Why it ended, in the server's word. */
  readonly reason: unknown;
  /** Whether it holds an answer of any kind, be it an empty text. */
  readonly answered: boolean;
  /** Whether there is text in it, or a tool call. */
  readonly filled: boolean;
}

/**
 * What holds for an answer in every protocol.
 *
 * @throws ReportedFailure when the server broke it off, {@link FilteredAnswer} when it was filtered before its first word,
 *   {@link EmptyAnswer} when there is none and nothing says why.
 */
export function checkAnswer({ reason, answered, filled }: AnswerParts): void {
  if (breaksOff(reason))
    throw new ReportedFailure({ message: `the answer was broken off (${String(reason)})` });
  if (filled) return;
  const common = finishReason(reason);
  if (common === 'content-filter') throw new FilteredAnswer();
  if (common === 'length') return; // cut before its first word
  if (!answered || !endsAnswer(reason)) throw new EmptyAnswer('the reply holds no answer');
}

/** Thrown by a {@link Protocol} for a reply that tells of the server's failure in a way of its own. */
export class ReportedFailure extends Error {
  /** An error body in one of the usual forms: `{error: {message, type, code}}` or its inside. */
  readonly body: unknown;

  constructor(body: unknown) {
    super(textField(record(record(body)['error'] ?? body), 'message') ?? 'the server reported a failure');
    this.body = body;
  }
}

/** The error for an answer that is not what the protocol says. */
export function unexpected(what: string): Error {
  return new Error(`expected ${what}`);
}
