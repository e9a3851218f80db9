import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import type { buildConnector, Dispatcher, Pool } from 'undici';
import { AssayError, messageOf } from '../../errors.js';
import { KEEP_EXTERNAL } from '../../foundation/worker-fallback.js';
import { holdEndWhilePaused } from './hold-end.js';
import { connectHttp } from './http-socket.js';

/** TLS settings, handed to `tls.connect`. */
export interface TlsOptions {
  /** PEM certificates of the authorities to trust, in place of the runtime's own. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[] | undefined;
  /** The client's own certificate chain, PEM; asked for by servers with mTLS. */
  readonly cert?: string | Buffer | undefined;
  /** Private key of `cert`, PEM. */
  readonly key?: string | Buffer | undefined;
  /** What `key` is encrypted with. */
  readonly passphrase?: string | undefined;
  /** Host name for SNI and the check of the server's certificate. @default the URL's host */
  readonly servername?: string | undefined;
  /** Whether a server whose certificate cannot be verified is refused. @default true */
  readonly rejectUnauthorized?: boolean | undefined;
}

/** What a {@link Transport} is made from. */
export interface TransportSettings {
  readonly origin: string;
  /** Most sockets; `Infinity` for no limit. */
  readonly connections: number;
  readonly connectMs: number;
  readonly connectionMaxAgeMs: number;
  /** How long an idle connection is kept for the next call. */
  readonly keepAliveMs: number;
  readonly allowH2: boolean;
  readonly tls: TlsOptions | undefined;
  /** The host's own dispatcher, used instead of a pool. */
  readonly dispatcher: Dispatcher | undefined;
}

/**
 * Who hears of a request's reply. These are the names of undici 7's own handlers (`pool.request` uses them):
 * the newer form turns every header into a string and costs two more objects a call.
 */
export interface ReplyHandler {
  onConnect(abort: (reason?: Error) => void): void;
  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void): boolean;
  onData(chunk: Buffer): boolean;
  onComplete(): void;
  onError(error: Error): void;
}

type Undici = Pick<typeof import('undici'), 'Pool' | 'buildConnector'>;

let undici: Undici | undefined;

/**
 * Loads undici on first use, and of it only the pool: the whole (fetch, WebSocket, caches, mocks) takes 2.5 times as long
 * to load, more than anything else before the first answer, and puts a dispatcher of its own on `globalThis`.
 */
async function loadUndici(): Promise<void> {
  if (undici !== undefined) return;
  if (!('WebAssembly' in globalThis)) {
    throw new AssayError(
      'ASSAY_MISSING_DEPENDENCY',
      'LoadBalancedClient reads answers with undici, which needs WebAssembly: start Node without `--jitless`',
    );
  }
  try {
    const [pool, connect] = await Promise.all([
      import('undici/lib/dispatcher/pool.js'),
      import('undici/lib/core/connect.js'),
    ]);
    undici = { Pool: pool.default, buildConnector: connect.default };
  } catch {
    try {
      undici = await import('undici'); // a release that keeps its modules elsewhere
    } catch (error) {
      throw new AssayError(
        'ASSAY_MISSING_DEPENDENCY',
        `undici could not be loaded (${messageOf(error)}). In a bundle: ${KEEP_EXTERNAL}; see the guide "Bundle it"`,
        { cause: error },
      );
    }
  }
}

const LONGEST_TIMER_MS = 2_147_483_647;
const LONGEST_KEEP_ALIVE_MS = 600_000; // what a server's own keep-alive header may ask for; undici's default
const BACKSTOP_MS = 1000; // undici's connect timer runs up to a second late; ours decides

/** What is sent, as undici takes it. */
export interface TransportRequest {
  readonly method: 'POST' | 'GET';
  readonly path: string;
  readonly headers: string[];
  readonly body: string | null;
}

/**
 * Connections to one endpoint: an undici Pool that is made on first use, has as many sockets as calls may be in
 * flight (undici's own queue would delay an abort until a socket frees) and is replaced when DNS may have
 * changed. undici's timers are off: they are up to 0.9 s late.
 */
export class Transport {
  readonly #settings: TransportSettings;
  readonly #named: boolean;
  readonly #connecting = new Set<Socket>();
  readonly #retired = new Set<Pool>();
  #pool: Pool | undefined;
  #madeAt = 0;
  #closed = false;
  /** Connections made so far. */
  connects = 0;

  constructor(settings: TransportSettings) {
    this.#settings = settings;
    const host = new URL(settings.origin).hostname;
    this.#named = isIP(host.replace(/^\[|\]$/g, '')) === 0;
  }

