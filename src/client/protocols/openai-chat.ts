import type { FinishReason, TokenUsage } from '../model-client.js';
import { toolCallOf } from './read-tool-call.js';
import type { ToolCall, ToolDefinition } from '../tool-call.js';
import { cannotCarry } from './carry.js';
import { isPlain, NO_ARGUMENTS, turnsOf, writeTools, type Turn } from './conversation.js';
import { endOf, firstChoice, StreamedChoice, usageIn } from './openai-choices.js';
import { endsAnswer, finishReason } from './finish-reason.js';
import {
  checkAnswer,
  laterUsage,
  list,
  messagesOf,
  plainText,
  record,
  textField,
  unexpected,
  tokenUsageOf,
  type Protocol,
  type ProtocolReply,
  type ProtocolRequest,
  type StreamReader,
} from './protocol.js';
import { knownType, readPart, urlOf } from './read-part.js';

/**
 * OpenAI chat completions: `POST /v1/chat/completions`. vLLM, SGLang, llama.cpp, TGI (1.4 and later), LiteLLM,
 * OpenRouter, Azure and most gateways speak it. Streams ask for usage with `stream_options.include_usage`.
 */
export const openaiChat: Protocol = {
  name: 'openai-chat',
  path: '/chat/completions',
  prefix: '/v1',
  streamFormat: 'sse',

  body(request: ProtocolRequest): Record<string, unknown> {
    const { input, model, parameters } = request;
    const messages = messagesOf(input);
    const body: Record<string, unknown> = {
      model: model === '' ? undefined : model,
      messages: messages.every(isPlain) ? messages : turnsOf(input).map(chatMessage),
      max_tokens: parameters.maxTokens,
      temperature: parameters.temperature,
    };
    addRareMembers(body, request);
    return body;
  },

  parse(body: unknown): ProtocolReply {
    const reply = record(body);
    const choice = firstChoice(reply);
    const message = choice['message'];
    if (typeof message !== 'object' || message === null) throw unexpected('`choices[0].message`');
    const toolCalls = chatToolCalls(message as Record<string, unknown>);
    const calledTools = toolCalls.length > 0;
    const text = contentText(message as Record<string, unknown>);
    const refusal = text === '' ? refusalText(message as Record<string, unknown>) : '';
    const reason = finishReason(choice['finish_reason']);
    checkAnswer({
      reason: choice['finish_reason'],
      answered: calledTools || holdsAnswer(message as Record<string, unknown>),
      filled:
        calledTools || text !== '' || refusal !== '' || callsFunction(message as Record<string, unknown>),
    });
    return {
      text: text === '' ? refusal : text,
      reasoning: reasoningText(message as Record<string, unknown>),
      model: textField(reply, 'model'),
      finishReason: refusal === '' ? reason : refusedReason(reason),
      usage: chatUsage(reply['usage']),
      id: textField(reply, 'id'),
      toolCalls: calledTools ? toolCalls : undefined,
      logprobs: choice['logprobs'] ?? undefined,
    };
  },

  usage: (body) => chatUsage(record(body)['usage']),
  stream: () => new ChatStream(),
};

const INCLUDE_USAGE = { include_usage: true } as const;

// Only those with a value: `JSON.stringify` takes nearly as long for a member that it leaves out.
function addRareMembers(body: Record<string, unknown>, { parameters, stream }: ProtocolRequest): void {
  const { topP, seed, stop, logprobs, tools, responseFormat } = parameters;
  if (topP !== undefined) body['top_p'] = topP;
  if (seed !== undefined) body['seed'] = seed;
  if (stop !== undefined) body['stop'] = stop;
  if (logprobs !== undefined) body['logprobs'] = logprobs !== false;
  if (typeof logprobs === 'number') body['top_logprobs'] = logprobs;
  if (tools !== undefined) body['tools'] = writeTools(tools, { isOwn: isChatTool, write: chatTool });
  if (responseFormat !== undefined) body['response_format'] = responseFormat;
  if (!stream) return;
  body['stream'] = true;
  body['stream_options'] = INCLUDE_USAGE;
}

class ChatStream implements StreamReader {
  done = false;
  kept = 0;
  usage: TokenUsage | null = null;
  readonly #choice = new StreamedChoice();
  #text = '';
  #reasoning = '';
  #answered = false;
  #refused = false;
  #called = false;
  #model: string | undefined;
  #id: string | undefined;
  #finish: string | undefined;
  readonly #toolCalls: Record<string, unknown>[] = [];
  readonly #toolCallAt = new Map<unknown, Record<string, unknown>>();
  readonly #logprobs: unknown[] = [];

