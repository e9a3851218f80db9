import { validateHeaderName, validateHeaderValue } from 'node:http';
import { AssayError } from '../errors.js';
import type { ChatMessage, TokenUsage } from '../client/model-client.js';
import type { Clock } from '../foundation/clock.js';
import { systemClock } from '../foundation/clock.js';
import {
  callable,
  checkOptions,
  integer,
  milliseconds,
  number,
  object,
  oneOf,
  positive,
  show,
  text,
  type OptionCheck,
  type OptionChecks,
} from '../foundation/options.js';

/** A request as the fake model sees it. */
export interface FakeModelRequest {
  /** Which route it came in by. */
  readonly protocol: 'chat' | 'completions' | 'responses' | 'messages' | 'ollama-chat' | 'ollama-generate';
  /** The prompt; for a chat the text of the last message of role `user` (of the last message, if there is none). */
  readonly prompt: string;
  /** The messages of a chat, as they came; `null` for a completion. */
  readonly messages: readonly ChatMessage[] | null;
  /** The model that was asked for, the server's own when the request names none. */
  readonly model: string;
  /** Whether a stream was asked for. */
  readonly stream: boolean;
  /** The parsed body. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The request's headers, names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** How many model requests came before this one. */
  readonly index: number;
}

/**
 * What can go wrong on the way: no answer at all (`hang`), a connection reset before the first byte (`reset`) or
 * in the middle of the body (`cut`), a 200 whose body is no JSON (`malformed`).
 */
export type FakeFault = 'hang' | 'reset' | 'cut' | 'malformed';

/** A call of a tool by the fake model; one in the form of chat completions (`{ id, function }`) is taken, too. */
export interface FakeToolCall {
  /** Id of the call. @default 'call_0', 'call_1', … */
  readonly id?: string | undefined;
  /** Name of the tool. */
  readonly name?: string | undefined;
  /** The arguments, or the text of them, for arguments that are broken. @default {} */
  readonly arguments?: unknown;
  /** Members of a call in the form of chat completions. */
  readonly [member: string]: unknown;
}

/** One answer with all its details. */
export interface FakeReply {
  /** The answer's text; the message of the error for a status of 400 or more. @default '' */
  readonly text?: string | undefined;
  /** HTTP status, 200 to 599. @default 200 */
  readonly status?: number | undefined;
  /** Further headers; they win over the server's own. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as it is (an object as JSON) in place of the protocol's envelope. */
  readonly body?: string | object | undefined;
  /** Why the model stopped, in the protocol's own words. @default 'stop' */
  readonly finishReason?: string | undefined;
  /** Token counts; `null` leaves them out. @default about one token for four characters */
  readonly usage?: TokenUsage | null | undefined;
  /** Tool calls of the answer, for all protocols but completions and generate. */
  readonly toolCalls?: readonly FakeToolCall[] | undefined;
  /** What the model reasons before it answers, for all protocols but completions. */
  readonly reasoning?: string | undefined;
  /** Log probabilities, in the protocol's own form. */
  readonly logprobs?: unknown;
  /** Milliseconds until the answer begins, in place of `latencyMs` and `jitter`. */
  readonly delayMs?: number | undefined;
  /** A failure of the connection. */
  readonly fault?: FakeFault | undefined;
}

/** An answer: its text, or all its details. */
export type FakeAnswer = string | FakeReply;

