const BITS_PER_ID = 64; // with 16 probes a new id looks seen with a chance of 3e-11 in a full layer
const PROBES = 16;
const FIRST_BITS = 1 << 11; // 256 bytes, for 32 ids: V8 has seen it grow before it compiles it
const LAST_BITS = 1 << 26; // 8 MiB, for a million and, less surely, for all that follow
const GROWTH = 8;

/**
 * Remembers which case ids were seen, in at most 9.2 MiB whatever their number: a Bloom filter (Bloom 1970, probes after
 * Kirsch and Mitzenmacher 2006, with a quadratic term) in layers, each 8 times the one before (Almeida et al. 2007), since
 * the first touch of 8 MiB costs a short run more than all else here. It never forgets an id; it takes a new one for
 * seen with a chance below 2e-10 up to a million ids, so its suspicion is checked against the store before it counts.
 */
export class DuplicateGuard {
  readonly #layers = [new Uint32Array(FIRST_BITS >>> 5)];
  /** Ids that the last layer can take before the next one is made. */
  #free = FIRST_BITS / BITS_PER_ID;
  // The hashes of the id at hand, each 32 bits.
  #a = 0;
  #b = 0;
  #c = 0;
  #size = 0;

  /** How many ids were added. */
  get size(): number {
    return this.#size;
  }

  /** Adds an id; whether it (almost certainly) was there before. */
  seen(id: string): boolean {
    return this.#lookUp(id, true);
  }

  /** Whether an id was (almost certainly) added; adds nothing. */
  has(id: string): boolean {
    return this.#lookUp(id, false);
  }

  #lookUp(id: string, adding: boolean): boolean {
    let a = 0x811c9dc5; // FNV-1a and a second, independent mix in one pass
    let b = 0x9e3779b9;
    for (let i = 0; i < id.length; i++) {
      const unit = id.charCodeAt(i);
      a = Math.imul(a ^ unit, 0x01000193);
      b = Math.imul(b ^ unit, 0x85ebca6b) ^ (b >>> 13);
    }
    a = mix(a);
    b = mix(b ^ id.length) | 1;
    const c = mix(a ^ Math.imul(b, 0x9e3779b1)); // the small layers use few bits of each
    // By position: V8 compiles a loop over the members again when there is a second one.
    this.#a = a;
    this.#b = b;
    this.#c = c;
    for (let i = 0; i < this.#layers.length; i++) if (this.#isIn(this.#layers[i]!)) return true;
    if (!adding) return false;
    if (this.#free === 0) this.#grow();
    this.#addTo(this.#layers.at(-1)!);
    this.#free--;
    this.#size++;
    return false;
  }

  #isIn(layer: Uint32Array): boolean {
    const last = layer.length * 32 - 1;
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = this.#probed(probe) & last;
      if ((layer[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }

  #addTo(layer: Uint32Array): void {
    const last = layer.length * 32 - 1;
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = this.#probed(probe) & last;
      layer[bit >>> 5]! |= 1 << (bit & 31);
    }
  }

  #probed(probe: number): number {
    return this.#a + Math.imul(probe, this.#b) + Math.imul(probe * probe, this.#c);
  }

  #grow(): void {
    const bits = this.#layers.at(-1)!.length * 32 * GROWTH;
    this.#layers.push(new Uint32Array(bits >>> 5));
    this.#free = bits === LAST_BITS ? Number.POSITIVE_INFINITY : bits / BITS_PER_ID;
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
