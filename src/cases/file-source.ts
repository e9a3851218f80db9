import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InputError, messageOf } from '../errors.js';
import { show } from '../foundation/options.js';
import { withoutMark } from './byte-order-mark.js';
import { gunzipChunks } from './gunzip-chunks.js';
import { hearFailures } from './stream-failures.js';
import { TextChunks } from './text-chunks.js';
import { toUtf8, type TextEncoding } from './text-encoding.js';

/**
 * Something to read test cases from: the path or `file:` URL of a file, or its contents as they come, bytes or
 * text: a Node stream, a `ReadableStream` (a fetched body), a list of chunks.
 */
export type FileSource = string | URL | AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

/** What to call a source in errors: the path, if there is one. */
export function sourceName(source: FileSource): string | undefined {
  if (typeof source === 'string') return source;
  if (source instanceof URL) return source.protocol === 'file:' ? fileURLToPath(source) : source.href;
  const path: unknown = 'path' in source ? source.path : undefined; // a file stream of Node
  return typeof path === 'string' ? path : undefined;
}

/**
 * Refuses what cannot be read from, before anything is read, and hears from now on how a stream fares.
 *
 * @throws InputError `ASSAY_INVALID_INPUT`.
 */
export function checkFileSource(reader: string, source: FileSource): void {
  if (typeof source === 'string' ? source !== '' : isReadable(source)) {
    hearFailures(source);
    return;
  }
  const got = source instanceof URL ? source.href : show(source);
  const hint = ArrayBuffer.isView(source) ? '; put bytes into an array, as the chunks that they are' : '';
  throw new InputError(
    'ASSAY_INVALID_INPUT',
    `Expected the source of ${reader} to be a path, a file: URL or a stream, got ${got}${hint}`,
  );
}

function isReadable(source: Exclude<FileSource, string>): boolean {
  if (source instanceof URL) return source.protocol === 'file:' && isLocal(source);
  if (typeof source !== 'object' || source === null || ArrayBuffer.isView(source)) return false;
  return Symbol.asyncIterator in source || Symbol.iterator in source;
}

/** Whether a `file:` URL names a file of this machine. */
function isLocal(url: URL): boolean {
  try {
    return fileURLToPath(url) !== '';
  } catch {
    return false; // it names another host, or a slash within a name
  }
}

/**
 * The text of a source as UTF-8, inflated where it is gzip, without a byte order mark. A file is opened at the first pull
 * and closed when the reading ends, however it ends.
 */
export async function* readBytes(
  source: FileSource,
  encoding: TextEncoding = 'utf-8',
): AsyncGenerator<Buffer, void, undefined> {
  const name = sourceName(source);
  try {
    const bytes = gunzipChunks(rawChunks(source, encoding !== 'utf-8'));
    yield* withoutMark(toUtf8(bytes, encoding));
  } catch (error) {
    throw new InputError('ASSAY_INVALID_INPUT', `Cannot read ${name ?? 'the stream'}: ${messageOf(error)}`, {
      cause: error,
      ...(name === undefined ? {} : { source: name }),
    });
  }
}

async function* rawChunks(source: FileSource, bytesOnly: boolean): AsyncGenerator<Buffer, void, undefined> {
  const text = new TextChunks(bytesOnly);
  const chunks = typeof source === 'string' || source instanceof URL ? readFile(source) : source;
  for await (const chunk of chunks) yield text.of(chunk);
  yield text.rest();
}

async function* readFile(path: string | URL): AsyncGenerator<Buffer, void, undefined> {
  const stream = createReadStream(path);
  try {
    yield* stream as AsyncIterable<Buffer>;
  } finally {
    // a destroyed stream closes its file later: whoever leaves early may want to delete the file at once
    if (!stream.closed) await new Promise<void>((resolve) => stream.once('close', resolve).destroy());
  }
}
