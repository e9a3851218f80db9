import type { IncomingHttpHeaders } from 'node:http';
import type { ChatMessage } from '../client/model-client.js';
import { countTokens, type FakeContent, type FakeWire, type WirePiece } from './fake-answer.js';
import { fakeMessages } from './fake-messages.js';
import { fakeOllamaChat, fakeOllamaGenerate } from './fake-ollama.js';
import { fakeChat, fakeCompletions } from './fake-openai.js';
import type { FakeModelRequest, FakeReply } from './fake-options.js';
import { fakeResponses } from './fake-responses.js';

/** An answer in the words of the protocol. */
export interface WireReply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

type FakeProtocol = FakeModelRequest['protocol'];

const WIRES: Readonly<Record<FakeProtocol, FakeWire>> = {
  chat: fakeChat,
  completions: fakeCompletions,
  responses: fakeResponses,
  messages: fakeMessages,
  'ollama-chat': fakeOllamaChat,
  'ollama-generate': fakeOllamaGenerate,
};

const ROUTES: ReadonlyMap<string, FakeProtocol> = new Map([
  ['/v1/chat/completions', 'chat'],
  ['/v1/completions', 'completions'],
  ['/v1/responses', 'responses'],
  ['/v1/messages', 'messages'],
  ['/api/chat', 'ollama-chat'],
  ['/api/generate', 'ollama-generate'],
]);

/** The protocol that is spoken at a path; `undefined` for none. */
export function protocolAt(path: string): FakeProtocol | undefined {
  return ROUTES.get(path);
}

/** Reads the body of a request; a string is what is wrong with it. */
export function readModelRequest(
  protocol: FakeProtocol,
  {
    bodyText,
    headers,
    index,
    defaultModel,
  }: {
    readonly bodyText: string;
    readonly headers: IncomingHttpHeaders;
    readonly index: number;
    readonly defaultModel: string;
  },
): FakeModelRequest | string {
  let body: unknown;
  try {
    body = JSON.parse(bodyText);
  } catch {
    return 'the body is not valid JSON';
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return 'the body is not a JSON object';
  const { model, stream } = body as Record<string, unknown>;
  const asked = readInput(protocol, body as Record<string, unknown>);
  if (typeof asked === 'string') return asked;
  return {
    protocol,
    ...asked,
    model: typeof model === 'string' ? model : defaultModel,
    stream: protocol.startsWith('ollama') ? stream !== false : stream === true,
    body: body as Record<string, unknown>,
    headers,
    index,
  };
}

function readInput(
  protocol: FakeProtocol,
  body: Record<string, unknown>,
): Pick<FakeModelRequest, 'prompt' | 'messages'> | string {
  if (protocol === 'completions' || protocol === 'ollama-generate') {
    const { prompt } = body;
    return typeof prompt === 'string' ? { prompt, messages: null } : '`prompt` must be a string';
  }
  const name = protocol === 'responses' ? 'input' : 'messages';
  const given = body[name];
  if (protocol === 'responses' && typeof given === 'string') {
    return { prompt: given, messages: [{ role: 'user', content: given }] };
  }
  if (!Array.isArray(given) || given.length === 0) return `\`${name}\` must be an array of messages`;
  const messages = given as ChatMessage[];
  const last = messages.findLast((message: Partial<ChatMessage> | null) => message?.role === 'user');
  return { prompt: contentText((last ?? messages.at(-1))?.content), messages };
}

/** Tokens that the request's prompt or messages count as. */
export function promptTokens(request: FakeModelRequest): number {
  if (request.messages === null) return countTokens(request.prompt);
  return countTokens(request.messages.map((message) => contentText(message?.content)).join(''));
}

/** The whole answer, not streamed. */
export function wireReply(content: FakeContent, reply: FakeReply): WireReply {
  const { request } = content;
  const status = reply.status ?? 200;
  const headers = { 'content-type': 'application/json', 'x-request-id': `req_${request.index}` };
  if (reply.body !== undefined) {
    const body = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body);
    return { status, headers, body };
  }
  const wire = WIRES[request.protocol];
  const body =
    status >= 400 ? wire.error(status, reply.text ?? 'the fake model failed') : wire.whole(content);
  return { status, headers, body: JSON.stringify(body) };
}

/** The answer as the pieces of a stream, with the stream's content type. */
export function wireStream(content: FakeContent): { readonly type: string; readonly pieces: WirePiece[] } {
  const wire = WIRES[content.request.protocol];
  return { type: wire.streamType, pieces: wire.pieces(content) };
}

/** The body of an error, in the words of the protocol. */
export function errorBody(
  status: number,
  {
    message,
    code,
    protocol = 'chat',
  }: {
    readonly message: string;
    readonly code?: string | undefined;
    readonly protocol?: FakeProtocol | undefined;
  },
): string {
  return JSON.stringify(WIRES[protocol].error(status, message, code));
}

/** The text of a message's content: a string, or the text parts of a list of parts. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) => (part as { readonly text?: unknown } | null)?.text)
    .filter((part) => typeof part === 'string')
    .join('\n');
}
