import type { BatchEvents, ProgressEvent } from '../../batch/batch-events.js';
import { AssayError, type ErrorRecord } from '../../errors.js';
import { systemClock, type Clock, type ClockTimer } from '../../foundation/clock.js';
import {
  boolean,
  checkArgument,
  checkOptions,
  having,
  list,
  object,
  oneOf,
  positive,
  text,
} from '../../foundation/options.js';
import { print } from './print.js';
import { progressLine } from './progress-line.js';
import { terminalSafe } from '../../foundation/plain-text.js';
import { fitColumns } from './terminal-text.js';
import { StatusLine, type TerminalStream } from './status-line.js';

/** What {@link terminalProgress} listens to: a BatchProcessor is one. */
export interface ProgressSource {
  /** Calls `listener` at every `event`; returns the unsubscribe. */
  on<Name extends 'run:start' | 'progress' | 'target:retry' | 'run:end'>(
    event: Name,
    listener: (payload: BatchEvents[Name]) => void,
  ): () => void;
}

/** Options of {@link terminalProgress}. */
export interface TerminalProgressOptions {
  /** Where to draw. @default process.stderr */
  readonly stream?: TerminalStream | undefined;
  /**
   * A bar that is redrawn in place, or a line now and then. @default 'bar' when the stream is a terminal,
   * else 'lines'
   */
  readonly mode?: 'bar' | 'lines' | undefined;
  /**
   * Whether to use colours in a bar. @default what `stream.hasColors()` says, `false` without that method.
   * Node's `hasColors` follows the terminal convention of `NO_COLOR` and `FORCE_COLOR`; this package itself
   * reads no environment variable.
   */
  readonly color?: boolean | undefined;
  /** Shown in front. @default the run's id */
  readonly label?: string | undefined;
  /** Least time between two redraws of the bar, milliseconds, > 0. @default 100 */
  readonly redrawIntervalMs?: number | undefined;
  /** Time between two lines when there is no bar, milliseconds, > 0. @default 10000 */
  readonly lineIntervalMs?: number | undefined;
  /**
   * Other streams on the same screen, whose prints the bar makes room for. @default process.stdout when it is
   * a terminal
   */
  readonly screen?: readonly TerminalStream[] | undefined;
  /** Where time comes from. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/** A progress display; end it with `close()`. */
export interface TerminalProgress {
  /** Takes the display away and stops listening. Harmless when done twice. */
  close(): void;
  /** Same as {@link TerminalProgress.close}. */
  [Symbol.dispose](): void;
}

/**
 * Shows how far the runs of a processor are: on a terminal a bar on stderr, elsewhere a line every ten
 * seconds (also while nothing moves, so that a stalled run is seen). An attempt that failed and is made again is shown at
 * once, until a case ends. Ids are made harmless for the terminal; no text of a case or a model is shown, and of errors
 * only that of a connection that cannot be made. It never keeps the process running.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 * @example
 * ```ts
 * const progress = terminalProgress(processor);
 * await processor.run(cases);
 * progress.close();
 * ```
 */
export function terminalProgress(
  processor: ProgressSource,
  options: TerminalProgressOptions = {},
): TerminalProgress {
  checkArgument(processor, having('a processor', 'on'));
  const given = checkOptions('terminalProgress', options, {
    stream: having('an object', 'write'),
    mode: oneOf('bar', 'lines'),
    color: boolean,
    label: text,
    redrawIntervalMs: positive,
    lineIntervalMs: positive,
    screen: list,
    clock: object,
  });
  const display = new ProgressDisplay(given);
  const stops = [
    processor.on('run:start', ({ runId, total }) => display.begin(runId, total)),
    processor.on('progress', (progress) => display.update(progress)),
    processor.on('target:retry', ({ error, endpoint }) => display.trouble(error, endpoint)),
    processor.on('run:end', ({ error }) => display.end(error)),
  ];
  const close = (): void => {
    for (const stop of stops.splice(0)) stop();
    display.close();
  };
  return { close, [Symbol.dispose]: close };
}

const LINE_COLUMNS = 200; // a line in a log file may be long

const TICK_MS = 1000; // a bar that stands still looks dead

class ProgressDisplay {
  readonly #stream: TerminalStream;
  readonly #status: StatusLine | undefined;
  readonly #color: boolean;
  readonly #label: string | undefined;
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #toldTroubles = new Set<string>();
  #runId = '';
  #total: number | null = null;
  #latest: ProgressEvent | undefined;
  #trouble: string | undefined;
  #running = false;
  #begunAt = 0;
  #lastShown = Number.NEGATIVE_INFINITY;
  #timer: ClockTimer | undefined;

