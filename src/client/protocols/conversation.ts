import type { ChatMessage, ModelInput } from '../model-client.js';
import { toolCallOf } from './read-tool-call.js';
import type { ToolCall, ToolDefinition } from '../tool-call.js';
import { cannotCarry } from './carry.js';
import { list, messagesOf, record, textField } from './protocol.js';

/** A message with what it says of tools taken out of it, whichever shape that came in. */
export interface Turn {
  readonly role: string;
  /** As it came: a text, parts, or nothing (of a message that only calls tools). */
  readonly content: string | readonly unknown[] | null | undefined;
  /** Calls that the assistant made. */
  readonly toolCalls: readonly ToolCall[];
  /** The call that a message of role `tool` answers; empty when it names none. */
  readonly toolCallId: string;
  /** The tool that a message of role `tool` comes from; empty when neither it nor a call before tells. */
  readonly toolName: string;
  /** The message as it came. */
  readonly given: ChatMessage;
  /** Its members that are none of those above. */
  readonly rest: Readonly<Record<string, unknown>>;
}

/** Whether a message says nothing but a text, so that every protocol takes it as it is. */
export function isPlain(message: ChatMessage): boolean {
  return (
    typeof message.content === 'string' &&
    message.role !== 'tool' &&
    message.toolCalls === undefined &&
    message['tool_calls'] === undefined
  );
}

/** Reads the messages of an input, with our own names for what belongs to tools or with those of OpenAI and Ollama. */
export function turnsOf(input: ModelInput): readonly Turn[] {
  const names = new Map<string, string>();
  return messagesOf(input).map((message) => {
    const { role, content, toolCalls, tool_calls: wireCalls, ...others } = message;
    const { toolCallId, tool_call_id: wireId, toolName, tool_name: wireName, ...rest } = others;
    const calls = readToolCalls(list(toolCalls ?? wireCalls));
    for (const call of calls) names.set(call.id, call.name);
    const id = [toolCallId, wireId].find((each) => typeof each === 'string') ?? '';
    const named = [toolName, wireName, rest['name']].find((each) => typeof each === 'string');
    return {
      role,
      content: content as Turn['content'],
      toolCalls: calls,
      toolCallId: id as string,
      toolName: (named as string | undefined) ?? names.get(id as string) ?? '',
      given: message,
      rest,
    };
  });
}

/** Calls in our shape, in OpenAI's, in Ollama's or in that of the AI SDK. */
export function readToolCalls(given: readonly unknown[]): readonly ToolCall[] {
  return given.map((each, index) => {
    const call = record(each);
    const fn = call['function'] === undefined ? call : record(call['function']);
    const args = textField(fn, 'argumentsText') ?? fn['arguments'] ?? fn['input'] ?? fn['args'];
    return toolCallOf(index, {
      id: call['id'] ?? call['toolCallId'],
      name: fn['name'] ?? fn['toolName'],
      given: args,
    });
  });
}

/** A tool in our shape, read from it or from that of any of the protocols; `undefined` for what only the server knows. */
export function readTool(given: unknown): ToolDefinition | undefined {
  const { type = 'function', function: nested, ...own } = record(given);
  if (type !== 'function' && type !== 'custom') return undefined;
  const tool = nested === undefined ? own : record(nested);
  const name = textField(tool, 'name');
  if (name === undefined || (type === 'custom' && tool['input_schema'] === undefined)) return undefined;
  const schema = tool['parameters'] ?? tool['inputSchema'] ?? tool['input_schema'];
  return {
    name,
    description: textField(tool, 'description'),
    parameters:
      typeof schema === 'object' && schema !== null ? (schema as ToolDefinition['parameters']) : undefined,
    strict: typeof tool['strict'] === 'boolean' ? tool['strict'] : undefined,
  };
}

/** The tools of a call in the shape that `write` gives them; one that is in the server's own shape already is left alone. */
export function writeTools(
  tools: readonly unknown[] | undefined,
  {
    isOwn,
    write,
  }: {
    readonly isOwn: (tool: Readonly<Record<string, unknown>>) => boolean;
    readonly write: (tool: ToolDefinition) => unknown;
  },
): readonly unknown[] | undefined {
  return tools?.map((given) => {
    const tool = isOwn(record(given)) ? undefined : readTool(given);
    return tool === undefined ? given : write(tool);
  });
}

/** Schema of a tool that takes no arguments. */
export const NO_ARGUMENTS = Object.freeze({ type: 'object', properties: {} });

/** Refuses what a protocol of plain prompts would leave out in silence. */
export function refuseTools(
  protocol: string,
  { turns, tools }: { readonly turns: readonly Turn[]; readonly tools: readonly unknown[] | undefined },
): void {
  if (tools !== undefined && tools.length > 0) throw cannotCarry(protocol, 'tools');
  if (turns.some(({ role, toolCalls }) => role === 'tool' || toolCalls.length > 0))
    throw cannotCarry(protocol, 'tool messages');
}
