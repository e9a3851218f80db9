import type { CaseResult } from '../evaluation/evaluation-types.js';

/**
 * Hands batches of results from a run to the consumer of its stream. A batch holds the run until the consumer has gone
 * through it, so a slow consumer slows the run.
 */
export class ResultStream implements AsyncIterable<CaseResult> {
  #batches: (readonly CaseResult[])[] = []; // one; more only once the run is let go
  #letRunGoOn: (() => void) | undefined;
  #wakeConsumer: (() => void) | undefined;
  #holding = true;
  #ended = false;
  #error: unknown;

  /** Hands a batch to the consumer; resolves when the consumer has gone through it, at once when the run is let go. */
  async hand(batch: readonly CaseResult[]): Promise<void> {
    this.#batches.push(batch);
    this.#wakeConsumer?.();
    if (this.#holding) await new Promise<void>((resolve) => (this.#letRunGoOn = resolve));
  }

  /** Lets the run go on without its consumer, who gets what is handed over from now on all the same. */
  letGo(): void {
    this.#holding = false;
    this.#letRunGoOn?.();
  }

  /** No further batch will come; with an error, the consumer gets it after the last result. */
  end(error?: unknown): void {
    this.#ended = true;
    this.#error = error;
    this.#wakeConsumer?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CaseResult, void, undefined> {
    for (;;) {
      const batch = this.#batches.shift();
      if (batch !== undefined) {
        yield* batch;
        this.#letRunGoOn?.();
      } else if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wakeConsumer = resolve));
      }
    }
  }
}
