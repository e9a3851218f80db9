import type { IncomingMessage } from 'node:http';
import { nodeCrypto } from '../foundation/late-modules.js';

/** What is answered to a request that is not served. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const HOSTS = new Set(['127.0.0.1', 'localhost']);

/**
 * Lets in whoever knows the token, by a name of this machine, to read. A page of another site can neither guess the token
 * nor, by a name of its own that leads to 127.0.0.1 (DNS rebinding), reach the server at all.
 */
export class RequestGuard {
  /** 256 random bits in base64url. */
  readonly token = nodeCrypto().randomBytes(32).toString('base64url');
  readonly #digest = digestOf(this.token);
  /** Cookies do not tell ports apart, so their names do. */
  readonly #cookieName: () => string;

  /** `port`: where the server listens, once it does. */
  constructor(port: () => number) {
    this.#cookieName = () => `assaykit-${port()}`;
  }

  /** Why a request is not served; `undefined`: it is. */
  refusalOf({ method, headers, url }: IncomingMessage): Refusal | undefined {
    if (!HOSTS.has(hostNameOf(headers.host)))
      return { status: 421, reason: 'This is served to names of this machine only' };
    if (method !== 'GET')
      return { status: 405, reason: 'There is only something to read here', headers: { allow: 'GET' } };
    const target = targetOf(url);
    if (target === undefined) return { status: 400, reason: 'Expected a path' };
    // Browsers say who asks: another site may lead here by a link, and do nothing else.
    const site = headers['sec-fetch-site'];
    if (target.pathname !== '/' && site !== undefined && site !== 'same-origin' && site !== 'none')
      return { status: 403, reason: 'This is not for other sites' };
    const given = target.searchParams.get('token') ?? this.#cookieOf(headers.cookie);
    if (given === undefined || !nodeCrypto().timingSafeEqual(digestOf(given), this.#digest))
      return { status: 403, reason: 'Open the address that was printed: it holds a token' };
    return undefined;
  }

  /** The header that lets a browser show the token from now on. Scripts cannot read it. */
  get setCookie(): string {
    return `${this.#cookieName()}=${this.token}; Path=/; HttpOnly; SameSite=Lax`;
  }

  #cookieOf(header: string | undefined): string | undefined {
    const name = `${this.#cookieName()}=`;
    return header
      ?.split(';')
      .map((each) => each.trim())
      .find((each) => each.startsWith(name))
      ?.slice(name.length);
  }
}

/** Texts of any length are compared by hashes of one length, so that the time tells nothing of them. */
const digestOf = (text: string): Buffer => nodeCrypto().createHash('sha256').update(text).digest();

/** The name in a Host header, without its port: behind `ssh -L` the port is another one. */
const hostNameOf = (host: string | undefined): string => (host ?? '').replace(/:\d{1,5}$/, '').toLowerCase();

/** The path and query of a request; `undefined` for any other form of target. */
export function targetOf(url: string | undefined): URL | undefined {
  if (url?.startsWith('/') !== true || url.startsWith('//')) return undefined;
  try {
    return new URL(url, 'http://127.0.0.1');
  } catch {
    return undefined;
  }
}
