import type { TokenUsage } from '../client/model-client.js';
import { toolCallOf } from '../client/protocols/read-tool-call.js';
import type { ToolCall } from '../client/tool-call.js';
import type { FakeModelRequest, FakeReply, FakeToolCall } from './fake-options.js';

/** A reply of the host with everything in the one shape that the protocols are written from. */
export interface FakeContent {
  readonly request: FakeModelRequest;
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  /** In the protocol's own words; `undefined` for the usual one. */
  readonly finishReason: string | undefined;
  /** Tokens that the answer grows by, whatever its usage says. */
  readonly outputTokens: number;
  /** `null` when the reply shall not tell. */
  readonly usage: TokenUsage | null;
  readonly logprobs: unknown;
  /** Characters of text, reasoning or arguments in a piece of a stream. */
  readonly charactersPerPiece: number;
}

/** A piece of a stream, and how many tokens it stands for. */
export interface WirePiece {
  readonly text: string;
  readonly tokens: number;
}

/** A protocol as a server writes it. */
export interface FakeWire {
  /** Content type of a stream. */
  readonly streamType: string;
  /** The whole answer, not streamed. */
  whole(content: FakeContent): object;
  /** The answer as a stream. */
  pieces(content: FakeContent): WirePiece[];
  /** The body of an error. */
  error(status: number, message: string, code?: string): object;
}

const CHARACTERS_PER_TOKEN = 4;

/** About as many tokens as common tokenizers make of English: one for four characters, 0 for no text. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** What a reply holds, with the defaults put in. */
export function contentOf(
  request: FakeModelRequest,
  reply: FakeReply,
  { inputTokens, charactersPerPiece }: { readonly inputTokens: number; readonly charactersPerPiece: number },
): FakeContent {
  const toolCalls = (reply.toolCalls ?? []).map(readToolCall);
  const { text = '', reasoning = '' } = reply;
  const written = toolCalls.reduce((sum, call) => sum + call.name + call.argumentsText, text + reasoning);
  const outputTokens = countTokens(written);
  return {
    request,
    text,
    reasoning,
    toolCalls,
    finishReason: reply.finishReason,
    outputTokens,
    usage: reply.usage === undefined ? { inputTokens, outputTokens } : reply.usage,
    logprobs: reply.logprobs,
    charactersPerPiece,
  };
}

// Also in the form of chat completions, in which recorded replies have them.
function readToolCall(call: FakeToolCall, index: number): ToolCall {
  const { function: nested = {} } = call as { readonly function?: Partial<FakeToolCall> };
  return toolCallOf(index, {
    id: call.id,
    name: call.name ?? nested.name,
    given: call.arguments ?? nested.arguments,
  });
}

/** A text cut into the pieces of a stream. */
export function cutText(text: string, length: number): readonly string[] {
  const pieces: string[] = [];
  let piece = '';
  let characters = 0;
  for (const character of text) {
    piece += character;
    if (++characters < length) continue;
    pieces.push(piece);
    piece = '';
    characters = 0;
  }
  return piece === '' ? pieces : [...pieces, piece];
}

/** An answer's id, made of the number of its request. */
export function fakeId(prefix: string, { request }: FakeContent): string {
  return `${prefix}${request.index}`;
}
