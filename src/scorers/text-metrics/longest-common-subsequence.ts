/** Numbers for tokens, so that comparisons within one call are integer comparisons. */
export class TokenNumbers {
  readonly #numbers = new Map<string, number>();

  /** How many different tokens have been seen. */
  get size(): number {
    return this.#numbers.size;
  }

  /** The tokens as numbers from 0; the same token always gets the same number. */
  of(tokens: readonly string[]): Int32Array {
    const result = new Int32Array(tokens.length);
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i]!;
      let found = this.#numbers.get(token);
      if (found === undefined) this.#numbers.set(token, (found = this.#numbers.size));
      result[i] = found;
    }
    return result;
  }
}

/**
 * Length of the longest common subsequence, 32 cells of the table at a time (Hyyro 2004, "Bit-parallel LCS-length
 * computation revisited"). O(n m / 32).
 */
export function lcsLength(a: Int32Array, b: Int32Array): number {
  const words = (a.length + 31) >>> 5;
  if (words === 0 || b.length === 0) return 0;
  const masks: (Uint32Array | undefined)[] = [];
  for (let i = 0; i < a.length; i++) {
    const mask = (masks[a[i]!] ??= new Uint32Array(words));
    mask[i >>> 5]! |= 1 << (i & 31);
  }
  const row = new Uint32Array(words).fill(0xffff_ffff);
  for (let j = 0; j < b.length; j++) {
    const mask = masks[b[j]!];
    if (mask === undefined) continue;
    let carry = 0;
    for (let w = 0; w < words; w++) {
      const value = row[w]!;
      const matched = (value & mask[w]!) >>> 0;
      const sum = value + matched + carry;
      carry = sum > 0xffff_ffff ? 1 : 0;
      row[w] = (sum >>> 0) | (value & ~mask[w]!);
    }
  }
  let length = 0;
  for (let i = 0; i < a.length; i++) if ((row[i >>> 5]! & (1 << (i & 31))) === 0) length++;
  return length;
}

/**
 * Positions in `reference` of one longest common subsequence. Among several the one is taken that rouge_score's
 * back-tracking takes: step back in the candidate only when that is strictly better. O(n m) time and memory.
 */
export function lcsPositions(reference: Int32Array, candidate: Int32Array): number[] {
  const rows = reference.length;
  const width = candidate.length + 1;
  const table = new Int32Array((rows + 1) * width);
  for (let i = 1; i <= rows; i++) {
    const token = reference[i - 1]!;
    const above = (i - 1) * width;
    const here = i * width;
    for (let j = 1; j < width; j++) {
      table[here + j] =
        token === candidate[j - 1]
          ? table[above + j - 1]! + 1
          : Math.max(table[above + j]!, table[here + j - 1]!);
    }
  }
  const positions: number[] = [];
  let i = rows;
  let j = candidate.length;
  while (i > 0 && j > 0) {
    if (reference[i - 1] === candidate[j - 1]) {
      positions.push(i - 1);
      i--;
      j--;
    } else if (table[i * width + j - 1]! > table[(i - 1) * width + j]!) j--;
    else i--;
  }
  return positions;
}
