import { AssayError, messageOf } from '../../errors.js';
import type { Ticket } from '../balancing/latency-estimate.js';
import { headerOf, limitResetMs, retryAfterMs } from '../balancing/retry-after.js';
import { EndpointError } from '../endpoint-error.js';
import { classifyErrorBody, classifyStatus, classifyTransportError } from '../http/classify-failure.js';
import { encodingsOf } from '../http/content-decoder.js';
import type { EndpointConnection } from '../http/endpoint-connection.js';
import { readErrorBody, readErrorReply, type ErrorBody } from '../protocols/error-body.js';
import * as failures from '../http/failure.js';
import type { Failure } from '../http/failure.js';
import type { EndRequest } from '../http/given-up-requests.js';
import { NO_HEADERS, ReplyHeaders } from '../http/reply-headers.js';
import type { ReplyHandler } from '../http/transport.js';
import type { ModelRequest, TokenUsage } from '../model-client.js';
import type { ProtocolReply } from '../protocols/protocol.js';
import { AnswerReader, type AnswerListener } from './answer-reader.js';
import type { AttemptAnswer, AttemptFault } from './attempt-answer.js';
import type { AttemptSettings, NewAttempt } from './attempt-settings.js';
import { Deadline, type Expiring } from './deadline-list.js';
import { RefusalBody, type RefusalListener } from './refusal-body.js';

/** Who sent an attempt and hears how it went; exactly one of `answered` and `failed` is called, once. */
export interface AttemptOwner {
  readonly id: number;
  readonly request: ModelRequest;
  /** Whether the answer is streamed. */
  readonly stream: boolean;
  /** A piece of text came; `false` to pause the connection until {@link Attempt.resume}. */
  streamed(attempt: Attempt, text: string): boolean;
  answered(attempt: Attempt, answer: AttemptAnswer): void;
  failed(attempt: Attempt, fault: AttemptFault): void;
}

type Phase = 'preparing' | 'connecting' | 'waiting' | 'receiving' | 'settled';

/** What is said of an attempt whose endpoint is silent. */
export const SILENT = 'nothing came from it while others answered';

/**
 * One request to one endpoint, from dispatch to outcome: it is undici's handler, keeps the time limits and turns whatever
 * happens into a reply or a typed error.
 */
export class Attempt implements ReplyHandler, Expiring, AnswerListener, RefusalListener {
  readonly connection: EndpointConnection;
  readonly ticket: Ticket;
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
  /** Characters of a streamed answer's text that have come. */
  receivedCharacters = 0;
  headers: ReplyHeaders = NO_HEADERS;
  /** The key that a function of the host gave for it. */
  givenKey: string | undefined = undefined;
  readonly #owner: AttemptOwner;
  readonly #settings: AttemptSettings;
  readonly #phaseDeadline = new Deadline(this);
  readonly #wholeDeadline = new Deadline(this);
  #phase: Phase = 'preparing';
  #endRequest: EndRequest | undefined;
  #resumeReply: (() => void) | undefined;
  #paused = false;
  #connectsBefore = 0;
  #bodyBegun = false;
  #answer: AnswerReader | undefined;
  #refusal: RefusalBody | undefined;
  #body = '';
  #askedKeyAgain = false;

  constructor(owner: AttemptOwner, made: NewAttempt) {
    this.#owner = owner;
    this.#settings = made.settings;
    this.connection = made.connection;
    this.ticket = made.ticket;
    this.number = made.number;
    this.hedge = made.hedge;
  }

  /** Whether the outcome is known. */
  get settled(): boolean {
    return this.#phase === 'settled';
  }

  /** Tokens that the server has told of, whatever becomes of the attempt; `null` when it has not. */
  get usage(): TokenUsage | null {
    return this.#answer?.usage ?? null;
  }

  /** Sends the request. */
  send(body: string, now: number): void {
    this.#settings.whole.start(this.#wholeDeadline, now);
    const { connection } = this;
    if (connection.asksForKey || !connection.transport.ready) {
      this.#body = body; // the key, or our own transport, is not ready yet
      this.#prepare(now);
    } else {
      this.#dispatch(connection.headers(this.#owner.request.idempotencyKey), { body, now });
    }
  }

  /** Gives the attempt up: nothing more is reported, and its connection is freed at once. */
  cancel(): void {
    if (this.settled) return;
    this.#settle();
    this.#abort();
  }

