import { messageOf, type InputError } from '../errors.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import { parseJson } from '../foundation/lossless-json.js';
import {
  callable,
  checkOptions,
  integer,
  object,
  oneOf,
  show,
  text,
  type OptionChecks,
} from '../foundation/options.js';
import { CaseColumns, emptyRecord, makeCase, type CaseField, type ColumnNames } from './case-fields.js';
import {
  CsvScanner,
  looksLikeRecords,
  parseCsvRecord,
  type CsvDialect,
  type CsvField,
} from './csv-record.js';
import { checkFileSource, type FileSource } from './file-source.js';
import { asWritten } from './read-jsonl.js';
import {
  inputError,
  LONGEST_RECORD,
  mapRow,
  readRecords,
  type RecordFormat,
  type RowPlace,
} from './read-records.js';
import { TEXT_ENCODINGS, type TextEncoding } from './text-encoding.js';

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
   * cell counts as not given, but an empty text in quotes is text. A column used as `metadata` or `parameters` holds a JSON object.
   */
  readonly columns?: ColumnNames | undefined;
  /**
   * What identifies a case where the file has no ids: `'line'`, the number of the line on which its record begins, or the
   * name of a column. @default 'id'
   */
  readonly id?: 'line' | (string & {}) | undefined;
  /** Makes a test case of a row, in place of `columns`; `undefined` leaves the row out. */
  readonly map?:
    ((row: CsvRow, place: RowPlace) => TestCase<Input, Expected, Metadata> | undefined) | undefined;
  /** Names of the columns, for a file whose first record is not its header. */
  readonly header?: readonly string[] | undefined;
  /** What separates fields. @default ',' */
  readonly delimiter?: ',' | ';' | '\t' | '|' | undefined;
  /**
   * What fields are quoted with; `null`: nothing, a quote is text and each line a record. Given as `'"'`, a quoted field
   * may hold lines that look like records; by default such a field is an error, for nearly always it is a quote that was
   * left open. @default '"', `null` between tabs
   */
  readonly quote?: '"' | null | undefined;
  /** How the text is encoded. @default 'utf-8' */
  readonly encoding?: TextEncoding | undefined;
  /** Longest record, bytes, 1 to 536870888 (the longest text of JavaScript). @default 16777216 (16 MiB) */
  readonly maxRecordBytes?: number | undefined;
}

const CHECKS: OptionChecks<ReadCsvOptions> = {
  columns: object,
  map: callable,
  header: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string')
      ? undefined
      : 'an array of column names',
  id: text,
  delimiter: oneOf(',', ';', '\t', '|'),
  quote: (value) => (value === null || value === '"' ? undefined : `'"' or null`),
  encoding: oneOf(...TEXT_ENCODINGS),
  maxRecordBytes: integer(1, LONGEST_RECORD),
};

