import { AssayError, messageOf } from '../../errors.js';
import { parseJson } from '../../foundation/lossless-json.js';
import { codeOf } from './classify-failure.js';
import type { Endpoint } from '../balancing/endpoint.js';
import { EndSigns } from './end-signs.js';
import type { Protocol, ProtocolReply, ProtocolRequest } from '../protocols/protocol.js';
import { SecretStream } from './secret-stream.js';
import { Secrets } from './secrets.js';
import type { Transport } from './transport.js';

/** A key, or a function that gives the current one; it is called for every attempt, so cache inside it. */
export type ApiKey = string | (() => string | Promise<string>);

/** Where an endpoint is, split for sending and for showing. */
export interface EndpointAddress {
  /** `http://host:port`. */
  readonly origin: string;
  /** Path and query that calls are posted to. */
  readonly path: string;
  /** The URL without credentials, query and fragment, for events and snapshots. */
  readonly shown: string;
}

/**
 * Splits an endpoint's URL. A bare origin gets the protocol's prefix and path; a URL that ends with the path is
 * taken as it is; anything else is a base that gets the path.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for anything but an http(s) URL without credentials.
 */
export function endpointAddress(
  url: string,
  { owner, protocol }: { readonly owner: string; readonly protocol: Protocol },
): EndpointAddress {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw invalidUrl(owner, 'it is not a URL');
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')
    throw invalidUrl(owner, 'it does not begin with http:// or https://');
  // Said without the URL: it would put the credentials into a log.
  if (parsed.username !== '' || parsed.password !== '') {
    throw invalidUrl(owner, 'it contains credentials; use `apiKey` or `headers`');
  }
  const base = parsed.pathname.replace(/\/+$/, '');
  let path: string;
  if (base === '') path = protocol.prefix + protocol.path;
  else if (base.endsWith(protocol.path)) path = base;
  else path = base + protocol.path;
  return { origin: parsed.origin, path: path + parsed.search, shown: parsed.origin + base };
}

function invalidUrl(owner: string, why: string): AssayError {
  return new AssayError('ASSAY_INVALID_OPTION', `Expected \`url\` of ${owner} to be http(s): ${why}`);
}

/** What an {@link EndpointConnection} is made from. */
export interface EndpointConnectionSettings {
  readonly endpoint: Endpoint;
  readonly address: EndpointAddress;
  readonly protocol: Protocol;
  readonly model: string | undefined;
  readonly apiKey: ApiKey | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly transport: Transport;
}

/** The side of an endpoint that speaks to the server: address, key, language and connections. */
export class EndpointConnection {
  readonly endpoint: Endpoint;
  readonly address: EndpointAddress;
  readonly protocol: Protocol;
  readonly transport: Transport;
  /** Whether its streams say why an answer ended. */
  readonly endSigns = new EndSigns();
  /** The last active check: when it ended, wall-clock milliseconds, and what it came to. */
  lastCheck: { readonly at: number; readonly alive: boolean; readonly status: number | null } | null = null;
  readonly #model: string | undefined;
  readonly #fixedHeaders: readonly string[];
  readonly #headerNames: ReadonlySet<string>;
  readonly #currentKey: (() => string | Promise<string>) | undefined;
  readonly #secrets: Secrets;

