import { readWait } from '../balancing/retry-after.js';

/** What a server said about a failure, taken from the usual places of an error body. */
export interface ErrorBody {
  readonly message: string;
  readonly type: string;
  readonly code: string;
  /** Names of the quotas that are used up, where it tells them (Google's `QuotaFailure`). */
  readonly quotas: string;
  /** How long it says to wait, milliseconds. */
  readonly waitMs: number | undefined;
}

/** Nothing was said. */
export const NO_BODY: ErrorBody = { message: '', type: '', code: '', quotas: '', waitMs: undefined };

const DEPTH = 4; // how far into a body words are looked for

/**
 * Reads the error out of a reply's body. Servers put it into `error`, `errors`, `detail`, `fault` or beside everything
 * else, as an object, a list or a text, and call the words `message`, `msg`, `error_msg`, `detail`, `title` and much
 * more; all of these are understood, in any capitals.
 */
export function readErrorBody(body: unknown, wallTime = Number.NaN): ErrorBody {
  if (typeof body === 'string') return { ...NO_BODY, message: body, waitMs: waitInWords(body, wallTime) };
  if (typeof body !== 'object' || body === null) return NO_BODY;
  const outer = members(Array.isArray(body) ? firstOf(body) : body);
  const inner = members(innerOf(outer));
  const details = allDetails(inner, outer);
  const message = messageIn(inner, outer) || (saysError(body) ? JSON.stringify(body).slice(0, 300) : '');
  return {
    message,
    type: plain(
      inner.get('type') ??
        inner.get('status') ??
        inner.get('errortype') ??
        outer.get('error_type') ??
        outer.get('__type'),
    ),
    code: codeIn(inner, outer),
    quotas: quotasIn(details),
    waitMs: waitIn(wallTime, { details, inner, outer }) ?? waitInWords(message, wallTime),
  };
}

/** Reads the error out of the bytes of a refusal, as far as they came. Proxies answer with HTML or XML. */
export function readErrorReply(bytes: Buffer | undefined, wallTime = Number.NaN): ErrorBody {
  const text = bytes === undefined ? '' : bytes.toString('utf8').replace(/^\uFEFF/, '');
  try {
    const body: unknown = JSON.parse(text);
    const read = readErrorBody(body, wallTime);
    // Of a form that is not known: a person can read it all the same.
    return read.message === '' && isFilled(body)
      ? { ...read, message: JSON.stringify(body).slice(0, 300) }
      : read;
  } catch {
    return readErrorBody(wordsOf(text), wallTime);
  }
}

function isFilled(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((each: unknown) =>
    typeof each === 'object' && each !== null ? Object.keys(each).length > 0 : each !== null && each !== '',
  );
}

/**
 * Whether a reply of status 200 is an error. Gateways put one inside; FastChat and old releases of vLLM say
 * `object: 'error'`. Gateways with plain structs send an empty `error` beside every answer.
 */
export function holdsError(message: unknown): boolean {
  if (typeof message !== 'object' || message === null) return false;
  const { error, object } = message as { readonly error?: unknown; readonly object?: unknown };
  return object === 'error' || saysError(error);
}

/**
 * Whether a message of a stream that brought nothing of an answer tells of a failure in a member of another name: `errors`,
 * `detail`, or words beside a code or a status.
 */
export function tellsFailure(message: unknown): boolean {
  if (typeof message !== 'object' || message === null) return false;
  const {
    errors,
    detail,
    message: words,
    msg = words,
    code,
    status,
    success,
    base_resp: minimax,
  } = message as Fields;
  if (saysError(errors) || saysError(detail) || success === false) return true;
  if (minimax !== undefined && saysError(minimax)) return true;
  return typeof msg === 'string' && (code !== undefined || status !== undefined) && saysError(msg);
}

type Fields = Readonly<Record<string, unknown>>;

/** Whether the value of an `error` member tells of an error: something in it means something. */
export function saysError(error: unknown, depth = 0): boolean {
  if (typeof error === 'string') return !MEANS_NOTHING.test(error.trim());
  if (typeof error === 'number') return error !== 0 && error !== 200;
  if (typeof error !== 'object' || error === null) return error === true;
  if (depth >= DEPTH) return false;
  if (Array.isArray(error)) return error.some((value) => saysError(value, depth + 1));
  const told = members(error);
  return SAYING.some((name) => saysError(told.get(name), depth + 1));
}

