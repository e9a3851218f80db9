import type { TestCase } from '../evaluation/evaluation-types.js';
import { AssayError } from '../errors.js';
import { show, unknownOption } from '../foundation/options.js';
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

/** Which column, or member of a row, is which field of the test case. */
export type ColumnNames = Readonly<Partial<Record<CaseField, string>>>;

/** What the readers' options say of columns and ids. */
export interface ColumnOptions {
  readonly columns?: ColumnNames | undefined;
  readonly id?: string | undefined;
  readonly map?: unknown;
}

/** What `id` is when the number of the line is the id. */
const LINE = 'line';

/**
 * Which field of a test case each column is: those that are named, and the others by their own names; the rest goes into
 * `metadata`.
 */
export class CaseColumns {
  /** The columns that were asked for, by field. */
  readonly named: ColumnNames;
  readonly #numbered: boolean;
  readonly #fieldOf = new Map<string, CaseField>();

  /** @throws AssayError `ASSAY_INVALID_OPTION`. */
  constructor(owner: string, { columns = {}, id, map }: ColumnOptions) {
    for (const field of Object.keys(columns)) {
      if (!Object.hasOwn(FIELDS, field)) throw unknownOption(`${owner}({ columns })`, field, CASE_FIELDS);
    }
    const given = [map, id ?? (Object.keys(columns).length > 0 ? columns : undefined)];
    if (given.every((each) => each !== undefined)) {
      throw invalid(
        `Expected ${owner} to be given \`${id === undefined ? 'columns' : 'id'}\` or \`map\`, got both`,
      );
    }
    if (id !== undefined && columns.id !== undefined) {
      throw invalid(`Expected ${owner} to be given \`id\` or \`columns.id\`, got both`);
    }
    this.#numbered = id === LINE;
    this.named = id === undefined || id === LINE ? columns : { ...columns, id };
    for (const field of CASE_FIELDS) {
      const column = this.named[field];
      if (column === undefined) continue;
      if (this.#fieldOf.has(column))
        throw invalid(`Expected ${owner} to take one field from a column, got ${show(column)} for two`);
      this.#fieldOf.set(column, field);
    }
    for (const field of CASE_FIELDS) {
      const taken = this.named[field] !== undefined || (field === 'id' && this.#numbered);
      if (!taken && !this.#fieldOf.has(field)) this.#fieldOf.set(field, field);
    }
  }

  /** The field that a column is; `undefined` for one that goes into `metadata`. */
  fieldOf(column: string): CaseField | undefined {
    return this.#fieldOf.get(column);
  }

  /** The fields that do not come from a column: the number of the line as the id, where that was asked for. */
  begin(number: number): Partial<Record<CaseField, unknown>> {
    return this.#numbered ? { id: String(number) } : {};
  }

  /** Makes a test case of an object, which is record `number` of the file. See {@link makeCase}. */
  caseFromRow(
    row: Readonly<Record<string, unknown>>,
    { place, number }: { readonly place: RowPlace; readonly number: number },
  ): Record<string, unknown> {
    const fields = this.begin(number);
    let others: Record<string, unknown> | undefined;
    for (const name of Object.keys(row)) {
      const field = this.#fieldOf.get(name);
      if (field === undefined) (others ??= emptyRecord())[name] = row[name];
      else fields[field] = row[name];
    }
    for (const [field, column] of Object.entries(this.named)) {
      if (column === undefined || Object.hasOwn(row, column)) continue;
      if (field !== 'id' && field !== 'input') continue; // the others may be left out
      const has = Object.keys(row)
        .slice(0, 12)
        .map((name) => `\`${name}\``);
      throw inputError(
        `Expected a member ${show(column)} for \`${field}\`, the object has ${has.join(', ')}`,
        place,
      );
    }
    return makeCase(fields, { others, place });
  }
}

const invalid = (message: string): AssayError => new AssayError('ASSAY_INVALID_OPTION', message);

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
  {
    others,
    place,
  }: { readonly others: Readonly<Record<string, unknown>> | undefined; readonly place: RowPlace },
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
      place,
    );
  }
  const twice = names.find((name) => Object.hasOwn(metadata, name));
  if (twice === undefined) return { ...metadata, ...others };
  throw inputError(`\`${twice}\` is given both in the row and in its \`metadata\``, place);
}
