import type { RunWork, SharedRun } from '../stores/run-work.js';

const CHUNK_MS = 250; // turns that are taken together
const UNPACED_CHUNK = 10; // where only tokens are limited

/**
 * Takes turns from the buckets that all workers of a run share, some at once. What a worker has taken and not used yet, one
 * chunk, is the most by which the run can exceed its rate: when a worker that was stopped goes on.
 */
export class RunPacer {
  readonly #work: RunWork;
  readonly #run: SharedRun;
  #owed = 0; // tokens that cases used beyond what they were charged
  #used = 0;
  #cases = 0;

  constructor(work: RunWork, run: SharedRun) {
    this.#work = work;
    this.#run = run;
  }

  /** Most turns that are worth asking for together. */
  get chunk(): number {
    const { requestsPerSecond } = this.#run.limits;
    return requestsPerSecond === undefined
      ? UNPACED_CHUNK
      : Math.max(1, Math.floor((requestsPerSecond * CHUNK_MS) / 1000));
  }

  /** When each of so many cases may begin, milliseconds from now, ascending. */
  async take(turns: number): Promise<readonly number[]> {
    const tokens = turns * this.#average + this.#owed;
    const owed = this.#owed;
    this.#owed = 0;
    try {
      const { firstMs, spacingMs, tokensMs } = await this.#work.takeTurns(this.#run.runId, { turns, tokens });
      return Array.from({ length: turns }, (_, k) => Math.max(0, firstMs + k * spacingMs, tokensMs));
    } catch (error) {
      this.#owed += owed;
      throw error;
    }
  }

  /** Notes what a case has really used. */
  used(tokens: number): void {
    this.#owed += tokens - this.#average;
    this.#used += tokens;
    this.#cases += 1;
  }

  get #average(): number {
    return this.#cases === 0 ? 0 : this.#used / this.#cases;
  }
}
