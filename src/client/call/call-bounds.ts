import { onAbort } from '../../foundation/cancellation.js';
import type { CallSettings } from './call-settings.js';
import { Deadline, type Expiring } from './deadline-list.js';
import { cancellationOf, ownSignalOf } from '../cancellable-call.js';
import type { CallOptions } from '../model-client.js';

/** What ends a call from outside. */
export interface Bounded {
  /** When it was begun, monotonic milliseconds. */
  readonly begunAt: number;
  /** The call's total time is up. */
  overdue(): void;
  /** The caller gave up. */
  aborted(reason: unknown): void;
  /** It waited for an endpoint to come back as long as it may. */
  healthAwaited(): void;
}

/** The time limits of one call and the signals that end it. */
export class CallBounds implements Expiring {
  readonly #call: Bounded;
  readonly #settings: CallSettings;
  readonly #deadline = new Deadline(this);
  #health: Deadline | undefined;
  #options: CallOptions | undefined;
  #onCancel: ((reason: unknown) => void) | undefined;
  #offAbort: (() => void) | undefined;
  #ended = false;
  /** When the call's total time is up, monotonic milliseconds. */
  deadlineAt: number;

  constructor(call: Bounded, settings: CallSettings) {
    this.#call = call;
    this.#settings = settings;
    this.deadlineAt = call.begunAt + settings.deadlineMs;
  }

  /** Begins to count the time; may end the call at once, when its signal has been aborted already. */
  start(options: CallOptions | undefined, now: number): void {
    const { deadlines, deadlineMs } = this.#settings;
    this.#options = options;
    const durationMs = Math.min(options?.timeoutMs ?? deadlineMs, deadlineMs);
    this.deadlineAt = now + durationMs;
    deadlines.of(durationMs).start(this.#deadline, now);
    if (options !== undefined) this.#listen(options);
  }

  /**
   * Whether the call is about to be ended: many calls end with one signal or at one time, one after the other, and
   * a slot that the first of them frees is not for the next.
   */
  isOver(now: number): boolean {
    const options = this.#options;
    if (now >= this.deadlineAt) return true;
    if (options === undefined) return false;
    return ownSignalOf(options)?.aborted === true || cancellationOf(options)?.cancelled === true;
  }

  /** Begins the wait for an endpoint to come back, if it has not begun. */
  awaitHealth(now: number): void {
    if (this.#health !== undefined) return;
    this.#health = new Deadline(this);
    this.#settings.healthyWaits.start(this.#health, now);
  }

  /** The call is settled: stops everything. */
  end(): void {
    this.#ended = true;
    this.#deadline.stop();
    this.#health?.stop();
    if (this.#onCancel !== undefined) cancellationOf(this.#options!)?.offCancel(this.#onCancel);
    this.#offAbort?.();
  }

  deadlinePassed(deadline: Deadline): void {
    if (deadline === this.#deadline) this.#call.overdue();
    else this.#call.healthAwaited();
  }

  // No function literal may be assigned to a property here: it would keep the call and its case from being collected
  // young, which tripled the time in scavenges (docs/decisions/young-calls.md).
  #listen(options: CallOptions): void {
    const cancellation = cancellationOf(options);
    const signal = ownSignalOf(options);
    if (cancellation !== undefined) {
      const onCancel = (reason: unknown): void => this.#call.aborted(reason);
      this.#onCancel = onCancel;
      cancellation.onCancel(onCancel);
    }
    if (signal === undefined || this.#ended) return;
    this.#offAbort = onAbort(signal, () => this.#call.aborted(signal.reason));
  }
}
