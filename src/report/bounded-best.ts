/** Keeps the first `limit` values of an order while any number of them stream by. Memory: twice `limit`. */
export class BoundedBest<T> {
  readonly #limit: number;
  readonly #compare: (a: T, b: T) => number;
  #kept: T[] = [];
  #worst: T | undefined;

  constructor(limit: number, compare: (a: T, b: T) => number) {
    this.#limit = limit;
    this.#compare = compare;
  }

  /** Takes in a value. */
  add(value: T): void {
    if (this.#limit === 0 || (this.#worst !== undefined && this.#compare(value, this.#worst) >= 0)) return;
    this.#kept.push(value);
    if (this.#kept.length >= 2 * this.#limit) this.#cut();
  }

  /** The first values, in order. */
  get values(): readonly T[] {
    this.#cut();
    return this.#kept;
  }

  #cut(): void {
    this.#kept.sort(this.#compare);
    if (this.#kept.length < this.#limit) return;
    this.#kept = this.#kept.slice(0, this.#limit);
    this.#worst = this.#kept.at(-1);
  }
}
