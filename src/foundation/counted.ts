import { shownName } from './plain-text.js';

/**
 * A number with a comma before each three digits, and at most three decimals: `1,234,567`. Not by `toLocaleString`, which
 * loads all that Node knows of languages: 17 ms of a command's start.
 */
export function count(value: number): string {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e21) return String(value);
  const [whole = '', decimals = ''] = String(Number(Math.abs(value).toFixed(3))).split('.');
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ',');
  const text = decimals === '' ? grouped : `${grouped}.${decimals}`;
  return value < 0 && text !== '0' ? `-${text}` : text;
}

/** `1 case`, `2 cases`, `1,000 cases`. */
export const things = (value: number, noun: string): string =>
  `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

/** How often each code came, `ASSAY_CONNECT 1, ASSAY_SERVER 3`; empty without any. */
export const countsByCode = (byCode: Readonly<Record<string, number>>): string =>
  Object.entries(byCode)
    .map(([code, n]) => `${shownName(code)} ${count(n)}`)
    .join(', ');

/** What something cost: four decimals, or two digits of a smaller sum, which would read as nothing. */
export const costText = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.001 ? value.toPrecision(2) : value.toFixed(4);
