import type { TokenUsage } from '../model-client.js';
import { chatUsage } from './openai-chat.js';
import { promptOf } from './prompt.js';
import { endOf, firstChoice, StreamedChoice, usageIn } from './openai-choices.js';
import { endsAnswer, finishReason, isReason } from './finish-reason.js';
import {
  checkAnswer,
  laterUsage,
  list,
  record,
  textField,
  unexpected,
  type Protocol,
  type ProtocolReply,
  type ProtocolRequest,
  type StreamReader,
} from './protocol.js';

/** OpenAI completions: `POST /v1/completions`, the form for base models; vLLM and llama.cpp speak it too. */
export const openaiCompletions: Protocol = {
  name: 'openai-completions',
  path: '/completions',
  prefix: '/v1',
  streamFormat: 'sse',

  body(request: ProtocolRequest): Record<string, unknown> {
    const { model, parameters, stream } = request;
    const logprobs = parameters.logprobs;
    return {
      model: model === '' ? undefined : model,
      prompt: promptOf('openai-completions', request),
      max_tokens: parameters.maxTokens,
      temperature: parameters.temperature,
      top_p: parameters.topP,
      seed: parameters.seed,
      stop: parameters.stop,
      logprobs: typeof logprobs === 'number' ? logprobs : logprobs === true ? 1 : undefined,
      response_format: parameters.responseFormat,
      stream: stream || undefined,
      stream_options: stream ? { include_usage: true } : undefined,
    };
  },

  parse(body: unknown): ProtocolReply {
    const reply = record(body);
    const choice = firstChoice(reply);
    const text = choice['text'];
    const reason = choice['finish_reason'];
    if (typeof text !== 'string' && !isReason(reason)) throw unexpected('`choices[0].text`');
    checkAnswer({
      reason,
      answered: typeof text === 'string',
      filled: typeof text === 'string' && text !== '',
    });
    return {
      text: typeof text === 'string' ? text : '',
      model: textField(reply, 'model'),
      finishReason: finishReason(reason),
      usage: chatUsage(reply['usage']),
      id: textField(reply, 'id'),
      toolCalls: undefined,
      logprobs: choice['logprobs'] ?? undefined,
    };
  },

  usage: (body) => chatUsage(record(body)['usage']),
  stream: () => new CompletionStream(),
};

class CompletionStream implements StreamReader {
  done = false;
  kept = 0;
  usage: TokenUsage | null = null;
  readonly #choice = new StreamedChoice();
  #text: string | undefined;
  #model: string | undefined;
  #id: string | undefined;
  #finish: string | undefined;
  #logprobs: Record<string, unknown[]> | undefined;

  read(message: unknown): string {
    const chunk = record(message);
    this.#model ??= textField(chunk, 'model');
    this.#id ??= textField(chunk, 'id');
    const choice = this.#choice.of(chunk);
    this.usage = laterUsage(this.usage, chatUsage(usageIn(chunk, choice)));
    this.#finish = endOf(choice) ?? this.#finish;
    if (endsAnswer(this.#finish)) this.done = true;
    for (const [name, values] of Object.entries(record(choice['logprobs']))) {
      const known = ((this.#logprobs ??= {})[name] ??= []);
      for (const value of list(values)) known.push(value);
      this.kept += JSON.stringify(values)?.length ?? 0;
    }
    const text = textField(choice, 'text');
    if (text === undefined) return '';
    this.#text = (this.#text ?? '') + text;
    return text;
  }

  reply(): ProtocolReply {
    const text = this.#text ?? '';
    checkAnswer({ reason: this.#finish, answered: this.#text !== undefined, filled: text !== '' });
    return {
      text,
      model: this.#model,
      finishReason: finishReason(this.#finish),
      usage: this.usage,
      id: this.#id,
      toolCalls: undefined,
      logprobs: this.#logprobs,
    };
  }
}
