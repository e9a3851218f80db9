import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../errors.js';
import { isThenable } from '../foundation/thenable.js';
import { contentOf, type WirePiece } from './fake-answer.js';
import { FateSource } from './fake-fate.js';
import {
  replyOf,
  resolveFakeOptions,
  type FakeAnswer,
  type FakeModelRequest,
  type FakeModelServerOptions,
  type FakeReply,
  type ResolvedFakeOptions,
} from './fake-options.js';
import {
  errorBody,
  promptTokens,
  protocolAt,
  readModelRequest,
  wireReply,
  wireStream,
} from './fake-protocol.js';
import { FakeRateLimit } from './fake-rate-limit.js';

const PACE_MS = 10; // shortest pause between pieces of a stream; faster streams send several at once
const KEEP_ALIVE_MS = 60_000; // longer than clients keep idle sockets, so that no request meets a closing one

/** What a fake server has seen so far. */
export interface FakeModelServerStats {
  /** Requests to the model's routes, whatever became of them. */
  readonly requests: number;
  /** Requests that were answered with a status below 400 and without a fault. */
  readonly answered: number;
  /** Requests that were answered with 429. */
  readonly rateLimited: number;
  /** Requests that were answered with another status of 400 or more. */
  readonly refused: number;
  /** Requests that met a fault of the connection, or a body that is no JSON. */
  readonly faults: number;
  /** Answers that were streamed. */
  readonly streamed: number;
  /** Requests that are being answered now. */
  readonly inFlight: number;
  /** Most requests at once. */
  readonly maxInFlight: number;
  /** Connections that were opened. */
  readonly connections: number;
  /** Tokens of the prompts of answered requests. */
  readonly inputTokens: number;
  /** Tokens of the answers. */
  readonly outputTokens: number;
}

