import type { Transform } from 'node:stream';
import { zlib } from '../../foundation/late-modules.js';

/** Decodes a compressed reply piece by piece. We ask for none, but some proxies compress anyway. */
export interface ContentDecoder {
  /** Takes a piece of the wire. */
  write(chunk: Buffer): void;
  /** No more will come. */
  end(): void;
  /** Stops at once; nothing is reported after. */
  destroy(): void;
}

/** Where a {@link ContentDecoder} puts what it decoded. */
export interface DecoderSink {
  data(chunk: Buffer): void;
  end(): void;
  error(error: Error): void;
}

/**
 * A decoder for a `content-encoding`; `undefined` for one we do not know. It decodes in pieces of 16 KiB, so a
 * sink that stops it after too many bytes has cost no more than that: a gzip bomb never unfolds.
 */
export function createContentDecoder(encoding: string, sink: DecoderSink): ContentDecoder | undefined {
  const make = MAKERS.get(encoding.trim().toLowerCase());
  if (make === undefined) return undefined;
  const stream: Transform = zlib()[make]();
  let stopped = false;
  stream.on('data', (chunk: Buffer) => {
    if (!stopped) sink.data(chunk);
  });
  stream.on('end', () => {
    if (!stopped) sink.end();
  });
  stream.on('error', (error) => {
    if (!stopped) sink.error(error);
  });
  return {
    write: (chunk) => void stream.write(chunk),
    end: () => void stream.end(),
    destroy() {
      stopped = true;
      stream.destroy();
    },
  };
}

const MAKERS: ReadonlyMap<string, 'createGunzip' | 'createInflate' | 'createBrotliDecompress'> = new Map([
  ['gzip', 'createGunzip'],
  ['x-gzip', 'createGunzip'],
  ['deflate', 'createInflate'],
  ['br', 'createBrotliDecompress'],
]);
