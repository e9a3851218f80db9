import { AssayError, messageOf, type InputError } from '../errors.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import {
  callable,
  checkOptions,
  integer,
  object,
  oneOf,
  show,
  unknownOption,
  type OptionChecks,
} from '../foundation/options.js';
import { CASE_FIELDS, emptyRecord, makeCase, type CaseField } from './case-fields.js';
import { CsvScanner, parseCsvRecord } from './csv-record.js';
import { checkFileSource, type FileSource } from './file-source.js';
import {
  DEFAULT_MAX_RECORD_BYTES,
  inputError,
  mapRow,
  readRecords,
  type RecordFormat,
  type RowPlace,
} from './read-records.js';

/** A row of a CSV file: text by column name. */
export type CsvRow = Readonly<Record<string, string>>;

/** Options of {@link readCsv}. */
export interface ReadCsvOptions<
  Input = string,
  Expected = string,
  Metadata = Readonly<Record<string, unknown>>,
> {
  /**
   * Which column is which field of the test case, e.g. `{ input: 'question', expected: 'answer' }`. Fields that
   * are not named come from the column of the same name; all other columns go into `metadata` as text. An empty
   * cell counts as not given. A column used as `metadata` or `parameters` holds a JSON object.
   */
  readonly columns?: Readonly<Partial<Record<CaseField, string>>> | undefined;
  /** Makes a test case of a row, in place of `columns`; `undefined` leaves the row out. */
  readonly map?:
    ((row: CsvRow, place: RowPlace) => TestCase<Input, Expected, Metadata> | undefined) | undefined;
  /** Names of the columns, for a file whose first record is not its header. */
  readonly header?: readonly string[] | undefined;
  /** What separates fields. @default ',' */
  readonly delimiter?: ',' | ';' | '\t' | '|' | undefined;
  /** Longest record, bytes, >= 1. @default 16777216 (16 MiB) */
  readonly maxRecordBytes?: number | undefined;
}

const CHECKS: OptionChecks<ReadCsvOptions> = {
  columns: object,
  map: callable,
  header: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string')
      ? undefined
      : 'an array of column names',
  delimiter: oneOf(',', ';', '\t', '|'),
  maxRecordBytes: integer(1),
};

/**
 * Reads test cases from CSV as RFC 4180 has it: quoted fields with line breaks and doubled quotes, CRLF or LF,
 * UTF-8 with or without BOM; the first record names the columns. Blank lines are left out. Streams: memory holds
 * one chunk and one record. Each iteration reads a file anew; a stream can be read once.
 *
 * Iterating rejects with an InputError that carries `source` and `row` (the line on which the record begins):
 * `ASSAY_INVALID_INPUT` for a record with too few or too many fields, a quote out of place, a missing column, text
 * that is not UTF-8 and a file that cannot be read; `ASSAY_INVALID_CASE` for a missing or wrong field.
 *
 * @param source path, `file:` URL, or stream of bytes or text.
 * @throws AssayError `ASSAY_INVALID_OPTION`, InputError `ASSAY_INVALID_INPUT` for something that is no source.
 * @example
 * readCsv('capitals.csv', { columns: { id: 'country', input: 'question', expected: 'capital' } });
 */
export function readCsv<Input = string, Expected = string, Metadata = Readonly<Record<string, unknown>>>(
  source: FileSource,
  options: ReadCsvOptions<Input, Expected, Metadata> = {},
): AsyncIterable<TestCase<Input, Expected, Metadata>> {
  const given = checkOptions('readCsv', options, CHECKS as OptionChecks<typeof options>);
  checkFileSource('readCsv', source);
  for (const field of Object.keys(given.columns ?? {})) {
    if (!CASE_FIELDS.includes(field as CaseField))
      throw unknownOption('readCsv({ columns })', field, CASE_FIELDS);
  }
  if (given.map !== undefined && given.columns !== undefined) {
    throw new AssayError('ASSAY_INVALID_OPTION', 'Expected readCsv to be given `columns` or `map`, got both');
  }
  return readRecords<TestCase<Input, Expected, Metadata>>(
    source,
    given.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES,
    () => new CsvFormat(given),
  );
}

