import type { ModelInput } from '../client/model-client.js';
import { messageOf } from '../errors.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import { callable, checkOptions, integer, show, type OptionChecks } from '../foundation/options.js';
import { caseFromRow } from './case-fields.js';
import { checkFileSource, type FileSource } from './file-source.js';
import { DEFAULT_MAX_RECORD_BYTES, inputError, mapRow, readRecords, type RowPlace } from './read-records.js';
import { LineScanner } from './record-splitter.js';

/** Options of {@link readJsonl}. */
export interface ReadJsonlOptions<
  Input = ModelInput,
  Expected = unknown,
  Metadata = Readonly<Record<string, unknown>>,
  Row = Readonly<Record<string, unknown>>,
> {
  /**
   * Makes a test case of a line's object, for files whose fields have other names; `undefined` leaves the line
   * out. Without it the fields `id`, `input`, `expected`, `metadata`, `cluster`, `group` and `parameters` are
   * taken as they are (a whole number as `id`, `cluster` or `group` becomes text, `null` counts as not given) and
   * all others go into `metadata`.
   */
  readonly map?: ((row: Row, place: RowPlace) => TestCase<Input, Expected, Metadata> | undefined) | undefined;
  /** Longest line, bytes, >= 1. @default 16777216 (16 MiB) */
  readonly maxRecordBytes?: number | undefined;
}

const ONE_DOCUMENT = '; is this one JSON document and not one object a line?';

const CHECKS: OptionChecks<ReadJsonlOptions> = { map: callable, maxRecordBytes: integer(1) };

/**
 * Reads test cases from JSON Lines: one object a line, UTF-8, with or without BOM, blank lines left out. Streams:
 * memory holds one chunk and one line, whatever the size of the file. Each iteration reads a file anew; a stream
 * can be read once.
 *
 * Iterating rejects with an InputError that carries `source` and `row` (the line): `ASSAY_INVALID_INPUT` for a line
 * that is not a JSON object, not UTF-8 or too long, and for a file that cannot be read; `ASSAY_INVALID_CASE` for a
 * missing or wrong field. What `map` throws is the `cause` of an `ASSAY_INVALID_INPUT`.
 *
 * @param source path, `file:` URL, or stream of bytes or text.
 * @throws AssayError `ASSAY_INVALID_OPTION`, InputError `ASSAY_INVALID_INPUT` for something that is no source.
 * @example
 * readJsonl('gsm8k.jsonl', {
 *   map: (row: { question: string; answer: string }, { row: line }) =>
 *     ({ id: `gsm8k-${line}`, input: row.question, expected: row.answer }),
 * });
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
  const { map, maxRecordBytes } = checkOptions('readJsonl', options, CHECKS as OptionChecks<typeof options>);
  checkFileSource('readJsonl', source);
  const scanner = new LineScanner();
  return readRecords<TestCase<Input, Expected, Metadata>>(
    source,
    maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES,
    () => ({
      scanner,
      tooLongHint: ONE_DOCUMENT,
      parse(record, place) {
        const line = record.toString('utf8');
        if (line.trim() === '') return undefined;
        const row = parseLine(line, place);
        return map === undefined
          ? (caseFromRow(row, place) as unknown as TestCase<Input, Expected, Metadata>)
          : mapRow(map, row as Row, place);
      },
    }),
  );
}

function parseLine(line: string, place: RowPlace): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    const hint = place.row === 1 ? ONE_DOCUMENT : '';
    throw inputError(`invalid JSON: ${messageOf(error)}${hint}`, place.row, place.source, error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw inputError(`Expected a JSON object on each line, got ${show(value)}`, place.row, place.source);
  }
  return value as Readonly<Record<string, unknown>>;
}
