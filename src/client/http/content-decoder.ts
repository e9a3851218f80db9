import type { Transform } from 'node:stream';
import { zlib } from '../../foundation/late-modules.js';

/** Where a {@link ContentDecoder} puts what it decoded. */
export interface DecoderSink {
  data(chunk: Buffer): void;
  end(): void;
  error(error: Error): void;
}

/** What some servers put into `content-encoding` for a body as it is. */
const NO_ENCODING =
  /^(identity|none|plain|text|null|binary|[78]bit|(aws-)?chunked|utf-?8|us-ascii|iso-8859-1|)$/;

const PLAIN: readonly string[] = [];

/** The encodings of a `content-encoding` header that mean something, in the order in which they were applied. */
export function encodingsOf(header: string | undefined): readonly string[] {
  if (header === undefined) return PLAIN;
  const names = header.toLowerCase().split(',');
  return names
    .map((name) =>
      name
        .trim()
        .replace(/^["']|["']$/g, '')
        .replace(/^x-/, ''),
    )
    .filter((name) => !NO_ENCODING.test(name));
}

/** Whether bytes are the beginning of a body that was packed by gzip. */
export function startsGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

const SNIFFED = 4; // bytes

/**
 * Decodes a body piece by piece. We ask for none, but some proxies pack all the same, and some only say so: the first
 * bytes decide. It decodes in pieces of 16 KiB, so a sink that stops it after too many bytes has cost no more than that: a
 * gzip bomb never unfolds.
 */
export class ContentDecoder {
  readonly #encodings: readonly string[];
  readonly #sink: DecoderSink;
  #head: Buffer | undefined;
  #begun = false;
  #stopped = false;
  #stream: Transform | undefined;

  constructor(encodings: readonly string[], sink: DecoderSink) {
    this.#encodings = encodings;
    this.#sink = sink;
  }

  /** Takes a piece of the wire. */
  write(chunk: Buffer): void {
    if (this.#stopped) return;
    if (this.#begun) return this.#pass(chunk);
    this.#head = this.#head === undefined ? chunk : Buffer.concat([this.#head, chunk]);
    if (this.#head.length >= SNIFFED) this.#begin(this.#head);
  }

  /** No more will come. */
  end(): void {
    if (!this.#begun && !this.#stopped) this.#begin(this.#head ?? Buffer.alloc(0));
    if (this.#stopped) return;
    if (this.#stream === undefined) this.#sink.end();
    else this.#stream.end();
  }

  /** Stops at once; nothing is reported after. */
  destroy(): void {
    this.#stopped = true;
    this.#stream?.destroy();
  }

  #begin(head: Buffer): void {
    this.#begun = true;
    this.#head = undefined;
    const encoding = this.#encodings.at(-1);
    const stream = encoding === undefined ? 'plain' : unpackerFor(encoding, head);
    if (stream === undefined) {
      this.#fail(
        new Error(`its content-encoding ${JSON.stringify(encoding)} is not known, or not what its bytes are`),
      );
      return;
    }
    if (stream !== 'plain') this.#stream = stream;
    if (stream !== 'plain') this.#listen(stream, this.#encodings.slice(0, -1));
    if (head.length > 0) this.#pass(head);
  }

  #listen(stream: Transform, further: readonly string[]): void {
    const inner = further.length === 0 ? undefined : new ContentDecoder(further, this.#sink);
    const next =
      inner === undefined
        ? this.#sink
        : { data: (chunk: Buffer) => inner.write(chunk), end: () => inner.end() };
    stream.on('data', (chunk: Buffer) => {
      if (!this.#stopped) next.data(chunk);
    });
    stream.on('end', () => {
      if (!this.#stopped) next.end();
    });
    stream.on('error', (error) => this.#fail(error));
  }

  #pass(chunk: Buffer): void {
    if (this.#stream === undefined) this.#sink.data(chunk);
    else this.#stream.write(chunk);
  }

  #fail(error: Error): void {
    if (this.#stopped) return;
    this.destroy();
    this.#sink.error(error);
  }
}

// A body that begins as text is not packed, whatever the header says.
function unpackerFor(encoding: string, head: Buffer): Transform | 'plain' | undefined {
  const pack = zlib() as ReturnType<typeof zlib> & { createZstdDecompress?: () => Transform };
  if (startsGzip(head)) return pack.createGunzip();
  if (startsZstd(head)) return pack.createZstdDecompress?.(); // since Node 22.15
  if (looksPlain(head)) return 'plain';
  switch (encoding) {
    case 'gzip': // it would begin otherwise
      if (startsZlib(head)) return pack.createInflate();
      return isText(head) ? 'plain' : undefined;
    case 'deflate':
      return startsZlib(head) ? pack.createInflate() : pack.createInflateRaw();
    case 'br':
      return pack.createBrotliDecompress();
    default:
      return undefined;
  }
}

// RFC 8878, section 3.1.1.
function startsZstd(head: Buffer): boolean {
  return head.length >= SNIFFED && head.readUInt32LE(0) === 0xfd2fb528;
}

/** Whether bytes are the beginning of a text in UTF-8, which may be cut inside of a character. */
function isText(head: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return true;
  } catch {
    return false;
  }
}

// RFC 1950, section 2.2. Many servers leave this frame out, as browsers have always allowed.
function startsZlib(head: Buffer): boolean {
  return (head[0]! & 0x0f) === 8 && (head[0]! * 256 + head[1]!) % 31 === 0;
}

function looksPlain(head: Buffer): boolean {
  const text = head.toString('latin1', head[0] === 0xef ? 3 : 0, 64);
  return (
    /^\s*([{["<:]|data|event|id|retry|\w{4})/.test(text) &&
    !/[^\t\r\n\x20-\x7e\x80-\xff]/.test(text) &&
    head.length > 1
  );
}
