import { headerOf, type ResponseHeaders } from '../balancing/retry-after.js';

/**
 * The headers of a reply, read only as far as somebody asks: nearly all replies need none of them, and turning
 * every name and value into a string costs more than the rest of a reply's handling.
 */
export class ReplyHeaders {
  readonly #raw: readonly Buffer[];
  #all: ResponseHeaders | undefined;
  /** The vendor's id of the request; `undefined` when it gave none. */
  requestId: string | undefined;
  /** `content-encoding`, unless it is none. */
  encoding: string | undefined;
  /** Whether the reply tells a rate limit. */
  tellsLimits = false;

  /** Names and values alternate, as undici gives them. */
  constructor(raw: readonly Buffer[]) {
    this.#raw = raw;
    for (let index = 0; index < raw.length; index += 2) {
      const name = raw[index]!;
      // Length and first letter (in either case) rule nearly every header out without reading it.
      const meaning = MEANINGS[name.length];
      if (meaning === undefined || !meaning.initials.includes(name[0]! | 0x20)) continue;
      this.#note(name.toString('latin1').toLowerCase(), raw[index + 1]!);
    }
  }

  /** All headers, with lower-case names. */
  get all(): ResponseHeaders {
    if (this.#all !== undefined) return this.#all;
    const all: Record<string, string | string[] | undefined> = Object.create(null) as object as Record<
      string,
      string | string[] | undefined
    >;
    for (let index = 0; index < this.#raw.length; index += 2) {
      const name = this.#raw[index]!.toString('latin1').toLowerCase();
      const value = this.#raw[index + 1]!.toString('latin1');
      const before = all[name];
      if (before === undefined) all[name] = value;
      else all[name] = Array.isArray(before) ? [...before, value] : [before, value];
    }
    return (this.#all = all);
  }

  #note(name: string, value: Buffer): void {
    if (REQUEST_IDS.has(name)) this.requestId ??= value.toString('latin1');
    else if (LIMITS.has(name)) this.tellsLimits = true;
    else if (name === 'content-encoding') {
      const encoding = value.toString('latin1');
      if (encoding !== '' && encoding !== 'identity') this.encoding = encoding;
    }
  }
}

const REQUEST_IDS: ReadonlySet<string> = new Set([
  'x-request-id',
  'request-id',
  'apim-request-id',
  'x-amzn-requestid',
]);

/** The vendor's id of a request, from headers with lower-case names. */
export function requestIdOf(headers: ResponseHeaders): string | undefined {
  for (const name of REQUEST_IDS) {
    const id = headerOf(headers, name);
    if (id !== undefined) return id;
  }
  return undefined;
}

const LIMITS: ReadonlySet<string> = new Set([
  'x-ratelimit-limit-requests',
  'x-ratelimit-limit-tokens',
  'anthropic-ratelimit-requests-limit',
  'anthropic-ratelimit-tokens-limit',
]);

// By length of the name: the first letters that are worth a look.
const MEANINGS: readonly ({ readonly initials: readonly number[] } | undefined)[] = (() => {
  const table: ({ initials: number[] } | undefined)[] = [];
  for (const name of [...REQUEST_IDS, ...LIMITS, 'content-encoding']) {
    (table[name.length] ??= { initials: [] }).initials.push(name.charCodeAt(0));
  }
  return Array.from({ length: 40 }, (_, length) => table[length]);
})();

/** No reply yet. */
export const NO_HEADERS: ReplyHeaders = new ReplyHeaders([]);
