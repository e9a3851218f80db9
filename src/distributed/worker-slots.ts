/**
 * How many cases of a worker may be in flight, over all its batches. A place is taken before a case begins and given back
 * when its result is durable: what a killed worker had under way, and so has to be paid again, is never more.
 */
export class WorkerSlots {
  readonly #size: number;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  /** `size`: how many there are. */
  constructor(size: number) {
    this.#size = size;
  }

  /** Places that are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes up to `wanted` places; returns how many. */
  take(wanted: number): number {
    const given = Math.max(0, Math.min(wanted, this.#size - this.#taken));
    this.#taken += given;
    return given;
  }

  /** Gives places back; whoever waits for one looks again, the longest waiting first. */
  giveBack(places: number): void {
    this.#taken -= places;
    for (const look of Array.from(this.#waiting)) {
      if (this.#taken >= this.#size) return;
      this.#waiting.delete(look);
      look();
    }
  }

  /** Calls `look` once when a place is free; asking again while it waits changes nothing. */
  whenFree(look: () => void): void {
    this.#waiting.add(look);
  }

  /** Waits no longer. */
  forget(look: () => void): void {
    this.#waiting.delete(look);
  }
}
