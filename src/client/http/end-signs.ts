const CALLS = 3;

/**
 * Whether a server says in its streams why an answer ended. One that never does is known by its record: after three calls
 * whose streams came to their end with text and without a reason, its end alone is taken for the sign.
 */
export class EndSigns {
  #given = false;
  readonly #without = new Set<number>();

  /** A stream said why its answer ended. */
  given(): void {
    this.#given = true;
    this.#without.clear();
  }

  /** A stream of that call came to its end without saying why; returns whether that is this server's way. */
  withheld(callId: number): boolean {
    if (this.#given) return false;
    if (this.#without.size < CALLS) this.#without.add(callId);
    return this.#without.size >= CALLS;
  }
}
