/**
 * Counts of n-grams over several references, each n-gram as often as in the reference that has most of it, and the
 * clipped matching against them: each may be taken once for each time it stands there.
 */
export class ReferenceCounts {
  readonly #left = new Map<string, number>();
  #current: Map<string, number> | undefined;

  /** Begins a reference. */
  begin(): void {
    this.#current = this.#current === undefined ? this.#left : new Map();
  }

  /** Counts an n-gram of the reference that was begun last. */
  add(gram: string): void {
    const current = this.#current!;
    const count = (current.get(gram) ?? 0) + 1;
    current.set(gram, count);
    if (current !== this.#left && count > (this.#left.get(gram) ?? 0)) this.#left.set(gram, count);
  }

  /** Takes one occurrence; `false` when none is left. Call it only after the last reference. */
  take(gram: string): boolean {
    const count = this.#left.get(gram);
    if (count === undefined || count === 0) return false;
    this.#left.set(gram, count - 1);
    return true;
  }
}
