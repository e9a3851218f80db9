import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { dataPath } from '../support/data.js';

/** One reference case: made-up inputs and the values that independent implementations agree on; its fields depend on its kind. */
export type ReferenceCase = ReturnType<typeof JSON.parse>;

/** All cases of a kind in a file of reference values; the project's own copy where there is one. */
export function referenceCases(file: string, kind: string): readonly ReferenceCase[] {
  const own = resolve(import.meta.dirname, '../reference', `${file}.json`);
  const path = existsSync(own) ? own : dataPath(`reference/${file}.json`);
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { readonly cases: readonly ReferenceCase[] };
  const found = cases.filter((each) => each.kind === kind);
  if (found.length === 0) throw new Error(`No cases of kind ${kind} in ${file}`);
  return found;
}
