import { readReference } from '../support/reference.js';

/** One reference case: made-up inputs and the values that independent implementations agree on; its fields depend on its kind. */
export type ReferenceCase = ReturnType<typeof JSON.parse>;

/** All cases of a kind in a file of reference values. */
export function referenceCases(file: string, kind: string): readonly ReferenceCase[] {
  const { cases } = readReference<{ readonly cases: readonly ReferenceCase[] }>(file);
  const found = cases.filter((each) => each.kind === kind);
  if (found.length === 0) throw new Error(`No cases of kind ${kind} in ${file}`);
  return found;
}
