const BITS = 1 << 26; // 8 MiB: at 1,000,000 ids a new id looks seen with a chance of 4e-9
const PROBES = 10;

/**
 * Remembers which case ids were seen, in 8 MiB whatever their number (a Bloom filter; Bloom 1970, double hashing
 * after Kirsch and Mitzenmacher 2006). It never forgets an id; it takes a new one for seen with a chance of 4e-9 at
 * a million ids, so its suspicion is checked against the store before it counts.
 */
export class DuplicateGuard {
  readonly #words = new Uint32Array(BITS >>> 5);
  #size = 0;

  /** How many ids were added. */
  get size(): number {
    return this.#size;
  }

  /** Adds an id; whether it (almost certainly) was there before. */
  seen(id: string): boolean {
    let h1 = 0x811c9dc5; // FNV-1a and a second, independent mix in one pass
    let h2 = 0x9e3779b9;
    for (let i = 0; i < id.length; i++) {
      const unit = id.charCodeAt(i);
      h1 = Math.imul(h1 ^ unit, 0x01000193);
      h2 = Math.imul(h2 ^ unit, 0x85ebca6b) ^ (h2 >>> 13);
    }
    h1 = mix(h1);
    h2 = mix(h2 ^ id.length) | 1;
    let present = true;
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = (h1 + Math.imul(probe, h2)) & (BITS - 1);
      const word = bit >>> 5;
      const mask = 1 << (bit & 31);
      const before = this.#words[word]!;
      if ((before & mask) === 0) {
        present = false;
        this.#words[word] = before | mask;
      }
    }
    if (!present) this.#size++;
    return present;
  }
}

/** Finaliser of MurmurHash3 (Appleby): every input bit moves every output bit. */
function mix(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
