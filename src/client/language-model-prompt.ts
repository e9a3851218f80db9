import type { ModelInput } from './model-client.js';
import { isPlain, NO_ARGUMENTS, turnsOf, writeTools, type Turn } from './protocols/conversation.js';
import { messagesOf, record } from './protocols/protocol.js';
import { onlyText } from './protocols/prompt.js';
import { knownType, readPart } from './protocols/read-part.js';
import type { ToolDefinition } from './tool-call.js';

/** An input as the prompt of an AI SDK model: system messages are texts there, all others lists of parts. */
export function languageModelPrompt(input: ModelInput): readonly unknown[] {
  const messages = messagesOf(input);
  if (!messages.every(isPlain)) return turnsOf(input).map(promptMessage);
  return messages.map(({ role, content, ...rest }) =>
    isSystem(role)
      ? { ...rest, role: 'system', content }
      : { ...rest, role, content: [{ type: 'text', text: content }] },
  );
}

/** Tools as the SDK has them. */
export function languageModelTools(tools: readonly unknown[] | undefined): readonly unknown[] | undefined {
  return writeTools(tools, {
    isOwn: (tool) => tool['type'] === 'function' && tool['inputSchema'] !== undefined,
    write: sdkTool,
  });
}

function sdkTool({ name, description, parameters }: ToolDefinition): Record<string, unknown> {
  return { type: 'function', name, description, inputSchema: parameters ?? NO_ARGUMENTS };
}

const isSystem = (role: string): boolean => role === 'system' || role === 'developer';

function promptMessage(turn: Turn): Record<string, unknown> {
  const { role, content, toolCalls, toolCallId, toolName, rest } = turn;
  if (isSystem(role))
    return { ...rest, role: 'system', content: onlyText('an AI SDK system message', content) };
  if (role === 'tool' && toolCallId !== '') {
    const output = { type: 'text', value: onlyText('an AI SDK tool message', content) };
    return { ...rest, role, content: [{ type: 'tool-result', toolCallId, toolName, output }] };
  }
  const parts = typeof content === 'string' ? (content === '' ? [] : [content]) : (content ?? []);
  const calls = toolCalls.map(({ id, name, arguments: given }) => ({
    type: 'tool-call',
    toolCallId: id,
    toolName: name,
    input: given ?? {},
  }));
  return { ...rest, role, content: [...parts.map(promptPart), ...calls] };
}

function promptPart(given: unknown): unknown {
  const { type, providerOptions } = record(given);
  if (type === 'text') return given;
  const part = readPart(given);
  if (part === undefined) return given;
  const { kind, text, url, base64, mediaType, filename } = part;
  if (kind === 'text') return { type: 'text', text };
  const data = url === undefined ? base64 : new URL(url);
  const anyImage = kind === 'image' && mediaType === '' ? 'image/*' : mediaType;
  return { type: 'file', data, mediaType: knownType(kind, anyImage), filename, providerOptions };
}