/** A running fake server. */
export interface FakeModelServer extends AsyncDisposable {
  /** Base URL for clients, with `/v1`; for Ollama's protocols take `origin`. */
  readonly url: string;
  /** The same without a path. */
  readonly origin: string;
  /** The port it listens on, at 127.0.0.1. */
  readonly port: number;
  /** A copy of the counts as they are now. */
  readonly stats: FakeModelServerStats;
  /** Ends it, cutting what is still in flight; resolves when the port is free. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts an OpenAI-compatible model server on 127.0.0.1 that replays recorded answers, for tests and for trying a
 * pipeline without a model: `/v1/chat/completions`, `/v1/completions`, `/v1/responses`, Anthropic's `/v1/messages`,
 * Ollama's `/api/chat` and `/api/generate`, all of them streamed or not, with tool calls and reasoning; `/v1/models`,
 * `/health`. Latency, failures, rate limits and faults of the connection by option; reproducible by seed.
 * Resolves when it listens.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`; rejects with Node's own error when the port is taken.
 * @example
 * const server = await startFakeModelServer({ responses: { 'Capital of France?': 'Paris' }, latencyMs: 20 });
 * // … use server.url …
 * await server.close();
 */
export async function startFakeModelServer(options: FakeModelServerOptions = {}): Promise<FakeModelServer> {
  const server = new HttpFakeModelServer(resolveFakeOptions(options));
  await server.listen();
  return server;
}

type Counts = { -readonly [Name in keyof FakeModelServerStats]: number };

class HttpFakeModelServer implements FakeModelServer {
  readonly #options: ResolvedFakeOptions;
  readonly #server: Server;
  readonly #fates: FateSource;
  readonly #limit: FakeRateLimit;
  readonly #counts: Counts = {
    requests: 0,
    answered: 0,
    rateLimited: 0,
    refused: 0,
    faults: 0,
    streamed: 0,
    inFlight: 0,
    maxInFlight: 0,
    connections: 0,
    inputTokens: 0,
    outputTokens: 0,
  };
  #port = 0;
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedFakeOptions) {
    this.#options = options;
    this.#fates = new FateSource(options);
    this.#limit = new FakeRateLimit(
      { requestsPerMinute: options.requestsPerMinute, tokensPerMinute: options.tokensPerMinute },
      options.clock,
    );
    this.#server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) =>
      this.#route(request, response),
    );
    this.#server.on('connection', () => this.#counts.connections++);
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get url(): string {
    return `${this.origin}/v1`;
  }

  get port(): number {
    return this.#port;
  }

  get stats(): FakeModelServerStats {
    return Object.freeze({ ...this.#counts });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port: this.#options.port, host: '127.0.0.1', backlog: 1024 }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections(); // hanging answers would hold it otherwise; their timers end with them
    });
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '/').split('?', 1)[0]!;
    if (path === '/health' || path === '/v1/health') {
      request.resume();
      return send(response, { status: 200, body: JSON.stringify({ status: 'ok' }) });
    }
    const protocol = protocolAt(path);
    if (path !== '/v1/models' && protocol === undefined) {
      request.resume();
      return send(response, { status: 404, body: errorBody(404, { message: `no such route: ${path}` }) });
    }
    const method = protocol === undefined ? 'GET' : 'POST';
    if (request.method !== method) {
      request.resume();
      return send(response, {
        status: 405,
        body: errorBody(405, { message: `${path} takes ${method}` }),
        headers: { allow: method },
      });
    }
    if (protocol !== undefined) this.#begin(response);
    const { apiKey, model } = this.#options;
    const given = request.headers['x-api-key'] ?? request.headers.authorization?.replace(/^Bearer /, '');
    if (apiKey !== undefined && given !== apiKey) {
      request.resume();
      if (protocol !== undefined) this.#counts.refused++;
      return send(response, {
        status: 401,
        body: errorBody(401, {
          message: 'the API key is missing or wrong',
          code: 'invalid_api_key',
          protocol,
        }),
      });
    }
    if (protocol === undefined) {
      request.resume();
      const models = {
        object: 'list',
        data: [{ id: model, object: 'model', created: 0, owned_by: 'assaykit' }],
      };
      return send(response, { status: 200, body: JSON.stringify(models) });
    }
    const index = this.#counts.requests - 1;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const bodyText = (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString('utf8');
      const read = readModelRequest(protocol, {
        bodyText,
        headers: request.headers,
        index,
        defaultModel: model,
      });
      if (typeof read !== 'string') return this.#answer(read, response);
      this.#counts.refused++;
      return send(response, { status: 400, body: errorBody(400, { message: read, protocol }) });
    });
    request.on('error', () => response.destroy());
  }

  #begin(response: ServerResponse): void {
    const counts = this.#counts;
    counts.requests++;
    if (++counts.inFlight > counts.maxInFlight) counts.maxInFlight = counts.inFlight;
    response.on('close', () => counts.inFlight--);
  }

  #answer(request: FakeModelRequest, response: ServerResponse): void {
    const inputTokens = promptTokens(request);
    const waitMs = this.#limit.admit(inputTokens);
    if (waitMs !== undefined)
      return this.#reply(request, response, { reply: rateLimited(request, waitMs), inputTokens, delayMs: 0 });
    const { outcome, delayMs } = this.#fates.next(request.prompt);
    switch (outcome) {
      case 'error':
        return this.#reply(request, response, {
          reply: { status: 500, text: 'the fake model failed' },
          inputTokens,
          delayMs,
        });
      case 'rate-limited':
        return this.#reply(request, response, {
          reply: rateLimited(request, this.#options.retryAfterMs),
          inputTokens,
          delayMs: 0,
        });
      default:
        break;
    }
    const finish = (answer: FakeAnswer): void => {
      const reply = replyOf(answer);
      const faulty = outcome === 'answer' ? reply : { ...reply, fault: outcome };
      this.#reply(request, response, { reply: faulty, inputTokens, delayMs: reply.delayMs ?? delayMs });
    };
    const failed = (error: unknown): void => finish({ status: 500, text: messageOf(error) });
    try {
      const answer = this.#options.answer(request);
      if (isThenable(answer)) Promise.resolve(answer).then(finish).catch(failed);
      else finish(answer);
    } catch (error) {
      failed(error);
    }
  }

  #reply(
    request: FakeModelRequest,
    response: ServerResponse,
    {
      reply,
      inputTokens,
      delayMs,
    }: { readonly reply: FakeReply; readonly inputTokens: number; readonly delayMs: number },
  ): void {
    const status = reply.status ?? 200;
    const good = status < 400 && reply.fault === undefined;
    const content = contentOf(request, reply, {
      inputTokens,
      charactersPerPiece: this.#options.charactersPerPiece,
    });
    const { usage } = content;
    const outputTokens = status < 400 ? (usage?.outputTokens ?? content.outputTokens) : 0;
    if (good) {
      this.#counts.answered++;
      this.#counts.inputTokens += usage?.inputTokens ?? inputTokens;
      this.#counts.outputTokens += outputTokens;
      this.#limit.charge(outputTokens);
    } else if (reply.fault !== undefined) this.#counts.faults++;
    else if (status === 429) this.#counts.rateLimited++;
    else this.#counts.refused++;
    if (reply.fault === 'hang') return;

    const streamed = request.stream && good && reply.body === undefined;
    const generationMs = (outputTokens * 1000) / this.#options.tokensPerSecond;
    this.#after(streamed ? delayMs : delayMs + generationMs, response, () => {
      const headers = { ...this.#limit.headers(), ...reply.headers };
      if (reply.fault === 'reset') return void response.socket?.resetAndDestroy();
      if (streamed || (request.stream && reply.fault === 'cut')) {
        this.#counts.streamed++;
        const { type, pieces } = wireStream(content);
        response.writeHead(status, {
          'content-type': type,
          'x-request-id': `req_${request.index}`,
          ...headers,
        });
        if (reply.fault === 'cut') return cut(response, pieces.slice(0, Math.ceil(pieces.length / 2)));
        return this.#stream(response, pieces, 0);
      }
      const wire = wireReply(content, reply);
      const allHeaders = { ...wire.headers, ...headers };
      if (reply.fault === 'cut') {
        response.writeHead(wire.status, { ...allHeaders, 'content-length': Buffer.byteLength(wire.body) });
        return cut(response, [{ text: wire.body.slice(0, wire.body.length / 2), tokens: 0 }]);
      }
      const body = reply.fault === 'malformed' ? wire.body.slice(0, wire.body.length / 2) : wire.body;
      return send(response, { status: wire.status, body, headers: allHeaders });
    });
  }

  /** Sends the pieces from `from` on, as many at a time as the pace allows. */
  #stream(response: ServerResponse, pieces: readonly WirePiece[], from: number): void {
    const { tokensPerSecond } = this.#options;
    const tokensAtOnce = Math.max(1, (tokensPerSecond * PACE_MS) / 1000);
    let text = '';
    let tokens = 0;
    let next = from;
    while (next < pieces.length && tokens < tokensAtOnce) {
      text += pieces[next]!.text;
      tokens += pieces[next]!.tokens;
      next++;
    }
    if (next === pieces.length) return void response.end(text);
    response.write(text);
    this.#after((tokens * 1000) / tokensPerSecond, response, () => this.#stream(response, pieces, next));
  }

  /** Runs `step` after a delay, unless the client goes away or the server is closed before. */
  #after(delayMs: number, response: ServerResponse, step: () => void): void {
    if (delayMs <= 0) {
      if (!response.destroyed) step();
      return;
    }
    const timer = this.#options.clock.schedule(() => {
      response.off('close', gone);
      if (!response.destroyed) step();
    }, delayMs);
    const gone = (): void => timer.cancel();
    response.once('close', gone);
  }
}

function rateLimited({ protocol }: FakeModelRequest, waitMs: number): FakeReply {
  return {
    status: 429,
    headers: {
      'retry-after': String(Math.ceil(waitMs / 1000)),
      'retry-after-ms': String(Math.ceil(waitMs)),
    },
    body: errorBody(429, { message: 'too many requests', code: 'rate_limit_exceeded', protocol }),
  };
}

function cut(response: ServerResponse, pieces: readonly WirePiece[]): void {
  response.write(pieces.map((piece) => piece.text).join(''), () => response.socket?.resetAndDestroy());
}

function send(
  response: ServerResponse,
  {
    status,
    body,
    headers = {},
  }: {
    readonly status: number;
    readonly body: string;
    readonly headers?: Readonly<Record<string, string>> | undefined;
  },
): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    ...headers,
    'content-length': bytes.length,
  });
  response.end(bytes);
}
