import type { ChatMessage, FinishReason, TokenUsage } from '../model-client.js';
import { finishReason } from './finish-reason.js';
import {
  checkAnswer,
  IncompleteAnswer,
  list,
  ReportedFailure,
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
 * OpenAI responses: `POST /v1/responses`. Nothing is stored on the server (`store: false`) unless `extraBody`
 * says otherwise; `seed` and `stop` do not exist there and are not sent. `responseFormat` becomes `text.format`.
 */
export const openaiResponses: Protocol = {
  name: 'openai-responses',
  path: '/responses',
  prefix: '/v1',
  streamFormat: 'sse',

  body({ input, model, parameters, stream }: ProtocolRequest): Record<string, unknown> {
    const logprobs = parameters.logprobs;
    return {
      model: model === '' ? undefined : model,
      input: typeof input === 'string' ? input : messagesOf(input).map(inputItem),
      max_output_tokens: parameters.maxTokens,
      temperature: parameters.temperature,
      top_p: parameters.topP,
      top_logprobs: typeof logprobs === 'number' ? logprobs : undefined,
      include: logprobs === undefined || logprobs === false ? undefined : ['message.output_text.logprobs'],
      tools: parameters.tools,
      text: parameters.responseFormat === undefined ? undefined : { format: parameters.responseFormat },
      store: false,
      stream: stream || undefined,
    };
  },

  parse: (body) => readResponse(body),
  usage: (body) => responseUsage(record(body)['usage']),
  stream: () => new ResponseStream(),
};

class ResponseStream implements StreamReader {
  done = false;
  #text = '';
  #response: unknown;

  get usage(): TokenUsage | null {
    return responseUsage(record(this.#response)['usage']);
  }

  read(message: unknown): string {
    const event = record(message);
    switch (event['type']) {
      case 'response.output_text.delta':
      case 'response.refusal.delta': {
        const text = textField(event, 'delta') ?? '';
        this.#text += text;
        return text;
      }
      case 'response.completed':
      case 'response.incomplete':
        this.#response = event['response'];
        this.done = true;
        return '';
      case 'response.failed':
        this.#response = event['response'];
        throw new ReportedFailure(event['response']);
      case 'error':
        throw new ReportedFailure({ error: { ...event, type: undefined } }); // flat, and `type` only says 'error'
      default:
        return '';
    }
  }

  reply(): ProtocolReply {
    return readResponse(this.#response, this.#text);
  }
}

/** `streamed`: the text that came in pieces, for servers that do not repeat it at the end. */
function readResponse(body: unknown, streamed = ''): ProtocolReply {
  const response = record(body);
  if (!Array.isArray(response['output'])) throw unexpected('`output` to be a list');
  checkEnded(response);
  let text = '';
  let refused = false;
  let answered = streamed !== '';
  const toolCalls: unknown[] = [];
  let logprobs: unknown;
  for (const item of list(response['output'])) {
    const entry = record(item);
    if (entry['type'] === 'message') {
      answered = true;
      for (const part of list(entry['content'])) {
        const content = record(part);
        text += textField(content, 'text') ?? textField(content, 'refusal') ?? '';
        refused ||= content['type'] === 'refusal';
        if (list(content['logprobs']).length > 0) logprobs = content['logprobs'];
      }
    } else if (typeof entry['type'] === 'string' && entry['type'].endsWith('_call')) {
      toolCalls.push(item);
    }
  }
  const reason = reasonOf(response, toolCalls.length > 0);
  const filled = text !== '' || streamed !== '' || toolCalls.length > 0;
  checkAnswer({ reason, answered: answered || toolCalls.length > 0, filled });
  return {
    text: text === '' ? streamed : text,
    model: textField(response, 'model'),
    finishReason: refused ? 'content-filter' : reason,
    usage: responseUsage(response['usage']),
    id: textField(response, 'id'),
    toolCalls: toolCalls.length > 0 ? toolCalls : undefined,
    logprobs,
  };
}

// One that was begun in the background, or that failed without saying why, is no answer.
function checkEnded({ status }: Record<string, unknown>): void {
  if (status === 'failed' || status === 'cancelled') {
    throw new ReportedFailure({ message: `the response was ${status}` });
  }
  if (status === 'queued' || status === 'in_progress')
    throw new IncompleteAnswer(`the response has not ended: it is ${status}`);
}

function reasonOf(response: Record<string, unknown>, calledTools: boolean): FinishReason {
  if (response['status'] === 'incomplete') {
    return finishReason(record(response['incomplete_details'])['reason']);
  }
  return calledTools ? 'tool-calls' : 'stop';
}

function responseUsage(value: unknown): TokenUsage | null {
  const usage = record(value);
  return usageOf(
    usage['input_tokens'],
    usage['output_tokens'],
    record(usage['input_tokens_details'])['cached_tokens'],
  );
}

function inputItem(message: ChatMessage): unknown {
  return typeof message.content === 'string' || Array.isArray(message.content)
    ? message
    : { ...message, content: '' };
}
