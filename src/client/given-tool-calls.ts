import { readToolCalls } from './protocols/conversation.js';
import type { ToolCall } from './tool-call.js';

/** A tool call as a host gives it: the {@link ToolCall} of a response, or as much of it as there is. */
export interface GivenToolCall {
  /** Id of the call. @default its number, as `call_0` */
  readonly id?: string | undefined;
  /** Name of the tool. */
  readonly name?: string | undefined;
  /** The arguments: an object, or the JSON of one. */
  readonly arguments?: unknown;
  /** The arguments as text; wins over `arguments`. */
  readonly argumentsText?: string | undefined;
  /** Members of a call in another shape: that of OpenAI's chats, or of the AI SDK. */
  readonly [member: string]: unknown;
}

/** Tool calls of a host in the one shape that scorers see. */
export function toolCallsOf(given: readonly GivenToolCall[]): readonly ToolCall[] {
  return readToolCalls(given);
}
