const CHUNK_ROWS = 1 << 15;

/** Which rows were met, a bit each: 125 kB for a million. */
export class RowIds {
  readonly #chunks = new Map<number, Uint8Array>();

  /** Adds a row; whether it is new. */
  add(id: number): boolean {
    const number = Math.floor(id / CHUNK_ROWS);
    let chunk = this.#chunks.get(number);
    if (chunk === undefined) this.#chunks.set(number, (chunk = new Uint8Array(CHUNK_ROWS >>> 3)));
    const at = id - number * CHUNK_ROWS;
    const mask = 1 << (at & 7);
    if ((chunk[at >>> 3]! & mask) !== 0) return false;
    chunk[at >>> 3]! |= mask;
    return true;
  }
}
