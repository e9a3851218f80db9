/** A score, a mean of scores or an end of an interval: three decimals. */
export const score = (value: number | null): string => (value === null ? '–' : value.toFixed(3));

/** A difference of scores, with its sign. */
export function signed(value: number | null): string {
  if (value === null) return '–';
  const text = value.toFixed(3);
  return Number(text) === 0 ? '0.000' : `${value > 0 ? '+' : '−'}${text.replace('-', '')}`;
}

/** A part of a whole, in percent. */
export const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;

/** A duration in the unit that fits. */
export function duration(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.round(ms / 60_000);
  return minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

/** Money, in the unit of the host's prices. */
export const money = (value: number | null): string =>
  value === null ? '–' : value === 0 || value >= 100 ? value.toFixed(2) : value.toPrecision(3);

/** A p-value. */
export const probability = (value: number | null): string =>
  value === null ? '–' : value < 0.0001 ? '< 0.0001' : value.toFixed(4);
