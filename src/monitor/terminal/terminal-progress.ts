import type { BatchEvents, ProgressEvent } from '../../batch/batch-events.js';
import { AssayError } from '../../errors.js';
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
import { terminalSafe } from './terminal-text.js';
import { StatusLine, type TerminalStream } from './status-line.js';

/** What {@link terminalProgress} listens to: a BatchProcessor is one. */
export interface ProgressSource {
  /** Calls `listener` at every `event`; returns the unsubscribe. */
  on<Name extends 'run:start' | 'progress' | 'run:end'>(
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
 * seconds (also while nothing moves, so that a stalled run is seen). Ids are made harmless for the terminal;
 * no text of a case, a model or an error is shown. It never keeps the process running.
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
    processor.on('run:start', ({ runId }) => display.begin(runId)),
    processor.on('progress', (progress) => display.update(progress)),
    processor.on('run:end', ({ error }) => display.end(error)),
  ];
  const close = (): void => {
    for (const stop of stops.splice(0)) stop();
    display.close();
  };
  return { close, [Symbol.dispose]: close };
}

const LINE_COLUMNS = 200; // a line in a log file may be long

class ProgressDisplay {
  readonly #stream: TerminalStream;
  readonly #status: StatusLine | undefined;
  readonly #color: boolean;
  readonly #label: string | undefined;
  readonly #intervalMs: number;
  readonly #clock: Clock;
  #runId = '';
  #latest: ProgressEvent | undefined;
  #running = false;
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

  begin(runId: string): void {
    this.#runId = runId;
    this.#latest = undefined;
    this.#running = true;
    this.#lastShown = this.#clock.now();
    this.#status?.attach();
    if (this.#status === undefined) this.#schedule(this.#intervalMs);
  }

  update(progress: ProgressEvent): void {
    if (!this.#running) this.begin(progress.runId); // listening began in the middle of a run
    const first = this.#latest === undefined;
    this.#latest = progress;
    if (this.#status === undefined) return;
    const waitMs = first ? 0 : this.#lastShown + this.#intervalMs - this.#clock.now();
    if (waitMs <= 0) this.#show();
    else if (this.#timer === undefined) this.#schedule(waitMs);
  }

  end(error: unknown): void {
    if (!this.#running) return;
    const line = this.#line(LINE_COLUMNS, false) ?? `${terminalSafe(this.#label ?? this.#runId)} ended`;
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

  #schedule(delayMs: number): void {
    this.#timer = this.#clock.schedule(
      () => {
        this.#timer = undefined;
        try {
          this.#show();
        } catch {
          // the host's stream refused; thrown from a timer it would end the host's process
        }
        if (this.#status === undefined) this.#schedule(this.#intervalMs);
      },
      delayMs,
      { keepAlive: false },
    );
  }

  #show(): void {
    this.#lastShown = this.#clock.now();
    if (this.#status !== undefined) {
      this.#status.show((columns) => this.#line(columns, true) ?? '');
      return;
    }
    const line = this.#line(LINE_COLUMNS, false);
    if (line !== undefined) print(this.#stream, `${line}\n`);
  }

  #line(columns: number, bar: boolean): string | undefined {
    if (this.#latest === undefined) return undefined;
    return progressLine(this.#latest, { columns, bar, color: this.#color, label: this.#label });
  }
}