  constructor(settings: EndpointConnectionSettings) {
    this.endpoint = settings.endpoint;
    this.address = settings.address;
    this.protocol = settings.protocol;
    this.transport = settings.transport;
    this.#model = settings.model;
    this.#secrets = new Secrets(settings.address.path);
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'accept-encoding': 'identity',
      ...settings.protocol.headers,
    };
    if (typeof settings.apiKey === 'string') {
      const [name, value] = this.#authorization(settings.apiKey);
      headers[name.toLowerCase()] = value;
    }
    for (const [name, value] of Object.entries(settings.headers)) {
      headers[name.toLowerCase()] = value;
      this.#secrets.addHeader(name, value);
    }
    this.#currentKey = typeof settings.apiKey === 'function' ? settings.apiKey : undefined;
    this.#headerNames = new Set(Object.keys(headers));
    this.#fixedHeaders = Object.entries(headers).flat();
  }

  /** Whether its key comes from a function, which is asked for every attempt. */
  get asksForKey(): boolean {
    return this.#currentKey !== undefined;
  }

  /** The key as the host's function gives it now. Rejects when that fails, or gives none. */
  async askForKey(): Promise<string> {
    const key: unknown = await givenKey(this.#currentKey!);
    if (typeof key !== 'string' || key === '') {
      throw new AssayError('ASSAY_AUTHENTICATION', `The apiKey function of ${this.endpoint.id} gave no key`);
    }
    this.#authorization(key); // throws for a key that no header can hold
    return key;
  }

  /** Headers of a request, as undici's flat list; `key`: what {@link EndpointConnection.askForKey} gave. */
  headers(idempotencyKey: string | undefined, key?: string): string[] {
    // undici does not keep or change the list, so that all requests can share it.
    if (idempotencyKey === undefined && key === undefined) return this.#fixedHeaders as string[];
    const headers = [...this.#fixedHeaders];
    if (key !== undefined) {
      const [name, value] = this.#authorization(key);
      if (!this.#headerNames.has(name.toLowerCase())) headers.push(name, value); // the host's own header wins
    }
    if (idempotencyKey !== undefined) headers.push('idempotency-key', idempotencyKey);
    return headers;
  }

  /** The model that a call asks for here. */
  modelFor(asked: string | undefined, fallback: string | undefined): string {
    return asked ?? this.#model ?? fallback ?? '';
  }

  /** The body of a request, as JSON. */
  body(request: ProtocolRequest): string {
    const { extraBody } = request.parameters;
    const body = this.protocol.body(request);
    if (extraBody === undefined) return JSON.stringify(body);
    this.#secrets.addBody(extraBody);
    return JSON.stringify({ ...body, ...extraBody });
  }

  /** Text of a server or a library, without this endpoint's secrets and short enough for a message. */
  redact(text: string, maxLength = 300): string {
    const safe = this.#secrets.hide(text);
    return safe.length > maxLength ? `${safe.slice(0, maxLength - 3)}...` : safe;
  }

  /**
   * What a reply of JSON says, without this endpoint's secrets.
   *
   * @throws Error in our own words: those of the parser quote the reply.
   */
  readJson(text: string): unknown {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      value = readPython(text);
      if (value === undefined) throw new Error(`${JSON.stringify(this.redact(text, 60))} is not valid JSON`);
    }
    return this.#secrets.replies.mayHold(text) ? this.#secrets.clear(value) : value;
  }

  /** Hides secrets that come in pieces from who reads a streamed answer; `undefined` where there are none. */
  streamGuard(): SecretStream | undefined {
    const { replies } = this.#secrets;
    return replies.forms.length === 0 ? undefined : new SecretStream(replies);
  }

  /** A streamed answer, put together, without secrets that came in pieces; the same where there are none. */
  clearAnswer(reply: ProtocolReply): ProtocolReply {
    const text = this.#secrets.replies.clear(reply.text);
    const reasoning = this.#secrets.clear(reply.reasoning) as ProtocolReply['reasoning'];
    const toolCalls = this.#secrets.clear(reply.toolCalls) as ProtocolReply['toolCalls'];
    if (text === reply.text && reasoning === reply.reasoning && toolCalls === reply.toolCalls) return reply;
    return { ...reply, text, reasoning, toolCalls, logprobs: undefined }; // which spell the answer
  }

  /** A library's error without what it may quote of headers and bodies (MockAgent's do): its redacted words only. */
  harmless(error: Error): Error {
    const safe = new Error(this.redact(messageOf(error)));
    const code = this.redact(codeOf(error));
    safe.name = this.redact(String(error.name));
    return code === '' ? safe : Object.assign(safe, { code });
  }

  #authorization(apiKey: string): readonly [name: string, value: string] {
    this.#secrets.addKey(apiKey);
    // A key read from a file often ends with a line break, which no header can hold.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(apiKey)) {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `The apiKey of ${this.endpoint.id} holds characters that a header cannot (a line break?)`,
      );
    }
    return this.protocol.authorization?.(apiKey) ?? ['authorization', `Bearer ${apiKey}`];
  }
}

/** JSON as Python writes it, with `NaN` and infinities (log probabilities, scores). */
function readPython(text: string): unknown {
  if (!/NaN|Infinity/.test(text)) return undefined;
  try {
    return parseJson(text, { nonFinite: true, inexact: Number });
  } catch {
    return undefined;
  }
}

// What the host's function threw may hold the key, so nothing of it is shown.
async function givenKey(currentKey: () => string | Promise<string>): Promise<unknown> {
  const ask = async (): Promise<unknown> => currentKey();
  try {
    return await ask().catch(ask); // what fetches a token may fail once
  } catch {
    throw new AssayError('ASSAY_AUTHENTICATION', 'the apiKey function failed');
  }
}
