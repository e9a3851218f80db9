import { expect } from 'vitest';

/** Expects a figure within `tolerance`, relative above 1; `null` only equals `null`. */
export function expectClose(actual: number | null, expected: number | null, tolerance = 1e-9): void {
  if (expected === null || actual === null) {
    expect(actual).toBe(expected);
    return;
  }
  const deviation = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
  expect(deviation, `${actual} is not ${expected}`).toBeLessThanOrEqual(tolerance);
}

/** `values` in an order that depends on `seed` alone. */
export function shuffle<T>(values: readonly T[], random: () => number): T[] {
  const out = [...values];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j] as T, out[i] as T];
  }
  return out;
}