  /** Whether {@link Transport.dispatch} can be called now. */
  get ready(): boolean {
    return undici !== undefined || this.shared;
  }

  /** Whether requests go through the host's own dispatcher, where they may stand in line. */
  get shared(): boolean {
    return this.#settings.dispatcher !== undefined;
  }

  /** A transport to the same place with one connection of its own. */
  apart(): Transport {
    return new Transport({ ...this.#settings, connections: 1 });
  }

  /** Makes it ready. */
  async open(): Promise<void> {
    if (!this.shared) await loadUndici();
  }

  /** Sends a request; the outcome goes to `handler`. Call only when ready. */
  dispatch(request: TransportRequest, handler: ReplyHandler, now: number): void {
    const host = this.#settings.dispatcher;
    if (host !== undefined) {
      host.dispatch({ origin: this.#settings.origin, ...request }, new HostHandler(handler));
      return;
    }
    this.#current(now).dispatch(request, handler);
  }

  /** Lets new calls use new connections, which look the name up again; calls in flight finish on the old. */
  renew(): void {
    const pool = this.#pool;
    if (pool === undefined) return;
    this.#pool = undefined;
    this.#retire(pool);
  }

  /** Closes all connections once their calls are done. */
  async close(): Promise<void> {
    this.#closed = true;
    this.renew();
    await Promise.all([...this.#retired].map((pool) => pool.close().catch(ignore)));
  }

  /** Closes all connections now. */
  async destroy(): Promise<void> {
    this.#closed = true;
    this.renew();
    // A pool forgets sockets that are still connecting: they would live on until their connect timeout.
    for (const socket of this.#connecting) socket.destroy();
    await Promise.all([...this.#retired].map((pool) => pool.destroy().catch(ignore)));
  }

  #current(now: number): Pool {
    let pool = this.#pool;
    if (pool !== undefined && this.#named && now - this.#madeAt > this.#settings.connectionMaxAgeMs) {
      this.renew();
      pool = undefined;
    }
    if (pool === undefined) {
      pool = this.#pool = this.#make(undici!);
      this.#madeAt = now;
    }
    return pool;
  }

  #make({ Pool, buildConnector }: Undici): Pool {
    const { origin, connections, connectMs, keepAliveMs, allowH2, tls } = this.#settings;
    const timeoutMs = connectMs + BACKSTOP_MS;
    const connectSecurely = buildConnector({
      ...(tls as buildConnector.BuildOptions | undefined),
      allowH2,
      timeout: Number.isFinite(timeoutMs) ? timeoutMs : 0,
    });
    const pool = new Pool(origin, {
      connections: Number.isFinite(connections) ? connections : null,
      pipelining: 1,
      allowH2,
      headersTimeout: 0,
      keepAliveTimeout: Math.min(keepAliveMs, LONGEST_TIMER_MS),
      keepAliveMaxTimeout: Math.min(Math.max(keepAliveMs, LONGEST_KEEP_ALIVE_MS), LONGEST_TIMER_MS),
      bodyTimeout: 0,
      connect: (options, callback) => {
        const connected: buildConnector.Callback = (...outcome) => {
          this.#connecting.delete(socket);
          this.connects++;
          if (outcome[1] !== null) holdEndWhilePaused(outcome[1]);
          callback(...outcome);
        };
        const socket =
          options.protocol === 'https:'
            ? (connectSecurely(options, connected) as unknown as Socket)
            : connectHttp(options, timeoutMs, connected);
        this.#connecting.add(socket);
        if (this.#closed) socket.destroy();
      },
    });
    return pool;
  }

  #retire(pool: Pool): void {
    this.#retired.add(pool);
    pool.close().then(
      () => this.#retired.delete(pool),
      () => this.#retired.delete(pool),
    );
  }
}

/** Speaks the newer handler form with the host's dispatcher, which may be of another major version. */
class HostHandler implements Dispatcher.DispatchHandler {
  readonly #handler: ReplyHandler;

  constructor(handler: ReplyHandler) {
    this.#handler = handler;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#handler.onConnect((reason) => controller.abort(reason ?? new Error('given up')));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    const raw: Buffer[] = [];
    for (const [name, value] of Object.entries(headers)) {
      for (const each of Array.isArray(value) ? value : [value ?? '']) {
        raw.push(Buffer.from(name, 'latin1'), Buffer.from(each, 'latin1'));
      }
    }
    this.#handler.onHeaders(status, raw, () => {});
  }

  // Never paused, whatever the answer: the end of a connection that comes meanwhile may end the process (see hold-end.ts).
  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#handler.onData(chunk);
  }

  onResponseEnd(): void {
    this.#handler.onComplete();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#handler.onError(error);
  }
}

const ignore = (): void => {};
