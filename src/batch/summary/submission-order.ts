const FIRST_PLACES = 64; // a power of two

/**
 * Puts what finishes in any order back into the order in which it was submitted: each item is handed on once all before it
 * are there. What finishes first is no fair sample of what was submitted: failures often take longer.
 *
 * Items that are early wait in a ring, which grows with the distance from the first one missing to the last one there.
 */
export class SubmissionOrder<Item> {
  readonly #take: (item: Item) => void;
  #ring = new Array<Item | undefined>(FIRST_PLACES).fill(undefined);
  #next = 0;

  /** `take` gets each item in its turn. */
  constructor(take: (item: Item) => void) {
    this.#take = take;
  }

  /** The item of the place `place`, from 0; each place once. */
  settle(place: number, item: Item): void {
    if (place !== this.#next) {
      while (place - this.#next >= this.#ring.length) this.#grow();
      this.#ring[place & (this.#ring.length - 1)] = item;
      return;
    }
    this.#next++;
    this.#take(item);
    for (;;) {
      const at = this.#next & (this.#ring.length - 1);
      const early = this.#ring[at];
      if (early === undefined) return;
      this.#ring[at] = undefined;
      this.#next++;
      this.#take(early);
    }
  }

  #grow(): void {
    const old = this.#ring;
    this.#ring = new Array<Item | undefined>(old.length * 2).fill(undefined);
    for (let place = this.#next; place < this.#next + old.length; place++)
      this.#ring[place & (this.#ring.length - 1)] = old[place & (old.length - 1)];
  }
}
