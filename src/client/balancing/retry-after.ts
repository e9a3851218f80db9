/** Response headers with lower-case names, as undici gives them. */
export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The (first) value of a header, or `undefined`. */
export function headerOf(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/**
 * How long a server asked to wait, in milliseconds; `undefined` when it did not say. Read in this order:
 * `retry-after-ms` (Azure), `retry-after` in seconds or as an HTTP date (RFC 9110, section 10.2.3), then the
 * reset of whichever vendor limit has nothing remaining.
 */
export function retryAfterMs(headers: ResponseHeaders, wallTime: number): number | undefined {
  const milliseconds = Number(headerOf(headers, 'retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds;
  const value = headerOf(headers, 'retry-after')?.trim();
  if (value !== undefined && value !== '') {
    const seconds = Number(value);
    if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1000 : undefined;
    const date = Date.parse(value);
    if (!Number.isNaN(date)) return Math.max(0, date - wallTime);
  }
  return vendorReset(headers, wallTime);
}

/**
 * A vendor's reset as milliseconds from now: `12ms`, `1s`, `6m0s`, `1h2m` (OpenAI), plain seconds, or an
 * RFC 3339 time (Anthropic).
 */
export function resetMs(value: string, wallTime: number): number | undefined {
  const text = value.trim();
  const seconds = Number(text);
  if (text !== '' && Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy)];
  if (parts.length > 0 && parts.reduce((length, part) => length + part[0].length, 0) === text.length) {
    const units: Readonly<Record<string, number>> = {
      ms: 1,
      s: 1000,
      m: 60_000,
      h: 3_600_000,
      d: 86_400_000,
    };
    return parts.reduce((sum, part) => sum + Number(part[1]) * (units[part[2] ?? ''] ?? 0), 0);
  }
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - wallTime);
}

function vendorReset(headers: ResponseHeaders, wallTime: number): number | undefined {
  let longest: number | undefined;
  for (const [remaining, reset] of RESET_HEADERS) {
    const left = headerOf(headers, remaining);
    const value = headerOf(headers, reset);
    if (left === undefined || value === undefined || Number(left) > 0) continue;
    const wait = resetMs(value, wallTime);
    if (wait !== undefined) longest = Math.max(longest ?? 0, wait);
  }
  return longest;
}

const RESET_HEADERS = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
  ['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-requests-reset'],
  ['anthropic-ratelimit-tokens-remaining', 'anthropic-ratelimit-tokens-reset'],
  ['anthropic-ratelimit-input-tokens-remaining', 'anthropic-ratelimit-input-tokens-reset'],
  ['anthropic-ratelimit-output-tokens-remaining', 'anthropic-ratelimit-output-tokens-reset'],
  ['ratelimit-remaining', 'ratelimit-reset'],
  ['x-ratelimit-remaining', 'x-ratelimit-reset-after'],
] as const;
