import { afterEach, describe, expect, it, vi } from 'vitest';
import { isoTime, lengthOfTime, localTime } from '../../src/cli/local-time.js';

const AT = Date.UTC(2026, 0, 5, 23, 4, 9);

describe('moments and lengths of time', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each([
    ['UTC', '2026-01-05 23:04:09 +00:00'],
    ['Asia/Kolkata', '2026-01-06 04:34:09 +05:30'],
    ['America/St_Johns', '2026-01-05 19:34:09 -03:30'],
  ])('stand as the clock in %s shows them, with the zone', (zone, text) => {
    vi.stubEnv('TZ', zone);
    expect(localTime(AT)).toBe(text);
  });

  it('stand in JSON as ISO 8601, and what is none is null', () => {
    expect(isoTime(AT)).toBe('2026-01-05T23:04:09.000Z');
    expect([isoTime(undefined), isoTime(null), isoTime(Number.NaN)]).toEqual([null, null, null]);
    expect(localTime(Number.NaN)).toBe('-');
  });

  it.each([
    [0.4, '0 ms'],
    [420, '420 ms'],
    [3800, '3.8 s'],
    [725_000, '12:05'],
    [3_753_000, '1:02:33'],
  ])('%d ms are %s', (milliseconds, text) => {
    expect(lengthOfTime(milliseconds)).toBe(text);
  });
});
