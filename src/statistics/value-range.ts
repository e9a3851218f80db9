import type { OptionCheck } from '../foundation/options.js';
import type { Interval } from './intervals.js';

/** Lowest and highest value that is possible, not that was seen. */
export type ValueRange = readonly [lowest: number, highest: number];

/** Check of a {@link ValueRange} option. */
export const checkRange: OptionCheck = (value) => {
  const [lowest, highest] = Array.isArray(value) && value.length === 2 ? (value as number[]) : [];
  const usable = typeof lowest === 'number' && typeof highest === 'number' && lowest < highest;
  return usable && Number.isFinite(highest - lowest) ? undefined : 'two finite numbers, the lower first';
};

/** A value of the range on the scale from 0 to 1. */
export function toUnit(value: number, [lowest, highest]: ValueRange): number {
  return Math.min(1, Math.max(0, (value - lowest) / (highest - lowest)));
}

/** An interval on 0..1 on the scale of the range. */
export function fromUnit(found: Interval, [lowest, highest]: ValueRange): Interval {
  const place = (end: number): number =>
    end === 1 ? highest : Math.min(highest, lowest + end * (highest - lowest));
  return { ...found, low: place(found.low), high: place(found.high) };
}
