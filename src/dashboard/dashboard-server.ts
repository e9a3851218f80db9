import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AssayError, messageOf } from '../errors.js';
import type { DashboardFailure } from '../page/dashboard-data.js';
import { dashboardPage, dashboardPolicy } from './dashboard-page.js';
import type { LiveUpdates } from './live-updates.js';
import { RequestGuard, targetOf, type Refusal } from './request-guard.js';
import { askedOf, type HistoryQuestion, type StoredHistory } from './stored-history.js';

/** What a {@link DashboardServer} serves. */
export interface DashboardServerOptions {
  readonly live: LiveUpdates | undefined;
  readonly history: StoredHistory | undefined;
  /** Whether it keeps the process running. */
  readonly keepAlive: boolean;
}

const ADDRESS = '127.0.0.1';
const MOST_CONNECTIONS = 100;

/** Serves the dashboard to this machine. */
export class DashboardServer {
  readonly #options: DashboardServerOptions;
  readonly #guard = new RequestGuard(() => this.port);
  readonly #server: Server;
  readonly #page: string;
  readonly #headers: Readonly<Record<string, string>>;
  #closing: Promise<void> | undefined;

  constructor(options: DashboardServerOptions) {
    this.#options = options;
    const { live, history, keepAlive } = options;
    this.#page = dashboardPage({ live: live !== undefined, store: history !== undefined });
    this.#headers = {
      'content-security-policy': dashboardPolicy(),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    };
    this.#server = createServer((request, response) => {
      try {
        this.#serve(request, response);
      } catch (error) {
        // What is watched cannot be read; thrown from here it would end the host's process.
        if (response.headersSent) response.destroy();
        else refuse(response, { status: 500, reason: messageOf(error) });
      }
    });
    this.#server.maxConnections = MOST_CONNECTIONS;
    if (keepAlive) return;
    this.#server.unref();
    this.#server.on('connection', (socket) => socket.unref());
  }

  /** Where it listens; 0 before it does. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Where a browser finds it, with its token. */
  get url(): string {
    return `http://${ADDRESS}:${this.port}/?token=${this.#guard.token}`;
  }

  /** Begins to listen. @throws AssayError `ASSAY_BUSY` for a port in use, `ASSAY_INVALID_OPTION` for one that may not be used. */
  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => reject(listenError(error, port));
      this.#server.once('error', failed);
      this.#server.listen({ port, host: ADDRESS }, () => {
        this.#server.off('error', failed);
        this.#server.on('error', () => {}); // a connection that could not be taken; the next one may be
        resolve();
      });
    });
  }

  /** Ends every connection and listens no more. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#options.live?.close();
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    return this.#closing;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    request.resume(); // a body that nobody reads would hold the connection
    for (const [name, value] of Object.entries(this.#headers)) response.setHeader(name, value);
    const refusal = this.#guard.refusalOf(request);
    if (refusal !== undefined) return refuse(response, refusal);
    const { pathname, searchParams } = targetOf(request.url) as URL;
    const { live, history } = this.#options;
    if (pathname === '/') return this.#sendPage(response);
    if (pathname === '/live' && live !== undefined) {
      if (!live.follow(response)) refuse(response, { status: 503, reason: 'Too many pages follow already' });
      return;
    }
    const answer = history === undefined ? undefined : answerOf(history, pathname);
    if (answer === undefined) return refuse(response, { status: 404, reason: 'There is nothing here' });
    void this.#answer(response, searchParams, answer);
  }

  #sendPage(response: ServerResponse): void {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'set-cookie': this.#guard.setCookie,
    });
    response.end(this.#page);
  }

  /** What the store does not give is told to the page; nothing of it may reach the host. */
  async #answer(response: ServerResponse, query: URLSearchParams, answer: Answer): Promise<void> {
    const left = new AbortController();
    response.on('close', () => left.abort());
    try {
      sendJson(response, 200, JSON.stringify(await answer({ asked: askedOf(query), signal: left.signal })));
    } catch (error) {
      if (left.signal.aborted) return;
      const failure: DashboardFailure = { error: messageOf(error) };
      sendJson(response, statusOf(error), JSON.stringify(failure));
    }
  }
}

type Answer = (question: HistoryQuestion) => Promise<unknown>;

function answerOf(history: StoredHistory, path: string): Answer | undefined {
  switch (path) {
    case '/runs':
      return (question) => history.runs(question);
    case '/run':
      return (question) => history.report(question);
    case '/cases':
      return (question) => history.cases(question);
    case '/case':
      return (question) => history.case(question);
    default:
      return undefined;
  }
}

function statusOf(error: unknown): number {
  if (!AssayError.is(error)) return 500;
  if (error.code === 'ASSAY_EMPTY_INPUT') return 404;
  return error.code === 'ASSAY_INVALID_INPUT' ? 400 : 500;
}

function sendJson(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(body);
}

function refuse(response: ServerResponse, { status, reason, headers = {} }: Refusal): void {
  response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${reason}\n`);
}

function listenError(error: NodeJS.ErrnoException, port: number): AssayError {
  if (error.code === 'EADDRINUSE')
    return new AssayError(
      'ASSAY_BUSY',
      `Port ${port} is in use: give another \`port\`, or 0 for a free one`,
      {
        retryable: true,
        cause: error,
      },
    );
  return new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected \`port\` of startDashboard to be one that may be used, got ${port}: ${messageOf(error)}`,
    { cause: error },
  );
}
