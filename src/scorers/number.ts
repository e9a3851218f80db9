import { AssayError } from '../errors.js';
import type { Scorer } from '../evaluation/evaluation-types.js';
import {
  checkOptions,
  either,
  number as numberCheck,
  oneOf,
  show,
  type OptionCheck,
} from '../foundation/options.js';
import {
  formatDecimal,
  parseDecimal,
  sameDecimal,
  toleranceOf,
  withinDistance,
  type Decimal,
} from '../foundation/decimal.js';
import { conventionText, defineScorer } from './define-scorer.js';
import { noMatch, noMatchPolicy, type NoMatchPolicy } from './no-match.js';
import { boxedNumber, lastNumber, numberAfter, wholeNumber, type NumberFound } from './number-extraction.js';
import { acceptedTexts, NO_REFERENCE, type TextReference } from './text-reference.js';

/** Options of {@link number}. */
export interface NumberOptions {
  /**
   * Where the answer's number stands.
   * - `last`: the last number of the text.
   * - `boxed`: the one number inside the last `\boxed{…}`, if it is no part of an expression (`2\pi`, `\sqrt{3}`).
   * - `{ marker }`: the first number after the last place where the marker stands, on the same line. A marker that
   *   must begin a line is a pattern: `{ marker: /^A:/m }`.
   * - `whole`: the text is the number and nothing else.
   * @default 'last'
   */
  readonly convention?:
    | 'last'
    | 'boxed'
    | 'whole'
    | {
        /** What stands before the number: a text that is not empty, or a pattern. */
        readonly marker: string | RegExp;
      }
    | undefined;
  /** The expected number stands after this marker in `expected`, as `####` in GSM8K. @default none: it is the whole */
  readonly expectedMarker?: string | RegExp | undefined;
  /** Largest difference that still counts as equal, >= 0. @default 0 */
  readonly absoluteTolerance?: number | undefined;
  /** The same as a share of the expected number, >= 0. The larger of both counts. @default 0 */
  readonly relativeTolerance?: number | undefined;
  /** What an answer without a number counts as. @default 'unscored' */
  readonly noMatch?: NoMatchPolicy | undefined;
}

const marker: OptionCheck = (value) =>
  value instanceof RegExp || (typeof value === 'string' && value !== '') ? undefined : 'a text or a RegExp';

const markerConvention: OptionCheck = (value) =>
  typeof value === 'object' && value !== null && marker((value as { marker?: unknown }).marker) === undefined
    ? undefined
    : '{ marker: text or RegExp }';

/**
 * 1 when the number in the answer equals the expected one (any one of them when there are several), else 0.
 * Numbers are compared as exact decimals: 18, 18.0 and $18.00 are equal, 0.1 + 0.2 is not an issue, and nothing is
 * rounded. Grouping (`1,450,000`, `14,50,000`) and currency signs are dropped; percent signs and units are not
 * interpreted; a fraction such as `1/5`, `3 1/2` or `3½` is no number. The number that was found is the `label` of the result.
 *
 * Unscored when the case has no expected answer; errored (`ASSAY_INVALID_CASE`) when the expected answer is no
 * number.
 *
 * @example GSM8K
 * number({ convention: { marker: /^A:/m }, expectedMarker: '####', noMatch: 'wrong' })
 */
export function number(options: NumberOptions = {}): Scorer<unknown, TextReference> {
  const checked = checkOptions('number', options, {
    convention: either(oneOf('last', 'boxed', 'whole'), markerConvention),
    expectedMarker: marker,
    absoluteTolerance: numberCheck(0),
    relativeTolerance: numberCheck(0),
    noMatch: noMatchPolicy,
  });
  const where = checked.convention ?? 'last';
  const policy = checked.noMatch ?? 'unscored';
  const absolute = parseDecimal(String(checked.absoluteTolerance ?? 0))!;
  const relative = parseDecimal(String(checked.relativeTolerance ?? 0))!;
  const exact = absolute.digits === '0' && relative.digits === '0';
  const equal = (found: Decimal, expected: Decimal): boolean =>
    exact
      ? sameDecimal(found, expected)
      : withinDistance(found, expected, toleranceOf(expected, absolute, relative));
  const convention = conventionText('number', {
    where: typeof where === 'string' ? where : `marker ${markerText(where.marker)}`,
    expected: checked.expectedMarker === undefined ? 'whole' : `marker ${markerText(checked.expectedMarker)}`,
    absolute: formatDecimal(absolute),
    relative: formatDecimal(relative),
    noMatch: policy,
  });
  return defineScorer(convention, '1', ({ output, expected }) => {
    const accepted = acceptedTexts(expected as TextReference);
    if (accepted === undefined) return NO_REFERENCE;
    const wanted = accepted.map((each) => expectedNumber(each, checked.expectedMarker));
    const found = find(output, where);
    if (!('value' in found)) return noMatch(policy, found.reason);
    const { value } = found;
    return { score: wanted.some((each) => equal(value, each)) ? 1 : 0, label: formatDecimal(value) };
  });
}

function find(output: string, where: NonNullable<NumberOptions['convention']>): NumberFound {
  if (where === 'last') return lastNumber(output);
  if (where === 'boxed') return boxedNumber(output);
  if (where !== 'whole') return numberAfter(output, where.marker);
  const value = wholeNumber(output);
  return value === undefined ? { reason: 'the answer is not a number and nothing else' } : { value };
}

function expectedNumber(expected: string, after: string | RegExp | undefined): Decimal {
  const found = after === undefined ? { value: wholeNumber(expected) } : numberAfter(expected, after);
  const value = 'value' in found ? found.value : undefined;
  if (value !== undefined) return value;
  throw new AssayError(
    'ASSAY_INVALID_CASE',
    `Expected \`expected\` to ${after === undefined ? 'be a number' : `hold a number after ${markerText(after)}`}, got ${show(expected)}`,
  );
}

const markerText = (given: string | RegExp): string =>
  typeof given === 'string' ? JSON.stringify(given) : String(given);
