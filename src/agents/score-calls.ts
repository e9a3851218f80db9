import type { ToolCall } from '../client/tool-call.js';
import type { AnyOutputScorer, Score, ScorerArguments } from '../evaluation/evaluation-types.js';
import { conventionText } from '../scorers/define-scorer.js';
import { responseScorer } from '../scorers/response-scorer.js';
import { oneOf, text, type OptionChecks } from '../foundation/options.js';
import { atPlace, placeInCase, type PlaceInCase } from '../scorers/place-in-case.js';
import {
  argumentsCheck,
  argumentsConvention,
  callAgreement,
  readArgumentRules,
  type ArgumentRule,
  type ArgumentRules,
  type CallAgreement,
  type CheckedRules,
} from './compare-arguments.js';
import { readExpectedCalls, type ExpectedCall } from './expected-calls.js';
import { matchCalls, type CallMatch, type CallMatching } from './match-calls.js';

/** What scorers of tool calls have in common. */
export interface CallScorerOptions {
  /** How arguments are compared: one rule for all tools, or rules by tool. @default 'equal' */
  readonly arguments?: ArgumentRule | ArgumentRules | undefined;
  /** Names functions among `arguments` in the convention; change it with what they do. @default 'custom' */
  readonly argumentsName?: string | undefined;
  /** `exact`: 1 when the rule is kept, else 0. `partial`: how far it is kept, 0 to 1. @default 'exact' */
  readonly measure?: 'exact' | 'partial' | undefined;
  /** Where in the case the expected calls stand ({@link ExpectedCalls}). @default 'expected' */
  readonly expected?: PlaceInCase | undefined;
}

/** Checks for {@link CallScorerOptions}. */
export const callScorerChecks: OptionChecks<CallScorerOptions> = {
  arguments: argumentsCheck,
  argumentsName: text,
  measure: oneOf('exact', 'partial'),
  expected: placeInCase,
};

/** What a scorer of calls is made of. */
export interface CallScorerParts {
  readonly name: string;
  readonly match: CallMatch;
  /** The calls that were made, or why they are not known. */
  readonly callsOf: (
    args: ScorerArguments<unknown, unknown, unknown, unknown>,
  ) => readonly ToolCall[] | { readonly reason: string };
}

const SHOWN = 20;
const SHOWN_CHARACTERS = 200;

/** A scorer that lays the calls of an answer beside those that the case expects. Its options are checked already. */
export function callScorer(
  options: CallScorerOptions,
  { name, match, callsOf }: CallScorerParts,
): AnyOutputScorer {
  const rules = readArgumentRules(name, options.arguments);
  const { measure = 'exact', expected: place = 'expected', argumentsName } = options;
  const convention = conventionText(name, {
    match,
    arguments: argumentsConvention(rules),
    argumentsName,
    measure,
    expected: place,
  });
  return responseScorer({ convention, version: '1' }, (args) => {
    const expected = readExpectedCalls(atPlace(args, place), place);
    if (expected === undefined)
      return { score: null, reason: `the case expects no calls: it has no \`${place}\`` };
    const actual = callsOf(args);
    if ('reason' in actual) return { score: null, reason: actual.reason };
    const tried = expected.map((calls) => compareCalls(calls, actual, { match, rules }));
    const best = tried.reduce((a, b) => (b.matching.score > a.matching.score ? b : a));
    return scoreOf(best, measure);
  });
}

interface Compared {
  readonly expected: readonly ExpectedCall[];
  readonly actual: readonly ToolCall[];
  readonly match: CallMatch;
  readonly agreements: readonly (readonly CallAgreement[])[];
  readonly matching: CallMatching;
}

function compareCalls(
  expected: readonly ExpectedCall[],
  actual: readonly ToolCall[],
  { match, rules }: { readonly match: CallMatch; readonly rules: CheckedRules },
): Compared {
  const agreements = expected.map((wanted) => actual.map((made) => callAgreement(wanted, made, rules)));
  const worth = agreements.map((row) => row.map((each) => each.worth));
  return {
    expected,
    actual,
    match,
    agreements,
    matching: matchCalls(worth, { actual: actual.length, match }),
  };
}

function scoreOf(compared: Compared, measure: 'exact' | 'partial'): Score {
  const { expected, actual, matching } = compared;
  const kept = matching.score === 1;
  const matched = matching.pairs.filter(({ worth }) => worth === 1).length;
  const metadata = {
    expected: expected.length,
    actual: actual.length,
    matched,
    different: matching.pairs.length - matched,
    missing: matching.missing.length,
    extra: matching.extra.length,
  };
  if (kept) return { score: 1, metadata };
  const findings = findingsOf(compared);
  return {
    score: measure === 'exact' ? 0 : matching.score,
    reason: findings.length > 1 ? `${findings[0]}, and ${findings.length - 1} more` : findings[0],
    evidence: findings.slice(0, SHOWN),
    metadata,
  };
}

/** What breaks the rule, in the order of the expected calls, then of those that were made. */
function findingsOf({ expected, actual, match, agreements, matching }: Compared): string[] {
  const findings: string[] = [];
  for (const { expected: e, actual: a, worth } of matching.pairs) {
    if (worth === 1) continue;
    const [wanted, made] = [expected[e]!, actual[a]!];
    const at = agreements[e]![a]!.differsAt;
    const where = at === undefined || at === '' ? '' : `, which differs at ${at}`;
    findings.push(`different: ${callText(made)} for ${callText(wanted)}${where}`);
  }
  if (match !== 'only') for (const e of matching.missing) findings.push(`missing: ${callText(expected[e]!)}`);
  if (match !== 'in-order' && match !== 'includes')
    for (const a of matching.extra) findings.push(`extra: ${callText(actual[a]!)}`);
  return findings;
}

function callText(call: ExpectedCall | ToolCall): string {
  const given = 'argumentsText' in call ? call.argumentsText : call.arguments;
  const args = typeof given === 'string' ? given : given === undefined ? '…' : JSON.stringify(given);
  return `${call.name}(${args.length > SHOWN_CHARACTERS ? `${args.slice(0, SHOWN_CHARACTERS)}…` : args})`;
}
