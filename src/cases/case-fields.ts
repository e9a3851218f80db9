import type { TestCase } from '../evaluation/evaluation-types.js';
import { inputError, type RowPlace } from './read-records.js';

/** The fields of a test case that a file may give. */
export type CaseField = keyof TestCase;

const FIELDS: Readonly<Record<CaseField, true>> = {
  id: true,
  input: true,
  expected: true,
  metadata: true,
  cluster: true,
  group: true,
  parameters: true,
};

/** Names of the fields of a test case. */
export const CASE_FIELDS = Object.keys(FIELDS) as readonly CaseField[];

const NAMES: ReadonlySet<string> = new Set<CaseField>(['id', 'cluster', 'group']);

/**
 * Makes a test case of a row by the names of its fields: those of a test case keep their names, all others go into
 * `metadata`. See {@link makeCase}.
 */
export function caseFromRow(
  row: Readonly<Record<string, unknown>>,
  place: RowPlace,
): Record<string, unknown> {
  const fields: Partial<Record<CaseField, unknown>> = {};
  let others: Record<string, unknown> | undefined;
  for (const name of Object.keys(row)) {
    if (Object.hasOwn(FIELDS, name)) fields[name as CaseField] = row[name];
    else (others ??= emptyRecord())[name] = row[name];
  }
  return makeCase(fields, others, place);
}

/**
 * Puts a test case together. A whole number as `id`, `cluster` or `group` becomes text, `null` in a field that may
 * be left out counts as not given (JSON has no undefined), `others` go into `metadata`, so that nothing of a row is
 * lost. Whether the result is a test case is checked afterwards.
 *
 * @throws InputError `ASSAY_INVALID_INPUT` when a name stands both in `others` and in `metadata`, or `metadata` is
 * no object though others must go there.
 */
export function makeCase(
  fields: Readonly<Partial<Record<CaseField, unknown>>>,
  others: Readonly<Record<string, unknown>> | undefined,
  place: RowPlace,
): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const name of CASE_FIELDS) {
    const value = fields[name];
    if (value === undefined || (value === null && name !== 'id' && name !== 'input')) continue;
    made[name] = NAMES.has(name) && Number.isSafeInteger(value) ? String(value) : value;
  }
  if (others !== undefined) made['metadata'] = merged(made['metadata'], others, place);
  return made;
}

/** An object on which any name is a plain property, `__proto__` too. */
export function emptyRecord(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

function merged(metadata: unknown, others: Readonly<Record<string, unknown>>, place: RowPlace): unknown {
  if (metadata === undefined) return { ...others };
  const names = Object.keys(others);
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw inputError(
      `Expected \`metadata\` to be an object, as ${names.map((name) => `\`${name}\``).join(', ')} must go there`,
      place.row,
      place.source,
    );
  }
  const twice = names.find((name) => Object.hasOwn(metadata, name));
  if (twice === undefined) return { ...metadata, ...others };
  throw inputError(`\`${twice}\` is given both in the row and in its \`metadata\``, place.row, place.source);
}
