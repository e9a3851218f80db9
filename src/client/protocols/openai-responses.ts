import type { FinishReason, TokenUsage } from '../model-client.js';
import { toolCallOf } from './read-tool-call.js';
import type { ToolCall, ToolDefinition } from '../tool-call.js';
import { cannotCarry } from './carry.js';
import { NO_ARGUMENTS, turnsOf, writeTools, type Turn } from './conversation.js';
import { breaksOff, finishReason } from './finish-reason.js';
import {
  checkAnswer,
  IncompleteAnswer,
  list,
  ReportedFailure,
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
import { readPart, urlOf } from './read-part.js';

/**
 * OpenAI responses: `POST /v1/responses`. Nothing is stored on the server (`store: false`) unless `extraBody`
 * says otherwise; `seed` and `stop` do not exist there and are not sent. `responseFormat` becomes `text.format`.
 */
export const openaiResponses: Protocol = {
  name: 'openai-responses',
  path: '/responses',
  prefix: '/v1',
  streamFormat: 'sse',
  unsupported: ['seed', 'stop'],

  body({ input, model, parameters, stream }: ProtocolRequest): Record<string, unknown> {
    const logprobs = parameters.logprobs;
    return {
      model: model === '' ? undefined : model,
      input: typeof input === 'string' ? input : turnsOf(input).flatMap(inputItems),
      max_output_tokens: parameters.maxTokens,
      temperature: parameters.temperature,
      top_p: parameters.topP,
      top_logprobs: typeof logprobs === 'number' ? logprobs : undefined,
      include: logprobs === undefined || logprobs === false ? undefined : ['message.output_text.logprobs'],
      tools: writeTools(parameters.tools, { isOwn: isResponsesTool, write: responsesTool }),
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
  kept = 0;
  #text = '';
  #reasoning = '';
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
      case 'response.reasoning_text.delta':
      case 'response.reasoning_summary_text.delta':
        this.#reasoning += textField(event, 'delta') ?? '';
        this.kept = this.#reasoning.length;
        return '';
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
    if (this.#response === undefined)
      throw new IncompleteAnswer('the stream does not say how the response ended', { atFault: false });
    return readResponse(this.#response, this.#text, this.#reasoning);
  }
}

/** `streamed`, `streamedReasoning`: what came in pieces, for servers that do not repeat it at the end. */
function readResponse(body: unknown, streamed = '', streamedReasoning = ''): ProtocolReply {
  const response = record(body);
  if (!Array.isArray(response['output'])) throw unexpected('`output` to be a list');
  checkEnded(response);
  let text = '';
  let reasoning = '';
  let refused = false;
  let answered = streamed !== '';
  const toolCalls: ToolCall[] = [];
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
    } else if (entry['type'] === 'reasoning') {
      const content = list(entry['content']);
      reasoning += plainText(content.length > 0 ? content : list(entry['summary']));
    } else if (typeof entry['type'] === 'string' && entry['type'].endsWith('_call')) {
      toolCalls.push(responsesToolCall(toolCalls.length, entry));
    }
  }
  const reason = reasonOf(response, toolCalls.length > 0);
  const filled = text !== '' || streamed !== '' || toolCalls.length > 0;
  checkAnswer({ reason, answered: answered || toolCalls.length > 0, filled });
  return {
    text: text === '' ? streamed : text,
    reasoning: reasoning === '' ? streamedReasoning : reasoning,
    model: textField(response, 'model'),
    finishReason: refused ? 'content-filter' : reason,
    usage: responseUsage(response['usage']),
    id: textField(response, 'id'),
    toolCalls: toolCalls.length > 0 ? toolCalls : undefined,
    logprobs,
  };
}

// One that was begun in the background, or that failed without saying why, is no answer.
function checkEnded(response: Record<string, unknown>): void {
  const status = statusOf(response);
  if (breaksOff(status) || status === 'expired') {
    throw new ReportedFailure({ message: `the response was ${status}` });
  }
  if (status === 'queued' || status === 'in_progress')
    throw new IncompleteAnswer(`the response has not ended: it is ${status}`);
}

const statusOf = (response: Record<string, unknown>): string =>
  (textField(response, 'status') ?? '').toLowerCase();

function reasonOf(response: Record<string, unknown>, calledTools: boolean): FinishReason {
  if (statusOf(response) === 'incomplete') {
    return finishReason(record(response['incomplete_details'])['reason']);
  }
  return calledTools ? 'tool-calls' : 'stop';
}

function responseUsage(value: unknown): TokenUsage | null {
  const usage = record(value);
  return tokenUsageOf(
    usage['input_tokens'],
    usage['output_tokens'],
    record(usage['input_tokens_details'])['cached_tokens'],
  );
}

/** A message as items: the calls that it makes, and the results of a tool, stand on their own. */
function inputItems(turn: Turn): readonly unknown[] {
  const { role, content, toolCalls, toolCallId, given, rest } = turn;
  if (given['type'] === 'reasoning') return [given]; // an item in the protocol's own words
  if (role === 'tool') {
    const output = Array.isArray(content) ? content.map((part) => inputPart(part, 'user')) : (content ?? '');
    return [{ type: 'function_call_output', call_id: toolCallId, output }];
  }
  const calls = toolCalls.map(({ id, name, argumentsText }) => ({
    type: 'function_call',
    call_id: id,
    name,
    arguments: argumentsText,
  }));
  if (calls.length > 0 && (content === '' || content === null || content === undefined)) return calls;
  const parts = Array.isArray(content) ? content.map((part) => inputPart(part, role)) : (content ?? '');
  return [{ role, content: parts, ...rest }, ...calls];
}

/** Parts in the protocol's own shape; those are sent as they are. */
const OWN_PART = /^(?:input_(?!audio)|output_|summary_)|^refusal$/;

function inputPart(given: unknown, role: string): unknown {
  const { type } = record(given);
  if (typeof type === 'string' && OWN_PART.test(type)) return given;
  const part = readPart(given);
  if (part === undefined) return given;
  const { kind, url, filename, detail } = part;
  switch (kind) {
    case 'text':
      return { type: role === 'assistant' ? 'output_text' : 'input_text', text: part.text };
    case 'image':
      return { type: 'input_image', image_url: urlOf(part), detail: detail ?? 'auto' };
    case 'audio':
      throw cannotCarry('openai-responses', 'audio');
    default:
      return url === undefined
        ? { type: 'input_file', filename: filename ?? 'file', file_data: urlOf(part) }
        : { type: 'input_file', file_url: url };
  }
}

function isResponsesTool(tool: Readonly<Record<string, unknown>>): boolean {
  return tool['type'] !== undefined && tool['function'] === undefined && tool['input_schema'] === undefined;
}

function responsesTool({ name, description, parameters, strict }: ToolDefinition): Record<string, unknown> {
  // Here a tool is strict unless it says that it is not, and then schemas are refused that others take.
  return {
    type: 'function',
    name,
    description,
    parameters: parameters ?? NO_ARGUMENTS,
    strict: strict ?? false,
  };
}

/** A call of a function, or one of the server's own tools (`web_search_call` and its kin), which has another form each. */
function responsesToolCall(index: number, item: Record<string, unknown>): ToolCall {
  const { type, id, call_id: callId, status: _status, ...rest } = item;
  const name = item['name'] ?? String(type).replace(/_call$/, '');
  const given = item['arguments'] ?? item['action'] ?? item['input'] ?? rest;
  const call = toolCallOf(index, { id: callId ?? id, name, given });
  if (type !== 'custom_tool_call') return call;
  const { invalid: _invalid, ...plain } = call;
  return { ...plain, arguments: call.argumentsText }; // a text by design
}
