const LF = 10;
const CR = 13;

/**
 * Splits bytes into lines at LF, CRLF or CR, wherever the pieces end. Lines are decoded whole, so a character
 * that was cut between two pieces is never damaged.
 */
export class LineSplitter {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  readonly #maxLineBytes: number;
  #rest: Buffer[] = [];
  #restBytes = 0;
  #skipLineFeed = false;

  /** `maxLineBytes` bounds what an endless line can cost. */
  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /**
   * Takes a piece and calls `line` for each line that is complete.
   *
   * @throws TypeError for bytes that are not UTF-8, RangeError for a line that is too long.
   */
  push(piece: Buffer, line: (text: string) => void): void {
    let from = 0;
    if (this.#skipLineFeed && piece.length > 0) {
      this.#skipLineFeed = false;
      if (piece[0] === LF) from = 1;
    }
    let lineFeed = piece.indexOf(LF, from);
    let carriageReturn = piece.indexOf(CR, from);
    while (lineFeed !== -1 || carriageReturn !== -1) {
      const atReturn = carriageReturn !== -1 && (lineFeed === -1 || carriageReturn < lineFeed);
      const end = atReturn ? carriageReturn : lineFeed;
      line(this.#complete(piece.subarray(from, end)));
      from = end + 1;
      if (atReturn) {
        if (from === piece.length) this.#skipLineFeed = true;
        else if (piece[from] === LF) from++;
        carriageReturn = piece.indexOf(CR, from);
      }
      if (lineFeed !== -1 && lineFeed < from) lineFeed = piece.indexOf(LF, from);
    }
    if (from < piece.length) {
      this.#restBytes += piece.length - from;
      if (this.#restBytes > this.#maxLineBytes) throw new RangeError('a line of the stream is too long');
      this.#rest.push(from === 0 ? piece : piece.subarray(from));
    }
  }

  /** Calls `line` for what stood after the last line break. */
  end(line: (text: string) => void): void {
    if (this.#restBytes > 0) line(this.#complete(Buffer.alloc(0)));
  }

  #complete(tail: Buffer): string {
    if (this.#restBytes === 0) return this.#decoder.decode(tail);
    this.#rest.push(tail);
    const whole = Buffer.concat(this.#rest, this.#restBytes + tail.length);
    this.#rest = [];
    this.#restBytes = 0;
    return this.#decoder.decode(whole);
  }
}

/**
 * Reads server-sent events (WHATWG HTML, section 9.2.6) and gives the data of each; event names and ids are
 * left out, since every model API repeats the type inside its JSON.
 */
export class ServerSentEvents {
  readonly #lines: LineSplitter;
  readonly #onData: (data: string) => void;
  readonly #takeLine: (line: string) => void;
  #data: string | undefined;

  constructor(maxLineBytes: number, onData: (data: string) => void) {
    this.#lines = new LineSplitter(maxLineBytes);
    this.#onData = onData;
    this.#takeLine = (line) => this.#take(line);
  }

  /** Takes a piece of the stream. */
  push(piece: Buffer): void {
    this.#lines.push(piece, this.#takeLine);
  }

  /** The stream is over; servers that leave out the last empty line lose nothing. */
  end(): void {
    this.#lines.end(this.#takeLine);
    this.#take('');
  }

  #take(line: string): void {
    if (line === '') {
      const data = this.#data;
      this.#data = undefined;
      if (data !== undefined) this.#onData(data);
      return;
    }
    if (!line.startsWith('data')) return; // comments, event, id, retry
    const colon = line.indexOf(':');
    if ((colon === -1 ? line : line.slice(0, colon)) !== 'data') return;
    let value = colon === -1 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
  }
}

/** Reads one JSON value a line; empty lines are skipped. */
export class JsonLines {
  readonly #lines: LineSplitter;
  readonly #takeLine: (line: string) => void;

  constructor(maxLineBytes: number, onData: (data: string) => void) {
    this.#lines = new LineSplitter(maxLineBytes);
    this.#takeLine = (line) => {
      if (line.trim() !== '') onData(line);
    };
  }

  /** Takes a piece of the stream. */
  push(piece: Buffer): void {
    this.#lines.push(piece, this.#takeLine);
  }

  /** The stream is over. */
  end(): void {
    this.#lines.end(this.#takeLine);
  }
}

/** Whether bytes are the beginning of a JSON object, as no line of an event stream is. */
export function startsObject(bytes: Buffer): boolean {
  return /^(\xef\xbb\xbf)?[ \t\r\n]*\{/.test(bytes.toString('latin1', 0, 64));
}
