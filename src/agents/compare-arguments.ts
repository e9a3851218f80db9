import type { ToolCall } from '../client/tool-call.js';
import { AssayError } from '../errors.js';
import { checkOptions, object, show, type OptionCheck } from '../foundation/options.js';
import { compareJson } from '../scorers/json/json-difference.js';
import type { ExpectedCall } from './expected-calls.js';

/** Says whether the arguments of a call that was made will do. */
export type ArgumentMatcher = (
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
) => boolean;

/**
 * How the arguments of one tool are compared: `equal` by structure and with types (1 is 1.0 and is not "1"), `includes` as
 * `equal` but with further members, `ignore` not at all, or by a function.
 */
export type ArgumentRule = 'equal' | 'includes' | 'ignore' | ArgumentMatcher;

/** How arguments are compared. */
export interface ArgumentRules {
  /** Of tools that are not named. @default 'equal' */
  readonly default?: ArgumentRule | undefined;
  /** By name of the tool. */
  readonly tools?: Readonly<Record<string, ArgumentRule>> | undefined;
}

/** {@link ArgumentRules}, checked. */
export interface CheckedRules {
  readonly default: ArgumentRule;
  readonly tools: Readonly<Record<string, ArgumentRule>>;
}

/** How far a call that was made agrees with an expected one. */
export interface CallAgreement {
  /** 1: wholly; 0: another tool. Of the name and the leaves of the arguments the share that agrees. */
  readonly worth: number;
  /** The first place where arguments differ, as a JSON Pointer; absent when none does, or no place is known. */
  readonly differsAt?: string;
}

const NAMED = ['equal', 'includes', 'ignore'];

const ruleCheck: OptionCheck = (value) =>
  NAMED.includes(value as string) || typeof value === 'function'
    ? undefined
    : "'equal', 'includes', 'ignore' or a function";

/** Check of the option `arguments`. */
export const argumentsCheck: OptionCheck = (value) =>
  ruleCheck(value) === undefined || object(value) === undefined
    ? undefined
    : "'equal', 'includes', 'ignore', a function or { default, tools }";

/** The checked option. @throws AssayError `ASSAY_INVALID_OPTION` */
export function readArgumentRules(
  owner: string,
  given: ArgumentRule | ArgumentRules | undefined,
): CheckedRules {
  if (typeof given !== 'object') return { default: given ?? 'equal', tools: {} };
  const { default: fallback = 'equal', tools = {} } = checkOptions(`${owner}.arguments`, given, {
    default: ruleCheck,
    tools: object,
  });
  for (const [name, rule] of Object.entries(tools)) {
    const expected = ruleCheck(rule);
    if (expected === undefined) continue;
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`tools.${name}\` of ${owner}.arguments to be ${expected}, got ${show(rule)}`,
    );
  }
  return { default: fallback, tools: { ...tools } };
}

/** Names the rules in a convention; functions are `custom`, whatever they do. */
export function argumentsConvention({ default: fallback, tools }: CheckedRules): string {
  const nameOf = (rule: ArgumentRule | undefined): string =>
    typeof rule === 'function' ? 'custom' : (rule ?? 'equal');
  const named = Object.entries(tools).sort(([a], [b]) => (a < b ? -1 : 1));
  return [nameOf(fallback), ...named.map(([name, rule]) => `${name}:${nameOf(rule)}`)].join('|');
}

/**
 * How far a call agrees with an expected one: the share of what agrees of the name and the leaves of both sides' arguments.
 * A function's verdict counts as one leaf. Arguments that are no JSON object agree with nothing, unless they are ignored.
 */
export function callAgreement(expected: ExpectedCall, actual: ToolCall, rules: CheckedRules): CallAgreement {
  if (expected.name !== actual.name) return { worth: 0 };
  const rule =
    (Object.hasOwn(rules.tools, actual.name) ? rules.tools[actual.name] : undefined) ?? rules.default;
  if (rule === 'ignore') return { worth: 1 };
  if (actual.invalid === true) return { worth: 1 / 2 };
  if (expected.arguments === undefined) return { worth: 1 };
  if (typeof rule === 'function') {
    const [wanted, got] = [expected.arguments, actual.arguments] as [
      Parameters<ArgumentMatcher>[0],
      Parameters<ArgumentMatcher>[1],
    ];
    return { worth: rule(wanted, got) === true ? 1 : 1 / 2 };
  }
  const { same, total, differences } = compareJson(asJson(actual.arguments), asJson(expected.arguments), {
    ignoreExtra: rule === 'includes',
    numberTolerance: 0,
    listAtMost: 1,
  });
  const [first] = differences;
  return first === undefined ? { worth: 1 } : { worth: (1 + same) / (1 + total), differsAt: first.path };
}

/** Arguments as JSON would carry them: a member that is `undefined` is none, and a number that is none is `null`. */
function asJson(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.some((each) => asJson(each) !== each) ? value.map(asJson) : value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const members = Object.entries(value);
  if (members.every(([, each]) => each !== undefined && asJson(each) === each)) return value;
  return Object.fromEntries(
    members.flatMap(([name, each]) => (each === undefined ? [] : [[name, asJson(each)]])),
  );
}
