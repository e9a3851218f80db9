import { terminalSafe } from '../foundation/plain-text.js';

/** The part of a stream of Node that is printed to; `process.stdout` is one. */
export interface OutputStream {
  write(text: string, done?: (error?: Error | null) => void): boolean;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  once(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  hasColors?(): boolean;
}

/** How a piece of text stands out on a terminal that shows colours. */
export type Tone = 'strong' | 'faint' | 'good' | 'bad';

const CODES: Readonly<Record<Tone, readonly [number, number]>> = {
  strong: [1, 22],
  faint: [2, 22],
  good: [32, 39],
  bad: [31, 39],
};
const ESCAPE = '\u001b['; // no template: a compiler may fold one with an escape character to something else
const GONE = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']);

/**
 * Where a command prints: its answer on stdout, what goes beside it on stderr. Text of models, cases and files is made
 * harmless on its way. Whoever reads through a pipe may leave (`| head`): then {@link Output.gone} is set, and what is
 * printed further goes nowhere.
 */
export class Output {
  /** Whether JSON was asked for. */
  readonly json: boolean;
  /** Columns that a line may take; without limit where nothing says how wide the place is. */
  readonly columns: number;
  readonly #out: OutputStream;
  readonly #err: OutputStream;
  readonly #colors: boolean;
  #gone = false;
  #failure: NodeJS.ErrnoException | undefined;

  constructor(out: OutputStream, err: OutputStream, options: { readonly json: boolean }) {
    this.#out = out;
    this.#err = err;
    this.json = options.json;
    this.columns = out.isTTY === true && (out.columns ?? 0) > 0 ? (out.columns as number) : Infinity;
    this.#colors = out.isTTY === true && (out.hasColors?.() ?? false);
    out.on('error', (error) => {
      this.#gone = true;
      if (!GONE.has(error.code ?? '')) this.#failure ??= error;
    });
    err.on('error', () => {}); // nobody is left to tell
  }

  /** Nobody reads any more. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Why stdout cannot be written, when that is not since its reader left: a full disk. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Prints lines of text; resolves when there is room for more. */
  text(text: string): Promise<void> {
    return this.#write(`${safeLines(text)}\n`);
  }

  /** Prints lines that were made harmless before and carry colours of {@link Output.paint}. */
  painted(text: string): Promise<void> {
    return this.#write(`${text}\n`);
  }

  /** Prints a value as JSON, in one line, without characters that a terminal would act on. */
  jsonLine(value: unknown): Promise<void> {
    return this.#write(`${safeJson(value)}\n`);
  }

  /** Prints text that goes beside the answer. */
  note(text: string): void {
    this.#err.write(`${safeLines(text)}\n`);
  }

  /** Text in a tone, where colours are shown. Give it text that is harmless. */
  paint(text: string, tone: Tone | undefined): string {
    if (!this.#colors || tone === undefined || text === '') return text;
    const [on, off] = CODES[tone];
    return ESCAPE + String(on) + 'm' + text + ESCAPE + String(off) + 'm';
  }

  /** Resolves when all that was printed has left the process, or nobody reads it. */
  async flush(): Promise<void> {
    await Promise.all([this.#out, this.#err].map((stream) => flushed(stream)));
  }

  #write(text: string): Promise<void> {
    if (this.#gone) return DONE;
    return this.#out.write(text) ? DONE : this.#whenDrained();
  }

  #whenDrained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#out.off('drain', done);
        this.#out.off('close', done); // of a pipe whose reader left
        resolve();
      };
      this.#out.once('drain', done);
      this.#out.once('close', done);
    });
  }
}

const DONE = Promise.resolve();

function flushed(stream: OutputStream): Promise<void> {
  return new Promise((resolve) => void stream.write('', () => resolve()));
}

/** Text with its line breaks, of which nothing else moves a cursor, hides or turns round; tabs become spaces. */
export function safeLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => terminalSafe(line.replaceAll('\t', '    ')))
    .join('\n');
}

/** Text in one line. */
export function safeLine(text: string): string {
  return terminalSafe(text.replace(/\s+/g, ' ').trim());
}

// What JSON lets stand as it is, and a terminal acts on.
const ACTED_ON = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A value as JSON that reads the same, and is inert where it is shown. */
export function safeJson(value: unknown): string {
  const text =
    JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each)) ??
    'null';
  return text.replace(ACTED_ON, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
