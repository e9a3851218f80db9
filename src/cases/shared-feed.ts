import type { CaseSource } from './case-source.js';

/** Ends the feed of a reader. */
const OVER = Symbol('over');

/** Options of a {@link SharedFeed}. */
export interface SharedFeedOptions<Case> {
  /** How many runs read it. */
  readonly readers: number;
  /** How far a reader may be ahead, in cases. */
  readonly window: number;
  /**
   * Of what: of the reader that is furthest behind, or of the cases that {@link SharedFeed.settle} tells to be finished
   * everywhere, where what is asked beyond them may be lost money.
   */
  readonly aheadOf: 'readers' | 'settled';
  /** Called for each case when it is first read, in order. */
  readonly onCase?: ((testCase: Case) => void) | undefined;
}

/**
 * One source of cases that several runs read side by side, each in the same order. Holds no more cases than `window`: a
 * reader that is so far ahead waits.
 */
export class SharedFeed<Case> {
  readonly #source: CaseSource<Case>;
  readonly #options: SharedFeedOptions<Case>;
  readonly #held: Case[] = []; // those that a reader has yet to read
  readonly #read: number[];
  #first = 0; // position of the first one held
  #pulled = 0;
  #settled = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #pulling: Promise<void> | undefined;
  #waiting: (() => void)[] = [];

  constructor(source: CaseSource<Case>, options: SharedFeedOptions<Case>) {
    this.#source = source;
    this.#options = options;
    this.#read = Array.from({ length: options.readers }, () => 0);
  }

  /** Tells how many cases from the first on are finished everywhere. */
  settle(cases: number): void {
    this.#settled = cases;
    this.#wake();
  }

  /** No further case is given. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#wake();
    await this.#source.close();
  }

  /** The cases as one run reads them, `reader` from 0. One that leaves early is not waited for. Throws what the source does. */
  async *reader(reader: number): AsyncGenerator<Case, void, undefined> {
    try {
      for (;;) {
        const next = await this.#next(reader);
        if (next === OVER) return;
        yield next;
      }
    } finally {
      this.leave(reader);
    }
  }

  /** Nobody waits for this reader any more. */
  leave(reader: number): void {
    this.#read[reader] = Number.POSITIVE_INFINITY;
    this.#letGo();
  }

  async #next(reader: number): Promise<Case | typeof OVER> {
    for (;;) {
      const position = this.#read[reader]!;
      if (position < this.#pulled) return this.#take(reader, position);
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#ended || position === Number.POSITIVE_INFINITY) return OVER;
      const floor = this.#options.aheadOf === 'settled' ? this.#settled : Math.min(...this.#read);
      if (position >= floor + this.#options.window)
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      else await (this.#pulling ??= this.#pull().finally(() => (this.#pulling = undefined)));
    }
  }

  #take(reader: number, position: number): Case {
    const testCase = this.#held[position - this.#first] as Case;
    this.#read[reader] = position + 1;
    this.#letGo();
    return testCase;
  }

  /** Lets go of what all have read, and lets those go on that were too far ahead. */
  #letGo(): void {
    const behind = Math.min(this.#pulled, ...this.#read);
    if (behind === this.#first) return;
    this.#held.splice(0, behind - this.#first);
    this.#first = behind;
    if (this.#options.aheadOf === 'readers') this.#wake();
  }

  /** The next case of the source. Its error reaches every reader that has come so far. */
  async #pull(): Promise<void> {
    let next: Case | undefined;
    try {
      next = await this.#source.next();
    } catch (error) {
      this.#failure = { error };
      this.#wake();
      return;
    }
    if (this.#ended) return;
    if (next === undefined) {
      this.#ended = true;
      this.#wake();
      return;
    }
    this.#options.onCase?.(next);
    this.#held.push(next);
    this.#pulled++;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
