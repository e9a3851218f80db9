import { resolve } from 'node:path';
import { AssayError } from '../errors.js';
import { systemClock, type Clock, type ClockTimer } from '../foundation/clock.js';
import { EventSource, type BaseEventMap, type WatchableSource } from '../foundation/event-source.js';
import {
  boolean,
  checkArgument,
  checkOptions,
  having,
  integer,
  list,
  milliseconds,
  object,
  show,
} from '../foundation/options.js';
import { redactPayload } from './event-redaction.js';
import { RotatingFile } from './rotating-file.js';

/** Options of {@link eventLog}. */
export interface EventLogOptions {
  /** Names of events that are not logged, for example `['case:start']`. @default none */
  readonly exclude?: readonly string[] | undefined;
  /**
   * Whether payloads are logged whole, with answers, reasons and messages of errors. Without it only numbers,
   * flags, ids and error codes are. @default false
   */
  readonly content?: boolean | undefined;
  /** Bytes after which a new file is begun, >= 1024. @default 67108864 (64 MiB) */
  readonly maxBytes?: number | undefined;
  /** Older files that are kept as `path.1` (youngest), `path.2`, …, >= 1. @default 4 */
  readonly keepFiles?: number | undefined;
  /** Bytes that may wait for the disk, >= 1024; events beyond that are dropped and counted. @default 8388608 (8 MiB) */
  readonly maxQueuedBytes?: number | undefined;
  /** Longest time that an event waits to be written, milliseconds. @default 250 */
  readonly flushIntervalMs?: number | undefined;
  /** Where time comes from. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/** Events of an {@link EventLog}. */
export interface EventLogEvents extends BaseEventMap {
  /** Writing failed; `lost` events are not in the file. The log goes on with the events after them. */
  'log:error': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** What writing or closing the file threw. */
    readonly error: unknown;
    /** Events that are not in the file, >= 0; 0 when only closing the file failed. */
    readonly lost: number;
  };
  /** The file had reached its size and a new one was begun. */
  'log:rotate': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The log's path, now that of the new file; the old one is `path.1`. */
    readonly path: string;
  };
}

/**
 * Appends every event of the sources that it watches to a file, one JSON object a line: `{"at":…,"event":"case:end",…}` with the
 * members of the payload. For questions after the fact: `grep`, `jq`, DuckDB.
 *
 * By default no prompt, answer, reason, metadata or error message is written. Events wait in memory for at most
 * `flushIntervalMs` and are then written together; the run never waits for the disk. When the disk is too slow
 * events are dropped, counted in `dropped` and noted in the file as `log:dropped`. Listening to everything makes
 * sources build all their payloads: about 10 us a case.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 * @example
 * ```ts
 * const log = eventLog('run.events.jsonl');
 * log.watch(processor, client);
 * await processor.run(cases);
 * await log.close();
 * ```
 */
export function eventLog(path: string, options: EventLogOptions = {}): EventLog {
  return new EventLog(path, options);
}

