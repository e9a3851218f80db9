import { onAbort } from '../foundation/cancellation.js';
import type { ClockTimer } from '../foundation/clock.js';
import type { CallSettings } from './call-settings.js';
import { Deadline, type Expiring } from './deadline-list.js';
import type { CallOptions } from './model-client.js';

/** What ends a call from outside. */
export interface Bounded {
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
  #own: ClockTimer | undefined;
  #release: (() => void) | undefined;
  #ended = false;
  /** When the call's total time is up, monotonic milliseconds. */
  deadlineAt: number;

  constructor(call: Bounded, settings: CallSettings, now: number) {
    this.#call = call;
    this.#settings = settings;
    this.deadlineAt = now + settings.deadlineMs;
  }

  /** Begins; may end the call at once, when its signal has been aborted already. */
  start(options: CallOptions | undefined, now: number): void {
    const { deadlines, deadlineMs, clock } = this.#settings;
    const timeoutMs = options?.timeoutMs;
    if (timeoutMs === undefined || timeoutMs >= deadlineMs) {
      deadlines.start(this.#deadline, now);
    } else {
      this.deadlineAt = now + timeoutMs;
      this.#own = clock.schedule(() => this.#call.overdue(), timeoutMs, { keepAlive: false });
    }
    if (options !== undefined) this.#listen(options);
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
    this.#own?.cancel();
    this.#release?.();
  }

  deadlinePassed(deadline: Deadline): void {
    if (deadline === this.#deadline) this.#call.overdue();
    else this.#call.healthAwaited();
  }

  #listen({ signal, cancellation }: CallOptions): void {
    if (cancellation !== undefined) {
      const cancelled = (reason: unknown): void => this.#call.aborted(reason);
      cancellation.onCancel(cancelled);
      this.#release = () => cancellation.offCancel(cancelled);
    }
    if (signal === undefined || this.#ended) return;
    const before = this.#release;
    const stop = onAbort(signal, () => this.#call.aborted(signal.reason));
    this.#release = () => {
      before?.();
      stop();
    };
  }
}
