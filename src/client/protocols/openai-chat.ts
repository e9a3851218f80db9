import type { FinishReason, TokenUsage } from '../model-client.js';
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
    const choice = firstChoice(reply);
    const message = choice['message'];
    if (typeof message !== 'object' || message === null) throw unexpected('`choices[0].message`');
    const { tool_calls: toolCalls } = message as Record<string, unknown>;
    const calledTools = Array.isArray(toolCalls) && toolCalls.length > 0;
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

class ChatStream implements StreamReader {
  done = false;
  kept = 0;
  usage: TokenUsage | null = null;
  readonly #choice = new StreamedChoice();
  #text = '';
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
    return text;
  }

  reply(): ProtocolReply {
    const reason = finishReason(this.#finish);
    const toolCalls = this.#toolCalls.length > 0 ? this.#toolCalls : undefined;
    checkAnswer({
      reason: this.#finish,
      answered: this.#answered || toolCalls !== undefined,
      filled: this.#text !== '' || toolCalls !== undefined || this.#called,
    });
    return {
      text: this.#text,
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

  // A call comes in pieces that are told apart by `index`; some servers send calls whole, without one or all with 0.
  #addToolCall(piece: Record<string, unknown>): void {
    const { index = this.#toolCalls.length, ...rest } = piece;
    this.kept += JSON.stringify(piece).length;
    const known = this.#toolCallAt.get(index);
    const id = textField(piece, 'id') ?? '';
    if (known === undefined || (id !== '' && id !== known['id'])) {
      const call = { ...rest, function: { ...record(piece['function']) } };
      this.#toolCalls.push(call);
      this.#toolCallAt.set(index, call);
      return;
    }
    const target = record(known['function']);
    const addition = record(piece['function']);
    target['arguments'] = (textField(target, 'arguments') ?? '') + (textField(addition, 'arguments') ?? '');
    target['name'] ??= addition['name'];
  }
}

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

/** The text of a message, or of a piece of one: a string, or parts; those that are not text (thinking) are left out. */
function contentText({ content }: Record<string, unknown>): string {
  return typeof content === 'string' ? content : plainText(list(content));
}

/** What a message says in place of an answer, as a member of its own or as parts. */
function refusalText({ content, refusal }: Record<string, unknown>): string {
  if (typeof refusal === 'string') return refusal;
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
