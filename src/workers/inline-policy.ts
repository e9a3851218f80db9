/** Below this cost handing an evaluation over keeps the main thread busy longer than doing it there. */
export const INLINE_BELOW_US = 20;

const WINDOW = 64; // evaluations that a decision is made on
const SLOWEST_US = 1000; // one slower than this among them is reason to stay in the workers
const STALL_US = 5000; // one slower than this on the main thread is reason to leave it at once

/**
 * Decides from what evaluations cost whether they belong on the main thread. Looks at windows of 64: the first
 * ones are slow (nothing is compiled yet), so it starts in the workers and moves once a whole window was cheap.
 */
export class InlinePolicy {
  #inline = false;
  #count = 0;
  #sumUs = 0;
  #slowestUs = 0;
  #averageUs = Number.NaN;

  /** Whether the next evaluation shall run on the main thread. */
  get inline(): boolean {
    return this.#inline;
  }

  /** Average of the last whole window, microseconds; `NaN` before the first. */
  get averageUs(): number {
    return this.#averageUs;
  }

  /** Notes what an evaluation cost; answers whether the decision changed. */
  observe(workUs: number): boolean {
    this.#count++;
    this.#sumUs += workUs;
    this.#slowestUs = Math.max(this.#slowestUs, workUs);
    if (this.#inline && workUs > STALL_US) return this.#decide(false);
    if (this.#count < WINDOW) return false;
    const average = this.#sumUs / this.#count;
    if (this.#inline) return this.#decide(average <= 2 * INLINE_BELOW_US);
    return this.#decide(average < INLINE_BELOW_US && this.#slowestUs < SLOWEST_US);
  }

  #decide(inline: boolean): boolean {
    const changed = inline !== this.#inline;
    this.#inline = inline;
    this.#averageUs = this.#sumUs / this.#count;
    this.#count = 0;
    this.#sumUs = 0;
    this.#slowestUs = 0;
    return changed;
  }
}
