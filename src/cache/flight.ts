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
  readonly #landing: FlightLanding<Value>;
  #result: Promise<Value> | undefined;
  #waiting = 0;

  /** `landing` says what shall happen on the way down. */
  constructor(landing: FlightLanding<Value>) {
    this.#landing = landing;
  }

  /** Starts the computation: after its owner knows of the flight, for `compute` may call the owner at once. */
  start(compute: (signal: AbortSignal) => Value | Promise<Value>): void {
    const landing = this.#landing;
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

  /**
   * Waits for the result, or until the caller's own signal aborts (`ASSAY_ABORTED`). Rejects with
   * `ASSAY_INVALID_INPUT` when the computation itself asks, before it has returned a promise.
   */
  join(signal: AbortSignal | undefined): Promise<Value> {
    const result = this.#result;
    if (result === undefined) return Promise.reject(waitsForItself());
    this.#waiting++;
    if (signal === undefined) return result;
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, () => {
        reject(
          new AssayError('ASSAY_ABORTED', 'Waiting for a cached value was aborted', { cause: signal.reason }),
        );
        this.#leave();
      });
      result.then(resolve, reject).finally(forget);
    });
  }

  #leave(): void {
    this.#waiting--;
    if (this.#waiting > 0) return;
    this.#landing.abandoned();
    this.#controller.abort(new AssayError('ASSAY_ABORTED', 'Nobody waits for this value any more'));
  }
}

const waitsForItself = (): AssayError =>
  new AssayError('ASSAY_INVALID_INPUT', 'The computation of a cached value asked for that same value');
