import type { FinishReason, ModelParameters, TokenUsage } from '../model-client.js';
import { toolCallOf } from './read-tool-call.js';
import type { ToolCall } from '../tool-call.js';
import { cannotCarry } from './carry.js';
import { isPlain, turnsOf, writeTools, type Turn } from './conversation.js';
import { chatTool, isChatTool } from './openai-chat.js';
import { endsAnswer, finishReason, isReason } from './finish-reason.js';
import {
  checkAnswer,
  IncompleteAnswer,
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
import { onlyText } from './prompt.js';
import { readPart } from './read-part.js';

/** Ollama chat: `POST /api/chat`, streams as one JSON value a line. `responseFormat` becomes `format`. */
export const ollamaChat: Protocol = {
  name: 'ollama-chat',
  path: '/chat',
  prefix: '/api',
  streamFormat: 'ndjson',

  body({ input, model, parameters, stream }: ProtocolRequest): Record<string, unknown> {
    return {
      model: model === '' ? undefined : model,
      messages: messagesOf(input).every(isPlain) ? messagesOf(input) : turnsOf(input).map(ollamaMessage),
      tools: writeTools(parameters.tools, { isOwn: isChatTool, write: chatTool }),
      ...ollamaCommon(parameters, stream),
    };
  },

  parse(body: unknown): ProtocolReply {
    const reply = record(body);
    const message = reply['message'];
    if (typeof message !== 'object' || message === null) throw unexpected('`message`');
    const { thinking, tool_calls: toolCalls } = record(message);
    return ollamaReply(reply, { text: messageText(reply), thinking, toolCalls });
  },

  usage: ollamaUsage,
  stream: () => new OllamaStream(messageText, (line) => textField(record(line['message']), 'thinking') ?? ''),
};

function messageText(reply: Record<string, unknown>): string {
  const { content } = record(reply['message']);
  return typeof content === 'string' ? content : plainText(list(content));
}

/** A message as Ollama writes it: its images stand apart from its text, and its calls hold objects. */
function ollamaMessage({ role, content, toolCalls, toolName, rest }: Turn): Record<string, unknown> {
  const parts = Array.isArray(content) ? content : [];
  const images = parts.map(readPart).filter((part) => part?.kind === 'image');
  if (images.some((image) => image?.url !== undefined)) throw cannotCarry('ollama-chat', 'images by URL');
  const others = parts.filter((part) => readPart(part)?.kind !== 'image');
  return {
    role,
    content: onlyText('ollama-chat', Array.isArray(content) ? others : content),
    ...(images.length === 0 ? {} : { images: images.map((image) => image!.base64) }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls.map(ollamaToolCall) }),
    ...(role === 'tool' && toolName !== '' ? { tool_name: toolName } : {}),
    ...rest,
  };
}

function ollamaToolCall({ name, arguments: given }: ToolCall): Record<string, unknown> {
  return { function: { name, arguments: given ?? {} } };
}

/** Members that both Ollama endpoints share. Ollama streams unless told otherwise. */
export function ollamaCommon(parameters: ModelParameters, stream: boolean): Record<string, unknown> {
  const { stop, logprobs } = parameters;
  return {
    format: parameters.responseFormat,
    logprobs: logprobs === undefined ? undefined : logprobs !== false,
    top_logprobs: typeof logprobs === 'number' ? logprobs : undefined,
    options: {
      num_predict: parameters.maxTokens,
      temperature: parameters.temperature,
      top_p: parameters.topP,
      seed: parameters.seed,
      stop: typeof stop === 'string' ? [stop] : stop,
    },
    stream,
  };
}

/** What an Ollama answer is put together from. */
export interface OllamaParts {
  readonly text: string;
  readonly thinking?: unknown;
  readonly toolCalls?: unknown;
}

/**
 * A whole answer of either Ollama endpoint. `done: true` is its sign; a reason comes with it since release 0.1.38.
 *
 * @throws IncompleteAnswer for a reply that is not done, or that only tells that the model was loaded.
 */
export function ollamaReply(
  reply: Record<string, unknown>,
  { text, thinking, toolCalls }: OllamaParts,
): ProtocolReply {
  const calls = list(toolCalls).map((each, index) => {
    const { name, arguments: given } = record(record(each)['function']);
    return toolCallOf(index, { id: record(each)['id'], name, given });
  });
  const { done, done_reason: told } = reply;
  if (done === false) throw new IncompleteAnswer('the answer is not done');
  if (told === 'load' || told === 'unload')
    throw new IncompleteAnswer(`the server only ${told}ed the model`, { atFault: false });
  const said = isReason(told) ? told : undefined;
  checkAnswer({
    reason: said ?? (done === true && reply['eval_count'] !== undefined ? 'stop' : undefined),
    answered: true,
    filled: text !== '' || calls.length > 0,
  });
  const reason: FinishReason = finishReason(said ?? (done === true ? 'stop' : ''));
  return {
    text,
    reasoning: typeof thinking === 'string' ? thinking : undefined,
    model: textField(reply, 'model'),
    finishReason: calls.length > 0 && reason === 'stop' ? 'tool-calls' : reason,
    usage: ollamaUsage(reply),
    id: undefined,
    toolCalls: calls.length > 0 ? calls : undefined,
    logprobs: reply['logprobs'] ?? undefined,
  };
}

/** Token counts of a reply or of a stream's last line; 0 where the server leaves one out. */
export function ollamaUsage(reply: unknown): TokenUsage | null {
  const { prompt_eval_count: input, eval_count: output } = record(reply);
  return tokenUsageOf(input ?? 0, output);
}

/** Puts an Ollama stream together; `textOf` and `thinkingOf` find the text and the reasoning of a line. */
export class OllamaStream implements StreamReader {
  done = false;
  kept = 0;
  readonly #textOf: (line: Record<string, unknown>) => string;
  readonly #thinkingOf: (line: Record<string, unknown>) => string;
  readonly #toolCalls: unknown[] = [];
  #text = '';
  #thinking = '';
  #last: Record<string, unknown> = {};

  constructor(
    textOf: (line: Record<string, unknown>) => string,
    thinkingOf: (line: Record<string, unknown>) => string,
  ) {
    this.#textOf = textOf;
    this.#thinkingOf = thinkingOf;
  }

  get usage(): TokenUsage | null {
    return ollamaUsage(this.#last);
  }

  read(message: unknown): string {
    const line = record(message);
    const text = this.#textOf(line);
    this.#text += text;
    const thinking = this.#thinkingOf(line);
    this.#thinking += thinking;
    this.kept += thinking.length;
    const calls = record(line['message'])['tool_calls'];
    if (Array.isArray(calls)) {
      this.#toolCalls.push(...calls);
      this.kept += JSON.stringify(calls).length;
    }
    const { done, done_reason: reason } = line;
    if (done === true || (done === undefined && endsAnswer(reason))) {
      this.done = true; // some servers that speak like Ollama give only the reason
      this.#last = line;
    }
    return text;
  }

  reply(): ProtocolReply {
    return ollamaReply(this.#last, {
      text: this.#text,
      thinking: this.#thinking,
      toolCalls: this.#toolCalls,
    });
  }
}