const MEANS_NOTHING =
  /^(|0|200|ok|success|succeeded|none|null|nil|undefined|false|no error|successful|\{\}|\[\])[.!]?$/i;

type Members = ReadonlyMap<string, unknown>;

// Names in lower case, without underscores: `error_msg`, `errorMsg` and `ErrorMsg` are one.
function members(value: unknown): Members {
  if (typeof value === 'string') return new Map([['message', value]]);
  if (typeof value !== 'object' || value === null) return new Map();
  if (Array.isArray(value)) return members(firstOf(value));
  const found = new Map<string, unknown>();
  for (const [name, member] of Object.entries(value)) {
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, member);
    const joined = key.replace(/[_-]/g, '');
    if (!found.has(joined)) found.set(joined, member);
  }
  return found;
}

function firstOf(values: readonly unknown[]): unknown {
  return values.find((each) => each !== null && each !== '') ?? undefined;
}

function innerOf(outer: Members): unknown {
  for (const name of ['error', 'errors', 'fault', 'exception', 'baseresp']) {
    const value = outer.get(name);
    if (Array.isArray(value) ? value.length > 0 : saysError(value) && typeof value !== 'boolean')
      return value;
  }
  return Object.fromEntries(outer);
}

const MESSAGE_NAMES = [
  'message',
  'msg',
  'errormsg',
  'errormessage',
  'errmsg',
  'errordescription',
  'faultstring',
  'detail',
  'details',
  'description',
  'reason',
  'title',
  'error',
  'raw',
  'text',
  'statustext',
  'statusmsg',
  'info',
];

const SAYING = [...MESSAGE_NAMES, 'code', 'errorcode', 'statuscode', 'type', 'status', 'faultcode'];

function messageIn(inner: Members, outer: Members): string {
  const said = wordsIn(inner, 0) || wordsIn(outer, 0);
  // A gateway says only that the provider failed; what it said stands beside it.
  const raw = members(inner.get('metadata')).get('raw');
  const behind =
    typeof raw === 'string'
      ? readErrorReply(Buffer.from(raw)).message
      : wordsIn(members(raw), 0) || wordsOfValue(outer.get('errordescription'), 0); // RFC 6749: `error` is its code
  return behind === '' || said.includes(behind) ? said : `${said}: ${behind}`;
}

function wordsIn(from: Members, depth: number): string {
  for (const name of MESSAGE_NAMES) {
    const words = wordsOfValue(from.get(name), depth);
    if (words !== '') return words;
  }
  return '';
}

function wordsOfValue(value: unknown, depth: number): string {
  if (typeof value === 'string') return value.trim();
  if (typeof value !== 'object' || value === null || depth >= DEPTH) return '';
  if (!Array.isArray(value)) {
    const named = members(value);
    const words = wordsIn(named, depth + 1);
    const where = named.get('loc'); // FastAPI tells the field beside the words
    return words !== '' && Array.isArray(where) && where.length > 1 ? `${words} (${where.join('.')})` : words;
  }
  const each = value.map((one) => wordsOfValue(one, depth + 1)).filter((words) => words !== '');
  return [...new Set(each)].slice(0, 5).join('; ');
}

function codeIn(inner: Members, outer: Members): string {
  const code = inner.get('code') ?? inner.get('errorcode') ?? inner.get('errcode');
  const deeper =
    members(inner.get('innererror')).get('code') ?? members(inner.get('detail')).get('errorcode');
  return plain(code ?? deeper ?? outer.get('code') ?? outer.get('errorcode') ?? inner.get('status'));
}

function allDetails(inner: Members, outer: Members): readonly Members[] {
  const details = inner.get('details') ?? outer.get('details');
  return Array.isArray(details) ? details.map(members) : [];
}

function quotasIn(details: readonly Members[]): string {
  const names: string[] = [];
  for (const detail of details) {
    const violations = detail.get('violations');
    if (!Array.isArray(violations)) continue;
    for (const each of violations)
      names.push(plain(members(each).get('quotaid')), plain(members(each).get('quotametric')));
  }
  return names.join(' ');
}

