/** Finds where records end; remembers where it stands when a record goes on in the next chunk. */
export interface RecordScanner {
  /** Index of the line feed that ends the record, or -1 if it does not end within `bytes`. */
  scan(bytes: Buffer, from: number): number;
  /** How many lines the record that was ended last has taken; begins the next one. */
  takeLines(): number;
}

/**
 * Cuts a sequence of chunks into records. Holds one chunk and the record under way, never more than
 * `maxRecordBytes` of it. Give it a chunk, take records until there are none, give it the next chunk.
 */
export class RecordSplitter {
  readonly #scanner: RecordScanner;
  readonly #maxRecordBytes: number;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #chunk: Buffer | undefined;
  #at = 0;
  #line = 1;
  #nextLine = 1;

  constructor(scanner: RecordScanner, maxRecordBytes: number) {
    this.#scanner = scanner;
    this.#maxRecordBytes = maxRecordBytes;
  }

  /** 1-based line on which the record that was taken last begins. */
  get line(): number {
    return this.#line;
  }

  /** 1-based line on which the record under way begins. */
  get nextLine(): number {
    return this.#nextLine;
  }

  /** Gives the next chunk; all records of the last one must have been taken. */
  push(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /**
   * The next whole record without its line feed, `undefined` when the chunk is used up.
   *
   * @throws RangeError when the record is longer than allowed.
   */
  next(): Buffer | undefined {
    const chunk = this.#chunk;
    if (chunk === undefined) return undefined;
    const end = this.#scanner.scan(chunk, this.#at);
    const part = chunk.subarray(this.#at, end === -1 ? chunk.length : end);
    this.#hold(part);
    if (end === -1) {
      this.#chunk = undefined;
      return undefined;
    }
    this.#at = end + 1;
    return this.#take();
  }

  /** The last record, if the input does not end with a line feed. */
  last(): Buffer | undefined {
    return this.#heldBytes === 0 ? undefined : this.#take();
  }

  #hold(part: Buffer): void {
    this.#heldBytes += part.length;
    if (this.#heldBytes > this.#maxRecordBytes) throw new RangeError('record too long');
    this.#held.push(part);
  }

  #take(): Buffer {
    const record = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held, this.#heldBytes);
    this.#held = [];
    this.#heldBytes = 0;
    this.#line = this.#nextLine;
    this.#nextLine += this.#scanner.takeLines();
    return record;
  }
}
