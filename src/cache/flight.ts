import { AssayError } from '../errors.js';
import { onAbort } from '../foundation/cancellation.js';

/** What its owner does when a {@link Flight} ends. */
export interface FlightLanding<Value> {
  /** There is a result. May throw: then the flight fails with that. */
  landed(value: Value): void;
  /** The computation threw. */
  failed(): void;
  /** The last waiter went before there was a result. */
  abandoned(): void;
}

/**
 * One computation and everybody who waits for it. The computation is cancelled only when the last waiter has gone:
 * one caller's abort is no concern of the others.
 */
export class Flight<Value> {
  readonly #controller = new AbortController();
  readonly #result: Promise<Value>;
  readonly #abandoned: () => void;
  #waiting = 0;

  /** Starts `compute`; the rest says what shall happen on the way down. */
  constructor(compute: (signal: AbortSignal) => Value | Promise<Value>, landing: FlightLanding<Value>) {
    this.#abandoned = landing.abandoned;
    this.#result = new Promise<Value>((resolve) => resolve(compute(this.#controller.signal))).then(
      (value) => {
        landing.landed(value);
        return value;
      },
      (error: unknown) => {
        landing.failed();
        throw error;
      },
    );
    // A flight that everybody left still settles; nobody is there to hear of it.
    this.#result.catch(() => {});
  }

  /** Waits for the result, or until the caller's own signal aborts (`ASSAY_ABORTED`). */
  join(signal: AbortSignal | undefined): Promise<Value> {
    this.#waiting++;
    if (signal === undefined) return this.#result;
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, () => {
        reject(
          new AssayError('ASSAY_ABORTED', 'Waiting for a cached value was aborted', { cause: signal.reason }),
        );
        this.#leave();
      });
      this.#result.then(resolve, reject).finally(forget);
    });
  }

  #leave(): void {
    this.#waiting--;
    if (this.#waiting > 0) return;
    this.#abandoned();
    this.#controller.abort(new AssayError('ASSAY_ABORTED', 'Nobody waits for this value any more'));
  }
}
