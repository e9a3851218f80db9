import { AssayError } from '../errors.js';
import { show } from '../foundation/options.js';

/** A class, category or verdict. */
export type Label = string | number | boolean;

/** Position of each label: of the given ones in their order, else of all that occur, sorted. */
export function labelIndex(
  occurring: readonly (readonly Label[])[],
  given: readonly Label[] | undefined,
): ReadonlyMap<Label, number> {
  const labels = given ?? [...new Set(occurring.flat())].sort(compareLabels);
  const index = new Map(labels.map((label, i) => [label, i]));
  if (index.size !== labels.length) {
    throw new AssayError('ASSAY_INVALID_OPTION', 'Expected `labels` to name each label once');
  }
  return index;
}

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
