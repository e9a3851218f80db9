import type { EvidencePlace } from '../../evaluation/evaluation-types.js';
import type { Stretch } from './paragraphs.js';

/** What was read out of an answer, by which rule, and where it stands. */
export interface Found<Value> {
  readonly value: Value;
  /** The rule that found it. */
  readonly tier: string;
  /** Where it stands in the text that was read. */
  readonly start: number;
  readonly end: number;
}

/** Why nothing was read. */
export interface NotFound {
  readonly reason: string;
}

/** The outcome of reading an answer. */
export type Reading<Value> = Found<Value> | NotFound;

/** Whether something was found. */
export const isFound = <Value>(reading: Reading<Value>): reading is Found<Value> => 'tier' in reading;

/** What is said of one place: a value, several at once, expressly none, or nothing that can be read. */
export type PlaceReading<Value> =
  | { readonly kind: 'value'; readonly value: Value; readonly start: number; readonly end: number }
  | { readonly kind: 'none'; readonly reason?: NotFound }
  | { readonly kind: 'several' | 'unreadable' };

/** A place that cannot be read; another one may decide. */
export const UNREADABLE = Object.freeze({ kind: 'unreadable' }) satisfies PlaceReading<never>;
/** A place that holds several values: nothing is decided. */
export const SEVERAL = Object.freeze({ kind: 'several' }) satisfies PlaceReading<never>;
/** A place that says that there is no answer. */
export const NONE = Object.freeze({ kind: 'none' }) satisfies PlaceReading<never>;

const LONGEST_PASSAGE = 200;

/** A place for the `evidence` of a score; of a long passage only the beginning is repeated. */
export function evidenceOf(output: string, { start, end }: Stretch): EvidencePlace {
  const passage = output.slice(start, end);
  return {
    text: passage.length > LONGEST_PASSAGE ? `${passage.slice(0, LONGEST_PASSAGE - 1)}…` : passage,
    start,
    end,
  };
}
