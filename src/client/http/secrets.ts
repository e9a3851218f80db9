import { isKeyMember, isSecretName, looksLikeKey } from '../../foundation/key-like.js';
import { hidden, REDACTED, replyForms, ReplySecrets, type Place, type ReplyForm } from './reply-secrets.js';
import { fold, secretForms, unescaped } from './secret-forms.js';

const MIN_LENGTH = 4;
const REMEMBERED_KEYS = 8;
const RUN = 8;
const LONGEST_LOOK = 4096;
const MOST_NESTED = 200;

/** Members of a query and headers that say nothing of who calls. */
const HARMLESS =
  /^(api-?version|version|model|deployment|region|location|alt|accept.*|user-agent|content-.*|(anthropic|openai)-(version|beta|organization|project)|x-title|http-referer|referer|trace(parent|state)|x-request-id)$/i;

/** Members of a reply in which an answer stands in pieces, or as numbers. */
const IN_PIECES = /logprobs?|^tokens$|token_ids|^bytes$|completion_probabilities/i;

/**
 * What must not be shown of one endpoint: its key (the last few, where a function gives them), what its headers and
 * the query of its URL carry, keys in the body. Servers quote these in their errors, echo them as the model's name,
 * and repeat them in answers.
 *
 * Everything that comes from outside passes here once, where it enters: replies through {@link Secrets.clear},
 * messages through {@link Secrets.hide}. Messages are cleared of each run of eight characters that a secret, in any of
 * its {@link secretForms}, has too; replies only of what {@link ReplySecrets} finds, for a score is measured on them.
 */
export class Secrets {
  readonly #fixed: string[] = [];
  readonly #keys: string[] = [];
  /** By secret: a key that a function gives anew for each call must not have all others' forms made again. */
  #formsOf = new Map<string, readonly ReplyForm[]>();
  #replies = new ReplySecrets([]);
  #traces: Traces | undefined;

  /** `path`: with the query that calls are posted to. */
  constructor(path: string) {
    const query = path.split('?')[1] ?? '';
    for (const member of query.split('&')) {
      const [name = '', raw = ''] = member.split(/=(.*)/s);
      const value = new URLSearchParams(member).values().next().value ?? '';
      if (isCarrier(name, value)) this.#add(this.#fixed, value, raw);
    }
  }

  /** A header that is sent with every call. */
  addHeader(name: string, value: string): void {
    if (isCarrier(name, value)) this.#add(this.#fixed, ...partsOf(value));
  }

