import type { CutText, ShownMessage, ShownToolCall } from '../page/case-data.js';
import { cutText } from './cut-text.js';
import { count } from '../foundation/counted.js';

/** Longer texts without a space that hold bytes are named by their size. */
const LONGEST_DATA = 256;

/** Any value as text: a text as it is, everything else as indented JSON in which bytes are named by their size. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value, shortData, 2) ?? String(value);
  } catch {
    return String(value); // it contains itself, or throws when it is read
  }
}

/** The same, cut; `undefined` and `null`: nothing to show. */
export const shownValue = (value: unknown, limit: number): CutText | null =>
  value === undefined || value === null ? null : cutText(valueText(value), limit);

function shortData(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Uint8Array) return `(${value.length} bytes)`;
  return typeof value === 'string' && isData(value) ? dataName(value) : value;
}

const isData = (text: string): boolean =>
  text.length > LONGEST_DATA && /^(?:data:[\w/+.;=-]*,|[A-Za-z0-9+/]{256})/.test(text.slice(0, 1024));

const dataName = (text: string): string =>
  `${/^data:[\w/+.-]*/.exec(text)?.[0] ?? 'data'}, ${count(text.length)} characters`;

/** What a target got, as the messages of a chat where it is one. */
export function shownMessages(input: unknown, limit: number): ShownMessage[] {
  const given: unknown = Array.isArray(input) ? input : (input as { messages?: unknown } | null)?.messages;
  if (!Array.isArray(given) || !given.every(isMessage))
    return [{ role: '', content: cutText(valueText(input), limit), toolCalls: [] }];
  return given.map(({ role, content, toolCalls }) => ({
    role,
    content: cutText(contentText(content), limit),
    toolCalls: Array.isArray(toolCalls) ? shownToolCalls(toolCalls, limit) : [],
  }));
}

interface Message {
  readonly role: string;
  readonly content?: unknown;
  readonly toolCalls?: unknown;
}

const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && typeof (value as Partial<Message>).role === 'string';

function contentText(content: unknown): string {
  if (content === undefined || content === null) return '';
  if (!Array.isArray(content)) return valueText(content);
  return content.map(partText).join('\n');
}

/** Text of a part; what is no text is named by its kind, and nothing is ever loaded from where it points. */
function partText(part: unknown): string {
  if (typeof part !== 'object' || part === null) return valueText(part);
  const { type, text, data, mediaType, filename } = part as Readonly<Record<string, unknown>>;
  if (typeof text === 'string') return text;
  if (type !== 'image' && type !== 'audio' && type !== 'file') return valueText(part);
  const size =
    data instanceof Uint8Array
      ? `${count(data.length)} bytes`
      : data instanceof URL
        ? data.href
        : typeof data === 'string' && isData(data)
          ? dataName(data)
          : valueText(data ?? null);
  return `[${[type, mediaType, filename].filter((each) => typeof each === 'string').join(' ')}: ${size}]`;
}

/** Tool calls as the package gives them. */
export function shownToolCalls(calls: readonly unknown[], limit: number): ShownToolCall[] {
  return calls.map((call) => {
    const {
      name,
      arguments: given,
      argumentsText,
      invalid,
    } = (call ?? {}) as Readonly<Record<string, unknown>>;
    const text = given === null || given === undefined ? (argumentsText ?? '') : given;
    return {
      name: typeof name === 'string' ? name : valueText(call),
      arguments: cutText(valueText(text), limit),
      invalid: invalid === true,
    };
  });
}
