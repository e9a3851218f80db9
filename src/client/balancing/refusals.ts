import { RollingCount } from './rolling-count.js';

const RECENT_MS = 2000;
const CLEAR_REFUSALS = 3;
const CLEAR_SHARE = 0.1;
const CLEAR_LATE = 2;
const CLEAR_LATE_SHARE = 0.12;
const MEMORY = 0.75;

/**
 * What an endpoint's refusals (429s) say together. Calls in flight when a refusal arrives may be refused as well: they
 * are one episode with it. By their share a limit is told from a server that refuses a few calls at random, which
 * must not be talked down to nothing.
 */
export class Refusals {
  readonly #recent = new RollingCount(20, RECENT_MS / 20);
  #episodeAt = Number.NEGATIVE_INFINITY;
  #inARow = 0;
  #fastestMs = Number.POSITIVE_INFINITY;
  #inFlight = 0;
  #late = 0;

  /** Episodes since a call was last answered. */
  get inARow(): number {
    return this.#inARow;
  }

  /** Least time that a refusal has taken, milliseconds. */
  get fastestMs(): number {
    return this.#fastestMs;
  }

  /** A call was refused, with `inFlight` calls in flight, itself included. */
  add(sentAt: number, inFlight: number, now: number): void {
    this.#recent.add(now);
    this.#fastestMs = Math.min(this.#fastestMs, now - sentAt);
    if (sentAt < this.#episodeAt) {
      this.#late++;
      return;
    }
    this.#episodeAt = now;
    this.#inARow++;
    this.#late *= MEMORY;
    this.#inFlight = this.#inFlight * MEMORY + inFlight - 1;
  }

  /** A call was answered. */
  answered(sentAt: number): void {
    if (sentAt >= this.#episodeAt) this.#inARow = 0;
  }

  /** Whether they show a limit; `through` are the calls that were sent without being refused. */
  showLimit(through: RollingCount, now: number): boolean {
    const recent = this.#recent.total(now);
    const sent = through.between(now - RECENT_MS, now) + recent;
    if (recent >= CLEAR_REFUSALS && recent > CLEAR_SHARE * sent) return true;
    return this.#late >= CLEAR_LATE && this.#late > CLEAR_LATE_SHARE * this.#inFlight;
  }
}
