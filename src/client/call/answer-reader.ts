import { isUtf8 } from 'node:buffer';
import { messageOf } from '../../errors.js';
import { ContentDecoder, startsGzip } from '../http/content-decoder.js';
import { holdsError, readErrorBody, tellsFailure } from '../protocols/error-body.js';
import {
  CONTENT_FILTER,
  EMPTY,
  INCOMPLETE,
  MALFORMED,
  TOO_LARGE,
  UNSIGNED,
  type Failure,
} from '../http/failure.js';
import {
  JsonLines,
  ServerSentEvents,
  startsEvent,
  startsLines,
  startsObject,
  tellsForm,
  type StreamSink,
} from '../http/server-sent-events.js';
import type { TokenUsage } from '../model-client.js';
import {
  EmptyAnswer,
  FilteredAnswer,
  IncompleteAnswer,
  ReportedFailure,
  type ProtocolReply,
  type StreamReader,
} from '../protocols/protocol.js';
import type { EndpointConnection } from '../http/endpoint-connection.js';
import type { SecretStream } from '../http/secret-stream.js';

/** Who waits for an answer; exactly one of `replied`, `unusable` and `reported` is called, once. */
export interface AnswerListener {
  /** Whose answer it is. */
  readonly connection: EndpointConnection;
  /** A piece of a streamed answer's text. */
  text(text: string): void;
  replied(reply: ProtocolReply): void;
  /** The reply is no answer. */
  unusable(failure: Failure, what: string): void;
  /** The reply tells of a failure, with this error body. */
  reported(body: unknown): void;
}

/** What a reader knows of the call that was answered. */
export interface AnsweredRequest {
  /** Number of the call. */
  readonly id: number;
  /** Whether a stream was asked for. */
  readonly stream: boolean;
}

