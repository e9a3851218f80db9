import { systemClock } from '../foundation/clock.js';
import type { IncomingHttpHeaders } from 'node:http';
import type { ChatMessage, TokenUsage } from '../client/model-client.js';
import type { FakeModelRequest, FakeReply } from './fake-options.js';

/** An answer in the words of the protocol. */
export interface WireReply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A piece of a stream: one server-sent event, and how many tokens it stands for. */
export interface WirePiece {
  readonly text: string;
  readonly tokens: number;
}

const CHARACTERS_PER_TOKEN = 4;

/** About as many tokens as common tokenizers make of English: one for four characters, 0 for no text. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** Reads the body of a request; a string is what is wrong with it. */
export function readModelRequest(
  protocol: 'chat' | 'completions',
  bodyText: string,
  headers: IncomingHttpHeaders,
  index: number,
  defaultModel: string,
): FakeModelRequest | string {
  let body: unknown;
  try {
    body = JSON.parse(bodyText);
  } catch {
    return 'the body is not valid JSON';
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return 'the body is not a JSON object';
  const { messages, prompt, model, stream } = body as Record<string, unknown>;
  let asked: string;
  if (protocol === 'chat') {
    if (!Array.isArray(messages) || messages.length === 0) return '`messages` must be an array of messages';
    const last = messages.findLast((message: Partial<ChatMessage> | null) => message?.role === 'user');
    asked = contentText((last ?? messages.at(-1) ?? {}).content);
  } else {
    if (typeof prompt !== 'string') return '`prompt` must be a string';
    asked = prompt;
  }
  return {
    protocol,
    prompt: asked,
    messages: protocol === 'chat' ? (messages as ChatMessage[]) : null,
    model: typeof model === 'string' ? model : defaultModel,
    stream: stream === true,
    body: body as Record<string, unknown>,
    headers,
    index,
  };
}

/** Tokens that the request's prompt or messages count as. */
export function promptTokens(request: FakeModelRequest): number {
  if (request.messages === null) return countTokens(request.prompt);
  let characters = 0;
  for (const message of request.messages) characters += contentText(message?.content).length;
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

/** The whole answer, not streamed. */
export function wireReply(request: FakeModelRequest, reply: FakeReply, usage: TokenUsage | null): WireReply {
  const status = reply.status ?? 200;
  const headers = { 'content-type': 'application/json', 'x-request-id': `req_${request.index}` };
  if (reply.body !== undefined) {
    return {
      status,
      headers,
      body: typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body),
    };
  }
  if (status >= 400)
    return { status, headers, body: errorBody(status, reply.text ?? 'the fake model failed') };
  const chat = request.protocol === 'chat';
  const body = JSON.stringify({
    ...envelope(request, chat ? 'chat.completion' : 'text_completion'),
    choices: [
      {
        index: 0,
        ...(chat
          ? { message: { role: 'assistant', content: chatContent(reply), tool_calls: reply.toolCalls } }
          : { text: reply.text ?? '' }),
        logprobs: reply.logprobs ?? null,
        finish_reason: finishReason(reply),
      },
    ],
    ...(usage === null ? {} : { usage: wireUsage(usage) }),
  });
  return { status, headers, body };
}

/** The answer as server-sent events, about one token each. */
export function wirePieces(
  request: FakeModelRequest,
  reply: FakeReply,
  usage: TokenUsage | null,
): WirePiece[] {
  const chat = request.protocol === 'chat';
  const head = envelope(request, chat ? 'chat.completion.chunk' : 'text_completion');
  const event = (choice: object | null, tokens: number, extra: object = {}): WirePiece => ({
    text: `data: ${JSON.stringify({ ...head, choices: choice === null ? [] : [{ index: 0, ...choice }], ...extra })}\n\n`,
    tokens,
  });
  const pieces: WirePiece[] = [];
  if (chat) pieces.push(event({ delta: { role: 'assistant', content: '' }, finish_reason: null }, 0));
  for (const text of (reply.text ?? '').match(/[\s\S]{1,4}/gu) ?? []) {
    pieces.push(
      event(chat ? { delta: { content: text }, finish_reason: null } : { text, finish_reason: null }, 1),
    );
  }
  if (chat && reply.toolCalls !== undefined) {
    const calls = reply.toolCalls.map((call, index) => ({ index, ...(call as object) }));
    pieces.push(event({ delta: { tool_calls: calls }, finish_reason: null }, 0));
  }
  const end = { finish_reason: finishReason(reply), logprobs: reply.logprobs ?? null };
  pieces.push(event(chat ? { delta: {}, ...end } : { text: '', ...end }, 0));
  const options = request.body['stream_options'] as { readonly include_usage?: unknown } | null | undefined;
  if (usage !== null && options?.include_usage === true) {
    pieces.push(event(null, 0, { usage: wireUsage(usage) }));
  }
  pieces.push({ text: 'data: [DONE]\n\n', tokens: 0 });
  return pieces;
}

/** The body of an error. */
export function errorBody(status: number, message: string, code?: string): string {
  const type =
    status === 401
      ? 'authentication_error'
      : status === 429
        ? 'rate_limit_error'
        : status < 500
          ? 'invalid_request_error'
          : 'server_error';
  return JSON.stringify({ error: { message, type, param: null, code: code ?? null } });
}

function envelope(request: FakeModelRequest, object: string): object {
  const prefix = request.protocol === 'chat' ? 'chatcmpl' : 'cmpl';
  return {
    id: `${prefix}-${request.index}`,
    object,
    created: Math.floor(systemClock.wallTime() / 1000),
    model: request.model,
  };
}

function chatContent(reply: FakeReply): string | null {
  return reply.text ?? (reply.toolCalls === undefined ? '' : null);
}

function finishReason(reply: FakeReply): string {
  return reply.finishReason ?? (reply.toolCalls === undefined ? 'stop' : 'tool_calls');
}

function wireUsage(usage: TokenUsage): object {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    ...(usage.cachedInputTokens === undefined
      ? {}
      : { prompt_tokens_details: { cached_tokens: usage.cachedInputTokens } }),
  };
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
