import type { ChatMessage, ModelResponse } from '../client/model-client.js';
import { list, record, textField } from '../client/protocols/protocol.js';
import type { ToolCall } from '../client/tool-call.js';

type Members = Readonly<Record<string, unknown>>;

/**
 * A turn in which the model called tools, as messages of the next request. What it reasoned goes back to it as its server
 * gave it: a signature holds for the very block, and some servers refuse results of tools without. `calls` are those of the
 * answer, in order, ready to be sent. Without reasoning it is one message in our own words.
 */
export function calledTurn(response: ModelResponse, calls: readonly ToolCall[]): readonly ChatMessage[] {
  const plain: ChatMessage = { role: 'assistant', content: response.text, toolCalls: calls };
  const raw = record(response.raw);
  if (Array.isArray(raw['output'])) return itemsOf(raw, plain, calls);
  if (Array.isArray(raw['content'])) return [blocksOf(raw['content'], calls) ?? plain];
  if (Array.isArray(raw['choices'])) return [chatTurn(record(record(raw['choices'][0])['message']), plain)];
  const thinking = textField(record(raw['message']), 'thinking') ?? '';
  return [thinking === '' ? plain : { ...plain, thinking }]; // Ollama
}

/** Items of OpenAI's responses: an item of reasoning that is neither encrypted nor stored would not be found again. */
function itemsOf(raw: Members, plain: ChatMessage, calls: readonly ToolCall[]): readonly ChatMessage[] {
  const output = list(raw['output']).map((item) => record(item));
  const known = (item: Members): boolean =>
    typeof item['encrypted_content'] === 'string' || raw['store'] === true;
  if (!output.some((item) => item['type'] === 'reasoning' && known(item))) return [plain];
  let said = false;
  let called = 0;
  return output.flatMap((item): ChatMessage[] => {
    const { type } = item;
    // `status` is the server's word on an answer and refused in a request
    const { status: _status, ...own } = item;
    if (type === 'reasoning') return known(item) ? [own as unknown as ChatMessage] : [];
    if (type === 'message') {
      if (said || plain.content === '') return [];
      said = true;
      return [{ role: 'assistant', content: plain.content }];
    }
    if (typeof type !== 'string' || !type.endsWith('_call')) return [];
    const call = calls[called++];
    return call === undefined ? [] : [{ role: 'assistant', content: '', toolCalls: [call] }];
  });
}

const REASONING: ReadonlySet<unknown> = new Set(['thinking', 'redacted_thinking', 'reasoning']);
const CALLS: ReadonlySet<unknown> = new Set(['tool_use', 'tool-call']);

/** Blocks of Anthropic's messages, and parts of the AI SDK: all of them in their order, as a signature asks for. */
function blocksOf(content: readonly unknown[], calls: readonly ToolCall[]): ChatMessage | undefined {
  const blocks = content.map((block) => record(block));
  const signed = ({ type, providerMetadata }: Members): boolean =>
    REASONING.has(type) || (type === 'tool-call' && providerMetadata !== undefined);
  if (!blocks.some(signed)) return undefined;
  let called = 0;
  const written = blocks.flatMap((block): unknown[] => {
    const { type, text, providerMetadata, ...rest } = block;
    if (CALLS.has(type)) return [calledBlock(block, calls[called++])];
    if (type === 'text' && text === '') return []; // servers refuse empty ones
    if (providerMetadata === undefined) return [block];
    return [{ type, ...(text === undefined ? {} : { text }), ...rest, providerOptions: providerMetadata }];
  });
  return { role: 'assistant', content: written as unknown as ChatMessage['content'] };
}

function calledBlock({ type, providerMetadata }: Members, call: ToolCall | undefined): unknown {
  const { id, name, arguments: given } = call ?? { id: '', name: 'unnamed', arguments: {} };
  const input = given ?? {};
  if (type === 'tool_use') return { type, id, name, input };
  const own = providerMetadata === undefined ? {} : { providerOptions: providerMetadata };
  return { type, toolCallId: id, toolName: name, input, ...own };
}

/** Members in which servers of chats tell their reasoning, and want it back. */
const CHAT_MEMBERS = ['reasoning_content', 'reasoning', 'reasoning_details'];

function chatTurn(message: Members, plain: ChatMessage): ChatMessage {
  const told = CHAT_MEMBERS.filter((name) => {
    const value = message[name];
    return typeof value === 'string' ? value !== '' : Array.isArray(value) && value.length > 0;
  });
  const own = Object.fromEntries(told.map((name) => [name, message[name]]));
  const { content } = message;
  const parts = list(content).some((part) => REASONING.has(record(part)['type']));
  const given = list(message['tool_calls']).map((call) => record(call));
  const extra = given.some((call) => call['extra_content'] !== undefined);
  if (told.length === 0 && !parts && !extra) return plain;
  const { toolCalls = [], ...rest } = { ...plain, ...own, ...(parts ? { content } : {}) } as ChatMessage;
  if (!extra) return { ...rest, toolCalls };
  // Gemini signs each call: in the protocol's own words, as ours have no place for that
  const calls = (toolCalls as readonly ToolCall[]).map(({ id, name, argumentsText }, i) => ({
    id,
    type: 'function',
    function: { name, arguments: argumentsText },
    ...(given[i]?.['extra_content'] === undefined ? {} : { extra_content: given[i]['extra_content'] }),
  }));
  return { ...rest, tool_calls: calls };
}
