import type { CaseResult } from '../evaluation/evaluation-types.js';

/** Hands batches of results from a run to the consumer of its stream; a batch is taken up only when the last is gone. */
export class ResultStream implements AsyncIterable<CaseResult> {
  #batch: readonly CaseResult[] | undefined;
  #taken: (() => void) | undefined;
  #offered: (() => void) | undefined;
  #ended = false;
  #discarded = false;
  #error: unknown;

  /** Offers a batch; resolves when the consumer has gone through it. */
  offer(batch: readonly CaseResult[]): Promise<void> {
    if (this.#discarded) return Promise.resolve();
    this.#batch = batch;
    this.#offered?.();
    return new Promise((resolve) => (this.#taken = resolve));
  }

  /** No further batch will come; with an error, the consumer gets it after the last result. */
  end(error?: unknown): void {
    this.#ended = true;
    this.#error = error;
    this.#offered?.();
  }

  /** The consumer has left: batches are let go. */
  discard(): void {
    this.#discarded = true;
    this.#batch = undefined;
    this.#taken?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CaseResult, void, undefined> {
    for (;;) {
      if (this.#batch !== undefined) {
        yield* this.#batch;
        this.#batch = undefined;
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