  /** Gives the attempt up since nothing comes from its endpoint while others answer. */
  giveUpSilent(): void {
    this.#fail(failures.FIRST_BYTE_TIMEOUT, SILENT);
  }

  /** Lets a paused stream go on. */
  resume(): void {
    if (this.settled || !this.#paused) return;
    this.#paused = false;
    this.#settings.idle.start(this.#phaseDeadline, this.#settings.clock.now());
    this.#resumeReply?.();
  }

  // Expiring

  deadlinePassed(deadline: Deadline): void {
    if (this.#refusal !== undefined) {
      this.#refused(this.#refusal); // its words do not come in time
    } else if (this.#cutShort()) {
      return;
    } else if (deadline === this.#wholeDeadline) {
      this.#fail(failures.ATTEMPT_TIMEOUT, 'the attempt took too long');
    } else if (this.#phase === 'receiving') {
      this.#fail(failures.IDLE_TIMEOUT, 'the reply stopped coming');
    } else if (this.#phase === 'waiting') {
      this.#fail(failures.FIRST_BYTE_TIMEOUT, 'no reply began in time');
    } else {
      const missing = this.#phase === 'connecting' ? 'connection was made' : 'key was given';
      this.#fail(failures.CONNECT_TIMEOUT, `no ${missing} in time`);
    }
  }

  // ReplyHandler

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
    const { idle, refusal, clock, maxResponseBytes } = this.#settings;
    const encodings = encodingsOf(this.headers.encoding);
    if (status >= 300) {
      this.#refusal = new RefusalBody(encodings, this);
      refusal.start(this.#phaseDeadline, clock.now());
      return true;
    }
    idle.start(this.#phaseDeadline, clock.now());
    this.#answer = new AnswerReader(this, this.#owner, maxResponseBytes);
    if (encodings.length > 0) this.#answer.decode(encodings);
    return true;
  }

  /** A piece of the body came; returns whether more may follow at once. */
  onData(chunk: Buffer): boolean {
    if (this.settled) return true;
    if (this.#answer === undefined) {
      this.#refusal?.write(chunk);
      return true;
    }
    const { idle, clock } = this.#settings;
    const { stage } = this.#answer;
    if (this.#bodyBegun && stage === 'open') idle.start(this.#phaseDeadline, clock.now());
    this.#bodyBegun = true;
    this.#answer.write(chunk);
    if (!this.settled && this.#answer.stage !== stage) this.#awaitEnd(this.#answer);
    if (!this.#paused) return true;
    this.#phaseDeadline.stop(); // the reader holds it up, not the server
    return false;
  }

  /** The body is complete. */
  onComplete(): void {
    if (this.settled) return;
    if (this.#answer === undefined) this.#refusal?.end();
    else this.#answer.end();
  }

  /** The transport failed. */
  onError(error: Error): void {
    if (this.settled) return;
    if (this.#refusal !== undefined) return this.#refused(this.#refusal);
    if (this.#cutShort()) return;
    const failure = classifyTransportError(error);
    const closed = failure.code === 'ASSAY_CONNECT';
    const kept = this.connection.transport.connects === this.#connectsBefore;
    this.staleSocket = closed && kept && this.#phase === 'waiting';
    const what =
      closed && this.#phase === 'receiving'
        ? 'the connection was closed before the reply was complete'
        : failures.wordsOfTransport(error);
    this.#fail(failure, what, { cause: this.connection.harmless(error) });
  }

  // AnswerListener

  text(text: string): void {
    if (this.settled) return;
    if (Number.isNaN(this.firstTextAt)) this.firstTextAt = this.#settings.clock.now();
    this.receivedCharacters += text.length;
    // What may be the beginning of a secret is held back; it came all the same.
    if (text !== '' && !this.#owner.streamed(this, text)) this.#paused = true;
  }

  replied(reply: ProtocolReply): void {
    if (this.settled) return;
    this.#settle();
    this.#owner.answered(this, { reply, raw: this.#answer?.lastMessage });
  }

  unusable(failure: Failure, what: string): void {
    if (!this.settled) this.#fail(failure, what);
  }

  reported(told: unknown): void {
    if (this.settled) return;
    const wallTime = this.#settings.clock.wallTime();
    const body = readErrorBody(told, wallTime);
    const waitMs = retryAfterMs(this.headers.all, wallTime) ?? body.waitMs;
    this.#fail(classifyErrorBody(body, waitMs), this.#wordsOfServer(body), { retryAfterMs: waitMs });
  }

  // RefusalListener

  refusalRead(whole: boolean): void {
    const refusal = this.#refusal;
    if (this.settled || refusal === undefined) return;
    const renewable = whole && this.status === 401 && this.givenKey !== undefined && !this.#askedKeyAgain;
    if (renewable) this.#askKeyAgain(refusal);
    else this.#refused(refusal);
  }

  // Of a stream that has said that its answer is at its end only little is to come.
  #awaitEnd({ stage }: AnswerReader): void {
    const { ending, said, clock } = this.#settings;
    (stage === 'said' ? said : ending).start(this.#phaseDeadline, clock.now());
  }

  // The answer has come to its end, and only its connection has not.
  #cutShort(): boolean {
    if (this.#answer === undefined || this.#answer.stage === 'open') return false;
    this.#answer.cut();
    this.#abort();
    return this.settled;
  }

  #prepare(now: number): void {
    this.#phase = 'preparing';
    this.#settings.connect.start(this.#phaseDeadline, now);
    const key = this.connection.asksForKey ? this.connection.askForKey() : undefined;
    Promise.all([key, this.connection.transport.open()]).then(
      ([given]) => {
        if (this.settled) return;
        this.givenKey = given;
        this.#dispatchPrepared();
      },
      (error: unknown) => this.#keyFailed(error),
    );
  }

  #dispatchPrepared(): void {
    const headers = this.connection.headers(this.#owner.request.idempotencyKey, this.givenKey);
    this.#dispatch(headers, { body: this.#body, now: this.#settings.clock.now() });
  }

  // A token may have run out since it was given; the host's function is asked once more before anybody is blamed.
  #askKeyAgain(refusal: RefusalBody): void {
    this.#askedKeyAgain = true;
    this.#phase = 'preparing';
    this.#settings.connect.start(this.#phaseDeadline, this.#settings.clock.now());
    this.connection.askForKey().then(
      (key) => {
        if (this.settled) return;
        if (key === this.givenKey) return this.#refused(refusal);
        this.givenKey = key;
        this.#refusal = undefined;
        this.status = 0;
        this.headers = NO_HEADERS;
        this.#dispatchPrepared();
      },
      () => {
        if (!this.settled) this.#refused(refusal);
      },
    );
  }

  #dispatch(headers: string[], { body, now }: { readonly body: string; readonly now: number }): void {
    const { transport, address } = this.connection;
    this.#phase = 'connecting';
    this.#connectsBefore = transport.connects;
    try {
      transport.dispatch({ method: 'POST', path: address.path, headers, body }, this, now);
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
    const missing = AssayError.is(error) && error.code === 'ASSAY_MISSING_DEPENDENCY';
    this.#fail(missing ? failures.MISSING_DEPENDENCY : failures.NO_KEY, messageOf(error));
  }

  #refused(refusal: RefusalBody): void {
    const { all } = this.headers;
    const wallTime = this.#settings.clock.wallTime();
    const body = readErrorReply(refusal.bytes, wallTime);
    const waitMs = retryAfterMs(all, wallTime) ?? body.waitMs;
    const failure = classifyStatus({
      status: this.status,
      body,
      waitMs,
      shouldRetry: headerOf(all, 'x-should-retry'),
    });
    const to = this.status < 400 ? headerOf(all, 'location')?.split('?')[0] : undefined; // a query may hold a token
    const words = this.#wordsOfServer(to === undefined ? body : { ...body, message: `redirects to ${to}` });
    this.#fail(failure, words, { retryAfterMs: waitMs ?? limitResetMs(all, wallTime) });
  }

  #wordsOfServer(body: ErrorBody): string {
    const words = this.connection.redact(body.message).replace(/\s+/g, ' ').trim();
    const what = this.status === 0 || this.status < 300 ? 'an error in the reply' : `status ${this.status}`;
    return words === '' ? what : `${what}: ${words}`;
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
    this.#owner.failed(this, { failure, error });
  }

  #settle(): void {
    this.#phase = 'settled';
    this.#phaseDeadline.stop();
    this.#wholeDeadline.stop();
  }

  #abort(): void {
    this.#answer?.destroy();
    this.#refusal?.destroy();
    if (this.#endRequest !== undefined) this.#settings.givenUp.add(this.#endRequest);
  }
}
