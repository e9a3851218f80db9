import { isUtf8 } from 'node:buffer';
import {
  ATTEMPT_TIMEOUT,
  AUTHENTICATION,
  CONNECT_TIMEOUT,
  EMPTY,
  FIRST_BYTE_TIMEOUT,
  IDLE_TIMEOUT,
  MALFORMED,
  TOO_LARGE,
  classifyErrorBody,
  classifyStatus,
  classifyTransportError,
  holdsError,
  readErrorBody,
  readErrorReply,
  type ErrorBody,
  type Failure,
} from '../http/classify-failure.js';
import { createContentDecoder, type ContentDecoder } from '../http/content-decoder.js';
import type { AttemptSettings } from './attempt-settings.js';
import { Deadline, type Expiring } from './deadline-list.js';
import type { EndpointConnection } from '../http/endpoint-connection.js';
import { EndpointError } from '../endpoint-error.js';
import type { EndRequest } from '../http/given-up-requests.js';
import type { Ticket } from '../balancing/latency-estimate.js';
import type { ReplyHandler } from '../http/transport.js';
import {
  EmptyAnswer,
  ReportedFailure,
  type ProtocolReply,
  type StreamReader,
} from '../protocols/protocol.js';
import { NO_HEADERS, ReplyHeaders } from '../http/reply-headers.js';
import { headerOf, retryAfterMs } from '../balancing/retry-after.js';
import { JsonLines, ServerSentEvents, startsObject } from '../http/server-sent-events.js';
import { AssayError, messageOf } from '../../errors.js';
import type { TokenUsage } from '../model-client.js';

/** Who sent an attempt and hears how it went; exactly one of `answered` and `failed` is called, once. */
export interface AttemptOwner {
  /** A piece of text came; `false` to pause the connection until {@link Attempt.resume}. */
  streamed(attempt: Attempt, text: string): boolean;
  answered(attempt: Attempt, reply: ProtocolReply, raw: unknown): void;
  failed(attempt: Attempt, failure: Failure, error: EndpointError): void;
}

const MAX_ERROR_BYTES = 65_536;

type Phase = 'preparing' | 'connecting' | 'waiting' | 'receiving' | 'settled';

/**
 * One request to one endpoint, from dispatch to outcome: it is undici's handler, collects or streams the reply,
 * keeps the time limits and turns whatever happens into a reply or a typed error. One object a call, on purpose:
 * this is the hot path.
 */
export class Attempt implements ReplyHandler, Expiring {
  readonly connection: EndpointConnection;
  readonly ticket: Ticket;
  /** 1 for the first of its call. */
  readonly number: number;
  readonly hedge: boolean;
  /** HTTP status; 0 before a reply. */
  status = 0;
  /** The server closed a kept-alive connection as we wrote to it: nothing of the call was done. */
  staleSocket = false;
  /** Whether the request was written to a connection. */
  reached = false;
  /** When the first text of a streamed answer came, monotonic milliseconds; `NaN` before. */
  firstTextAt = Number.NaN;
  headers: ReplyHeaders = NO_HEADERS;
  readonly #owner: AttemptOwner;
  readonly #settings: AttemptSettings;
  readonly #stream: boolean;
  readonly #phaseDeadline = new Deadline(this);
  readonly #wholeDeadline = new Deadline(this);
  #phase: Phase = 'preparing';
  #endRequest: EndRequest | undefined;
  #resumeReply: (() => void) | undefined;
  #paused = false;
  #connectsBefore = 0;
  #size = 0;
  #first: Buffer | undefined;
  #rest: Buffer[] | undefined;
  #decoder: ContentDecoder | undefined;
  #reader: StreamReader | undefined;
  #events: ServerSentEvents | JsonLines | undefined;
  #lastMessage: unknown;
  #streamEnded = false;

