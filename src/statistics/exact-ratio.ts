/** `numerator / denominator` rounded once to the nearest float64, for integers of any size; denominator > 0. */
export function exactRatio(numerator: bigint, denominator: bigint): number {
  if (numerator < 0n) return -exactRatio(-numerator, denominator);
  if (numerator === 0n) return 0;
  const shift = Math.max(0, bitLength(denominator) - bitLength(numerator) + 66);
  const scaled = numerator << BigInt(shift);
  let quotient = scaled / denominator;
  if (quotient * denominator !== scaled) quotient |= 1n; // sticky bit: a tie that is none must not look like one
  const half = Math.floor(shift / 2); // 2^-shift alone may be below the smallest number
  return Number(quotient) * 2 ** -half * 2 ** -(shift - half);
}

function bitLength(value: bigint): number {
  return value.toString(16).length * 4;
}
