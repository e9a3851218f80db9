import type { FinishReason, ModelParameters, TokenUsage } from '../model-client.js';
import { finishReason, isReason } from './finish-reason.js';
import {
  checkAnswer,
  IncompleteAnswer,
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

/** Ollama chat: `POST /api/chat`, streams as one JSON value a line. `responseFormat` becomes `format`. */
export const ollamaChat: Protocol = {
  name: 'ollama-chat',
  path: '/chat',
  prefix: '/api',
  streamFormat: 'ndjson',

  body({ input, model, parameters, stream }: ProtocolRequest): Record<string, unknown> {
    return {
      model: model === '' ? undefined : model,
      messages: messagesOf(input),
      tools: parameters.tools,
      ...ollamaCommon(parameters, stream),
    };
  },

  parse(body: unknown): ProtocolReply {
    const reply = record(body);
    const message = reply['message'];
    if (typeof message !== 'object' || message === null) throw unexpected('`message`');
    const { content, tool_calls: toolCalls } = message as Record<string, unknown>;
    return ollamaReply(reply, typeof content === 'string' ? content : '', toolCalls);
  },

  usage: ollamaUsage,
  stream: () => new OllamaStream((line) => textField(record(line['message']), 'content') ?? ''),
};

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

/**
 * A whole answer of either Ollama endpoint. `done: true` is its sign; a reason comes with it since release 0.1.38.
 *
 * @throws IncompleteAnswer for a reply that is not done, or that only tells that the model was loaded.
 */
export function ollamaReply(reply: Record<string, unknown>, text: string, toolCalls: unknown): ProtocolReply {
  const calls = Array.isArray(toolCalls) && toolCalls.length > 0 ? toolCalls : undefined;
  const { done, done_reason: told } = reply;
  if (done === false) throw new IncompleteAnswer('the answer is not done');
  if (told === 'load' || told === 'unload')
    throw new IncompleteAnswer(`the server only ${told}ed the model`, { atFault: false });
  const said = isReason(told) ? told : undefined;
  checkAnswer({
    reason: said ?? (done === true && reply['eval_count'] !== undefined ? 'stop' : undefined),
    answered: true,
    filled: text !== '' || calls !== undefined,
  });
  const reason: FinishReason = finishReason(said ?? (done === true ? 'stop' : ''));
  return {
    text,
    model: textField(reply, 'model'),
    finishReason: calls !== undefined && reason === 'stop' ? 'tool-calls' : reason,
    usage: ollamaUsage(reply),
    id: undefined,
    toolCalls: calls,
    logprobs: reply['logprobs'] ?? undefined,
  };
}

/** Token counts of a reply or of a stream's last line; 0 where the server leaves one out. */
export function ollamaUsage(reply: unknown): TokenUsage | null {
  const { prompt_eval_count: input, eval_count: output } = record(reply);
  return usageOf(input ?? 0, output);
}

/** Puts an Ollama stream together; `textOf` finds the text of a line. */
export class OllamaStream implements StreamReader {
  done = false;
  kept = 0;
  readonly #textOf: (line: Record<string, unknown>) => string;
  readonly #toolCalls: unknown[] = [];
  #text = '';
  #last: Record<string, unknown> = {};

  constructor(textOf: (line: Record<string, unknown>) => string) {
    this.#textOf = textOf;
  }

  get usage(): TokenUsage | null {
    return ollamaUsage(this.#last);
  }

  read(message: unknown): string {
    const line = record(message);
    const text = this.#textOf(line);
    this.#text += text;
    const calls = record(line['message'])['tool_calls'];
    if (Array.isArray(calls)) {
      this.#toolCalls.push(...calls);
      this.kept += JSON.stringify(calls).length;
    }
    if (line['done'] === true) {
      this.done = true;
      this.#last = line;
    }
    return text;
  }

  reply(): ProtocolReply {
    return ollamaReply(this.#last, this.#text, this.#toolCalls);
  }
}
