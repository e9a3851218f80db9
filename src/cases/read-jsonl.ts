import type { ModelInput } from '../client/model-client.js';
import { messageOf } from '../errors.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import { parseJson } from '../foundation/lossless-json.js';
import {
  boolean,
  callable,
  checkOptions,
  integer,
  object,
  oneOf,
  show,
  text,
  type OptionChecks,
} from '../foundation/options.js';
import { CaseColumns, type ColumnNames } from './case-fields.js';
import { checkFileSource, type FileSource } from './file-source.js';
import { JsonScanner } from './json-scanner.js';
import {
  inputError,
  LONGEST_RECORD,
  mapRow,
  readRecords,
  type RecordFormat,
  type RowPlace,
} from './read-records.js';
import { TEXT_ENCODINGS, type TextEncoding } from './text-encoding.js';

/** Options of {@link readJsonl}. */
export interface ReadJsonlOptions<
  Input = ModelInput,
  Expected = unknown,
  Metadata = Readonly<Record<string, unknown>>,
  Row = Readonly<Record<string, unknown>>,
> {
  /**
   * Which member is which field of the test case, e.g. `{ input: 'question', expected: 'answer' }`. Fields that are not
   * named come from the member of the same name (a whole number as `id`, `cluster` or `group` becomes text, `null` counts
   * as not given); all other members go into `metadata`.
   */
  readonly columns?: ColumnNames | undefined;
  /**
   * What identifies a case where the file has no ids: `'line'`, the number of its line (of its element, in a document
   * that is one array), or the name of a member. @default 'id'
   */
  readonly id?: 'line' | (string & {}) | undefined;
  /**
   * The member that holds the cases, for a file that is one document: an object with an array. A document that is an
   * array is known by its first character.
   */
  readonly key?: string | undefined;
  /** Makes a test case of a line's object, in place of `columns` and `id`; `undefined` leaves the line out. */
  readonly map?: ((row: Row, place: RowPlace) => TestCase<Input, Expected, Metadata> | undefined) | undefined;
  /** Whether `NaN`, `Infinity` and `-Infinity` are numbers, as Python writes them. @default false */
  readonly nonFinite?: boolean | undefined;
  /** How the text is encoded. @default 'utf-8' */
  readonly encoding?: TextEncoding | undefined;
  /** Longest line, or element of an array, bytes, 1 to 536870888 (the longest text of JavaScript). @default 16777216 (16 MiB) */
  readonly maxRecordBytes?: number | undefined;
}

const ONE_DOCUMENT = '; is this one JSON document and not one object a line? Then name the array by `key`';

const CHECKS: OptionChecks<ReadJsonlOptions> = {
  columns: object,
  id: text,
  key: text,
  map: callable,
  nonFinite: boolean,
  encoding: oneOf(...TEXT_ENCODINGS),
  maxRecordBytes: integer(1, LONGEST_RECORD),
};

/**
 * Reads test cases from JSON Lines: one object a line, with or without BOM, blank lines left out; or from one document,
 * an array of objects or an object with such an array (`key`). What is compressed by gzip is inflated. Streams: memory
 * holds one chunk and one case, whatever the size of the file. Each iteration reads a file anew; a stream can be read
 * once. A number that JavaScript would round (`12345678901234567890`) is kept as text, digit by digit.
 *
 * Iterating rejects with an InputError that carries `source` and `row` (the line): `ASSAY_INVALID_INPUT` for a line
 * that is not a JSON object, not in its encoding or too long, and for a file that cannot be read or breaks off; `ASSAY_INVALID_CASE` for a
 * missing or wrong field. What `map` throws is the `cause` of an `ASSAY_INVALID_INPUT`.
 *
 * @param source path, `file:` URL, or stream of bytes or text.
 * @throws AssayError `ASSAY_INVALID_OPTION`, InputError `ASSAY_INVALID_INPUT` for something that is no source.
 * @example
 * readJsonl('gsm8k.jsonl.gz', { id: 'line', columns: { input: 'question', expected: 'answer' } });
 */
export function readJsonl<
  Input = ModelInput,
  Expected = unknown,
  Metadata = Readonly<Record<string, unknown>>,
  Row = Readonly<Record<string, unknown>>,
>(
  source: FileSource,
  options: ReadJsonlOptions<Input, Expected, Metadata, Row> = {},
): AsyncIterable<TestCase<Input, Expected, Metadata>> {
  const given = checkOptions('readJsonl', options, CHECKS as OptionChecks<typeof options>);
  checkFileSource('readJsonl', source);
  const columns = new CaseColumns('readJsonl', given);
  return readRecords<TestCase<Input, Expected, Metadata>>(
    source,
    () => new JsonFormat<Input, Expected, Metadata, Row>(given, columns),
    given,
  );
}

class JsonFormat<Input, Expected, Metadata, Row> implements RecordFormat<
  TestCase<Input, Expected, Metadata>
> {
  readonly scanner: JsonScanner;
  readonly tooLongHint = ONE_DOCUMENT;
  readonly #options: ReadJsonlOptions<Input, Expected, Metadata, Row>;
  readonly #columns: CaseColumns;

  constructor(options: ReadJsonlOptions<Input, Expected, Metadata, Row>, columns: CaseColumns) {
    this.#options = options;
    this.#columns = columns;
    this.scanner = new JsonScanner(options.key);
  }

  isRecord(): boolean {
    return this.scanner.ended !== 'nothing';
  }

  rowOf(record: Buffer, row: number): number {
    if (this.scanner.ended === 'line') return row;
    let breaks = 0; // an element begins behind the comma, its text on a line of its own
    for (let at = 0; at < record.length && record[at]! <= 0x20; at++) if (record[at] === 0x0a) breaks++;
    return row + breaks;
  }

  parse(record: Buffer, place: RowPlace): TestCase<Input, Expected, Metadata> | undefined {
    const written = record.toString('utf8');
    const isElement = this.scanner.ended !== 'line';
    if (written.trim() === '') {
      if (this.scanner.ended !== 'element' || this.scanner.isEmpty) return undefined;
      throw inputError('a comma in the array without an element', place);
    }
    const row = this.#read(written, place, isElement);
    const { map } = this.#options;
    if (map !== undefined) return mapRow(map, row as Row, place);
    const number = isElement ? this.scanner.element : place.row;
    return this.#columns.caseFromRow(row, { place, number }) as unknown as TestCase<
      Input,
      Expected,
      Metadata
    >;
  }

  missing(): string | undefined {
    return this.scanner.missing;
  }

  #read(written: string, place: RowPlace, isElement: boolean): Readonly<Record<string, unknown>> {
    let value: unknown;
    try {
      value = parseJson(written, { inexact: asWritten, nonFinite: this.#options.nonFinite });
    } catch (error) {
      const hint = place.row === 1 && !isElement ? ONE_DOCUMENT : nonFiniteHint(written);
      throw inputError(`invalid JSON: ${messageOf(error)}${hint}`, { ...place, cause: error });
    }
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
    const where = isElement ? 'as each element' : 'on each line';
    throw inputError(`Expected a JSON object ${where}, got ${show(value)}`, place);
  }
}

/** A number that would be rounded, as text: a store, a worker and a scorer take it as it is. */
export const asWritten = (number: string): string => number;

const nonFiniteHint = (written: string): string =>
  /[:[,]\s*-?(NaN|Infinity)\b/.test(written) ? '; NaN and Infinity are read with `nonFinite: true`' : '';
