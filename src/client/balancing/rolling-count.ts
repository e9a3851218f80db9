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

  /** Adds to the slot of `at`, which may lie in the past; what is older than the window is left out. */
  add(at: number, amount = 1): void {
    const slot = Math.floor(at / this.#slotMs);
    if (slot > this.#current) this.#advance(slot);
    else if (slot <= this.#current - this.#slots.length) return;
    this.#slots[slot % this.#slots.length]! += amount;
    this.#total += amount;
  }

  /** Sum over the window that ends at `now`. */
  total(now: number): number {
    this.#advance(Math.floor(now / this.#slotMs));
    return this.#total;
  }

  /** Sum of the slots from that of `since` to that of `until`, as far as they are remembered. */
  between(since: number, until: number): number {
    let sum = 0;
    this.backwards(since, until, (each) => (sum = each));
    return sum;
  }

  /** Tells for every slot from that of `until` back to that of `since` how much there was since it began. */
  backwards(since: number, until: number, tell: (sum: number, from: number) => void): void {
    const size = this.#slots.length;
    const first = Math.max(Math.floor(since / this.#slotMs), this.#current - size + 1, 0);
    let sum = 0;
    for (let slot = Math.min(Math.floor(until / this.#slotMs), this.#current); slot >= first; slot--) {
      sum += this.#slots[slot % size]!;
      tell(sum, slot * this.#slotMs);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#slots.fill(0);
    this.#total = 0;
  }

  #advance(target: number): void {
    if (target <= this.#current) return;
    const size = this.#slots.length;
    if (target - this.#current >= size) this.clear();
    else {
      for (let each = this.#current + 1; each <= target; each++) {
        const slot = each % size;
        this.#total -= this.#slots[slot]!;
        this.#slots[slot] = 0;
      }
    }
    this.#current = target;
  }
}