  /** A key, fixed or of the moment. */
  addKey(key: string): void {
    if (this.#keys.includes(key)) return;
    this.#add(this.#keys, key);
    if (this.#keys.length <= REMEMBERED_KEYS) return;
    this.#keys.shift();
    this.#compile();
  }

  /** Keys among the members of a body that the host adds. */
  addBody(members: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(members)) {
      if (typeof value === 'string' && isKeyMember(name, value)) this.addKey(value);
    }
  }

  /** What replies are cleared of. */
  get replies(): ReplySecrets {
    return this.#replies;
  }

  /** A message of a server or a library with every piece of a secret replaced; cut where it is very long. */
  hide(message: string): string {
    if (this.#fixed.length === 0 && this.#keys.length === 0) return message;
    this.#traces ??= tracesOf([...this.#fixed, ...this.#keys]);
    if (message.length <= LONGEST_LOOK && !mayHoldTraces(message, this.#traces)) return message;
    const clear = hideTraces(message.slice(0, LONGEST_LOOK), this.#traces);
    // Behind escapes there may be more; where it stands in the text is then not worth knowing.
    const behind = unescaped(clear);
    if (behind !== clear && hideTraces(behind, this.#traces) !== behind) return REDACTED;
    return message.length > LONGEST_LOOK ? clear.slice(0, 1 - RUN) : clear; // of a secret that was cut in two
  }

  /**
   * A parsed reply with every distinctive secret replaced, in names of members too. Where one was found, members that
   * spell the answer token by token are left out.
   */
  clear(reply: unknown): unknown {
    const clear = this.#cleared(reply, 0, false);
    return clear === reply ? reply : this.#cleared(reply, 0, true);
  }

  #cleared(value: unknown, depth: number, leaveOut: boolean): unknown {
    if (typeof value === 'string') return this.#replies.clear(value);
    if (typeof value === 'number') {
      const text = String(value);
      const clear = text.length < MIN_LENGTH ? text : this.#replies.clear(text);
      return clear === text ? value : clear;
    }
    if (typeof value !== 'object' || value === null) return value;
    if (depth > MOST_NESTED) return REDACTED; // no reply is that deep, and nothing in it is looked at
    if (Array.isArray(value)) {
      const items = value.map((each) => this.#cleared(each, depth + 1, leaveOut));
      return items.every((each, index) => each === value[index]) ? value : items;
    }
    let changed = false;
    const members: [string, unknown][] = [];
    for (const [name, member] of Object.entries(value)) {
      if (leaveOut && IN_PIECES.test(name)) {
        changed = true;
        continue;
      }
      const entry: [string, unknown] = [
        this.#replies.clear(name),
        this.#cleared(member, depth + 1, leaveOut),
      ];
      changed ||= entry[0] !== name || entry[1] !== member;
      members.push(entry);
    }
    return changed ? Object.fromEntries(members) : value;
  }

  #add(list: string[], ...secrets: readonly string[]): void {
    const added = secrets.filter((each) => each.length >= MIN_LENGTH);
    list.push(...added);
    this.#compile();
  }

  #compile(): void {
    this.#traces = undefined; // made again when there is a message to hide
    const known = this.#formsOf;
    this.#formsOf = new Map();
    for (const secret of [...this.#fixed, ...this.#keys])
      this.#formsOf.set(secret, known.get(secret) ?? replyForms(secret));
    this.#replies = new ReplySecrets([...this.#formsOf.values()].flat());
  }
}

/** What secrets are known by in messages, with letters of both cases the same: servers change them. */
interface Traces {
  readonly runs: ReadonlySet<string>;
  /** Forms that are shorter than a run. */
  readonly short: readonly string[];
  /** The first four characters of each run and each short form; no form is shorter than the shortest secret. */
  readonly beginnings: Quadruples;
}

function tracesOf(secrets: readonly string[]): Traces {
  const forms = [...new Set(secrets.flatMap(secretForms))];
  const runs = new Set<string>();
  for (const form of forms) {
    for (let at = 0; at + RUN <= form.length; at++) runs.add(form.slice(at, at + RUN));
  }
  const short = forms.filter((form) => form.length < RUN);
  return { runs, short, beginnings: new Quadruples([...runs, ...short]) };
}

/** Whether a text may hold a secret, plainly or behind escapes; `false` is certain, and soon said of a request's id. */
function mayHoldTraces(text: string, { beginnings }: Traces): boolean {
  if (/[%&\\]/.test(text)) return true;
  return beginnings.standIn(fold(text));
}

/** Texts of four characters, found in a longer one by a hash that goes along with it: no string is made for each place. */
class Quadruples {
  readonly #texts = new Set<string>();
  readonly #hashes = new Uint8Array(1 << 16);

  /** Of each of the texts its first four characters. */
  constructor(texts: readonly string[]) {
    for (const text of texts) {
      const first = text.slice(0, 4);
      this.#texts.add(first);
      let hash = 0;
      for (let at = 0; at < 4; at++) hash = nextHash(hash, first.charCodeAt(at));
      this.#hashes[hash] = 1;
    }
  }

  /** Whether one of them stands in a text. */
  standIn(text: string): boolean {
    let hash = 0;
    for (let at = 0; at < text.length; at++) {
      hash = nextHash(hash, text.charCodeAt(at));
      if (this.#hashes[hash] === 1 && this.#texts.has(text.slice(at - 3, at + 1))) return true;
    }
    return false;
  }
}

/** The hash of the last four characters, by the one before and the last: four bits on, so that the fifth is gone. */
const nextHash = (hash: number, code: number): number => ((hash << 4) ^ code) & 0xffff;

function hideTraces(text: string, traces: Traces): string {
  const folded = fold(text);
  const places: Place[] = [];
  for (let at = 0; at < folded.length; at++) {
    let end = endOfTrace(folded, at, traces);
    if (end === 0) continue;
    for (let next = at + 1; next < end; next++) end = Math.max(end, endOfTrace(folded, next, traces));
    places.push([at, end]);
    at = end - 1;
  }
  return hidden(text, places);
}

function endOfTrace(folded: string, at: number, { runs, short }: Traces): number {
  if (runs.has(folded.slice(at, at + RUN))) return at + RUN;
  for (const form of short) if (folded.startsWith(form, at)) return at + form.length;
  return 0;
}

function isCarrier(name: string, value: string): boolean {
  return !HARMLESS.test(name) && (isSecretName(name) || looksLikeKey(value));
}

/** What of a header's value is worth hiding: a key behind its scheme, a password, the value of each cookie. */
function partsOf(value: string): readonly string[] {
  const [scheme = '', credentials = ''] = value.split(/\s+(.*)/s);
  const parts = /^\S+$/.test(credentials) && /^[A-Za-z][A-Za-z-]*$/.test(scheme) ? [credentials] : [value];
  if (/^basic$/i.test(scheme)) {
    const pair = Buffer.from(credentials, 'base64').toString('utf8');
    parts.push(pair, pair.slice(pair.indexOf(':') + 1));
  }
  for (const piece of value.split(/[;,\s]+/)) {
    const member = piece.slice(piece.indexOf('=') + 1).replace(/^"|"$/g, '');
    if (member !== scheme) parts.push(member);
  }
  return [...new Set(parts.flatMap((part) => [part, decoded(part)]))];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign of its own
  }
}
