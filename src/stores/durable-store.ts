import { AssayError } from '../errors.js';
import type { Clock } from '../foundation/clock.js';
import { EventSource } from '../foundation/event-source.js';
import type { ResultStoreEvents } from './result-store.js';

/** What stores share that outlive the process: how they close, and what they tell of their writes. */
export abstract class DurableStore extends EventSource<ResultStoreEvents> {
  readonly #name: string;
  readonly #clock: Clock;
  #closing: Promise<void> | undefined;

  /** `name` is that of the class, for messages. */
  protected constructor(name: string, clock: Clock) {
    super();
    this.#name = name;
    this.#clock = clock;
  }

  /** Stores what was handed over, then frees files, connections, threads and locks. Closing twice is harmless. */
  close(): Promise<void> {
    this.#closing ??= this.finishAndFree();
    return this.#closing;
  }

  /** Same as {@link DurableStore.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What closing does; called once. */
  protected abstract finishAndFree(): Promise<void>;

  /** @throws AssayError `ASSAY_CLOSED` once the store is being closed. */
  protected checkOpen(): void {
    if (this.#closing !== undefined) throw new AssayError('ASSAY_CLOSED', `The ${this.#name} is closed`);
  }

  /** Tells `store:error` that a write failed. */
  protected reportError(error: unknown): void {
    if (this.wants('store:error')) this.emit('store:error', { at: this.#clock.wallTime(), error });
  }

  /** Tells `store:flush` of what was begun at `started` (monotonic) and is durable now. */
  protected reportFlush(started: number, results: number, bytes: number): void {
    if (!this.wants('store:flush')) return;
    const durationMs = this.#clock.now() - started;
    this.emit('store:flush', { at: this.#clock.wallTime(), results, bytes, durationMs });
  }
}
