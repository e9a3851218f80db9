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
      const known = KNOWN[name.length];
      if (known === undefined) continue;
      for (const each of known) if (isNamed(name, each.bytes)) this.#note(each.name, raw[index + 1]!);
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

interface KnownHeader {
  readonly name: string;
  readonly bytes: Buffer;
}

// By length of the name, which rules nearly every header out.
const KNOWN: readonly (readonly KnownHeader[] | undefined)[] = (() => {
  const table: (KnownHeader[] | undefined)[] = Array.from({ length: 40 });
  for (const name of [...REQUEST_IDS, ...LIMITS, 'content-encoding'])
    (table[name.length] ??= []).push({ name, bytes: Buffer.from(name) });
  return table;
})();

/** Whether a header has this name, in whatever case; both are of one length. No string is made of it. */
function isNamed(name: Buffer, lowerCase: Buffer): boolean {
  for (let at = 0; at < name.length; at++) if ((name[at]! | 0x20) !== lowerCase[at]) return false;
  return true;
}

/** No reply yet. */
export const NO_HEADERS: ReplyHeaders = new ReplyHeaders([]);
