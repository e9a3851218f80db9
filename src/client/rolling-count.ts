/** Counts over the last seconds, in slots: what happened "recently" in constant memory and time. */
export class RollingCount {
  readonly #slots: Float64Array;
  readonly #slotMs: number;
  #current = Number.NEGATIVE_INFINITY;
  #total = 0;

  /** Remembers `slots` slots of `slotMs` milliseconds each. */
  constructor(slots: number, slotMs: number) {
    this.#slots = new Float64Array(slots);
    this.#slotMs = slotMs;
  }

  /** Adds to the slot of `now`. */
  add(now: number, amount = 1): void {
    const slot = this.#advance(now);
    this.#slots[slot]! += amount;
    this.#total += amount;
  }

  /** Sum over the window that ends at `now`. */
  total(now: number): number {
    this.#advance(now);
    return this.#total;
  }

  /** Forgets everything. */
  clear(): void {
    this.#slots.fill(0);
    this.#total = 0;
  }

  #advance(now: number): number {
    const size = this.#slots.length;
    const target = Math.floor(now / this.#slotMs);
    if (target > this.#current) {
      if (target - this.#current >= size) {
        if (this.#total !== 0) this.clear();
      } else {
        for (let each = this.#current + 1; each <= target; each++) {
          const slot = each % size;
          this.#total -= this.#slots[slot]!;
          this.#slots[slot] = 0;
        }
      }
      this.#current = target;
    }
    return this.#current % size;
  }
}
