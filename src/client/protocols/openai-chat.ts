import type { TokenUsage } from '../model-client.js';
import {
  EmptyAnswer,
  finishReason,
  list,
  messagesOf,
  record,
  textField,
  unexpected,
  usageOf,
  type Protocol,
  type ProtocolReply,
  type ProtocolRequest,
  type StreamReader,
} from './protocol.js';

/**
 * OpenAI chat completions: `POST /v1/chat/completions`. vLLM, SGLang, llama.cpp, TGI (1.4 and later), LiteLLM,
 * OpenRouter, Azure and most gateways speak it. Streams ask for usage with `stream_options.include_usage`.
 */
export const openaiChat: Protocol = {
  name: 'openai-chat',
  path: '/chat/completions',
  prefix: '/v1',
  streamFormat: 'sse',

  body({ input, model, parameters, stream }: ProtocolRequest): Record<string, unknown> {
    const logprobs = parameters.logprobs;
    return {
      model: model === '' ? undefined : model,
      messages: messagesOf(input),
      max_tokens: parameters.maxTokens,
      temperature: parameters.temperature,
      top_p: parameters.topP,
      seed: parameters.seed,
      stop: parameters.stop,
      logprobs: logprobs === undefined ? undefined : logprobs !== false,
      top_logprobs: typeof logprobs === 'number' ? logprobs : undefined,
      tools: parameters.tools,
      response_format: parameters.responseFormat,
      stream: stream || undefined,
      stream_options: stream ? INCLUDE_USAGE : undefined,
    };
  },

  parse(body: unknown): ProtocolReply {
    const reply = record(body);
    const choices = reply['choices'];
    const choice = record(Array.isArray(choices) ? choices[0] : undefined);
    const message = choice['message'];
    if (typeof message !== 'object' || message === null) throw unexpected('`choices[0].message`');
    const { content, refusal, tool_calls: toolCalls } = message as Record<string, unknown>;
    const calledTools = Array.isArray(toolCalls) && toolCalls.length > 0;
    if (typeof content !== 'string' && !calledTools)
      checkAnswered(message as Record<string, unknown>, choice);
    return {
      text: typeof content === 'string' ? content : textOfParts(content, refusal),
      model: textField(reply, 'model'),
      finishReason: finishReason(choice['finish_reason']),
      usage: chatUsage(reply['usage']),
      id: textField(reply, 'id'),
      toolCalls: calledTools ? toolCalls : undefined,
      logprobs: choice['logprobs'] ?? undefined,
    };
  },

  stream: () => new ChatStream(),
};

const INCLUDE_USAGE = { include_usage: true } as const;

class ChatStream implements StreamReader {
  done = false;
  #text = '';
  #refusal = '';
  #model: string | undefined;
  #id: string | undefined;
  #finish: unknown;
  #usage: TokenUsage | null = null;
  readonly #toolCalls: Record<string, unknown>[] = [];
  readonly #logprobs: unknown[] = [];

  read(message: unknown): string {
    const chunk = record(message);
    this.#model ??= textField(chunk, 'model');
    this.#id ??= textField(chunk, 'id');
    if (chunk['usage'] !== undefined) this.#usage = chatUsage(chunk['usage']) ?? this.#usage;
    const choice = record(list(chunk['choices'])[0]);
    const delta = record(choice['delta']);
    if (typeof choice['finish_reason'] === 'string') {
      this.#finish = choice['finish_reason'];
      this.done = true;
    }
    this.#logprobs.push(...list(record(choice['logprobs'])['content']));
    for (const call of list(delta['tool_calls'])) this.#addToolCall(record(call));
    this.#refusal += textField(delta, 'refusal') ?? '';
    const text = textField(delta, 'content') ?? '';
    this.#text += text;
    return text;
  }

  reply(): ProtocolReply {
    return {
      text: this.#text === '' ? this.#refusal : this.#text,
      model: this.#model,
      finishReason: finishReason(this.#finish),
      usage: this.#usage,
      id: this.#id,
      toolCalls:
        this.#toolCalls.length > 0 ? this.#toolCalls.filter((call) => call !== undefined) : undefined,
      logprobs: this.#logprobs.length > 0 ? { content: this.#logprobs } : undefined,
    };
  }

  // A call's arguments come in pieces that are told apart by `index`.
  #addToolCall(piece: Record<string, unknown>): void {
    const index = Number.isInteger(piece['index']) ? (piece['index'] as number) : this.#toolCalls.length;
    if (index < 0 || index > MAX_TOOL_CALLS) throw unexpected('a tool call index within reason');
    const known = this.#toolCalls[index];
    const { index: _index, ...rest } = piece;
    if (known === undefined) {
      this.#toolCalls[index] = { ...rest, function: { ...record(piece['function']) } };
      return;
    }
    const target = record(known['function']);
    const addition = record(piece['function']);
    target['arguments'] = (textField(target, 'arguments') ?? '') + (textField(addition, 'arguments') ?? '');
    target['name'] ??= addition['name'];
  }
}

const MAX_TOOL_CALLS = 1024;

/** Usage in the form of chat completions and completions. */
export function chatUsage(value: unknown): TokenUsage | null {
  if (typeof value !== 'object' || value === null) return null;
  const usage = value as Record<string, unknown>;
  const details = usage['prompt_tokens_details'];
  return usageOf(
    usage['prompt_tokens'],
    usage['completion_tokens'] ?? 0,
    details === undefined || details === null ? undefined : record(details)['cached_tokens'],
  );
}

// An empty string is an answer; nothing at all is none, unless the server says what became of it.
function checkAnswered(message: Record<string, unknown>, choice: Record<string, unknown>): void {
  if (Array.isArray(message['content']) || typeof message['refusal'] === 'string') return;
  if (message['function_call'] !== undefined && message['function_call'] !== null) return;
  const reason = finishReason(choice['finish_reason']);
  if (reason === 'stop' || reason === 'other') throw new EmptyAnswer('the reply holds no answer');
}

function textOfParts(content: unknown, refusal: unknown): string {
  if (Array.isArray(content)) return content.map((part) => textField(record(part), 'text') ?? '').join('');
  return typeof refusal === 'string' ? refusal : '';
}
