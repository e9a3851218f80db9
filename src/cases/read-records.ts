import { isUtf8 } from 'node:buffer';
import { InputError, messageOf } from '../errors.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import { givenAtOnce } from '../foundation/thenable.js';
import { readBytes, sourceName, type FileSource } from './file-source.js';
import type { TextEncoding } from './text-encoding.js';
import { RecordSplitter, type RecordScanner } from './record-splitter.js';
import { checkTestCase, placeOf } from './test-case-check.js';

/** Where a row stands, for a host's `map`. */
export interface RowPlace {
  /** 1-based line on which the row begins. */
  readonly row: number;
  /** The file, if known. */
  readonly source: string | undefined;
}

/** Longest record by default: 16 MiB. */
const DEFAULT_MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** What `maxRecordBytes` may be at most: a longer record would be no text of JavaScript (2^29 - 24 characters). */
export const LONGEST_RECORD = 536_870_888;

const ENCODING_HINT = '; if it is in another encoding, say so by `encoding`';

/** How one kind of file is read. */
export interface RecordFormat<Case> {
  /** Cuts the bytes into records. */
  readonly scanner: RecordScanner;
  /** Said after "too long", if a common mistake leads to it. */
  readonly tooLongHint: string;
  /** Whether what was cut off last is to be looked at. @default it is */
  isRecord?(): boolean;
  /** The line on which the text of a record begins that was cut off at `row`. @default there */
  rowOf?(record: Buffer, row: number): number;
  /** Makes a case of a record; `undefined` leaves it out (a blank line, a header, the host's choice). */
  parse(record: Buffer, place: RowPlace): Case | undefined;
  /** At the end: what is missing, if anything is. */
  missing?(): string | undefined;
}

/**
 * Reads the cases of a file or stream, one record at a time: memory holds one chunk and one record. Each iteration
 * opens a file anew; a stream can be read once.
 */
export function readRecords<Case extends TestCase<unknown, unknown, unknown>>(
  source: FileSource,
  createFormat: () => RecordFormat<Case>,
  options: ReadRecordsOptions,
): AsyncIterable<Case> {
  return { [Symbol.asyncIterator]: () => generate(source, options, createFormat()) };
}

/** What all readers can be told of a file. */
export interface ReadRecordsOptions {
  readonly maxRecordBytes?: number | undefined;
  readonly encoding?: TextEncoding | undefined;
}

async function* generate<Case extends TestCase<unknown, unknown, unknown>>(
  fileSource: FileSource,
  { maxRecordBytes = DEFAULT_MAX_RECORD_BYTES, encoding }: ReadRecordsOptions,
  format: RecordFormat<Case>,
): AsyncGenerator<Case, void, undefined> {
  const source = sourceName(fileSource);
  const splitter = new RecordSplitter(format.scanner, maxRecordBytes);
  const next = (): Buffer | undefined => {
    try {
      return splitter.next();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const limit = `more than ${maxRecordBytes} bytes (\`maxRecordBytes\`)`;
      throw inputError(`a record of ${limit}${format.tooLongHint}`, { row: splitter.nextLine, source });
    }
  };
  const toCase = (record: Buffer): Case | undefined => {
    if (format.isRecord?.() === false) return undefined;
    const row = format.rowOf?.(record, splitter.line) ?? splitter.line;
    const place = { row, source };
    if (!isUtf8(record)) throw inputError(`the text is not valid UTF-8${ENCODING_HINT}`, place);
    const testCase = format.parse(record, place);
    if (testCase !== undefined) checkTestCase(testCase, place.row, { source, unit: 'line' });
    return testCase;
  };
  for await (const chunk of withPlace(readBytes(fileSource, encoding), splitter, source)) {
    splitter.push(chunk);
    for (let record = next(); record !== undefined; record = next()) {
      const testCase = toCase(record);
      if (testCase !== undefined) yield testCase;
    }
  }
  const record = splitter.last();
  const testCase = record === undefined ? undefined : toCase(record);
  if (testCase !== undefined) yield testCase;
  const missing = format.missing?.();
  if (missing !== undefined) throw inputError(missing, { row: splitter.nextLine, source });
}

/** A file that breaks on the way (a gzip stream that was cut off, a disk that fails) breaks at a line. */
async function* withPlace(
  chunks: AsyncIterable<Buffer>,
  splitter: RecordSplitter,
  source: string | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  let begun = false;
  try {
    for await (const chunk of chunks) {
      yield chunk;
      begun = true;
    }
  } catch (error) {
    if (!begun || !(error instanceof InputError)) throw error;
    throw inputError(error.message, { row: splitter.nextLine, source, cause: error.cause });
  }
}

/** An error of a file's contents, `file:line: what is wrong`. */
export function inputError(
  message: string,
  { row, source, cause }: RowPlace & { readonly cause?: unknown },
): InputError {
  return new InputError('ASSAY_INVALID_INPUT', `${placeOf(row, { source, unit: 'line' })}: ${message}`, {
    row,
    ...(source === undefined ? {} : { source }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Calls a host's `map`; what it throws is reported with its place. */
export function mapRow<Row, Case>(
  map: (row: Row, place: RowPlace) => Case | undefined,
  row: Row,
  place: RowPlace,
): Case | undefined {
  try {
    return givenAtOnce('`map`', map(row, place));
  } catch (error) {
    throw inputError(`\`map\` failed: ${messageOf(error)}`, { ...place, cause: error });
  }
}
