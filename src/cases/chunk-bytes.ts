import { show } from '../foundation/options.js';

const BYTE_ORDER_MARK = Buffer.from('\uFEFF');
const NONE = Buffer.alloc(0);

/**
 * Makes bytes of the chunks of a file or stream, wherever they are cut: text becomes UTF-8, a surrogate pair that is
 * cut in two is put together again, and a byte order mark at the beginning is left out.
 */
export class ChunkBytes {
  #high = ''; // first half of a surrogate pair, at the end of the last chunk
  #start: Buffer | undefined = NONE; // what may become a byte order mark

  /** The bytes of a chunk; what cannot be told yet comes with the next one. @throws TypeError for other chunks. */
  of(chunk: unknown): Buffer {
    if (typeof chunk === 'string') return this.#withoutMark(this.#encode(chunk));
    if (!ArrayBuffer.isView(chunk))
      throw new TypeError(`Expected chunks of bytes or text, got ${show(chunk)}`);
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#high === '') return this.#withoutMark(bytes);
    const high = Buffer.from(this.#high);
    this.#high = '';
    return this.#withoutMark(Buffer.concat([high, bytes]));
  }

  /** What is left at the end. */
  rest(): Buffer {
    return Buffer.concat([this.#start ?? NONE, Buffer.from(this.#high)]);
  }

  #encode(chunk: string): Buffer {
    const text = this.#high + chunk;
    const cut = /[\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
    this.#high = text.slice(cut);
    return Buffer.from(text.slice(0, cut));
  }

  #withoutMark(bytes: Buffer): Buffer {
    if (this.#start === undefined) return bytes;
    const start = this.#start.length === 0 ? bytes : Buffer.concat([this.#start, bytes]);
    const length = Math.min(start.length, BYTE_ORDER_MARK.length);
    const isMark = start.subarray(0, length).equals(BYTE_ORDER_MARK.subarray(0, length));
    this.#start = isMark && length < BYTE_ORDER_MARK.length ? start : undefined;
    if (this.#start !== undefined) return NONE;
    return isMark ? start.subarray(length) : start;
  }
}