class CsvFormat<Input, Expected, Metadata> implements RecordFormat<TestCase<Input, Expected, Metadata>> {
  readonly scanner: CsvScanner;
  readonly tooLongHint = '; is a quote left open?';
  readonly #options: ReadCsvOptions<Input, Expected, Metadata>;
  readonly #delimiter: number;
  #header: readonly string[] | undefined;
  #fields: readonly (CaseField | undefined)[] = []; // what each column is, `undefined` for metadata

  constructor(options: ReadCsvOptions<Input, Expected, Metadata>) {
    this.#options = options;
    this.#delimiter = (options.delimiter ?? ',').charCodeAt(0);
    this.scanner = new CsvScanner(this.#delimiter);
    if (options.header !== undefined) this.#begin(options.header, { row: 1, source: undefined });
  }

  parse(record: Buffer, place: RowPlace): TestCase<Input, Expected, Metadata> | undefined {
    const cells = parseCsvRecord(record, this.#delimiter);
    if (typeof cells === 'string') throw inputError(cells, place.row, place.source);
    if (cells.length === 0) return undefined;
    const header = this.#header;
    if (header === undefined) {
      this.#begin(cells, place);
      return undefined;
    }
    if (cells.length !== header.length) {
      const message = `Expected ${header.length} fields, as the header has, got ${cells.length}`;
      throw inputError(message, place.row, place.source);
    }
    if (this.#options.map !== undefined) {
      return mapRow(this.#options.map, Object.fromEntries(cells.map((cell, i) => [header[i]!, cell])), place);
    }
    return this.#toCase(cells, header, place);
  }

  #begin(names: readonly string[], place: RowPlace): void {
    const wrong = (message: string): InputError => inputError(message, place.row, place.source);
    // the index column that pandas writes has no name
    const header = names.map((name, i) => (name === '' ? `column ${i + 1}` : name));
    const twice = header.find((name, i) => header.indexOf(name) !== i);
    if (twice !== undefined) throw wrong(`two columns of the header are named ${show(twice)}`);
    const fieldOf = new Map<string, CaseField>();
    const columns = this.#options.columns ?? {};
    for (const field of CASE_FIELDS) {
      const column = columns[field];
      if (column === undefined) continue;
      if (!header.includes(column)) {
        const present = header.map((name) => show(name)).join(', ');
        throw wrong(`Expected a column ${show(column)} for \`${field}\`, the header has ${present}`);
      }
      if (fieldOf.has(column)) throw wrong(`column ${show(column)} is named for two fields`);
      fieldOf.set(column, field);
    }
    for (const field of CASE_FIELDS) {
      if (columns[field] === undefined && !fieldOf.has(field)) fieldOf.set(field, field);
    }
    this.#fields = header.map((column) => fieldOf.get(column));
    this.#header = header;
  }

  #toCase(
    cells: readonly string[],
    header: readonly string[],
    place: RowPlace,
  ): TestCase<Input, Expected, Metadata> {
    const fields: Partial<Record<CaseField, unknown>> = {};
    let others: Record<string, unknown> | undefined;
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i]!;
      if (cell === '') continue;
      const field = this.#fields[i];
      if (field === undefined) (others ??= emptyRecord())[header[i]!] = cell;
      else
        fields[field] = field === 'metadata' || field === 'parameters' ? parseCell(cell, field, place) : cell;
    }
    return makeCase(fields, others, place) as unknown as TestCase<Input, Expected, Metadata>;
  }
}

function parseCell(cell: string, field: string, place: RowPlace): unknown {
  try {
    const value: unknown = JSON.parse(cell);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw inputError(`\`${field}\` is not valid JSON: ${messageOf(error)}`, place.row, place.source, error);
  }
  throw inputError(`Expected \`${field}\` to hold a JSON object, got ${show(cell)}`, place.row, place.source);
}
