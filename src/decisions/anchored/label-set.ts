import { AssayError } from '../../errors.js';
import { show } from '../../foundation/options.js';

/** How the items of a label sheet were drawn. */
export interface LabelDraw {
  /** Names the sheet: the same run, seed and size give the same. */
  readonly sheet: string;
  /** The run that was drawn from. */
  readonly runId: string;
  /** `anchor`: labels that measure the judge; `tune`: labels that it was tuned on, which must not measure it. */
  readonly purpose: 'anchor' | 'tune';
  /** Items that were drawn. */
  readonly n: number;
  /** Items that there were. */
  readonly population: number;
  /** Seed of the draw. */
  readonly seed: number;
}

/** A label that somebody gave. */
export interface GivenLabel {
  /** The case's `id`. */
  readonly caseId: string;
  /** 0-based. */
  readonly repetition: number;
  /** 0..1. */
  readonly label: number;
  /** Chance with which the item was drawn, above 0, at most 1; `null` when it was not recorded. */
  readonly probability: number | null;
}

/** Labels with the record of how their items were drawn. */
export interface LabelSet {
  /** The record; `null` for labels that come without one. */
  readonly draw: LabelDraw | null;
  /** The labels, in the order of the sheet. */
  readonly labels: readonly GivenLabel[];
  /** Items of the sheet that have no label. */
  readonly unlabelled: number;
}

const WORDS: Readonly<Record<string, number>> = {
  true: 1,
  yes: 1,
  y: 1,
  pass: 1,
  passed: 1,
  correct: 1,
  good: 1,
  right: 1,
  false: 0,
  no: 0,
  n: 0,
  fail: 0,
  failed: 0,
  incorrect: 0,
  bad: 0,
  wrong: 0,
};

/**
 * The label that a cell or a field says, on 0..1: a number of the scale, a boolean, or a word such as `yes`, `fail`,
 * `correct`. `null` for an empty one.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for anything else, naming the place.
 */
export function labelOf(
  value: unknown,
  { scale, place }: { readonly scale: readonly [number, number]; readonly place: string },
): number | null {
  if (value === null || value === undefined) return null;
  const text = typeof value === 'string' ? value.trim().toLowerCase() : value;
  if (text === '') return null;
  if (typeof text === 'boolean') return text ? 1 : 0;
  const word = typeof text === 'string' && Object.hasOwn(WORDS, text) ? WORDS[text] : undefined;
  if (word !== undefined) return word;
  const [low, high] = scale;
  const number = Number(text);
  if (typeof text !== 'object' && number >= low && number <= high) return (number - low) / (high - low);
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected the label of ${place} to be a number from ${low} to ${high}, true or false, or a word such as "pass" or "fail", got ${show(value)}`,
  );
}
