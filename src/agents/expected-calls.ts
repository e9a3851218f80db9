import { toolCallsOf, type GivenToolCall } from '../client/given-tool-calls.js';
import { InputError } from '../errors.js';
import { show } from '../foundation/options.js';

/**
 * A tool call that a case expects: its name alone (whatever its arguments are), or a call in any shape that a target may
 * return. One without `arguments` is met by any arguments.
 */
export type GivenExpectedCall = string | GivenToolCall;

/**
 * The calls that a case expects: a list (messages of a chat are taken, too: the calls that stand in them), or several lists
 * of which any will do.
 */
export type ExpectedCalls =
  | readonly (GivenExpectedCall | Readonly<Record<string, unknown>>)[]
  | {
      /** Lists of calls; the one that is met best counts. */
      readonly anyOf: readonly (readonly (GivenExpectedCall | Readonly<Record<string, unknown>>)[])[];
    };

/** An expected call, read. */
export interface ExpectedCall {
  readonly name: string;
  /** `undefined`: any will do. */
  readonly arguments: unknown;
}

/**
 * The lists of calls of which any will do; `undefined` when the case expects nothing.
 *
 * @throws InputError `ASSAY_INVALID_CASE` for what is no list of calls.
 */
export function readExpectedCalls(
  given: unknown,
  place: string,
): readonly (readonly ExpectedCall[])[] | undefined {
  if (given === undefined || given === null) return undefined;
  if (Array.isArray(given)) return [readList(given, place)];
  const anyOf: unknown = typeof given === 'object' ? (given as { anyOf?: unknown }).anyOf : undefined;
  if (!Array.isArray(anyOf) || anyOf.length === 0 || !anyOf.every(Array.isArray))
    throw wrong(place, 'a list of tool calls, or { anyOf } with several', given);
  return anyOf.map((each: readonly unknown[]) => readList(each, place));
}

function readList(given: readonly unknown[], place: string): readonly ExpectedCall[] {
  return given.flatMap((each): readonly ExpectedCall[] => {
    if (typeof each === 'string' && each !== '') return [{ name: each, arguments: undefined }];
    if (typeof each !== 'object' || each === null || Array.isArray(each))
      throw wrong(place, 'to hold tool calls', each);
    const { role, toolCalls, tool_calls: wireCalls } = each as Readonly<Record<string, unknown>>;
    if (typeof role !== 'string') return [readCall(each, place)];
    const calls = toolCalls ?? wireCalls ?? [];
    if (!Array.isArray(calls)) throw wrong(place, 'to hold messages with lists of tool calls', calls);
    return calls.map((call: unknown) => readCall(call, place));
  });
}

function readCall(given: unknown, place: string): ExpectedCall {
  const [call] = toolCallsOf([given as GivenToolCall]);
  if (call === undefined || call.name === '') throw wrong(place, 'to hold tool calls with a name', given);
  if (call.invalid === true)
    throw wrong(place, `to hold an object of arguments for ${call.name}`, call.argumentsText);
  const fn = (given as { function?: unknown }).function ?? given;
  const told = ['arguments', 'argumentsText', 'input', 'args'].some(
    (member) => (fn as Readonly<Record<string, unknown>>)[member] !== undefined,
  );
  return { name: call.name, arguments: told ? call.arguments : undefined };
}

const wrong = (place: string, what: string, got: unknown): InputError =>
  new InputError(
    'ASSAY_INVALID_CASE',
    `Expected \`${place}\` of the case ${what.startsWith('to ') ? what : `to be ${what}`}, got ${show(got)}`,
  );