/**
 * Reads test cases from CSV as RFC 4180 has it: quoted fields with line breaks and doubled quotes, CRLF or LF, with or
 * without BOM; the first record names the columns. Between tabs quotes are text. Blank lines are left out. What is
 * compressed by gzip is inflated. Streams: memory holds one chunk and one record. Each iteration reads a file anew; a stream can be read once.
 *
 * Iterating rejects with an InputError that carries `source` and `row` (the line on which the record begins):
 * `ASSAY_INVALID_INPUT` for a record with too few or too many fields, a quote out of place, a quoted field that swallows
 * records, a missing column, text that is not in its encoding and a file that cannot be read or breaks off; `ASSAY_INVALID_CASE` for a missing or wrong field.
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
  const columns = new CaseColumns('readCsv', given);
  return readRecords<TestCase<Input, Expected, Metadata>>(source, () => new CsvFormat(given, columns), given);
}

class CsvFormat<Input, Expected, Metadata> implements RecordFormat<TestCase<Input, Expected, Metadata>> {
  readonly scanner: CsvScanner;
  readonly tooLongHint = '; is a quote left open?';
  readonly #options: ReadCsvOptions<Input, Expected, Metadata>;
  readonly #columns: CaseColumns;
  readonly #dialect: CsvDialect;
  #header: readonly string[] | undefined;
  #fields: readonly (CaseField | undefined)[] = []; // what each column is, `undefined` for metadata

  constructor(options: ReadCsvOptions<Input, Expected, Metadata>, columns: CaseColumns) {
    this.#options = options;
    this.#columns = columns;
    const { delimiter = ',', quote = delimiter === '\t' ? null : '"' } = options;
    this.#dialect = { delimiter: delimiter.charCodeAt(0), quoted: quote !== null };
    this.scanner = new CsvScanner(this.#dialect);
    if (options.header !== undefined) this.#begin(options.header, { row: 1, source: undefined });
  }

  parse(record: Buffer, place: RowPlace): TestCase<Input, Expected, Metadata> | undefined {
    const cells = parseCsvRecord(record, this.#dialect);
    if (typeof cells === 'string') throw inputError(cells, place);
    if (cells.length === 0) return undefined;
    if (this.#swallows(record, cells.length)) {
      const message =
        "a quoted field holds whole records: is its quote left open? If they belong to it, say `quote: '\"'`";
      throw inputError(message, place);
    }
    const header = this.#header;
    if (header === undefined) {
      this.#begin(
        cells.map((cell) => cell.text),
        place,
      );
      return undefined;
    }
    if (cells.length !== header.length) {
      const message = `Expected ${header.length} fields, as the header has, got ${cells.length}`;
      throw inputError(message, place);
    }
    if (this.#options.map !== undefined) {
      return mapRow(
        this.#options.map,
        Object.fromEntries(cells.map((cell, i) => [header[i]!, cell.text])),
        place,
      );
    }
    return this.#toCase(cells, header, place);
  }

  /** By default a quote is not believed when each line of the record would be a record without it. */
  #swallows(record: Buffer, fields: number): boolean {
    if (this.#options.quote !== undefined || !this.#dialect.quoted) return false;
    return looksLikeRecords(record, this.#header?.length ?? fields, this.#dialect);
  }

  #begin(names: readonly string[], place: RowPlace): void {
    const wrong = (message: string): InputError => inputError(message, place);
    const separator = this.#otherSeparator(names);
    if (separator !== undefined)
      throw wrong(
        `Expected fields separated by ",", got one column ${show(names[0])}; say \`delimiter: ${show(separator)}\` where that separates them`,
      );
    // the index column that pandas writes has no name
    const header = names.map((name, i) => (name === '' ? `column ${i + 1}` : name));
    const last = new Map(header.map((name, i) => [name, i]));
    const twice = header.find((name, i) => last.get(name) !== i);
    if (twice !== undefined) throw wrong(`two columns of the header are named ${show(twice)}`);
    for (const [field, column] of Object.entries(this.#columns.named)) {
      if (header.includes(column)) continue;
      const present = header.map((name) => show(name)).join(', ');
      throw wrong(`Expected a column ${show(column)} for \`${field}\`, the header has ${present}`);
    }
    this.#fields = header.map((column) => this.#columns.fieldOf(column));
    this.#header = header;
  }

  /** A header in one piece was most likely written with another separator: spreadsheets in half of Europe do. */
  #otherSeparator(names: readonly string[]): string | undefined {
    const { delimiter, header } = this.#options;
    if (delimiter !== undefined || header !== undefined || names.length !== 1) return undefined;
    return [';', '\t', '|'].find((sign) => names[0]?.includes(sign));
  }

  #toCase(
    cells: readonly CsvField[],
    header: readonly string[],
    place: RowPlace,
  ): TestCase<Input, Expected, Metadata> {
    const fields = this.#columns.begin(place.row);
    let others: Record<string, unknown> | undefined;
    for (let i = 0; i < cells.length; i++) {
      const { text: cell, quoted } = cells[i]!;
      if (cell === '' && !quoted) continue;
      const field = this.#fields[i];
      if (field === undefined) (others ??= emptyRecord())[header[i]!] = cell;
      else
        fields[field] = field === 'metadata' || field === 'parameters' ? parseCell(cell, field, place) : cell;
    }
    return makeCase(fields, { others, place }) as unknown as TestCase<Input, Expected, Metadata>;
  }
}

function parseCell(cell: string, field: string, place: RowPlace): unknown {
  try {
    const value = parseJson(cell, { inexact: asWritten });
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw inputError(`\`${field}\` is not valid JSON: ${messageOf(error)}`, { ...place, cause: error });
  }
  throw inputError(`Expected \`${field}\` to hold a JSON object, got ${show(cell)}`, place);
}
