import type { TerminalStream } from '../../../src/monitor/terminal/status-line.js';

const ESCAPE = new RegExp(`^${'\u001b'}\\[(\\d*)([A-Za-z])`);

/** A terminal of a given width that keeps what a person would see: wraps, moves the cursor, erases. */
export class FakeTerminal {
  columns: number;
  readonly rows: string[] = [''];
  #row = 0;
  #column = 0;
  readonly raw: string[] = [];
  readonly #resizeListeners = new Set<() => void>();

  constructor(columns = 80) {
    this.columns = columns;
  }

  /** A stream that prints here; several may share the screen. */
  stream(options: { readonly isTTY?: boolean; readonly colors?: boolean } = {}): TerminalStream {
    const print = (text: string): void => {
      this.raw.push(text);
      this.#print(text);
    };
    const width = (): number => this.columns;
    return {
      isTTY: options.isTTY ?? true,
      get columns() {
        return width();
      },
      hasColors: () => options.colors ?? false,
      write(chunk: string | Uint8Array): boolean {
        const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
        print(text);
        return true;
      },
      on: (_event: 'resize', listener: () => void) => this.#resizeListeners.add(listener),
      off: (_event: 'resize', listener: () => void) => this.#resizeListeners.delete(listener),
    };
  }

  get resizeListeners(): number {
    return this.#resizeListeners.size;
  }

  /** Makes the terminal narrower or wider, breaking long rows as most terminals do. */
  resize(columns: number): void {
    this.columns = columns;
    const broken: string[] = [];
    for (const row of this.rows) {
      for (let at = 0; at === 0 || at < row.length; at += columns) broken.push(row.slice(at, at + columns));
    }
    this.rows.splice(0, this.rows.length, ...broken);
    this.#row = this.rows.length - 1;
    this.#column = this.rows[this.#row]?.length ?? 0;
    for (const listener of this.#resizeListeners) listener();
  }

  /** What stands on the screen, without blanks at the ends of rows. */
  get screen(): string[] {
    const rows = this.rows.map((row) => row.trimEnd());
    while (rows.length > 0 && rows.at(-1) === '') rows.pop();
    return rows;
  }

  #print(text: string): void {
    for (let at = 0; at < text.length;) {
      const escape = ESCAPE.exec(text.slice(at));
      if (escape !== null) {
        if (escape[2] === 'A') this.#row = Math.max(0, this.#row - Number(escape[1] || '1'));
        else if (escape[2] === 'J') {
          this.rows[this.#row] = (this.rows[this.#row] ?? '').slice(0, this.#column);
          this.rows.splice(this.#row + 1);
        } else if (escape[2] !== 'm') throw new Error(`unknown escape ${JSON.stringify(escape[0])}`);
        at += escape[0].length;
        continue;
      }
      const character = text[at++] as string;
      if (character === '\r') this.#column = 0;
      else if (character === '\n') this.#newRow();
      else if (character < ' ') throw new Error(`control character ${character.charCodeAt(0)}`);
      else {
        if (this.#column === this.columns) this.#newRow();
        const row = (this.rows[this.#row] ?? '').padEnd(this.#column);
        this.rows[this.#row] = row.slice(0, this.#column) + character + row.slice(this.#column + 1);
        this.#column += 1;
      }
    }
  }

  #newRow(): void {
    this.#row += 1;
    this.#column = 0;
    if (this.#row === this.rows.length) this.rows.push('');
  }
}
