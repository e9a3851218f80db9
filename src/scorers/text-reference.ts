import { AssayError } from '../errors.js';
import type { Score } from '../evaluation/evaluation-types.js';
import { show } from '../foundation/options.js';

/**
 * What a text scorer takes as `expected`: one accepted answer, or several of which any will do. Numbers are
 * compared by their text. Without one the dimension is unscored.
 */
export type TextReference = string | number | readonly (string | number)[] | null | undefined;

/** The score of a case that has nothing to compare with. */
export const NO_REFERENCE: Score = Object.freeze({
  score: null,
  reason: 'the case has no expected answer',
});

/**
 * The accepted answers as texts; `undefined` when there are none.
 *
 * @throws AssayError `ASSAY_INVALID_CASE` when `expected` is anything but text, a number or a list of these.
 */
export function acceptedTexts(expected: TextReference): readonly string[] | undefined {
  if (typeof expected === 'string') return [expected];
  if (expected === undefined || expected === null) return undefined;
  if (!Array.isArray(expected)) return [textOf(expected)];
  return expected.length === 0 ? undefined : expected.map(textOf);
}

/**
 * Throws unless there is something to compare with, the best over no references being undefined, and unless it is a
 * list: the letters of a single text would count as references.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT`
 */
export function checkReferences(references: readonly string[]): void {
  checkTexts('the references', references);
  if (references.length > 0) return;
  throw new AssayError('ASSAY_INVALID_INPUT', 'Expected at least one reference, got none');
}

/**
 * Throws unless `texts` is a list of texts.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT`
 */
export function checkTexts(what: string, texts: readonly string[]): void {
  if (Array.isArray(texts)) return texts.forEach((text) => checkText(`each of ${what}`, text));
  throw new AssayError('ASSAY_INVALID_INPUT', `Expected ${what} to be a list of texts, got ${show(texts)}`);
}

/**
 * Throws unless `text` is one.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT`
 */
export function checkText(what: string, text: string): void {
  if (typeof text === 'string') return;
  throw new AssayError('ASSAY_INVALID_INPUT', `Expected ${what} to be a text, got ${show(text)}`);
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Number.isFinite(value)) return String(value);
  throw new AssayError(
    'ASSAY_INVALID_CASE',
    `Expected \`expected\` to be a text or a list of texts, got ${show(value)}`,
  );
}
