import type { ChatMessage, TokenUsage } from '../model-client.js';
import { toolCallOf } from './read-tool-call.js';
import type { ToolDefinition } from '../tool-call.js';
import { cannotCarry } from './carry.js';
import { isPlain, NO_ARGUMENTS, turnsOf, writeTools, type Turn } from './conversation.js';
import { finishReason, isReason } from './finish-reason.js';
import {
  checkAnswer,
  ReportedFailure,
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
import { knownType, readPart } from './read-part.js';

const DEFAULT_MAX_TOKENS = 4096;

/**
 * Anthropic messages: `POST /v1/messages`, key in `x-api-key`. System messages move into `system`;
 * `max_tokens` is required there and is 4,096 when the call does not say; `seed` and logprobs do not exist
 * there and are not sent. `responseFormat` becomes `output_config.format`. Input tokens include those read from and written to the prompt cache.
 */
export const anthropicMessages: Protocol = {
  name: 'anthropic-messages',
  path: '/messages',
  prefix: '/v1',
  streamFormat: 'sse',
  unsupported: ['seed', 'logprobs'],
  headers: { 'anthropic-version': '2023-06-01' },
  authorization: (apiKey) => ['x-api-key', apiKey],

  body({ input, model, parameters, stream }: ProtocolRequest): Record<string, unknown> {
    const all = messagesOf(input);
    const system = all.filter(isSystem);
    const { stop } = parameters;
    return {
      model: model === '' ? undefined : model,
      system: system.length === 0 ? undefined : system.map((each) => plainText(each.content)).join('\n\n'),
      messages: messagesIn(all.filter((each) => !isSystem(each))),
      max_tokens: parameters.maxTokens ?? DEFAULT_MAX_TOKENS,
      temperature: parameters.temperature,
      top_p: parameters.topP,
      stop_sequences: typeof stop === 'string' ? [stop] : stop,
      tools: writeTools(parameters.tools, { isOwn: isMessagesTool, write: messagesTool }),
      output_config:
        parameters.responseFormat === undefined ? undefined : { format: parameters.responseFormat },
      stream: stream || undefined,
    };
  },

  parse(body: unknown): ProtocolReply {
    const reply = record(body);
    const content = reply['content'];
    if (!Array.isArray(content)) throw unexpected('`content` to be a list');
    const toolCalls = content
      .map((block) => record(block))
      .filter((block) => block['type'] === 'tool_use')
      .map(({ id, name, input }, index) => toolCallOf(index, { id, name, given: input }));
    const text = plainText(content);
    const reason = reply['stop_reason'];
    checkAnswer({ reason, answered: isReason(reason), filled: text !== '' || toolCalls.length > 0 });
    return {
      text,
      reasoning: content.map((block) => thinkingOf(record(block))).join(''),
      model: textField(reply, 'model'),
      finishReason: finishReason(reason),
      usage: messagesUsage(record(reply['usage'])),
      id: textField(reply, 'id'),
      toolCalls: toolCalls.length > 0 ? toolCalls : undefined,
      logprobs: undefined,
    };
  },

  usage: (body) => messagesUsage(record(record(body)['usage'])),
  stream: () => new MessageStream(),
};

class MessageStream implements StreamReader {
  done = false;
  ended = false;
  kept = 0;
  #text = '';
  #reasoning = '';
  #model: string | undefined;
  #id: string | undefined;
  #stopReason: unknown;
  #usage: Record<string, unknown> = {};
  readonly #tools = new Map<unknown, { block: Record<string, unknown>; json: string }>();

  get usage(): TokenUsage | null {
    return messagesUsage(this.#usage);
  }

  read(message: unknown): string {
    const event = record(message);
    switch (event['type']) {
      case 'message_start': {
        const begun = record(event['message']);
        this.#model = textField(begun, 'model');
        this.#id = textField(begun, 'id');
        this.#usage = { ...record(begun['usage']) };
        return '';
      }
      case 'content_block_start': {
        const block = record(event['content_block']);
        if (block['type'] === 'tool_use') this.#tools.set(event['index'], { block: { ...block }, json: '' });
        this.#reasoning += thinkingOf(block);
        return this.#add(textField(block, 'text') ?? '');
      }
      case 'content_block_delta': {
        const delta = record(event['delta']);
        const tool = this.#tools.get(event['index']);
        const json = textField(delta, 'partial_json') ?? '';
        const thinking = textField(delta, 'thinking') ?? '';
        if (tool !== undefined) tool.json += json;
        this.#reasoning += thinking;
        this.kept += json.length + thinking.length;
        return this.#add(textField(delta, 'text') ?? '');
      }
      case 'message_delta':
        this.#stopReason = record(event['delta'])['stop_reason'] ?? this.#stopReason;
        // Cumulative, and only what changed; what the server leaves open is null, or 0.
        for (const [name, count] of Object.entries(record(event['usage'])))
          this.#usage[name] = count || this.#usage[name];
        return '';
      case 'message_stop':
        this.ended = true;
        this.done = isReason(this.#stopReason); // a new reason is one all the same: the message was ended in due form
        return '';
      case 'error':
        throw new ReportedFailure(event);
      default:
        return '';
    }
  }

  reply(): ProtocolReply {
    const toolCalls = [...this.#tools.values()].map(({ block: { id, name, input }, json }, index) =>
      toolCallOf(index, { id, name, given: json === '' ? input : json }),
    );
    checkAnswer({
      reason: this.#stopReason,
      answered: isReason(this.#stopReason),
      filled: this.#text !== '' || toolCalls.length > 0,
    });
    return {
      text: this.#text,
      reasoning: this.#reasoning,
      model: this.#model,
      finishReason: finishReason(this.#stopReason),
      usage: this.usage,
      id: this.#id,
      toolCalls: toolCalls.length > 0 ? toolCalls : undefined,
      logprobs: undefined,
    };
  }

  #add(text: string): string {
    this.#text += text;
    return text;
  }
}

const thinkingOf = (block: Record<string, unknown>): string =>
  block['type'] === 'thinking' ? (textField(block, 'thinking') ?? '') : '';

function messagesUsage(usage: Record<string, unknown>): TokenUsage | null {
  const input = usage['input_tokens'];
  const read = usage['cache_read_input_tokens'];
  const written = usage['cache_creation_input_tokens'];
  if (typeof input !== 'number') return null;
  const total = input + (typeof read === 'number' ? read : 0) + (typeof written === 'number' ? written : 0);
  return tokenUsageOf(total, usage['output_tokens'], typeof read === 'number' ? read : undefined);
}

function isSystem(message: ChatMessage): boolean {
  return message.role === 'system' || message.role === 'developer';
}

/** Messages as the protocol writes them; results of tools stand together in one message of the user. */
function messagesIn(all: readonly ChatMessage[]): readonly unknown[] {
  if (all.every(isPlain)) return all;
  const written: Record<string, unknown>[] = [];
  let results: unknown[] | undefined;
  for (const turn of turnsOf(all)) {
    if (turn.role !== 'tool') {
      results = undefined;
      written.push(messageOf(turn));
      continue;
    }
    const { toolCallId, content } = turn;
    const result = { type: 'tool_result', tool_use_id: toolCallId, content: blocksOf(content) };
    if (results !== undefined) results.push(result);
    else written.push({ role: 'user', content: (results = [result]) });
  }
  return written;
}

function messageOf({ role, content, toolCalls, rest }: Turn): Record<string, unknown> {
  if (toolCalls.length === 0) return { role, content: blocksOf(content), ...rest };
  const said =
    typeof content === 'string'
      ? content === ''
        ? []
        : [{ type: 'text', text: content }]
      : blocksOf(content);
  const calls = toolCalls.map(({ id, name, arguments: input }) => ({
    type: 'tool_use',
    id,
    name,
    input: input ?? {},
  }));
  return { role, content: [...(said as readonly unknown[]), ...calls], ...rest };
}

function blocksOf(content: Turn['content']): string | readonly unknown[] {
  if (typeof content === 'string') return content;
  return (content ?? []).map(blockOf);
}

function blockOf(given: unknown): unknown {
  const own = record(given);
  if (own['type'] === 'text' || own['type'] === 'document' || own['source'] !== undefined) return given;
  const part = readPart(given);
  if (part === undefined) return given;
  const { kind, url, base64, mediaType, filename } = part;
  if (kind === 'text') return { type: 'text', text: part.text };
  if (kind === 'audio') throw cannotCarry('anthropic-messages', 'audio');
  const type = kind === 'image' ? 'image' : 'document';
  const title = filename === undefined || kind === 'image' ? {} : { title: filename };
  if (url !== undefined) return { type, source: { type: 'url', url }, ...title };
  const known = knownType(kind, mediaType);
  const source = known.startsWith('text/')
    ? { type: 'text', media_type: 'text/plain', data: Buffer.from(base64, 'base64').toString('utf8') }
    : { type: 'base64', media_type: known, data: base64 };
  return { type, source, ...title };
}

function isMessagesTool(tool: Readonly<Record<string, unknown>>): boolean {
  return tool['input_schema'] !== undefined;
}

function messagesTool({ name, description, parameters, strict }: ToolDefinition): Record<string, unknown> {
  return { name, description, input_schema: parameters ?? NO_ARGUMENTS, strict };
}