  constructor(options: TerminalProgressOptions) {
    this.#stream = options.stream ?? process.stderr;
    this.#clock = options.clock ?? systemClock;
    this.#label = options.label;
    const bar = (options.mode ?? (this.#stream.isTTY === true ? 'bar' : 'lines')) === 'bar';
    this.#color = bar && (options.color ?? this.#stream.hasColors?.() ?? false);
    this.#intervalMs = bar ? (options.redrawIntervalMs ?? 100) : (options.lineIntervalMs ?? 10_000);
    if (bar) {
      const standard = process.stdout.isTTY && this.#stream === process.stderr ? [process.stdout] : [];
      this.#status = new StatusLine(this.#stream, options.screen ?? standard);
    }
  }

  begin(runId: string, total: number | null): void {
    this.#runId = runId;
    this.#total = total;
    this.#latest = undefined;
    this.#trouble = undefined;
    this.#toldTroubles.clear();
    this.#running = true;
    this.#begunAt = this.#lastShown = this.#clock.now();
    this.#status?.attach();
    this.#schedule(this.#intervalMs);
  }

  update(progress: ProgressEvent): void {
    if (!this.#running) this.begin(progress.runId, progress.total); // listening began in the middle of a run
    const first = this.#latest === undefined;
    if (progress.done > (this.#latest?.done ?? 0)) this.#trouble = undefined; // something works
    this.#latest = progress;
    if (this.#status !== undefined) this.#showSoon(first);
  }

  /** An attempt failed and is made again: without a word of it a run whose server is away would just stand there. */
  trouble(error: ErrorRecord, endpoint: string | null): void {
    if (!this.#running) return;
    const told = troubleText(error, endpoint);
    const known = this.#toldTroubles.has(error.code);
    this.#toldTroubles.add(error.code);
    this.#trouble = told;
    if (this.#status !== undefined) this.#showSoon(false);
    else if (!known) print(this.#stream, `${terminalSafe(this.#label ?? this.#runId)} ${told}\n`);
  }

  end(error: unknown): void {
    if (!this.#running) return;
    this.#trouble = undefined;
    const ended = `${terminalSafe(this.#label ?? this.#runId)} ended`;
    const line = this.#latest === undefined ? ended : this.#line(LINE_COLUMNS, false);
    const failure = AssayError.is(error) ? error.code : 'error';
    this.#finish(error === undefined ? line : `${line} stopped: ${failure}`);
  }

  close(): void {
    if (this.#running) this.#finish(undefined);
  }

  #finish(lastLine: string | undefined): void {
    this.#running = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#status !== undefined) this.#status.detach(lastLine);
    else if (lastLine !== undefined) print(this.#stream, `${lastLine}\n`);
  }

  #showSoon(now: boolean): void {
    const waitMs = now ? 0 : this.#lastShown + this.#intervalMs - this.#clock.now();
    this.#schedule(waitMs <= 0 ? Math.max(TICK_MS, this.#intervalMs) : waitMs);
    if (waitMs <= 0) this.#show();
  }

  #schedule(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.schedule(
      () => {
        this.#schedule(this.#status === undefined ? this.#intervalMs : Math.max(TICK_MS, this.#intervalMs));
        try {
          this.#show();
        } catch {
          // the host's stream refused; thrown from a timer it would end the host's process
        }
      },
      delayMs,
      { keepAlive: false },
    );
  }

  #show(): void {
    this.#lastShown = this.#clock.now();
    if (this.#status !== undefined) this.#status.show((columns) => this.#line(columns, true));
    else if (this.#latest !== undefined) print(this.#stream, `${this.#line(LINE_COLUMNS, false)}\n`);
  }

  #line(columns: number, bar: boolean): string {
    const progress = this.#latest ?? { ...NOTHING_YET, runId: this.#runId, total: this.#total };
    return progressLine(progress, {
      columns,
      bar,
      color: this.#color,
      label: this.#label,
      elapsedMs: this.#clock.now() - this.#begunAt,
      trouble: this.#trouble,
    });
  }
}

const NOTHING_YET: ProgressEvent = Object.freeze({
  at: 0,
  runId: '',
  done: 0,
  total: null,
  scored: 0,
  unscored: 0,
  errored: 0,
  skipped: 0,
  inFlight: 0,
  ratePerSecond: 0,
  etaMs: null,
  score: null,
  cost: null,
  tokens: 0,
});

/** What is wrong, in a few words: of a connection the system's, of a reply its code only, as it may quote a prompt. */
function troubleText({ code, message, status }: ErrorRecord, endpoint: string | null): string {
  const name = `${endpoint}: `;
  const said = message.startsWith(name) ? message.slice(name.length) : message;
  const words = code === 'ASSAY_CONNECT' ? said : status === undefined ? code : `${code} (${status})`;
  return fitColumns(terminalSafe(`retrying: ${words}${endpoint === null ? '' : ` at ${endpoint}`}`), 150);
}