  constructor(
    owner: AttemptOwner,
    settings: AttemptSettings,
    connection: EndpointConnection,
    ticket: Ticket,
    number: number,
    stream: boolean,
    hedge: boolean,
  ) {
    this.#owner = owner;
    this.#settings = settings;
    this.connection = connection;
    this.ticket = ticket;
    this.number = number;
    this.#stream = stream;
    this.hedge = hedge;
  }

  /** Whether the outcome is known. */
  get settled(): boolean {
    return this.#phase === 'settled';
  }

  /** Tokens that the server has told of, whatever becomes of the attempt; `null` when it has not. */
  get usage(): TokenUsage | null {
    if (this.#reader !== undefined) return this.#reader.usage ?? null;
    return this.#lastMessage === undefined
      ? null
      : (this.connection.protocol.usage?.(this.#lastMessage) ?? null);
  }

  /** Sends the request. `body` is asked for after the connection is ready, so that its cost is not in the way. */
  send(body: string, idempotencyKey: string | undefined, now: number): void {
    this.#settings.whole.start(this.#wholeDeadline, now);
    const headers = this.connection.headers(idempotencyKey);
    if (this.connection.transport.ready && Array.isArray(headers)) {
      this.#dispatch(headers, body, now);
      return;
    }
    this.#settings.connect.start(this.#phaseDeadline, now);
    Promise.all([headers, this.connection.transport.open()]).then(
      ([ready]) => {
        if (!this.settled) this.#dispatch(ready, body, this.#settings.clock.now());
      },
      (error: unknown) => this.#keyFailed(error),
    );
  }

  /** Gives the attempt up: nothing more is reported, and its connection is freed at once. */
  cancel(): void {
    if (this.settled) return;
    this.#settle();
    this.#abort();
  }

  /** Lets a paused stream go on. */
  resume(): void {
    if (this.settled || !this.#paused) return;
    this.#paused = false;
    this.#settings.idle.start(this.#phaseDeadline, this.#settings.clock.now());
    this.#resumeReply?.();
  }

  deadlinePassed(deadline: Deadline): void {
    if (deadline === this.#wholeDeadline) {
      this.#fail(ATTEMPT_TIMEOUT, 'the attempt took too long');
    } else if (this.#phase === 'receiving') {
      this.#fail(IDLE_TIMEOUT, 'the reply stopped coming');
    } else if (this.#phase === 'waiting') {
      this.#fail(FIRST_BYTE_TIMEOUT, 'no reply began in time');
    } else {
      const missing = this.#phase === 'connecting' ? 'connection was made' : 'key was given';
      this.#fail(CONNECT_TIMEOUT, `no ${missing} in time`);
    }
  }

  /** The request is being written; `end` gives it up. */
  onConnect(end: EndRequest): void {
    if (this.settled) {
      end(); // before it is written
      return;
    }
    this.#endRequest = end;
    this.#phase = 'waiting';
    this.reached = true;
    this.#settings.firstByte.start(this.#phaseDeadline, this.#settings.clock.now());
  }

  /** The reply's head came; returns whether the body may follow at once. */
  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void): boolean {
    if (status < 200 || this.settled) return true; // informational replies come before the real one
    this.status = status;
    this.headers = new ReplyHeaders(rawHeaders);
    this.#resumeReply = resume;
    this.#phase = 'receiving';
    this.#settings.idle.start(this.#phaseDeadline, this.#settings.clock.now());
    if (this.headers.encoding !== undefined) this.#decode(this.headers.encoding);
    if (this.#stream && status < 300) this.#readStream();
    return true;
  }

  /** A piece of the body came; returns whether more may follow at once. */
  onData(chunk: Buffer): boolean {
    if (this.settled) return true;
    if (this.#size > 0) this.#settings.idle.start(this.#phaseDeadline, this.#settings.clock.now());
    if (this.#decoder === undefined) this.#take(chunk);
    else this.#decoder.write(chunk);
    if (!this.#paused) return true;
    this.#phaseDeadline.stop(); // the reader holds it up, not the server
    return false;
  }

  /** The body is complete. */
  onComplete(): void {
    if (this.settled) return;
    if (this.#decoder === undefined) this.#complete();
    else this.#decoder.end();
  }

  /** The transport failed. */
  onError(error: Error): void {
    if (this.settled) return;
    const failure = classifyTransportError(error);
    const closed = failure.code === 'ASSAY_CONNECT';
    const kept = this.connection.transport.connects === this.#connectsBefore;
    this.staleSocket = closed && kept && this.#phase === 'waiting';
    const what =
      closed && this.#phase === 'receiving'
        ? 'the connection was closed before the reply was complete'
        : messageOf(error);
    this.#fail(failure, what, { cause: this.connection.harmless(error) });
  }

  #dispatch(headers: string[], body: string, now: number): void {
    const { transport, address } = this.connection;
    this.#phase = 'connecting';
    this.#connectsBefore = transport.connects;
    try {
      transport.dispatch('POST', address.path, headers, body, this, now);
    } catch (error) {
      if (!this.settled) this.#fail(classifyTransportError(error), messageOf(error));
      return;
    }
    // On a free connection the request has started by now, and the phase is another. In a dispatcher of the host it
    // may stand in line: that is neither connecting nor the endpoint's fault.
    if ((this.#phase as Phase) !== 'connecting') return;
    if (transport.shared) this.#phaseDeadline.stop();
    else this.#settings.connect.start(this.#phaseDeadline, now);
  }

  #keyFailed(error: unknown): void {
    if (this.settled) return;
    // What the host's function threw may hold the key; only our own message is safe to show.
    this.#fail(AUTHENTICATION, AssayError.is(error) ? error.message : 'the apiKey function failed');
  }

  #decode(encoding: string): void {
    this.#decoder = createContentDecoder(encoding, {
      data: (chunk) => {
        if (!this.settled) this.#take(chunk);
      },
      end: () => {
        if (!this.settled) this.#complete();
      },
      error: (error) => {
        if (!this.settled) this.#fail(MALFORMED, `the reply cannot be decoded: ${messageOf(error)}`);
      },
    });
    if (this.#decoder === undefined) {
      this.#fail(MALFORMED, `the reply has the content-encoding ${JSON.stringify(encoding.slice(0, 40))}`);
    }
  }

  #readStream(): void {
    this.#reader = this.connection.protocol.stream();
    const onData = (data: string): void => this.#message(data);
    this.#events =
      this.connection.protocol.streamFormat === 'sse'
        ? new ServerSentEvents(this.#settings.maxResponseBytes, onData)
        : new JsonLines(this.#settings.maxResponseBytes, onData);
  }

  #take(chunk: Buffer): void {
    // Asked for a stream, some servers answer as if not, above all with errors.
    if (this.#size === 0 && this.#events instanceof ServerSentEvents && startsObject(chunk)) {
      this.#events = this.#reader = undefined;
    }
    this.#size += chunk.length;
    if (this.status < 300 && this.#size > this.#settings.maxResponseBytes) {
      this.#fail(TOO_LARGE, `the reply is larger than ${this.#settings.maxResponseBytes} bytes`);
      return;
    }
    if (this.#events !== undefined) {
      try {
        this.#events.push(chunk);
      } catch (error) {
        this.#malformed(error);
      }
    } else {
      if (this.#first === undefined) this.#first = chunk;
      else (this.#rest ??= [this.#first]).push(chunk);
      if (this.status >= 300 && this.#size > MAX_ERROR_BYTES) this.#refused(); // an error that long says no more
    }
  }

  #message(data: string): void {
    if (this.settled || this.#streamEnded || data === '') return; // an event without data keeps the line alive
    if (data.startsWith('[DONE]')) {
      this.#streamEnded = true;
      return;
    }
    const message: unknown = JSON.parse(data);
    if (holdsError(message)) return this.#reported(message);
    this.#lastMessage = message;
    this.#streamed(this.#reader!.read(message));
  }

  #streamed(text: string): void {
    if (text === '') return;
    if (Number.isNaN(this.firstTextAt)) this.firstTextAt = this.#settings.clock.now();
    if (!this.#owner.streamed(this, text)) this.#paused = true;
  }

  #complete(): void {
    if (this.status >= 300) {
      this.#refused();
      return;
    }
    let reply: ProtocolReply | undefined;
    try {
      reply = this.#reader === undefined ? this.#parse() : this.#completeStream(this.#reader);
    } catch (error) {
      this.#malformed(error);
      return;
    }
    if (reply === undefined || this.settled) return;
    if (this.#stream && this.#reader === undefined) this.#streamed(reply.text);
    this.#settle();
    this.#owner.answered(this, reply, this.#lastMessage);
  }

  #parse(): ProtocolReply {
    const bytes = this.#bytes();
    if (bytes === undefined) throw new Error('the reply is empty');
    if (!isUtf8(bytes)) throw new Error('the reply is not UTF-8');
    const start = bytes[0] === 0xef ? 3 : 0; // of a byte order mark
    const parsed: unknown = JSON.parse(bytes.toString('utf8', start));
    this.#lastMessage = parsed;
    if (holdsError(parsed)) throw new ReportedFailure(parsed);
    return this.connection.protocol.parse(parsed);
  }

  #bytes(): Buffer | undefined {
    return this.#rest === undefined ? this.#first : Buffer.concat(this.#rest);
  }

  #completeStream(reader: StreamReader): ProtocolReply | undefined {
    this.#events?.end();
    if (this.settled) return undefined;
    if (!reader.done && !this.#streamEnded) throw new Error('the stream ended before the answer did');
    return reader.reply();
  }

  #reported(message: unknown): void {
    const body = readErrorBody(message);
    this.#fail(classifyErrorBody(body), this.#said(body));
  }

  #refused(): void {
    const body = readErrorReply(this.#bytes());
    const failure = classifyStatus(this.status, body, headerOf(this.headers.all, 'x-should-retry'));
    this.#fail(failure, this.#said(body), {
      retryAfterMs: retryAfterMs(this.headers.all, this.#settings.clock.wallTime()),
    });
  }

  #malformed(error: unknown): void {
    if (this.settled) return;
    if (error instanceof EmptyAnswer) this.#fail(EMPTY, error.message);
    else if (error instanceof ReportedFailure) this.#reported(error.body);
    else this.#fail(MALFORMED, `the reply cannot be read: ${messageOf(error)}`);
  }

  #said(body: ErrorBody): string {
    const said = this.connection.redact(body.message).replace(/\s+/g, ' ').trim();
    const what = this.status === 0 || this.status < 300 ? 'an error in the reply' : `status ${this.status}`;
    return said === '' ? what : `${what}: ${said}`;
  }

  #fail(
    failure: Failure,
    what: string,
    details: { readonly cause?: Error; readonly retryAfterMs?: number | undefined } = {},
  ): void {
    const { requestId } = this.headers;
    const error = new EndpointError(
      failure.code,
      `${this.connection.endpoint.id}: ${this.connection.redact(what)}`,
      {
        ...details,
        retryable: failure.retryable,
        endpoint: this.connection.endpoint.id,
        status: this.status === 0 ? null : this.status,
        endpointAtFault: failure.endpointAtFault,
        requestId: requestId === undefined ? undefined : this.connection.redact(requestId),
      },
    );
    this.#settle();
    this.#abort();
    this.#owner.failed(this, failure, error);
  }

  #settle(): void {
    this.#phase = 'settled';
    this.#phaseDeadline.stop();
    this.#wholeDeadline.stop();
  }

  #abort(): void {
    this.#decoder?.destroy();
    if (this.#endRequest !== undefined) this.#settings.givenUp.add(this.#endRequest);
  }
}
