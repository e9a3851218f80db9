import type { CaseSource } from '../../cases/case-source.js';

/** Ends the feed of both sides. */
const OVER = Symbol('over');

/**
 * One source of cases that two runs read side by side, each in the same order. A side waits when it is `window` cases
 * ahead of the cases that both have finished: what is asked beyond the decision is lost money.
 */
export class PairedFeed<Case> {
  readonly #source: CaseSource<Case>;
  readonly #window: number;
  readonly #onCase: (testCase: Case) => void;
  readonly #held: Case[] = []; // those that one side has yet to read
  readonly #read: [number, number] = [0, 0];
  #first = 0; // position of the first one held
  #pulled = 0;
  #settled = 0;
  #ended = false;
  #pulling: Promise<void> | undefined;
  #waiting: (() => void)[] = [];

  /** @param options `onCase` is called for each case when it is first read, in order. */
  constructor(
    source: CaseSource<Case>,
    options: { readonly window: number; readonly onCase: (testCase: Case) => void },
  ) {
    this.#source = source;
    this.#window = options.window;
    this.#onCase = options.onCase;
  }

  /** Whether the source has no further case. */
  get exhausted(): boolean {
    return this.#ended;
  }

  /** Cases that were read so far. */
  get pulled(): number {
    return this.#pulled;
  }

  /** Tells how many cases from the first on both sides have finished. */
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

  /** The cases as one side reads them. */
  async *side(side: 0 | 1): AsyncGenerator<Case, void, undefined> {
    for (;;) {
      const next = await this.#next(side);
      if (next === OVER) return;
      yield next;
    }
  }

  async #next(side: 0 | 1): Promise<Case | typeof OVER> {
    for (;;) {
      const position = this.#read[side];
      if (position < this.#pulled) return this.#take(side, position);
      if (this.#ended) return OVER;
      if (position >= this.#settled + this.#window)
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      else await (this.#pulling ??= this.#pull().finally(() => (this.#pulling = undefined)));
    }
  }

  #take(side: 0 | 1, position: number): Case {
    const testCase = this.#held[position - this.#first] as Case;
    this.#read[side] = position + 1;
    if (Math.min(...this.#read) > this.#first) {
      this.#held.shift();
      this.#first++;
    }
    return testCase;
  }

  async #pull(): Promise<void> {
    const next = await this.#source.next();
    if (this.#ended) return;
    if (next === undefined) {
      this.#ended = true;
      this.#wake();
      return;
    }
    this.#onCase(next);
    this.#held.push(next);
    this.#pulled++;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
