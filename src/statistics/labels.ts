import { AssayError } from '../errors.js';
import { show, type OptionCheck } from '../foundation/options.js';

/** A class, category or verdict. */
export type Label = string | number | boolean;

/**
 * Throws for anything that is no label. A missing rating must not pass as one more category.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT`
 */
export function checkLabel(label: unknown): void {
  const kind = typeof label;
  if (kind === 'string' || kind === 'boolean' || (kind === 'number' && !Number.isNaN(label))) return;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected text, a number or a boolean as a label, got ${show(label)}`,
  );
}

/** Position of each label: of the given ones in their order, else of all that occur, sorted. */
export function labelIndex(
  occurring: readonly (readonly Label[])[],
  given: readonly Label[] | undefined,
): ReadonlyMap<Label, number> {
  for (const list of occurring) list.forEach(checkLabel);
  const labels = given ?? [...new Set(occurring.flat())].sort(compareLabels);
  const index = new Map(labels.map((label, i) => [label, i]));
  if (index.size !== labels.length) {
    throw new AssayError('ASSAY_INVALID_OPTION', 'Expected `labels` to name each label once');
  }
  return index;
}

/** Check of an option that lists labels. */
export const labelsCheck: OptionCheck = (value) => (Array.isArray(value) ? undefined : 'an array of labels');

/** The position of `label`, which must be known. */
export function positionOf(index: ReadonlyMap<Label, number>, label: Label): number {
  const position = index.get(label);
  if (position === undefined) {
    throw new AssayError('ASSAY_INVALID_INPUT', `Expected one of the given labels, got ${show(label)}`);
  }
  return position;
}

function compareLabels(a: Label, b: Label): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [`${typeof a} ${String(a)}`, `${typeof b} ${String(b)}`];
  return left < right ? -1 : left > right ? 1 : 0;
}