/** Options of {@link startFakeModelServer}. Shares are numbers from 0 to 1; their sum may be at most 1. */
export interface FakeModelServerOptions {
  /**
   * Recorded answers: by prompt (an object or a Map; a prompt without an answer is asked of `reply`, else refused
   * with 400 and code `no_recorded_answer`), or an array, replayed in order of arrival and from the start again.
   */
  readonly responses?:
    Readonly<Record<string, FakeAnswer>> | ReadonlyMap<string, FakeAnswer> | readonly FakeAnswer[];
  /**
   * Answers requests; throwing gives a 500 with the error's message. @default repeats the prompt, if there are no
   * `responses` either
   */
  readonly reply?: ((request: FakeModelRequest) => FakeAnswer | Promise<FakeAnswer>) | undefined;
  /** Name of the model, for `/v1/models` and for requests that name none. @default 'fake-model' */
  readonly model?: string | undefined;
  /** Milliseconds until an answer begins. @default 0 */
  readonly latencyMs?: number | undefined;
  /** Spread of the latency as a share of it: 0.2 is plus or minus 20 %, uniform. @default 0 */
  readonly jitter?: number | undefined;
  /** Tokens an answer grows by in a second, > 0: it takes that much longer, and a stream comes in pieces. */
  readonly tokensPerSecond?: number | undefined;
  /** Characters of text, reasoning or arguments in a piece of a stream, integer >= 1. @default 4 */
  readonly charactersPerPiece?: number | undefined;
  /** Share of requests that are answered with 500. @default 0 */
  readonly errorRate?: number | undefined;
  /** Share of requests that are answered with 429. @default 0 */
  readonly status429?: number | undefined;
  /** What a 429 of `status429` asks to wait, milliseconds. @default 1000 */
  readonly retryAfterMs?: number | undefined;
  /** Share of requests that are never answered. @default 0 */
  readonly hangRate?: number | undefined;
  /** Share of requests whose connection is reset before the first byte. @default 0 */
  readonly resetRate?: number | undefined;
  /** Share of requests that are answered with 200 and a body that is no JSON. @default 0 */
  readonly malformedRate?: number | undefined;
  /** Requests a minute, > 0: a bucket of one minute's worth; above it 429. Sends `x-ratelimit-*` headers. */
  readonly requestsPerMinute?: number | undefined;
  /** Tokens a minute, prompt and answer, > 0: a bucket of one minute's worth; above it 429. Sends `x-ratelimit-*` headers. */
  readonly tokensPerMinute?: number | undefined;
  /** Expected in `authorization: Bearer …`; without it 401. */
  readonly apiKey?: string | undefined;
  /** Port on 127.0.0.1; 0 takes a free one. @default 0 */
  readonly port?: number | undefined;
  /**
   * Seed of everything random, an integer >= 0. What happens to a request depends on the seed, on the prompt and
   * on how often this prompt has come, not on the order in which requests arrive. @default 1
   */
  readonly seed?: number | undefined;
  /** Where delays and rate limits take their time from. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/** The options with their defaults. */
export interface ResolvedFakeOptions {
  readonly answer: (request: FakeModelRequest) => FakeAnswer | Promise<FakeAnswer>;
  readonly model: string;
  readonly latencyMs: number;
  readonly jitter: number;
  readonly tokensPerSecond: number;
  readonly charactersPerPiece: number;
  readonly shares: FakeShares;
  readonly retryAfterMs: number;
  readonly requestsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
  readonly apiKey: string | undefined;
  readonly port: number;
  readonly seed: number;
  readonly clock: Clock;
}

/** Shares of requests that do not get their answer. */
export interface FakeShares {
  readonly error: number;
  readonly rateLimited: number;
  readonly hang: number;
  readonly reset: number;
  readonly malformed: number;
}

const share = number(0, 1);

const CHECKS: OptionChecks<FakeModelServerOptions> = {
  responses: object,
  reply: callable,
  model: text,
  latencyMs: milliseconds,
  jitter: share,
  tokensPerSecond: positive,
  charactersPerPiece: integer(1),
  errorRate: share,
  status429: share,
  retryAfterMs: number(0),
  hangRate: share,
  resetRate: share,
  malformedRate: share,
  requestsPerMinute: positive,
  tokensPerMinute: positive,
  apiKey: text,
  port: integer(0, 65_535),
  seed: integer(0),
  clock: object,
};

/** Checks the options and puts in the defaults. @throws AssayError `ASSAY_INVALID_OPTION`. */
export function resolveFakeOptions(options: FakeModelServerOptions): ResolvedFakeOptions {
  const given = checkOptions('startFakeModelServer', options, CHECKS);
  const shares: FakeShares = {
    error: given.errorRate ?? 0,
    rateLimited: given.status429 ?? 0,
    hang: given.hangRate ?? 0,
    reset: given.resetRate ?? 0,
    malformed: given.malformedRate ?? 0,
  };
  const sum = Object.values(shares).reduce((total: number, each: number) => total + each, 0);
  if (sum > 1 + 1e-9) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      'Expected errorRate, status429, hangRate, resetRate and malformedRate of startFakeModelServer to add up to ' +
        `at most 1, got ${sum}`,
    );
  }
  return {
    answer: answerer(given),
    model: given.model ?? 'fake-model',
    latencyMs: given.latencyMs ?? 0,
    jitter: given.jitter ?? 0,
    tokensPerSecond: given.tokensPerSecond ?? Number.POSITIVE_INFINITY,
    charactersPerPiece: given.charactersPerPiece ?? 4,
    shares,
    retryAfterMs: given.retryAfterMs ?? 1000,
    requestsPerMinute: given.requestsPerMinute,
    tokensPerMinute: given.tokensPerMinute,
    apiKey: given.apiKey,
    port: given.port ?? 0,
    seed: given.seed ?? 1,
    clock: given.clock ?? systemClock,
  };
}

