import { parseDecimal } from '../foundation/decimal.js';
import { AssayError } from '../errors.js';
import type { Score, Scorer } from '../evaluation/evaluation-types.js';
import {
  checkOptions,
  either,
  number as numberCheck,
  oneOf,
  show,
  type OptionCheck,
} from '../foundation/options.js';
import { conventionText, defineScorer } from './define-scorer.js';
import { noMatch, noMatchPolicy, type NoMatchPolicy } from './no-match.js';
import { boxedNumber, lastNumber, numberAfter } from './number-conventions.js';
import { readAnswer, type AnswerRead } from './reading/read-answer.js';
import {
  formatRational,
  sameRational,
  timesPowerOfTen,
  wholeRational,
  withinTolerance,
  type Rational,
} from './reading/rational.js';
import type { ReadRational } from './reading/number-token.js';
import { plainNumber, readNumber } from './reading/read-number.js';
import { isFound } from './reading/reading.js';
import type { DecimalMark } from './reading/written-digits.js';
import { acceptedTexts, NO_REFERENCE, type TextReference } from './text-reference.js';
import { reasoningHandling } from '../foundation/reasoning-trace.js';
import type { ReasoningOptions } from './visible-output.js';

/** Options of {@link number}. */
export interface NumberOptions extends ReasoningOptions {
  /**
   * Where the answer's number stands.
   * - `reading`: where a careful person would look: the text is the number, or an answer is announced, or it is the
   *   last one of the last sentence that has any.
   * - `last`: the last number of the text, as version 1 of this package took it: fractions are none.
   * - `boxed`: the one number inside the last `\boxed{…}`, if it is no part of an expression (`2\pi`, `\sqrt{3}`).
   * - `{ marker }`: the first number after the last place where the marker stands, on the same line. A marker that
   *   must begin a line is a pattern: `{ marker: /^A:/m }`.
   * - `whole`: the text is the number and nothing else.
   * @default 'reading'
   */
  readonly convention?:
    | 'reading'
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
  /**
   * Which sign parts a whole from its fraction where a number alone does not tell, as in `1,234` and `1.234`: `auto`
   * goes by the expected number, then by other numbers of the answer, else takes the comma as grouping and the point
   * as the fraction's. `12,5` and `1.234,56` need no such help.
   * @default 'auto'
   */
  readonly decimal?: DecimalMark | undefined;
  /** What a percent sign means: `drop` reads `33 %` as 33, `share` as 0.33; on both sides. @default 'drop' */
  readonly percent?: 'drop' | 'share' | undefined;
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
 * Numbers are compared exactly, as rationals: 18, 18.0 and $18.00 are equal, so are 1/2, `\frac{1}{2}`, ½ and 0.5, and
 * nothing is rounded. Read are grouping (`1,450,000`, `14,50,000`, `18 000`, `1{,}234`), decimal commas, mixed numbers
 * (`3 1/2`), powers of ten (`2.5 × 10^3`), every kind of minus and the digits of all scripts; currency and units stand
 * apart (`25 cm^2` is 25). An expression (`2\pi`, `\sqrt{3}`, `x + 1`), a ratio, a range or several numbers in the
 * answer's place are none. The number that was found is the `label` of the result, as a decimal or else as a fraction in
 * lowest terms; `metadata.tier` names the rule that found it and `evidence` the place.
 *
 * `expected` is read by the same rules. Unscored when the case has none; errored (`ASSAY_INVALID_CASE`) when it is no
 * number.
 *
 * @example GSM8K
 * number({ convention: { marker: /^A:/m }, expectedMarker: '####', noMatch: 'wrong' })
 */
export function number(options: NumberOptions = {}): Scorer<unknown, TextReference> {
  const checked = checkOptions('number', options, {
    convention: either(oneOf('reading', 'last', 'boxed', 'whole'), markerConvention),
    expectedMarker: marker,
    decimal: oneOf('auto', 'point', 'comma'),
    percent: oneOf('drop', 'share'),
    absoluteTolerance: numberCheck(0),
    relativeTolerance: numberCheck(0),
    noMatch: noMatchPolicy,
    reasoning: reasoningHandling,
  });
  const where = checked.convention ?? 'reading';
  const policy = checked.noMatch ?? 'unscored';
  const decimal = checked.decimal ?? 'auto';
  const asShare = checked.percent === 'share';
  const absolute = parseDecimal(String(checked.absoluteTolerance ?? 0))!;
  const relative = parseDecimal(String(checked.relativeTolerance ?? 0))!;
  const exact = absolute.digits === '0' && relative.digits === '0';
  const equal = (found: Rational, expected: Rational): boolean =>
    exact ? sameRational(found, expected) : withinTolerance(found, expected, { absolute, relative });
  const convention = conventionText('number', {
    where: typeof where === 'string' ? where : `marker ${markerText(where.marker)}`,
    expected: checked.expectedMarker === undefined ? 'whole' : `marker ${markerText(checked.expectedMarker)}`,
    decimal: decimal === 'auto' ? undefined : decimal,
    percent: asShare ? 'share' : undefined,
    absolute: String(checked.absoluteTolerance ?? 0),
    relative: String(checked.relativeTolerance ?? 0),
    noMatch: policy,
  });
  return defineScorer<unknown, TextReference>(
    { convention, version: '2' },
    ({ output, expected, response }) => {
      const accepted = acceptedTexts(expected);
      if (accepted === undefined) return NO_REFERENCE;
      const wanted = [expected]
        .flat()
        .map((given, i) =>
          typeof given === 'number'
            ? wholeRational(parseDecimal(accepted[i]!)!)
            : expectedNumber(accepted[i]!, { expectedMarker: checked.expectedMarker, decimal, asShare }),
        );
      const mark = decimal === 'auto' ? markOf(accepted) : decimal;
      const read = find(output, { where, mark, cut: response?.finishReason === 'length' });
      if (!isFound(read)) return noMatch(policy, read.reason);
      const value = asShare ? shareOf(read) : read.value;
      const { also }: ReadRational = read.value;
      return {
        score: wanted.some((each) => equal(value, each) || (also !== undefined && equal(also, each))) ? 1 : 0,
        label: formatRational(value),
        metadata: { tier: read.tier },
        evidence: [read.evidence],
      } satisfies Score;
    },
    checked,
  );
}

function find(
  output: string,
  {
    where,
    mark,
    cut,
  }: {
    readonly where: NonNullable<NumberOptions['convention']>;
    readonly mark: DecimalMark;
    readonly cut: boolean;
  },
): AnswerRead<Rational> {
  return readAnswer<Rational>(output, (text) => {
    if (where === 'reading') return readNumber(text, { mark, cut });
    if (where === 'last') return lastNumber(text);
    if (where === 'boxed') return boxedNumber(text, mark);
    if (where !== 'whole') return numberAfter(text, where.marker, mark);
    return plainNumber(text, mark) ?? { reason: 'the answer is not a number and nothing else' };
  });
}

/** How the expected numbers write their fractions, where they do. */
function markOf(accepted: readonly string[]): DecimalMark {
  if (accepted.some((text) => /\d,\d{1,2}(?:\D|$)|\d\.\d{3},\d/.test(text))) return 'comma';
  return accepted.some((text) => /\d\.\d{1,2}(?:\D|$)|\d,\d{3}\.\d/.test(text)) ? 'point' : 'auto';
}

function expectedNumber(
  expected: string,
  {
    expectedMarker,
    decimal,
    asShare,
  }: {
    readonly expectedMarker: string | RegExp | undefined;
    readonly decimal: DecimalMark;
    readonly asShare: boolean;
  },
): Rational {
  const read = readAnswer<Rational>(expected, (text) =>
    expectedMarker === undefined
      ? (plainNumber(text, decimal) ?? { reason: 'it is no number' })
      : numberAfter(text, expectedMarker, decimal),
  );
  if (isFound(read)) return asShare ? shareOf(read) : read.value;
  throw new AssayError(
    'ASSAY_INVALID_CASE',
    `Expected \`expected\` to ${expectedMarker === undefined ? 'be a number' : `hold a number after ${markerText(expectedMarker)}`}, got ${show(expected)}`,
  );
}

type FoundNumber = Extract<AnswerRead<Rational>, { readonly tier: string }>;

const shareOf = ({ value, evidence }: FoundNumber): Rational =>
  /[%٪]|\p{L}$/u.test(evidence.text) ? timesPowerOfTen(value, -2) : value;

const markerText = (value: string | RegExp): string =>
  typeof value === 'string' ? JSON.stringify(value) : String(value);
