import { ContentDecoder } from '../http/content-decoder.js';

const MAX_BYTES = 65_536;

/** Who waits for a refusal's body. */
export interface RefusalListener {
  /** No more of it will come that counts; `whole`: it came to its end. */
  refusalRead(whole: boolean): void;
}

/**
 * The body of a reply that is no answer. The status has said what matters; the words are a bonus: what cannot be decoded, or
 * goes on for too long, is left where it is.
 */
export class RefusalBody {
  readonly #listener: RefusalListener;
  readonly #decoder: ContentDecoder | undefined;
  readonly #pieces: Buffer[] = [];
  #size = 0;
  #over = false;

  constructor(encodings: readonly string[], listener: RefusalListener) {
    this.#listener = listener;
    if (encodings.length === 0) return;
    this.#decoder = new ContentDecoder(encodings, {
      data: (chunk) => this.#take(chunk),
      end: () => this.#end(true),
      error: () => this.#end(false),
    });
  }

  /** What came of it. */
  get bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  /** Takes a piece of the wire. */
  write(chunk: Buffer): void {
    if (this.#decoder === undefined) this.#take(chunk);
    else this.#decoder.write(chunk);
  }

  /** The wire has come to its end. */
  end(): void {
    if (this.#decoder === undefined) this.#end(true);
    else this.#decoder.end();
  }

  /** Nobody listens any more. */
  destroy(): void {
    this.#over = true;
    this.#decoder?.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#over) return;
    this.#pieces.push(chunk);
    this.#size += chunk.length;
    if (this.#size > MAX_BYTES) this.#end(false); // an error that long says no more
  }

  #end(whole: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#listener.refusalRead(whole);
  }
}
