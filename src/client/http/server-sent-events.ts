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

/** Who reads a stream. */
export interface StreamSink {
  /** The data of an event or a line; `failed`: the event is named `error`. */
  data(data: string, failed: boolean): void;
  /** Something that does not belong into the stream: servers that fail midway write what comes to hand. */
  stray(text: string, failed: boolean): void;
}

/**
 * Reads server-sent events (WHATWG HTML, section 9.2.6) and gives the data of each; ids and the names of events are
 * left out, since every model API repeats the type inside its JSON. Only failures come under another name, or without
 * any frame.
 */
export class ServerSentEvents {
  readonly #lines: LineSplitter;
  readonly #sink: StreamSink;
  readonly #takeLine: (line: string) => void;
  #data: string | undefined;
  #failed = false;

  constructor(maxLineBytes: number, sink: StreamSink) {
    this.#lines = new LineSplitter(maxLineBytes);
    this.#sink = sink;
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
      const failed = this.#failed;
      this.#data = undefined;
      this.#failed = false;
      if (data !== undefined) this.#sink.data(data, failed);
      return;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    else if (field === 'event') this.#failed = /^\s*error\s*$/i.test(value);
    else if (field === '') {
      if (value.includes('{') || /^\s*error/i.test(value)) this.#sink.stray(value, false); // others keep the line alive
    } else if (field !== 'id' && field !== 'retry') {
      const named = /^error$/i.test(field.trim());
      this.#sink.stray(named ? value : line, named);
    }
  }
}

/** Reads one JSON value a line; empty lines are skipped, frames of server-sent events that a gateway added taken off. */
export class JsonLines {
  readonly #lines: LineSplitter;
  readonly #takeLine: (line: string) => void;

  constructor(maxLineBytes: number, sink: StreamSink) {
    this.#lines = new LineSplitter(maxLineBytes);
    let failed = false; // by a gateway's event of that name
    this.#takeLine = (line) => {
      if (/^\s*[{[]/.test(line)) sink.data(line, failed);
      else if (line.startsWith('data:')) sink.data(line.slice(5).trim(), failed);
      else if (line.startsWith('event:')) failed = /^event:\s*error\s*$/i.test(line);
      else if (line.trim() !== '')
        sink.stray(line.replace(/^\s*error\s*:\s*/i, ''), /^\s*error\s*:/i.test(line));
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

const OPENING_BRACE = 0x7b; // the first byte of nearly every reply: it needs no look at the others
const LONGEST_HEAD = 4096;
const TELLS_FORM = /^(\xef\xbb\xbf)?\s*([{[]|[^\s:]{0,6}:|\S{6})/;

/** Whether the beginning of a body says of which form it is; a line break that keeps the connection alive, or the first byte of a word alone, does not. */
export function tellsForm(bytes: Buffer): boolean {
  if (bytes[0] === OPENING_BRACE || bytes.length >= LONGEST_HEAD) return true;
  return TELLS_FORM.test(bytes.toString('latin1'));
}

/** Whether bytes are the beginning of a JSON object, as no line of an event stream is. */
export function startsObject(bytes: Buffer): boolean {
  return bytes[0] === OPENING_BRACE || /^(\xef\xbb\xbf)?[ \t\r\n]*\{/.test(headOf(bytes));
}

/** Whether bytes are the beginning of an event stream, as no JSON value is. */
export function startsEvent(bytes: Buffer): boolean {
  if (bytes[0] === OPENING_BRACE) return false;
  return /^(\xef\xbb\xbf)?(?:[ \t]*[\r\n])*(data|event|id|retry)?:/.test(headOf(bytes));
}

const LONGEST_PIECE = 65_536;

/** Whether bytes begin with a line of JSON that is a piece of an answer, as no whole answer is. */
export function startsLines(bytes: Buffer): boolean {
  const end = bytes.indexOf(LF, bytes[0]! > 0x20 ? 0 : 1);
  if (end === -1 || end > LONGEST_PIECE) return false;
  const line = bytes.toString('latin1', 0, end).trim();
  return line.startsWith('{') && line.endsWith('}') && PIECE.test(line);
}

// Of chat completions and completions; messages; responses; Ollama.
const PIECE = /completion\.chunk"|"delta" ?:|"type" ?: ?"(?:message_start|response\.)|"done" ?: ?false/;

/** What tells an event from an object: lines that keep the connection alive may come before it. */
function headOf(bytes: Buffer): string {
  return bytes.toString('latin1', 0, bytes[0]! > 0x20 ? 64 : 8192);
}
