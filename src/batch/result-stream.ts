import type { CaseResult } from '../evaluation/evaluation-types.js';

/**
 * Hands batches of results from a run to the consumer of its stream. A batch holds the run until the consumer has gone
 * through it, so a slow consumer slows the run.
 */
export class ResultStream implements AsyncIterable<CaseResult> {
  #batches: (readonly CaseResult[])[] = []; // one; more only once the run is let go
  #taken: (() => void) | undefined;
  #offered: (() => void) | undefined;
  #holding = true;
  #ended = false;
  #error: unknown;

  /** Offers a batch; resolves when the consumer has gone through it, at once when the run is let go. */
  async offer(batch: readonly CaseResult[]): Promise<void> {
    this.#batches.push(batch);
    this.#offered?.();
    if (this.#holding) await new Promise<void>((resolve) => (this.#taken = resolve));
  }

  /** Lets the run go on without its consumer, who gets what is offered from now on all the same. */
  letGo(): void {
    this.#holding = false;
    this.#taken?.();
  }

  /** No further batch will come; with an error, the consumer gets it after the last result. */
  end(error?: unknown): void {
    this.#ended = true;
    this.#error = error;
    this.#offered?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CaseResult, void, undefined> {
    for (;;) {
      const batch = this.#batches.shift();
      if (batch !== undefined) {
        yield* batch;
        this.#taken?.();
      } else if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return;
      } else {
        await new Promise<void>((resolve) => (this.#offered = resolve));
      }
    }
  }
}
