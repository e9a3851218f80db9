import { show } from '../foundation/options.js';

/** Makes bytes of the chunks of a stream: text becomes UTF-8, a surrogate pair that is cut in two is put together. */
export class TextChunks {
  readonly #bytesOnly: boolean;
  #high = ''; // first half of a surrogate pair, at the end of the last chunk

  /** `bytesOnly`: text is refused, as it has been decoded already. */
  constructor(bytesOnly: boolean) {
    this.#bytesOnly = bytesOnly;
  }

  /** The bytes of a chunk; what cannot be told yet comes with the next one. @throws TypeError for other chunks. */
  of(chunk: unknown): Buffer {
    if (typeof chunk === 'string') {
      if (this.#bytesOnly) throw new TypeError('Expected chunks of bytes, as `encoding` is given, got text');
      return this.#encode(chunk);
    }
    if (!ArrayBuffer.isView(chunk))
      throw new TypeError(`Expected chunks of bytes or text, got ${show(chunk)}`);
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    return this.#high === '' ? bytes : Buffer.concat([this.rest(), bytes]);
  }

  /** What is left at the end. */
  rest(): Buffer {
    const high = Buffer.from(this.#high);
    this.#high = '';
    return high;
  }

  #encode(chunk: string): Buffer {
    const text = this.#high + chunk;
    const cut = /[\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
    this.#high = text.slice(cut);
    return Buffer.from(text.slice(0, cut));
  }
}