// Google's RetryInfo; members of that name (LiteLLM, vendors' own); headers that a gateway repeats (OpenRouter).
function waitIn(
  wallTime: number,
  {
    details,
    inner,
    outer,
  }: { readonly details: readonly Members[]; readonly inner: Members; readonly outer: Members },
): number | undefined {
  for (const detail of details) {
    const delay = detail.get('retrydelay');
    const { seconds, nanos } = (typeof delay === 'object' && delay !== null ? delay : {}) as Record<
      string,
      unknown
    >;
    const told = seconds === undefined ? delay : `${Number(seconds) + Number(nanos ?? 0) / 1e9}s`;
    const wait = readWait(plain(told), { wallTime });
    if (wait !== undefined) return wait;
  }
  const metadata = members(inner.get('metadata'));
  const headers = members(metadata.get('headers'));
  for (const from of [inner, outer, metadata, headers]) {
    const milliseconds = readWait(plain(from.get('retryafterms')), { wallTime, unitMs: 1 });
    const wait =
      milliseconds ??
      readWait(plain(from.get('retryafter') ?? from.get('retryafterseconds') ?? from.get('retryin')), {
        wallTime,
      });
    if (wait !== undefined) return wait;
  }
  if (Number(headers.get('xratelimitremaining') ?? 1) > 0) return undefined;
  return readWait(plain(headers.get('xratelimitreset')), { wallTime });
}

// `Please try again in 1m20.5s`, `Please retry after 6 seconds`, `Try again in 60 seconds`.
function waitInWords(message: string, wallTime: number): number | undefined {
  const found =
    /(?:(?:retry|try|again|available|resets?)\s+(?:again\s+)?(?:in|after)|wait(?:\s+for)?)\s+(?:about\s+)?((?:\d+(?:\.\d+)?\s*[a-z]+\s*)+)/i.exec(
      message,
    );
  if (found === null) return undefined;
  const parts = [
    ...found[1]!.matchAll(
      /\d+(?:\.\d+)?\s*(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])/gi,
    ),
  ];
  return parts.length === 0 ? undefined : readWait(parts.map(([part]) => part).join(''), { wallTime });
}

// What a person should read of a body that is not JSON: of XML its message, of HTML its title, of cut JSON its words.
function wordsOf(text: string): string {
  const cut = /"(?:message|msg|error_msg|error|detail)"\s*:\s*"((?:[^"\\]|\\.)+)/i.exec(text)?.[1];
  if (cut !== undefined && /^\s*[[{]/.test(text)) return cut.replaceAll(/\\(.)/g, '$1');
  if (!/^\s*</.test(text)) return text;
  const element = (name: string): string => contentOf(text, name);
  if (!/<(!doctype\s+)?html/i.test(text)) {
    const message =
      element('message') || element('faultstring') || element('description') || element('error');
    const code = element('code');
    if (message !== '') return code === '' || message.includes(code) ? message : `${code}: ${message}`;
  }
  const title = element('title');
  const heading = element('h1') || element('body');
  const words =
    (title.includes(heading) ? title : heading.includes(title) ? heading : `${title}: ${heading}`) || text;
  return decoded(withoutCode(words).replaceAll(/<[^<>]*>/g, ' '));
}

// Searched in steps, not by one pattern: where an end is missing, that would look for it from every beginning.
function contentOf(text: string, name: string): string {
  const opening = new RegExp(`<(?:\\w+:)?${name}(?=[\\s>])`, 'i').exec(text);
  const from = opening === null ? 0 : text.indexOf('>', opening.index) + 1;
  const to = from === 0 ? -1 : text.indexOf('</', from);
  return to === -1 ? '' : text.slice(from, to).trim();
}

const withoutCode = (html: string): string =>
  html
    .split(/(?=<(?:script|style))/i)
    .map((piece) => piece.replace(/^<(script|style)[\s\S]*?<\/\1>/i, ' '))
    .join('');

function decoded(html: string): string {
  const named: Readonly<Record<string, string>> = {
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    '#39': "'",
    nbsp: ' ',
  };
  return html.replaceAll(/&(amp|lt|gt|quot|#39|nbsp);/g, (all, name: string) => named[name] ?? all).trim();
}

function plain(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  return '';
}
