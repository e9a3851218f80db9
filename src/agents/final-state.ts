import type { AnyOutputScorer } from '../evaluation/evaluation-types.js';
import { boolean, checkOptions, number, oneOf, type OptionCheck } from '../foundation/options.js';
import { valueAt } from '../foundation/value-at.js';
import { conventionText } from '../scorers/define-scorer.js';
import { compareJson } from '../scorers/json/json-difference.js';
import { atPlace, placeInCase, type PlaceInCase } from '../scorers/place-in-case.js';
import { responseScorer } from '../scorers/response-scorer.js';

/** Where in an answer a state stands: `output` or `metadata`, or a member of it. */
export type PlaceInAnswer = 'output' | 'metadata' | `output.${string}` | `metadata.${string}`;

/** Options of {@link finalState}. */
export interface FinalStateOptions {
  /** Where in the case the expected state stands. @default 'expected' */
  readonly expected?: PlaceInCase | undefined;
  /** Where in the answer the state stands. @default 'metadata.state', where `runTools` puts it */
  readonly state?: PlaceInAnswer | undefined;
  /** `exact`: 1 or 0. `partial`: the share of leaves that agree, of all that either side has. @default 'exact' */
  readonly measure?: 'exact' | 'partial' | undefined;
  /** Whether members that only the state has are ignored: the case then says what matters. @default false */
  readonly ignoreExtra?: boolean | undefined;
  /** Largest difference between two numbers that counts as equal, >= 0. @default 0 */
  readonly numberTolerance?: number | undefined;
}

const LISTED = 20;

const placeInAnswer: OptionCheck = (value) =>
  typeof value === 'string' && /^(?:output|metadata)(?:\.[^.]+)*$/.test(value)
    ? undefined
    : "a place in the answer such as 'output' or 'metadata.state'";

/**
 * Scores what an agent has done by the state that it leaves behind, whichever way it went: rows of a database, a basket, a
 * calendar. Compared by structure and with types, as `jsonMatch` compares. Unscored where the case expects no state, and
 * where the answer tells none.
 *
 * @example
 * finalState({ expected: 'expected.basket', state: 'metadata.state.basket', ignoreExtra: true })
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function finalState(options: FinalStateOptions = {}): AnyOutputScorer {
  const checked = checkOptions<FinalStateOptions>('finalState', options, {
    expected: placeInCase,
    state: placeInAnswer,
    measure: oneOf('exact', 'partial'),
    ignoreExtra: boolean,
    numberTolerance: number(0),
  });
  const { expected: place = 'expected', state = 'metadata.state', measure = 'exact' } = checked;
  const { ignoreExtra = false, numberTolerance = 0 } = checked;
  const path = state.split('.');
  const convention = conventionText('final-state', {
    expected: place,
    state,
    measure,
    ignoreExtra,
    tolerance: numberTolerance,
  });
  return responseScorer({ convention, version: '1' }, (args) => {
    const wanted = atPlace(args, place);
    if (wanted === undefined)
      return { score: null, reason: `the case expects no state: it has no \`${place}\`` };
    const { metadata } = args.response;
    const found = valueAt({ output: args.output, metadata }, path);
    if (found === undefined)
      return { score: null, reason: `the answer tells no state: it has no \`${state}\`` };
    const { same, total, differences } = compareJson(found, wanted, {
      ignoreExtra,
      numberTolerance,
      listAtMost: LISTED,
    });
    const [first] = differences;
    if (first === undefined) return { score: 1, metadata: { same, total } };
    const findings = differences.map(
      ({ path: at, kind }) => `${at === '' ? 'the whole state' : at} is ${kind}`,
    );
    return {
      score: measure === 'exact' ? 0 : same / total,
      reason: findings.length === 1 ? findings[0] : `${findings[0]}, and more differ`,
      evidence: findings,
      metadata: { same, total, differences },
    };
  });
}
