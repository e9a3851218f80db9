import type { Clock, ClockTimer } from '../foundation/clock.js';
import { nextTurn } from '../foundation/event-loop-turns.js';

interface PendingTimer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A {@link Clock} that stands still until it is told to move: for tests without sleeps. */
export class ManualClock implements Clock {
  #now = 0;
  #order = 0;
  #wallOffset: number;
  readonly #timers = new Set<PendingTimer>();

  /** `wallTime` is what {@link ManualClock.wallTime} says at the start, milliseconds since the epoch. */
  constructor(wallTime = 1_700_000_000_000) {
    this.#wallOffset = wallTime;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#wallOffset + this.#now;
  }

  /** Makes the wall clock jump without time passing, as a correction of the system's clock does. */
  jumpWallTime(byMs: number): void {
    this.#wallOffset += byMs;
  }

  /** How many timers are waiting. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  schedule(callback: () => void, delayMs: number): ClockTimer {
    const timer: PendingTimer = { at: this.#now + Math.max(delayMs, 0), order: this.#order++, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /**
   * Moves time forward, firing the timers that fall due in their order. Promise callbacks run between timers.
   */
  async advance(byMs: number): Promise<void> {
    const end = this.#now + byMs;
    for (;;) {
      await nextTurn();
      let next: PendingTimer | undefined;
      for (const timer of this.#timers) {
        if (timer.at > end) continue;
        if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order))
          next = timer;
      }
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
    await nextTurn();
  }
}
