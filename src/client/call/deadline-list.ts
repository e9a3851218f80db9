import type { Clock, ClockTimer } from '../../foundation/clock.js';
import { LinkedList, ListNode } from '../../foundation/linked-list.js';

/** Something whose time can run out. */
export interface Expiring {
  /** Its time in the list ran out; it stands in the list no more. */
  deadlinePassed(deadline: Deadline): void;
}

/** One running time limit; stands in at most one {@link DeadlineList} at a time. */
export class Deadline extends ListNode<Expiring> {
  /** When it is due, on the client's monotonic clock. */
  at = 0;

  /** Stops it; harmless when it does not run. */
  stop(): void {
    this.list?.remove(this);
  }
}

const NOTHING: Expiring = { deadlinePassed: () => {} };

/**
 * All running limits of one duration: since they last equally long they fall due in the order in which they
 * began, so starting and stopping one is a few pointer writes and the whole list needs one timer (a
 * `setTimeout` for each call costs 1 us and an AbortSignal.timeout 12 us). The timer does not keep the process
 * running: a call in flight is held by its socket.
 */
export class DeadlineList {
  readonly #clock: Clock;
  readonly #durationMs: number;
  readonly #running = new LinkedList<Expiring>(new Deadline(NOTHING));
  #timer: ClockTimer | undefined;

  /** `durationMs` of `Infinity`: nothing in the list ever falls due. */
  constructor(clock: Clock, durationMs: number) {
    this.#clock = clock;
    this.#durationMs = durationMs;
  }

  /** Whether no limit is running. */
  get idle(): boolean {
    return this.#running.size === 0;
  }

  /** Begins (or begins again) the limit, from `now`. */
  start(deadline: Deadline, now: number): void {
    deadline.list?.remove(deadline);
    if (this.#durationMs === Number.POSITIVE_INFINITY) return;
    deadline.at = now + this.#durationMs;
    this.#running.push(deadline);
    if (this.#timer === undefined) this.#arm(this.#durationMs);
  }

  /** Stops the timer: for a client that is closed. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(delayMs: number): void {
    this.#timer = this.#clock.schedule(() => this.#expire(), delayMs, { keepAlive: false });
  }

  #expire(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (;;) {
      const first = this.#running.head as Deadline | undefined;
      if (first === undefined) return;
      if (first.at > now) break;
      this.#running.remove(first);
      first.value.deadlinePassed(first);
    }
    const next = this.#running.head as Deadline | undefined;
    if (next !== undefined && this.#timer === undefined) this.#arm(Math.max(next.at - now, 0));
  }
}

const KEPT_LISTS = 16;

/** A {@link DeadlineList} for each duration that callers ask for: most hosts use one or two. */
export class DeadlineLists {
  readonly #clock: Clock;
  readonly #lists = new Map<number, DeadlineList>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The list for a duration. */
  of(durationMs: number): DeadlineList {
    let list = this.#lists.get(durationMs);
    if (list === undefined) {
      if (this.#lists.size >= KEPT_LISTS) this.#dropIdle();
      list = new DeadlineList(this.#clock, durationMs);
      this.#lists.set(durationMs, list);
    }
    return list;
  }

  /** Stops all timers. */
  close(): void {
    for (const list of this.#lists.values()) list.close();
  }

  #dropIdle(): void {
    for (const [durationMs, list] of this.#lists) {
      if (!list.idle) continue;
      list.close();
      this.#lists.delete(durationMs);
    }
  }
}
