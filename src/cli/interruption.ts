import { EXIT } from './exit-codes.js';

const NUMBERS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
type SignalName = keyof typeof NUMBERS;
const NAMES = Object.keys(NUMBERS) as SignalName[];

/** Longest time from the moment when nothing more is waited for to the end of the process, milliseconds. */
const LAST_WORDS_MS = 500;

/** What an {@link Interruption} calls. */
export interface InterruptionHandlers {
  /** The first signal: end after the cases in flight. */
  readonly onStop: (name: string) => void;
  /** The second one, or an error that nobody catches: end now. */
  readonly onAbort: (reason: Error) => void;
}

/**
 * Hears of Ctrl-C, SIGTERM, SIGHUP and of errors that nobody catches while there is something to save. The second signal
 * ends the process at the latest 500 ms later, whatever else is left.
 */
export class Interruption {
  readonly #handlers: InterruptionHandlers;
  readonly #onSignal: (name: NodeJS.Signals) => void;
  readonly #onError: (error: unknown) => void;
  #exitCode: number | undefined;
  #crash: { readonly error: unknown } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(handlers: InterruptionHandlers) {
    this.#handlers = handlers;
    this.#onSignal = (name) => this.#signalled(name as SignalName);
    this.#onError = (error) => this.#crashed(error);
    for (const name of NAMES) process.on(name, this.#onSignal);
    process.on('uncaughtException', this.#onError);
  }

  /** What to end with, once a signal has come: 128 and its number. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** Throws the error that nobody caught, if there was one. */
  throwIfCrashed(): void {
    if (this.#crash !== undefined) throw this.#crash.error;
  }

  /** What is left is no work of the run: after a signal it may take 500 ms. */
  finish(): void {
    if (this.#exitCode !== undefined) this.#endSoon(this.#exitCode);
  }

  /** Hears no more. */
  close(): void {
    for (const name of NAMES) process.off(name, this.#onSignal);
    process.off('uncaughtException', this.#onError);
    clearTimeout(this.#timer);
  }

  #signalled(name: SignalName): void {
    const first = this.#exitCode === undefined;
    this.#exitCode ??= 128 + NUMBERS[name];
    if (first) return this.#handlers.onStop(name);
    this.#endSoon(this.#exitCode);
    this.#handlers.onAbort(new Error(name));
  }

  #crashed(error: unknown): void {
    const first = this.#crash === undefined;
    this.#crash ??= { error };
    if (!first) return;
    this.#endSoon(EXIT.internal);
    this.#handlers.onAbort(error instanceof Error ? error : new Error('an error that nobody caught'));
  }

  #endSoon(exitCode: number): void {
    this.#timer ??= setTimeout(() => {
      if (this.#crash === undefined) process.exit(exitCode);
      this.close();
      throw this.#crash.error; // to the command line, which tells it and ends: nobody else has had the time
    }, LAST_WORDS_MS);
  }
}