  read(message: unknown): string {
    const chunk = record(message);
    this.#model ??= textField(chunk, 'model');
    this.#id ??= textField(chunk, 'id');
    const choice = this.#choice.of(chunk);
    this.usage = laterUsage(this.usage, chatUsage(usageIn(chunk, choice)));
    const delta = record(choice['delta']);
    this.#finish = endOf(choice) ?? this.#finish;
    if (endsAnswer(this.#finish)) this.done = true;
    this.#addLogprobs(list(record(choice['logprobs'])['content']));
    for (const call of list(delta['tool_calls'])) this.#addToolCall(record(call));
    this.#answered ||= holdsAnswer(delta);
    this.#called ||= callsFunction(delta);
    const refusal = refusalText(delta);
    this.#refused ||= refusal !== '';
    const text = contentText(delta) + refusal;
    this.#text += text;
    const reasoning = reasoningText(delta);
    this.#reasoning += reasoning;
    this.kept += reasoning.length;
    return text;
  }

  reply(): ProtocolReply {
    const reason = finishReason(this.#finish);
    const toolCalls = this.#toolCalls.length > 0 ? chatToolCalls({ tool_calls: this.#toolCalls }) : undefined;
    checkAnswer({
      reason: this.#finish,
      answered: this.#answered || toolCalls !== undefined,
      filled: this.#text !== '' || toolCalls !== undefined || this.#called,
    });
    return {
      text: this.#text,
      reasoning: this.#reasoning,
      model: this.#model,
      finishReason: this.#refused ? refusedReason(reason) : reason,
      usage: this.usage,
      id: this.#id,
      toolCalls,
      logprobs: this.#logprobs.length > 0 ? { content: this.#logprobs } : undefined,
    };
  }

  #addLogprobs(pieces: readonly unknown[]): void {
    for (const piece of pieces) {
      this.#logprobs.push(piece);
      this.kept += JSON.stringify(piece).length;
    }
  }

  // A call comes in pieces that are told apart by `index`; some servers send calls whole, without one or all with 0 (and
  // some of them without an id), and some the pieces of the last call without any, or with a new one for each.
  #addToolCall(piece: Record<string, unknown>): void {
    const { index, ...rest } = piece;
    this.kept += JSON.stringify(piece).length;
    const addition = record(piece['function']);
    const id = textField(piece, 'id') ?? '';
    const known =
      (index === undefined ? undefined : this.#toolCallAt.get(index)) ?? this.#continued(id, addition);
    if (known === undefined || (id === '' ? isOver(known, addition) : id !== (known['id'] ?? id))) {
      const call = { ...rest, function: { ...addition } };
      this.#toolCalls.push(call);
      this.#toolCallAt.set(index, call);
      return;
    }
    known['id'] ??= piece['id'];
    const target = record(known['function']);
    const begun = textField(target, 'arguments') ?? '';
    const name = textField(addition, 'name') ?? '';
    // A name comes whole or in pieces before the arguments; some servers say it again with every piece.
    if (begun === '' && name !== target['name']) target['name'] = (textField(target, 'name') ?? '') + name;
    target['arguments'] = begun + (textField(addition, 'arguments') ?? '');
  }

  #continued(id: string, addition: Record<string, unknown>): Record<string, unknown> | undefined {
    const last = this.#toolCalls.at(-1);
    if (id !== '') return last?.['id'] === id ? last : undefined;
    return textField(addition, 'name') === undefined ? last : undefined;
  }
}

/** Whether a piece without an id that names a function begins a call of its own: the known one has its arguments by then. */
function isOver(known: Record<string, unknown>, addition: Record<string, unknown>): boolean {
  const { name, arguments: given } = record(known['function']);
  const next = textField(addition, 'name') ?? '';
  const more = addition['arguments'] ?? '';
  if (next === '' || (given ?? '') === '' || (typeof more === 'string' && more.trim() === '')) return false;
  return next !== name || toolCallOf(0, { name, given }).invalid !== true;
}

/** A message as the protocol writes it; one that speaks of tools in the protocol's own words is left as it came. */
function chatMessage({ role, content, toolCalls, toolCallId, given, rest }: Turn): Record<string, unknown> {
  const parts = Array.isArray(content) ? content.map(chatPart) : content;
  if (given.toolCalls === undefined && given.toolCallId === undefined) {
    return parts === content ? given : { ...given, content: parts };
  }
  return {
    role,
    content: parts,
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls.map(chatToolCall) }),
    ...(toolCallId === '' ? {} : { tool_call_id: toolCallId }),
    ...rest,
  };
}

/** Parts in the protocol's own shape; those are sent as they are. */
const CHAT_PARTS: ReadonlySet<unknown> = new Set(['text', 'image_url', 'input_audio', 'refusal']);

