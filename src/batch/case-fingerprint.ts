const LANES = 4;

/**
 * A hash of a set of cases that does not depend on their order: each case's id and content hash are mixed into 128 bits,
 * and those are added up (a multiset hash after Clarke et al. 2003, "Incremental Multiset Hash Functions", MSet-Add).
 * The content hash is cryptographic, the mixing is not: it tells sets apart that differ, not those that were forged.
 */
export class CaseFingerprint {
  readonly #sums = new Uint32Array(LANES);
  #cases = 0;

  /** Adds a case. */
  add(id: string, contentHash: string): void {
    let a = 0x811c9dc5;
    let b = 0x9e3779b9;
    for (const text of [contentHash, id]) {
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        a = Math.imul(a ^ unit, 0x01000193);
        b = Math.imul(b ^ unit, 0x85ebca6b) ^ (b >>> 13);
      }
      a = mix(a ^ text.length);
      b = mix(b + a);
    }
    for (let lane = 0; lane < LANES; lane++) {
      a = mix(a + Math.imul(b, 0x9e3779b1) + lane);
      b = mix(b ^ a);
      this.#sums[lane]! += b;
    }
    this.#cases++;
  }

  /** 32 hex digits and the number of cases. */
  get value(): string {
    const sums = Array.from(this.#sums, (sum) => sum.toString(16).padStart(8, '0'));
    return `${sums.join('')}-${this.#cases}`;
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