/** A log that is being written; made by {@link eventLog}. */
export class EventLog extends EventSource<EventLogEvents> {
  readonly #path: string;
  readonly #file: RotatingFile;
  readonly #clock: Clock;
  readonly #content: boolean;
  readonly #exclude: ReadonlySet<string>;
  readonly #maxQueuedBytes: number;
  readonly #flushIntervalMs: number;
  readonly #watched = new Map<WatchableSource, () => void>();
  #lines: string[] = [];
  #queuedBytes = 0;
  #dropped = 0;
  #droppedNoted = 0;
  #timer: ClockTimer | undefined;
  #writing: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** Use {@link eventLog}. */
  constructor(path: string, options: EventLogOptions) {
    super();
    if (typeof path !== 'string' || path === '') {
      throw new AssayError('ASSAY_INVALID_OPTION', `Expected the path of an event log, got ${show(path)}`);
    }
    const given = checkOptions('eventLog', options, {
      exclude: list,
      content: boolean,
      maxBytes: integer(1024),
      keepFiles: integer(1),
      maxQueuedBytes: integer(1024),
      flushIntervalMs: milliseconds,
      clock: object,
    });
    this.#path = resolve(path); // the host may change its working directory
    this.#clock = given.clock ?? systemClock;
    this.#content = given.content ?? false;
    this.#exclude = new Set(given.exclude);
    this.#maxQueuedBytes = given.maxQueuedBytes ?? 8 * 2 ** 20;
    this.#flushIntervalMs = given.flushIntervalMs ?? 250;
    this.#file = new RotatingFile(this.#path, {
      maxBytes: given.maxBytes ?? 64 * 2 ** 20,
      keep: given.keepFiles ?? 4,
    });
  }

  /**
   * Logs the events of these sources from now on; returns the unwatch for them. Watching a source again changes
   * nothing. A payload of yours that cannot be read is reported by `listener:error`.
   *
   * @throws AssayError `ASSAY_INVALID_OPTION` for what is no event source, `ASSAY_CLOSED`
   */
  watch(...sources: readonly WatchableSource[]): () => void {
    if (this.#closed !== undefined) throw new AssayError('ASSAY_CLOSED', 'The event log was closed');
    for (const source of sources) checkArgument(source, having('an event source', 'onAny'), ' to log');
    for (const source of sources) {
      if (this.#watched.has(source)) continue;
      const stop = source.onAny((event, payload) => {
        try {
          this.#add(event, payload);
        } catch (error) {
          this.reportListenerError(event, error); // a source of the host's making may let it unwind into its own code
        }
      });
      this.#watched.set(source, stop);
    }
    return () => this.#unwatch(sources);
  }

  /** Events that were dropped because the disk was too slow, or lost because it refused. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Writes what waits; resolves when it is with the operating system. */
  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    do {
      this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
      await this.#writing;
    } while (this.#lines.length > 0);
  }

  /** Stops listening, writes what waits and closes the file. Never rejects; see `log:error` and `dropped`. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Same as {@link EventLog.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#unwatch([...this.#watched.keys()]);
    await this.flush();
    await this.#file.close().catch((error: unknown) => this.#failed(error, 0));
  }

  #unwatch(sources: readonly WatchableSource[]): void {
    for (const source of sources) {
      this.#watched.get(source)?.();
      this.#watched.delete(source);
    }
  }

  #add(event: string, payload: unknown): void {
    if (this.#exclude.has(event)) return;
    const line = this.#line(event, payload);
    const bytes = Buffer.byteLength(line);
    if (this.#queuedBytes + bytes > this.#maxQueuedBytes) {
      this.#dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#queuedBytes += bytes;
    if (this.#timer === undefined && this.#writing === undefined) this.#flushLater();
  }

  #flushLater(): void {
    // The timer may keep the process alive: an event that happened shall be written.
    this.#timer = this.#clock.schedule(() => void this.flush(), this.#flushIntervalMs);
  }

  #line(event: string, payload: unknown): string {
    const kept = this.#content ? payload : redactPayload(payload);
    const members =
      typeof kept === 'object' && kept !== null && !Array.isArray(kept) ? kept : { payload: kept };
    const at = (payload as { at?: unknown } | null | undefined)?.at;
    const head = { at: typeof at === 'number' ? at : this.#clock.wallTime(), event };
    // `listener:error` says in a member of that name which event it is about.
    const about = (members as { event?: unknown }).event;
    const tail = about === undefined ? head : { ...head, aboutEvent: about };
    return `${JSON.stringify({ ...head, ...members, ...tail }, plain())}\n`;
  }

  async #write(): Promise<void> {
    const lines = this.#lines;
    const noted = this.#dropped;
    const events = lines.length;
    if (noted > this.#droppedNoted) {
      const count = noted - this.#droppedNoted;
      lines.push(`${JSON.stringify({ at: this.#clock.wallTime(), event: 'log:dropped', count })}\n`);
    }
    if (lines.length === 0) return;
    this.#lines = [];
    try {
      const rotated = await this.#file.append(lines.join(''));
      this.#droppedNoted = noted;
      if (rotated && this.wants('log:rotate')) {
        this.emit('log:rotate', { at: this.#clock.wallTime(), path: this.#path });
      }
    } catch (error) {
      this.#dropped += events;
      this.#failed(error, events);
    } finally {
      this.#queuedBytes = this.#lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
    }
    if (this.#lines.length > 0 && this.#timer === undefined) this.#flushLater();
  }

  #failed(error: unknown, lost: number): void {
    this.emit('log:error', { at: this.#clock.wallTime(), error, lost });
  }
}

/** JSON for whatever a payload may hold: errors by their allow-listed form, numbers and text that JSON lacks. */
function plain(): (key: string, value: unknown) => unknown {
  const path: object[] = [];
  const within = new Set<object>(); // the same, to be looked up
  return function (this: unknown, _key, value) {
    if (typeof value === 'bigint') return String(value);
    if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
    if (typeof value !== 'object' || value === null) return value;
    while (path.length > 0 && path.at(-1) !== this) within.delete(path.pop()!);
    if (within.has(value)) return undefined; // a value that contains itself
    path.push(value);
    within.add(value);
    if (value instanceof Error) return { name: value.name, message: value.message };
    return value;
  };
}
