import type { ChatMessage, TokenUsage } from '../model-client.js';
import { finishReason, isReason } from './finish-reason.js';
import {
  checkAnswer,
  ReportedFailure,
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

const DEFAULT_MAX_TOKENS = 4096;

/**
 * Anthropic messages: `POST /v1/messages`, key in `x-api-key`. System messages move into `system`;
 * `max_tokens` is required there and is 4,096 when the call does not say; `seed` and logprobs do not exist
 * there and are not sent. Input tokens include those read from and written to the prompt cache.
 */
export const anthropicMessages: Protocol = {
  name: 'anthropic-messages',
  path: '/messages',
  prefix: '/v1',
  streamFormat: 'sse',
  headers: { 'anthropic-version': '2023-06-01' },
  authorization: (apiKey) => ['x-api-key', apiKey],

  body({ input, model, parameters, stream }: ProtocolRequest): Record<string, unknown> {
    const all = messagesOf(input);
    const system = all.filter(isSystem);
    const { stop } = parameters;
    return {
      model: model === '' ? undefined : model,
      system: system.length === 0 ? undefined : system.map((each) => plainText(each.content)).join('\n\n'),
      messages: system.length === 0 ? all : all.filter((each) => !isSystem(each)),
      max_tokens: parameters.maxTokens ?? DEFAULT_MAX_TOKENS,
      temperature: parameters.temperature,
      top_p: parameters.topP,
      stop_sequences: typeof stop === 'string' ? [stop] : stop,
      tools: parameters.tools,
      output_format: parameters.responseFormat,
      stream: stream || undefined,
    };
  },

  parse(body: unknown): ProtocolReply {
    const reply = record(body);
    const content = reply['content'];
    if (!Array.isArray(content)) throw unexpected('`content` to be a list');
    const toolCalls = content.filter((block) => record(block)['type'] === 'tool_use');
    const text = plainText(content);
    const reason = reply['stop_reason'];
    checkAnswer({ reason, answered: isReason(reason), filled: text !== '' || toolCalls.length > 0 });
    return {
      text,
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
        return this.#add(textField(block, 'text') ?? '');
      }
      case 'content_block_delta': {
        const delta = record(event['delta']);
        const tool = this.#tools.get(event['index']);
        if (tool !== undefined) {
          const json = textField(delta, 'partial_json') ?? '';
          tool.json += json;
          this.kept += json.length;
        }
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
    const toolCalls = [...this.#tools.values()].map(({ block, json }) => ({
      ...block,
      input: json === '' ? block['input'] : parsedOrText(json),
    }));
    checkAnswer({
      reason: this.#stopReason,
      answered: isReason(this.#stopReason),
      filled: this.#text !== '' || toolCalls.length > 0,
    });
    return {
      text: this.#text,
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

function messagesUsage(usage: Record<string, unknown>): TokenUsage | null {
  const input = usage['input_tokens'];
  const read = usage['cache_read_input_tokens'];
  const written = usage['cache_creation_input_tokens'];
  if (typeof input !== 'number') return null;
  const total = input + (typeof read === 'number' ? read : 0) + (typeof written === 'number' ? written : 0);
  return usageOf(total, usage['output_tokens'], typeof read === 'number' ? read : undefined);
}

function isSystem(message: ChatMessage): boolean {
  return message.role === 'system' || message.role === 'developer';
}

// An answer that was cut off at its length ends within the JSON of its last call.
function parsedOrText(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return json;
  }
}
