/** Response headers with lower-case names, as undici gives them. */
export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The (first) value of a header, or `undefined`. */
export function headerOf(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** How a wait is read. */
export interface WaitReading {
  /** Wall-clock time now, milliseconds. */
  readonly wallTime: number;
  /** What a number without a unit counts, milliseconds. @default 1000 */
  readonly unitMs?: number;
}

// A number of seconds from here on is a point in time (2001); so are milli-, micro- and nanoseconds from there on.
const EPOCH_SECONDS = 1e9;
const EPOCH_MILLISECONDS = 1e11;
const EPOCH_MICROSECONDS = 1e14;
const EPOCH_NANOSECONDS = 1e17;

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * A wait as servers tell it, in milliseconds from now: seconds (or `unitMs`), a duration with units (`12ms`, `1s`,
 * `6m0s`, `1h2m`, `2 seconds`, `PT30S`), an HTTP date or an RFC 3339 time, a point in time as seconds or milliseconds
 * since 1970 (or finer); quoted or not; of a list the longest. `undefined` for what says nothing: empty, 0, negative, in the past or
 * not understood. So nothing that a server says is read as "at once".
 */
export function readWait(told: string | undefined, reading: WaitReading): number | undefined {
  const text =
    told
      ?.trim()
      .replace(/^["']+|["']+$/g, '')
      .trim() ?? '';
  if (text === '') return undefined;
  const whole = oneWait(text, reading);
  if (
    whole !== undefined ||
    !/[,;]/.test(text) ||
    /^(mon|tues?|wed(nes)?|thu(rs)?|fri|sat(ur)?|sun)(day)?,/i.test(text)
  )
    return whole;
  return longest(text.split(/[,;]/).map((each) => readWait(each, reading)));
}

function oneWait(text: string, { wallTime, unitMs = 1000 }: WaitReading): number | undefined {
  const count = Number(text);
  if (Number.isFinite(count)) {
    if (count < EPOCH_SECONDS || (unitMs === 1 && count < EPOCH_MILLISECONDS)) return above0(count * unitMs);
    return above0(epochMs(count) - wallTime);
  }
  const duration = readDuration(text.replace(/^pt?(?=\d)/i, ''));
  if (duration !== undefined) return above0(duration);
  return /\d{4}|\d\d:\d\d:\d\d/.test(text) ? above0(Date.parse(zoned(text)) - wallTime) : undefined;
}

// The `asctime` form of RFC 9110, section 5.6.7, names no zone, and JavaScript would take its own.
function zoned(text: string): string {
  if (/(gmt|utc|z|[+-]\d\d:?\d\d)$/i.test(text)) return text;
  return /\dt\d/i.test(text) ? `${text}Z` : `${text} GMT`;
}

function epochMs(count: number): number {
  if (count < EPOCH_MILLISECONDS) return count * 1000;
  if (count < EPOCH_MICROSECONDS) return count;
  return count < EPOCH_NANOSECONDS ? count / 1e3 : count / 1e6;
}

function readDuration(text: string): number | undefined {
  const parts = [
    ...text.matchAll(
      /(\d+(?:\.\d+)?)\s*(ms|millis|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])\s*/giy,
    ),
  ];
  const read = parts.reduce((length, [all]) => length + all.length, 0);
  if (parts.length === 0 || read !== text.length) return undefined;
  return parts.reduce((sum, [, count, unit]) => {
    const name = unit!.toLowerCase();
    return sum + Number(count) * UNITS[/^(ms|milli)/.test(name) ? 'ms' : name[0]!]!;
  }, 0);
}

function above0(wait: number): number | undefined {
  return wait > 0 && wait < Number.POSITIVE_INFINITY ? wait : undefined;
}

function longest(waits: readonly (number | undefined)[]): number | undefined {
  let found: number | undefined;
  for (const wait of waits) if (wait !== undefined) found = Math.max(found ?? 0, wait);
  return found;
}

/**
 * How long a server asked to wait by `retry-after-ms` (Azure) or `retry-after` (RFC 9110, section 10.2.3), milliseconds;
 * `undefined` when it did not say.
 */
export function retryAfterMs(headers: ResponseHeaders, wallTime: number): number | undefined {
  const milliseconds = readHeader(headers['retry-after-ms'], { wallTime, unitMs: 1 });
  return milliseconds ?? readHeader(headers['retry-after'], { wallTime });
}

/** The reset of whichever vendor limit has nothing remaining, milliseconds from now; `undefined` when none is told. */
export function limitResetMs(headers: ResponseHeaders, wallTime: number): number | undefined {
  const resets = RESET_HEADERS.map(([remaining, reset]) => {
    const left = headerOf(headers, remaining);
    return left === undefined || left.trim() === '' || !(Number(left) <= 0)
      ? undefined
      : resetMs(headerOf(headers, reset), wallTime);
  });
  // The one header of the IETF's draft: `"default";r=0;t=5`, and of its older form: `limit=10, remaining=0, reset=5`.
  const draft = headerOf(headers, 'ratelimit') ?? '';
  const used = /\b(?:r|remaining)=(\d+)/.exec(draft)?.[1];
  if (used === '0') resets.push(resetMs(/\b(?:t|reset)=(\d+)/.exec(draft)?.[1], wallTime));
  return longest(resets);
}

/** A vendor's reset as milliseconds from now: see {@link readWait}. */
export function resetMs(value: string | undefined, wallTime: number): number | undefined {
  return readWait(value, { wallTime });
}

function readHeader(value: string | string[] | undefined, reading: WaitReading): number | undefined {
  return typeof value === 'string'
    ? readWait(value, reading)
    : longest((value ?? []).map((each) => readWait(each, reading)));
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
  ['x-ratelimit-remaining', 'x-ratelimit-reset'],
] as const;