const DONE = /^\s+\[DONE\]/;
const SHORT_BEGINNING = 64; // bytes
const LAST_WORD = /\s(?:data:\s*)?\[DONE\]\s*$/;
const MISFRAMED = /^data:|\}\s*\n\s*(\{|\[DONE\])/; // framed twice, or no empty line between events
const ENVELOPES = 64; // a token of four letters comes in 250 bytes

/**
 * Reads the body of a reply with status 200, as it comes: whole, or as a stream of messages. A streamed answer is complete
 * only by its protocol's own sign; what ends without is not taken for one.
 */
export class AnswerReader implements StreamSink {
  readonly #listener: AnswerListener;
  readonly #connection: EndpointConnection;
  readonly #callId: number;
  readonly #maxBytes: number;
  #reader: StreamReader | undefined;
  #guard: SecretStream | undefined;
  #events: ServerSentEvents | JsonLines | undefined;
  #decoder: ContentDecoder | undefined;
  #head: Buffer | undefined; // that does not tell the form yet
  #first: Buffer | undefined;
  #rest: Buffer[] | undefined;
  #size = 0;
  #textLength = 0;
  #ended = false; // by the stream's own last word
  #over = false;
  #stray = '';
  /** The parsed reply, of a stream its last message. */
  lastMessage: unknown;

  constructor(listener: AnswerListener, { id, stream }: AnsweredRequest, maxBytes: number) {
    this.#listener = listener;
    this.#connection = listener.connection;
    this.#callId = id;
    this.#maxBytes = maxBytes;
    if (stream) this.#readStream();
  }

  /** Tokens that the server has told of so far; `null` when it has not. */
  get usage(): TokenUsage | null {
    if (this.#events !== undefined) return this.#reader?.usage ?? null;
    return this.lastMessage === undefined
      ? null
      : (this.#connection.protocol.usage?.(this.lastMessage) ?? null);
  }

  /** The body was packed in these ways, one after the other; to be said before the first {@link AnswerReader.write}. */
  decode(encodings: readonly string[]): void {
    this.#decoder = new ContentDecoder(encodings, {
      data: (chunk) => this.#take(chunk),
      end: () => this.#complete(),
      error: (error) =>
        this.stage !== 'open'
          ? this.#complete()
          : this.#fail(MALFORMED, `the reply cannot be decoded: ${messageOf(error)}`),
    });
  }

  /** Takes a piece of the wire. */
  write(chunk: Buffer): void {
    if (this.#decoder === undefined && this.#size === 0 && startsGzip(chunk)) this.decode(['gzip']); // and nobody says so
    if (this.#decoder === undefined) this.#take(chunk);
    else this.#decoder.write(chunk);
  }

  /** The wire has come to its end. */
  end(): void {
    if (this.#decoder === undefined) this.#complete();
    else this.#decoder.end();
  }

  /**
   * How far a stream is: `signed` when it has said that its answer is at its end, `said` when nothing follows, not even the
   * usage. Some servers then leave the connection open, or break it: that takes nothing from the answer.
   */
  get stage(): 'open' | 'signed' | 'said' {
    const reader = this.#reader;
    if (this.#events === undefined || reader === undefined) return 'open';
    if (this.#ended || reader.ended === true) return 'said';
    return reader.done ? 'signed' : 'open';
  }

  /** Nothing follows what came: an answer that is not `open` any more is taken as it is. */
  cut(): void {
    this.#complete();
  }

  /** Nobody listens any more. */
  destroy(): void {
    this.#over = true;
    this.#decoder?.destroy();
  }

  // StreamSink

  data(data: string, failed: boolean): void {
    if (this.#over || this.#ended || data === '') return; // an event without data keeps the line alive
    if (!failed && (data.includes('\n') || data.startsWith('data:')) && MISFRAMED.test(data)) {
      for (const line of data.split('\n')) this.data(line.replace(/^data:\s*/, ''), false);
      return;
    }
    if (data.startsWith('[DONE]') || DONE.test(data)) {
      this.#ended = true;
      return;
    }
    const message = failed ? (parsedOrUndefined(data) ?? data) : this.#parsed(data);
    if (failed || holdsError(message)) return this.#report(message);
    this.lastMessage = message;
    const text = this.#reader!.read(message);
    if (text === '' && !this.#reader!.done && tellsFailure(message)) return this.#report(message);
    this.#text(text);
  }

  stray(text: string, failed: boolean): void {
    if (this.#over || this.#ended || this.#reader!.done) return;
    const start = text.indexOf('{');
    const told = start === -1 ? undefined : parsedOrUndefined(text.slice(start));
    if (told !== undefined && (failed || holdsError(told))) this.#report(told);
    else if (failed) this.#report({ message: text });
    else this.#stray ||= text.slice(0, 300);
  }

  #readStream(format = this.#connection.protocol.streamFormat): void {
    this.#reader = this.#connection.protocol.stream();
    this.#guard = this.#connection.streamGuard();
    this.#events =
      format === 'sse' ? new ServerSentEvents(this.#maxBytes, this) : new JsonLines(this.#maxBytes, this);
  }

  #take(piece: Buffer): void {
    if (this.#over) return;
    if (this.#size > 0) return this.#keep(piece);
    const chunk = this.#head === undefined ? piece : Buffer.concat([this.#head, piece]);
    const told = tellsForm(chunk);
    this.#head = told ? undefined : chunk;
    if (!told) return;
    this.#suitForm(chunk);
    this.#keep(chunk);
  }

  #keep(chunk: Buffer): void {
    this.#size += chunk.length;
    const maxBytes = this.#maxBytes;
    if (this.#size > (this.#events === undefined ? maxBytes : maxBytes * ENVELOPES)) return this.#tooLarge();
    if (this.#events === undefined) {
      if (this.#first === undefined) this.#first = chunk;
      else (this.#rest ??= [this.#first]).push(chunk);
      return;
    }
    try {
      this.#events.push(chunk);
    } catch (error) {
      this.#misread(error);
    }
  }

  // Asked for a stream, some servers answer as if not, above all with errors; and some stream whatever they are asked,
  // or in lines of JSON without frames.
  #suitForm(first: Buffer): void {
    if (this.#events instanceof ServerSentEvents && startsObject(first)) {
      this.#events = undefined;
      if (startsLines(first)) this.#readStream('ndjson');
    } else if (this.#events === undefined && startsEvent(first)) this.#readStream();
  }

  // Lines of JSON begin as one value does: what came first may not have told them apart.
  #suitLines(): void {
    const first = this.#first;
    if (this.#events !== undefined || first === undefined) return;
    const cut = this.#rest !== undefined && first.length < SHORT_BEGINNING;
    if (!startsLines(cut ? Buffer.concat(this.#rest!) : first)) return;
    this.#readStream('ndjson');
    for (const piece of this.#rest ?? [first]) this.#events!.push(piece);
  }

  #text(text: string): void {
    this.#textLength += text.length;
    if (this.#textLength + (this.#reader!.kept ?? 0) > this.#maxBytes) this.#tooLarge();
    else if (text !== '') this.#show(text);
  }

  #show(text: string): void {
    this.#listener.text(this.#guard === undefined ? text : this.#guard.push(text));
  }

  // Of a stream what counts is what is kept of it; its envelopes may be far larger.
  #tooLarge(): void {
    this.#fail(TOO_LARGE, `the reply is larger than ${this.#maxBytes} bytes`);
  }

  #complete(): void {
    if (this.#over) return;
    const head = this.#head;
    if (head !== undefined) {
      this.#head = undefined;
      this.#keep(head);
    }
    let reply: ProtocolReply | undefined;
    try {
      this.#suitLines();
      reply = this.#events === undefined ? this.#whole() : this.#streamed(this.#reader!, this.#events);
    } catch (error) {
      this.#misread(error);
      return;
    }
    if (reply === undefined || this.#over) return;
    if (this.#reader !== undefined && this.#events === undefined && reply.text !== '') this.#show(reply.text);
    const held = this.#guard?.end() ?? '';
    if (held !== '') this.#listener.text(held);
    if (this.#over) return;
    this.#over = true;
    this.#listener.replied(reply);
  }

  #whole(): ProtocolReply {
    const connection = this.#connection;
    const bytes = this.#rest === undefined ? this.#first : Buffer.concat(this.#rest);
    if (bytes === undefined) throw new Error('the reply is empty');
    const start = bytes[0] === 0xef ? 3 : 0; // of a byte order mark
    const text = bytes.toString('utf8', start);
    // Decoding puts a replacement character in the place of whatever is not UTF-8.
    if (text.includes('\ufffd') && !isUtf8(bytes)) throw new Error('the reply is not UTF-8');
    const parsed = this.#parsedWhole(text);
    this.lastMessage = parsed;
    if (holdsError(parsed)) throw new ReportedFailure(parsed);
    return connection.protocol.parse(parsed);
  }

  #streamed(reader: StreamReader, events: ServerSentEvents | JsonLines): ProtocolReply | undefined {
    events.end();
    if (this.#over) return undefined;
    const { endSigns } = this.#connection;
    if (reader.done) {
      endSigns.given();
      return this.#clear(reader.reply());
    }
    if (!this.#ended && reader.ended !== true)
      throw new IncompleteAnswer('the stream ended before the answer did');
    const reply = reader.reply();
    if (reply.text === '' && reply.toolCalls === undefined)
      throw new EmptyAnswer('the stream holds no answer');
    if (this.#stray === '' && endSigns.withheld(this.#callId)) return this.#clear(reply);
    this.#fail(UNSIGNED, `the stream does not say why the answer ended${this.#strayWords()}`);
    return undefined;
  }

  // Some gateways put the last word of a stream behind an answer that is none.
  #parsedWhole(text: string): unknown {
    const connection = this.#connection;
    try {
      return connection.readJson(text);
    } catch (error) {
      const value = text.replace(LAST_WORD, '');
      if (value === text) throw error;
      return connection.readJson(value);
    }
  }

  #clear(reply: ProtocolReply): ProtocolReply {
    const clear = this.#connection.clearAnswer(reply);
    if (clear !== reply) this.lastMessage = undefined; // it holds a piece of what was hidden
    return clear;
  }

  #parsed(data: string): unknown {
    if (/^\s*[{["]/.test(data) || !/error|exception/i.test(data)) return this.#connection.readJson(data);
    return { error: { message: data } };
  }

  #misread(error: unknown): void {
    if (this.#over) return;
    if (error instanceof EmptyAnswer) this.#fail(EMPTY, error.message);
    else if (error instanceof FilteredAnswer) this.#fail(CONTENT_FILTER, error.message);
    else if (error instanceof IncompleteAnswer) {
      this.#fail(error.atFault ? INCOMPLETE : UNSIGNED, error.message + this.#strayWords());
    } else if (error instanceof ReportedFailure) this.#report(error.body);
    else this.#malformed(error);
  }

  // A gateway that failed says so in words of its own, where an answer should be.
  #malformed(error: unknown): void {
    if (this.#events === undefined && readErrorBody(this.lastMessage).message !== '')
      this.#report(this.lastMessage);
    else this.#fail(MALFORMED, `the reply cannot be read: ${messageOf(error)}`);
  }

  #strayWords(): string {
    return this.#stray === '' ? '' : `; it says: ${this.#stray}`;
  }

  #report(body: unknown): void {
    this.destroy();
    this.#listener.reported(body);
  }

  #fail(failure: Failure, what: string): void {
    if (this.#over) return;
    this.destroy();
    this.#listener.unusable(failure, what);
  }
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