/**
 * An answer of the host as a reply with details. @throws TypeError for something that cannot be sent; the server then
 * answers 500 with the message.
 */
export function replyOf(answer: FakeAnswer): FakeReply {
  if (typeof answer === 'string') return { text: answer };
  if (typeof answer !== 'object' || answer === null) {
    throw new TypeError(
      `Expected the reply of the fake model to be a string or an object, got ${show(answer)}`,
    );
  }
  for (const [name, check] of REPLY_CHECKS) {
    const value = answer[name];
    const expected = value === undefined ? undefined : check(value);
    if (expected === undefined) continue;
    throw new TypeError(
      `Expected \`${name}\` of the fake model's reply to be ${expected}, got ${show(value)}`,
    );
  }
  return answer;
}

/** What would fail only when the answer is sent, where nobody could be told. */
const REPLY_CHECKS: readonly (readonly [keyof FakeReply, OptionCheck])[] = [
  ['text', (value) => (typeof value === 'string' ? undefined : 'a string')],
  ['reasoning', (value) => (typeof value === 'string' ? undefined : 'a string')],
  ['toolCalls', (value) => (Array.isArray(value) ? undefined : 'a list of tool calls')],
  ['status', integer(200, 599)],
  ['headers', (value) => (areHeaders(value) ? undefined : 'names and texts that a header can hold')],
  ['delayMs', milliseconds],
  ['fault', oneOf('hang', 'reset', 'cut', 'malformed')],
];

function areHeaders(value: unknown): boolean {
  try {
    for (const [name, content] of Object.entries(value as Record<string, string>)) {
      validateHeaderName(name);
      validateHeaderValue(name, content);
    }
    return true;
  } catch {
    return false;
  }
}

function answerer(options: FakeModelServerOptions): ResolvedFakeOptions['answer'] {
  const { responses, reply } = options;
  if (responses === undefined) return reply ?? ((request) => request.prompt);
  if (isArray(responses)) {
    if (responses.length === 0) {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        'Expected `responses` of startFakeModelServer to hold an answer, got an array of 0',
      );
    }
    const replayed = [...responses];
    return (request) => replayed[request.index % replayed.length]!;
  }
  const byPrompt = responses instanceof Map ? responses : new Map(Object.entries(responses));
  return (request) => byPrompt.get(request.prompt) ?? reply?.(request) ?? NO_RECORDED_ANSWER;
}

const NO_RECORDED_ANSWER: FakeReply = {
  status: 400,
  body: {
    error: {
      message: 'the fake model server has no recorded answer for this prompt',
      type: 'invalid_request_error',
      param: null,
      code: 'no_recorded_answer',
    },
  },
};

/** `Array.isArray` that also narrows readonly arrays. */
function isArray(value: object): value is readonly FakeAnswer[] {
  return Array.isArray(value);
}
