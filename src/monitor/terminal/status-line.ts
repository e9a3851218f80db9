import { print } from './print.js';
import { likelyColumnsOf } from './terminal-text.js';

/** The part of a terminal stream that the status line uses; `process.stderr` is one. */
export interface TerminalStream {
  /** Prints. */
  write(chunk: string | Uint8Array, ...rest: never[]): boolean;
  /** Whether it is a terminal. */
  readonly isTTY?: boolean | undefined;
  /** Width. */
  readonly columns?: number | undefined;
  /** Whether colours are wanted and can be shown. */
  hasColors?(): boolean;
  /** Tells when the width has changed. */
  on?(event: 'resize', listener: () => void): unknown;
  /** Stops telling. */
  off?(event: 'resize', listener: () => void): unknown;
}

type Write = (chunk: string | Uint8Array, ...rest: unknown[]) => boolean;
type Patchable = { write: Write };

// No templates here: the compiler of Next.js 15 folds templates with an escape character to something else.
const CLEAR_TO_END = '\u001b[J';
const COLOR = /\u001b\[\d+m/g;
const LINE_FEED = 0x0a;

/**
 * A line at the bottom of a terminal that is redrawn in place and steps aside for whatever the host prints.
 *
 * While it is attached it wraps `write` of the streams that reach the same screen: a write first takes the
 * line away and it comes back after the host's line feed. Detaching puts the original `write` back, unless
 * somebody wrapped ours in the meantime; then ours stays and only passes through.
 */
export class StatusLine {
  readonly #stream: TerminalStream;
  readonly #screen: readonly TerminalStream[];
  readonly #restore: (() => void)[] = [];
  #render: (columns: number) => string = () => '';
  #shownColumns = 0;
  #attached = false;
  #hostMidLine = false;
  #drawing = false;

  /** `others`: further streams that print on the same screen, usually stdout. */
  constructor(stream: TerminalStream, others: readonly TerminalStream[]) {
    this.#stream = stream;
    this.#screen = [stream, ...others.filter((other) => other !== stream)];
  }

  /** Begins to watch the screen. */
  attach(): void {
    if (this.#attached) return;
    this.#attached = true;
    this.#hostMidLine = false;
    for (const stream of this.#screen) this.#wrap(stream);
    const onResize = (): void => this.#redraw();
    this.#stream.on?.('resize', onResize);
    this.#restore.push(() => this.#stream.off?.('resize', onResize));
  }

  /** Shows what `render` returns for the width of the terminal; it is asked again after a resize. */
  show(render: (columns: number) => string): void {
    this.#render = render;
    if (this.#attached) this.#redraw();
  }

  /** Takes the line away, prints `lastLine` for good if given, and leaves the streams as they were. */
  detach(lastLine?: string): void {
    if (!this.#attached) return;
    this.#write(this.#clearing());
    this.#shownColumns = 0;
    this.#attached = false;
    for (const restore of this.#restore.splice(0)) restore();
    if (lastLine !== undefined) print(this.#stream, `${this.#hostMidLine ? '\n' : ''}${lastLine}\n`);
  }

  #columns(): number {
    const columns = this.#stream.columns ?? 80;
    return columns > 0 ? columns : 80;
  }

  #redraw(): void {
    if (this.#hostMidLine) return; // the host has begun a line: the status comes back after its line feed
    const clearing = this.#clearing();
    const text = this.#render(this.#columns() - 1); // the last column would make some terminals wrap
    this.#write(`${clearing}${text}`);
    this.#shownColumns = likelyColumnsOf(text.replace(COLOR, ''));
  }

  /** Erases the line, with the rows that a narrower terminal has broken it into. */
  #clearing(): string {
    if (this.#shownColumns === 0) return '';
    const rowsAbove = Math.floor(Math.max(this.#shownColumns - 1, 0) / this.#columns());
    return '\r' + (rowsAbove > 0 ? '\u001b[' + String(rowsAbove) + 'A' : '') + CLEAR_TO_END;
  }

  #write(text: string): void {
    if (text === '') return;
    this.#drawing = true;
    try {
      print(this.#stream, text);
    } finally {
      this.#drawing = false;
    }
  }

  #wrap(stream: TerminalStream): void {
    const target = stream as unknown as Patchable;
    const hadOwn = Object.hasOwn(target, 'write');
    const original = target.write;
    const wrapped: Write = (chunk, ...rest) => {
      if (this.#drawing || !this.#attached || chunk.length === 0)
        return original.call(target, chunk, ...rest);
      this.#write(this.#clearing());
      this.#shownColumns = 0;
      const accepted = original.call(target, chunk, ...rest);
      this.#hostMidLine = !endsLine(chunk);
      this.#redraw();
      return accepted;
    };
    target.write = wrapped;
    this.#restore.push(() => {
      if (target.write !== wrapped) return;
      if (hadOwn) target.write = original;
      else delete (target as Partial<Patchable>).write;
    });
  }
}

function endsLine(chunk: string | Uint8Array): boolean {
  return typeof chunk === 'string' ? chunk.endsWith('\n') : chunk[chunk.length - 1] === LINE_FEED;
}