function chatPart(given: unknown): unknown {
  const own = record(given);
  if (CHAT_PARTS.has(own['type']) || own['file'] !== undefined) return given;
  const part = readPart(given);
  if (part === undefined) return given;
  const { kind, url, base64, filename, detail } = part;
  switch (kind) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image':
      return { type: 'image_url', image_url: { url: urlOf(part), detail } };
    case 'audio': {
      if (url !== undefined) throw cannotCarry('openai-chat', 'audio by URL');
      const [, format = ''] = knownType(kind, part.mediaType).split(/\/(?:x-)?/);
      return {
        type: 'input_audio',
        input_audio: { data: base64, format: format === 'mpeg' ? 'mp3' : format },
      };
    }
    default:
      if (url !== undefined) throw cannotCarry('openai-chat', 'files by URL');
      return { type: 'file', file: { filename: filename ?? 'file', file_data: urlOf(part) } };
  }
}

function chatToolCall({ id, name, argumentsText }: ToolCall): Record<string, unknown> {
  return { id, type: 'function', function: { name, arguments: argumentsText } };
}

/** A tool in the shape of chat completions, which Ollama speaks as well. */
export function chatTool({ name, description, parameters, strict }: ToolDefinition): Record<string, unknown> {
  return {
    type: 'function',
    function: { name, description, parameters: parameters ?? NO_ARGUMENTS, strict },
  };
}

/** Whether a tool is in the shape of chat completions. */
export function isChatTool(tool: Readonly<Record<string, unknown>>): boolean {
  return tool['function'] !== undefined;
}

const NO_CALLS: readonly ToolCall[] = [];

/** The calls of a message, in the form of today or in the one from before there could be several. */
function chatToolCalls(message: Record<string, unknown>): readonly ToolCall[] {
  if ((message['tool_calls'] ?? message['function_call'] ?? null) === null) return NO_CALLS;
  const calls = list(message['tool_calls']).map((each, index) => {
    const call = record(each);
    const fn = record(call['function'] ?? call['custom'] ?? call);
    return toolCallOf(index, { id: call['id'], name: fn['name'], given: fn['arguments'] ?? fn['input'] });
  });
  const old = message['function_call'];
  if (calls.length > 0 || typeof old !== 'object' || old === null) return calls;
  return [toolCallOf(0, { name: record(old)['name'], given: record(old)['arguments'] })];
}

/** Usage in the form of chat completions and completions. */
export function chatUsage(value: unknown): TokenUsage | null {
  if (typeof value !== 'object' || value === null) return null;
  const usage = value as Record<string, unknown>;
  const details = usage['prompt_tokens_details'];
  return tokenUsageOf(
    usage['prompt_tokens'],
    usage['completion_tokens'] ?? 0,
    details === undefined || details === null ? undefined : record(details)['cached_tokens'],
  );
}

/** The text of a message, or of a piece of one: a string, or parts; those that are not text (thinking) are left out. */
function contentText({ content }: Record<string, unknown>): string {
  return typeof content === 'string' ? content : plainText(list(content));
}

/** What a message, or a piece of one, holds of the reasoning: as a member (`reasoning_content`, `reasoning`) or as parts. */
function reasoningText({ content, reasoning_content: member, reasoning }: Record<string, unknown>): string {
  if (typeof member === 'string') return member;
  if (typeof reasoning === 'string') return reasoning;
  if (typeof content === 'string') return '';
  return list(content)
    .map((part) => {
      const { type, thinking, text } = record(part);
      if (type === 'thinking') return typeof thinking === 'string' ? thinking : plainText(list(thinking));
      return type === 'reasoning' && typeof text === 'string' ? text : '';
    })
    .join('');
}

/** What a message says in place of an answer, as a member of its own or as parts. */
function refusalText({ content, refusal }: Record<string, unknown>): string {
  if (typeof refusal === 'string') return refusal;
  if (typeof content === 'string') return '';
  return list(content)
    .map((part) => textField(record(part), 'refusal') ?? '')
    .join('');
}

// An empty string is an answer; nothing at all is none, unless the server says what became of it.
function holdsAnswer(message: Record<string, unknown>): boolean {
  const { content, refusal } = message;
  return (
    typeof content === 'string' ||
    Array.isArray(content) ||
    typeof refusal === 'string' ||
    callsFunction(message)
  );
}

function callsFunction({ function_call: call }: Record<string, unknown>): boolean {
  return call !== undefined && call !== null;
}

function refusedReason(reason: FinishReason): FinishReason {
  return reason === 'stop' ? 'content-filter' : reason;
}
