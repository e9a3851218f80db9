import { duration as clockTime } from '../monitor/terminal/progress-line.js';

const two = (value: number): string => String(value).padStart(2, '0');

/** A moment as the clock on the wall shows it, with its zone: `2026-11-29 20:15:03 +01:00`. */
export function localTime(at: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '-';
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const offset = -date.getTimezoneOffset();
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  return `${day} ${time} ${offset < 0 ? '-' : '+'}${two(hours)}:${two(minutes)}`;
}

/** A moment for JSON; `null` when there is none. */
export function isoTime(at: number | null | undefined): string | null {
  if (at === null || at === undefined) return null;
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** A length of time in a few characters: `420 ms`, `3.8 s`, `12:05`, `1:02:33`. */
export function lengthOfTime(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 60_000 ? `${(milliseconds / 1000).toFixed(1)} s` : clockTime(milliseconds);
}
