import type { TraceStream } from '../../foundation/trace-stream.js';
import type { CallSink } from './call-settings.js';
import type { ClientCall } from './client-call.js';
import type { EndpointError } from '../endpoint-error.js';
import type { ModelResponse, ModelStreamEvent } from '../model-client.js';

const HIGH_WATER = 256; // pieces of text that may wait for the reader before the connection is paused

interface Reader {
  resolve(result: IteratorResult<ModelStreamEvent>): void;
  reject(error: unknown): void;
}

/**
 * A streamed call as an async iterator. The call begins at the first `next()`; a reader that falls behind pauses
 * the connection, one that leaves cancels the call.
 */
export class CallStream implements AsyncIterator<ModelStreamEvent>, CallSink {
  readonly #begin: (sink: CallSink) => ClientCall | undefined;
  readonly #traces: TraceStream | undefined;
  readonly #ready: ModelStreamEvent[] = [];
  #call: ClientCall | undefined;
  #over = false;
  #paused = false;
  #failure: EndpointError | undefined;
  readonly #readers: Reader[] = []; // more than one, when `next()` is called ahead

  /** `begin` may settle the call at once, and then has none to give. `traces` takes reasoning out of the text. */
  constructor(begin: (sink: CallSink) => ClientCall | undefined, traces?: TraceStream) {
    this.#begin = begin;
    this.#traces = traces;
  }

  next(): Promise<IteratorResult<ModelStreamEvent>> {
    if (this.#call === undefined && !this.#over) this.#call = this.#begin(this);
    const ready = this.#ready.shift();
    if (ready !== undefined) {
      if (this.#paused && this.#ready.length < HIGH_WATER / 2) {
        this.#paused = false;
        this.#call?.resume();
      }
      return Promise.resolve({ done: false, value: ready });
    }
    if (this.#failure !== undefined) {
      const error = this.#failure;
      this.#failure = undefined;
      return Promise.reject(error);
    }
    if (this.#over) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<ModelStreamEvent>> {
    this.#over = true;
    this.#ready.length = 0;
    this.#call?.abort(undefined, { code: 'ASSAY_ABORTED', message: 'the reader left the stream' });
    this.#failure = undefined;
    this.#release();
    return Promise.resolve({ done: true, value: undefined });
  }

  text(text: string): boolean {
    if (this.#traces === undefined) this.#deliver({ type: 'text', text });
    else for (const piece of this.#traces.push(text)) this.#deliver(piece);
    this.#paused = this.#ready.length >= HIGH_WATER;
    return !this.#paused;
  }

  answered(response: ModelResponse): void {
    for (const piece of this.#traces?.end() ?? []) this.#deliver(piece);
    this.#over = true;
    this.#deliver({ type: 'end', response });
    this.#release();
  }

  failed(error: EndpointError): void {
    this.#over = true;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#failure = error;
    else reader.reject(error);
    this.#release();
  }

  #deliver(event: ModelStreamEvent): void {
    const reader = this.#readers.shift();
    if (reader === undefined) this.#ready.push(event);
    else reader.resolve({ done: false, value: event });
  }

  // Nothing more will come.
  #release(): void {
    for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined });
  }
}
