import { AssayError, messageOf } from '../../errors.js';
import type { AnyOutputScorer } from '../../evaluation/evaluation-types.js';
import { boolean, checkOptions, number, oneOf, show } from '../../foundation/options.js';
import { parseJson, WrittenNumber } from '../../foundation/lossless-json.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import { compareJson, type JsonDifference } from './json-difference.js';
import {
  findJson,
  jsonEvidence,
  jsonReadingChecks,
  jsonReadingConvention,
  plainFit,
  type JsonReadingOptions,
} from './json-extraction.js';
import { isFound } from '../reading/reading.js';
import { NO_REFERENCE } from '../text-reference.js';
import { reasoningHandling } from '../../foundation/reasoning-trace.js';
import type { ReasoningOptions } from '../visible-output.js';

/** Options of {@link jsonMatch}. */
export interface JsonMatchOptions extends JsonReadingOptions, ReasoningOptions {
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
 * differ wholly, numbers are compared as they were written (12345678901234567890 is not …891, 1.0 is 1), the order of
 * members does not matter, that of array elements does. Of several values in the answer the one with the members that
 * are expected counts, of equals the last. Raw line breaks inside strings are mended, which `metadata.mended` says. An
 * answer that is no JSON scores 0, with the parser's complaint. `metadata` holds the leaves that agree, their total, and the first 20 differences
 * as JSON Pointers; `metadata.tier` says whether the value was the whole answer, stood in a fence
 * (`fenced`) or in the text (`embedded`), and `evidence` where. Unscored when the case has no expected answer (`null` is one: give it as the text `null`).
 */
export function jsonMatch(options: JsonMatchOptions = {}): AnyOutputScorer {
  const checked = checkOptions('jsonMatch', options, {
    ...jsonReadingChecks,
    reasoning: reasoningHandling,
    measure: oneOf('exact', 'partial'),
    ignoreExtra: boolean,
    numberTolerance: number(0),
    parseExpected: boolean,
  });
  const place = checked.place ?? 'auto';
  const measure = checked.measure ?? 'exact';
  const parseExpected = checked.parseExpected ?? true;
  const comparison = {
    ignoreExtra: checked.ignoreExtra ?? false,
    numberTolerance: checked.numberTolerance ?? 0,
    listAtMost: LISTED_DIFFERENCES,
  };
  const convention = conventionText('json-match', {
    ...jsonReadingConvention(checked),
    measure,
    ignoreExtra: comparison.ignoreExtra,
    tolerance: comparison.numberTolerance,
    parseExpected,
  });
  return defineScorer(
    { convention, version: '2' },
    ({ output, expected }) => {
      if (expected === undefined || expected === null) return NO_REFERENCE;
      const wanted = parseExpected && typeof expected === 'string' ? parsed(expected) : expected;
      const found = findJson(output, { ...checked, place, fit: (value) => likeness(value, wanted) });
      if (!isFound(found)) return { score: 0, reason: found.reason };
      const [best] = found.value;
      const { same, total, differences } = compareJson(best.value, wanted, comparison);
      const { evidence, metadata: read } = jsonEvidence(output, best);
      const metadata = { same, total, ...read };
      if (differences.length === 0) return { score: 1, metadata, evidence };
      return {
        evidence,
        score: measure === 'exact' ? 0 : same / total,
        reason: reasonOf(differences),
        metadata: { ...metadata, differences },
      };
    },
    { ...checked, takesJson: true },
  ) as AnyOutputScorer;
}

/** How far a value has the form of the expected one, whatever its leaves are. */
function likeness(value: unknown, wanted: unknown): number {
  if (!isContainer(wanted)) return isContainer(value) ? 0 : 1 + Number(typeof value === typeof wanted);
  if (!isContainer(value) || Array.isArray(value) !== Array.isArray(wanted)) return 0;
  if (Array.isArray(wanted))
    return 1 + plainFit(value) + Number((value as unknown[]).length === wanted.length);
  const keys = Object.keys(wanted);
  const shared = keys.filter((key) => Object.hasOwn(value, key)).length;
  return 1 + (keys.length === 0 ? Number(Object.keys(value).length === 0) : (4 * shared) / keys.length);
}

const isContainer = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !(value instanceof WrittenNumber);

function reasonOf(differences: readonly JsonDifference[]): string {
  const first = differences[0]!;
  const place = first.path === '' ? 'the whole value' : first.path;
  return differences.length === 1
    ? `${place} is ${first.kind}`
    : `${place} is ${first.kind}, and more differ`;
}

function parsed(expected: string): unknown {
  try {
    return parseJson(expected);
  } catch (error) {
    throw new AssayError(
      'ASSAY_INVALID_CASE',
      `Expected \`expected\` to be JSON, got ${show(expected)}: not JSON: ${messageOf(error)}`,
    );
  }
}
