import { AssayError } from '../../errors.js';
import type { Scorer } from '../../evaluation/evaluation-types.js';
import { boolean, checkOptions, number, oneOf, show } from '../../foundation/options.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import { compareJson, type JsonDifference } from './json-difference.js';
import { findJson, jsonPlace, type JsonPlace } from './json-extraction.js';
import { NO_REFERENCE } from '../text-reference.js';

/** Options of {@link jsonMatch}. */
export interface JsonMatchOptions {
  /** Where the JSON may stand in the answer. @default 'whole' */
  readonly place?: JsonPlace | undefined;
  /** `exact`: 1 or 0. `partial`: the share of leaves that agree, of all that either side has. @default 'exact' */
  readonly measure?: 'exact' | 'partial' | undefined;
  /** Whether members that only the answer has are ignored. @default false */
  readonly ignoreExtra?: boolean | undefined;
  /** Largest difference between two numbers that counts as equal, >= 0. @default 0 */
  readonly numberTolerance?: number | undefined;
  /** Whether a text in `expected` is JSON to be parsed; else it is a JSON string. @default true */
  readonly parseExpected?: boolean | undefined;
}

const LISTED_DIFFERENCES = 20;

/**
 * Compares the answer's JSON with the expected value by structure and with types: 1 and "1" differ, true and false
 * differ wholly, the order of members does not matter, that of array elements does. An answer that is no JSON scores
 * 0, with the parser's complaint. `metadata` holds the leaves that agree, their total, and the first 20 differences
 * as JSON Pointers. Unscored when the case has no expected answer (`null` is one: give it as the text `null`).
 */
export function jsonMatch(options: JsonMatchOptions = {}): Scorer {
  const checked = checkOptions('jsonMatch', options, {
    place: jsonPlace,
    measure: oneOf('exact', 'partial'),
    ignoreExtra: boolean,
    numberTolerance: number(0),
    parseExpected: boolean,
  });
  const place = checked.place ?? 'whole';
  const measure = checked.measure ?? 'exact';
  const parseExpected = checked.parseExpected ?? true;
  const comparison = {
    ignoreExtra: checked.ignoreExtra ?? false,
    numberTolerance: checked.numberTolerance ?? 0,
    listAtMost: LISTED_DIFFERENCES,
  };
  const convention = conventionText('json-match', {
    place,
    measure,
    ignoreExtra: comparison.ignoreExtra,
    tolerance: comparison.numberTolerance,
    parseExpected,
  });
  return defineScorer(
    convention,
    '1',
    ({ output, expected }) => {
      if (expected === undefined || expected === null) return NO_REFERENCE;
      const wanted = parseExpected && typeof expected === 'string' ? parsed(expected) : expected;
      const found = findJson(output, place);
      if (!found.ok) return { score: 0, reason: found.reason };
      const { same, total, differences } = compareJson(found.value, wanted, comparison);
      if (differences.length === 0) return { score: 1, metadata: { same, total } };
      return {
        score: measure === 'exact' ? 0 : same / total,
        reason: reasonOf(differences),
        metadata: { same, total, differences },
      };
    },
    { takesJson: true },
  );
}

function reasonOf(differences: readonly JsonDifference[]): string {
  const first = differences[0]!;
  const place = first.path === '' ? 'the whole value' : first.path;
  return differences.length === 1
    ? `${place} is ${first.kind}`
    : `${place} is ${first.kind}, and more differ`;
}

function parsed(expected: string): unknown {
  const found = findJson(expected, 'whole');
  if (found.ok) return found.value;
  throw new AssayError(
    'ASSAY_INVALID_CASE',
    `Expected \`expected\` to be JSON, got ${show(expected)}: ${found.reason}`,
  );
}
