import type { ToolCall } from '../tool-call.js';

/**
 * A call as a server tells it: `given` are its arguments, as text or as an object. Number `index` in the answer names a call
 * that has no id. Nothing at all is a call without arguments; JSON within a JSON string is read, as some servers quote twice.
 */
export function toolCallOf(
  index: number,
  { id, name, given }: { readonly id?: unknown; readonly name?: unknown; readonly given?: unknown },
): ToolCall {
  const call = {
    id: typeof id === 'string' && id !== '' ? id : `call_${index}`,
    name: typeof name === 'string' ? name : '',
  };
  const argumentsText = typeof given === 'string' ? given : given === undefined ? '' : JSON.stringify(given);
  const read = argumentsText.trim() === '' || given === null ? {} : objectIn(argumentsText);
  return read === undefined || call.name === ''
    ? { ...call, arguments: read ?? null, argumentsText, invalid: true }
    : { ...call, arguments: read, argumentsText };
}

function objectIn(text: string, depth = 0): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'string' && depth === 0) return objectIn(value, 1);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
