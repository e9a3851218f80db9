import { AssayError } from '../errors.js';
import type { ApiKey } from './client-options.js';
import type { Endpoint } from './endpoint.js';
import type { ModelInput, ModelParameters } from './model-client.js';
import type { Protocol } from './protocols/protocol.js';
import type { Transport } from './transport.js';

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
export function endpointAddress(url: string, protocol: Protocol): EndpointAddress {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw invalidUrl('it is not a URL');
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')
    throw invalidUrl('it is not http or https');
  // Said without the URL: it would put the credentials into a log.
  if (parsed.username !== '' || parsed.password !== '') {
    throw invalidUrl('it contains credentials; use `apiKey` or `headers`');
  }
  const base = parsed.pathname.replace(/\/+$/, '');
  let path: string;
  if (base === '') path = protocol.prefix + protocol.path;
  else if (base.endsWith(protocol.path)) path = base;
  else path = base + protocol.path;
  return { origin: parsed.origin, path: path + parsed.search, shown: parsed.origin + base };
}

function invalidUrl(why: string): AssayError {
  return new AssayError('ASSAY_INVALID_OPTION', `Expected the \`url\` of an endpoint to be http(s): ${why}`);
}

const SECRET_HEADER = /auth|key|token|secret|cookie|password|signature/i;
const MIN_SECRET_LENGTH = 4;
const REMEMBERED_KEYS = 8;

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
  readonly #model: string | undefined;
  readonly #fixedHeaders: readonly string[];
  readonly #currentKey: (() => string | Promise<string>) | undefined;
  readonly #secrets: string[] = [];

  constructor(settings: EndpointConnectionSettings) {
    this.endpoint = settings.endpoint;
    this.address = settings.address;
    this.protocol = settings.protocol;
    this.transport = settings.transport;
    this.#model = settings.model;
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
      if (SECRET_HEADER.test(name)) this.#remember(value);
    }
    this.#currentKey = typeof settings.apiKey === 'function' ? settings.apiKey : undefined;
    this.#fixedHeaders = Object.entries(headers).flat();
  }

  /** Headers of a request, as undici's flat list; a promise when the key comes from an async function. */
  headers(idempotencyKey: string | undefined): string[] | Promise<string[]> {
    if (this.#currentKey !== undefined) return this.#headersWithKey(this.#currentKey, idempotencyKey);
    // undici does not keep or change the list, so that all requests can share it.
    if (idempotencyKey === undefined) return this.#fixedHeaders as string[];
    return [...this.#fixedHeaders, 'idempotency-key', idempotencyKey];
  }

  /** The model that a call asks for here. */
  modelFor(asked: string | undefined, fallback: string | undefined): string {
    return asked ?? this.#model ?? fallback ?? '';
  }

  /** The body of a request, as JSON. */
  body(input: ModelInput, model: string, parameters: ModelParameters, stream: boolean): string {
    const body = this.protocol.body({ input, model, parameters, stream });
    return JSON.stringify(parameters.extraBody === undefined ? body : { ...body, ...parameters.extraBody });
  }

  /** Text of a server or a library, without this endpoint's secrets and short enough for a message. */
  redact(text: string, maxLength = 300): string {
    let safe = text;
    for (const secret of this.#secrets) safe = safe.replaceAll(secret, '[redacted]');
    return safe.length > maxLength ? `${safe.slice(0, maxLength - 3)}...` : safe;
  }

  async #headersWithKey(
    currentKey: () => string | Promise<string>,
    idempotencyKey: string | undefined,
  ): Promise<string[]> {
    const key: unknown = await currentKey();
    if (typeof key !== 'string' || key === '') {
      throw new AssayError('ASSAY_AUTHENTICATION', `The apiKey function of ${this.endpoint.id} gave no key`);
    }
    const [name, value] = this.#authorization(key);
    const headers = [...this.#fixedHeaders, name, value];
    if (idempotencyKey !== undefined) headers.push('idempotency-key', idempotencyKey);
    return headers;
  }

  #authorization(apiKey: string): readonly [name: string, value: string] {
    this.#remember(apiKey);
    // A key read from a file often ends with a line break, which no header can hold.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(apiKey)) {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `The apiKey of ${this.endpoint.id} holds characters that a header cannot (a line break?)`,
      );
    }
    return this.protocol.authorization?.(apiKey) ?? ['authorization', `Bearer ${apiKey}`];
  }

  #remember(secret: string): void {
    if (secret.length < MIN_SECRET_LENGTH || this.#secrets.includes(secret)) return;
    this.#secrets.push(secret);
    // Longest first, so that a secret inside another does not leave a part of it behind.
    if (this.#secrets.length > REMEMBERED_KEYS) this.#secrets.shift();
  }
}
