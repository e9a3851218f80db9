import { AssayError } from '../../errors.js';
import type { Clock, ClockTimer } from '../../foundation/clock.js';
import type { Alert } from './alert.js';
import type { AlertHandler } from './alert-handler.js';

/** How alerts are delivered. */
export interface AlertDeliveryOptions {
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly retryDelayMs: number;
  readonly queueSize: number;
  readonly clock: Clock;
  readonly onFailed: (alert: Alert, error: unknown, attempts: number) => void;
  readonly onDropped: (alert: Alert, dropped: number) => void;
}

const LONGEST_WAIT_MS = 300_000;

/**
 * The way to one handler: a bounded queue, one alert after the other in order, each with a time limit and
 * retries. A handler that is slow, throws or never settles delays nobody but itself.
 */
export class AlertDelivery {
  readonly handler: AlertHandler;
  readonly #options: AlertDeliveryOptions;
  readonly #queue: Alert[] = [];
  readonly #idle = new Set<() => void>();
  readonly #stop = new AbortController();
  #busy = false;
  #dropped = 0;
  #lastSentAt = Number.NEGATIVE_INFINITY;

  constructor(handler: AlertHandler, options: AlertDeliveryOptions) {
    this.handler = handler;
    this.#options = options;
  }

  /** How many alerts were dropped because the queue was full, or because they still waited when it was abandoned. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Queues an alert. When the queue is full the oldest one that waits is dropped: newer news is truer. */
  push(alert: Alert): void {
    if (this.#stop.signal.aborted) return;
    this.#queue.push(alert);
    if (this.#queue.length > this.#options.queueSize) this.#drop(this.#queue.shift() as Alert);
    if (!this.#busy) void this.#work();
  }

  /** Resolves when nothing waits or is being told. */
  async idle(): Promise<void> {
    if (this.#busy) await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  /** Gives up what waits and what is being told, and says so; resolves when that is done. */
  abandon(): Promise<void> {
    this.#stop.abort(new AssayError('ASSAY_CLOSED', 'The alert manager was closed'));
    for (const alert of this.#queue.splice(0)) this.#drop(alert);
    return this.idle();
  }

  #drop(alert: Alert): void {
    this.#dropped += 1;
    this.#options.onDropped(alert, this.#dropped);
  }

  async #work(): Promise<void> {
    this.#busy = true;
    const { clock } = this.#options;
    for (;;) {
      const alert = this.#queue.shift();
      if (alert === undefined) break;
      await this.#wait(this.#lastSentAt + (this.handler.minIntervalMs ?? 0) - clock.now());
      if (this.#stop.signal.aborted) this.#drop(alert);
      else await this.#deliver(alert);
      this.#lastSentAt = clock.now();
    }
    this.#busy = false;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }

  async #deliver(alert: Alert): Promise<void> {
    const { attempts, retryDelayMs } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#try(alert, attempt);
      } catch (error) {
        const { final, asked } = saidBy(error);
        const last = attempt >= attempts || final;
        if (!last) await this.#wait(Math.min(asked ?? retryDelayMs * 2 ** (attempt - 1), LONGEST_WAIT_MS));
        if (last || this.#stop.signal.aborted) return this.#options.onFailed(alert, error, attempt);
      }
    }
  }

  async #try(alert: Alert, attempt: number): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    const controller = new AbortController();
    const abort = (): void => controller.abort(this.#stop.signal.reason);
    this.#stop.signal.addEventListener('abort', abort, { once: true });
    let timer: ClockTimer | undefined;
    const ended = new Promise<never>((_resolve, reject) => {
      controller.signal.addEventListener('abort', () => reject(controller.signal.reason as Error), {
        once: true,
      });
      if (timeoutMs === Number.POSITIVE_INFINITY) return;
      timer = clock.schedule(
        () => {
          const message = `Alert handler ${this.handler.name} did not settle in ${timeoutMs} ms`;
          controller.abort(new AssayError('ASSAY_DEADLINE', message, { retryable: true }));
        },
        timeoutMs,
        { keepAlive: false },
      );
    });
    try {
      const sent = (async () => this.handler.send(alert, { signal: controller.signal, attempt }))();
      await Promise.race([sent, ended]);
    } finally {
      timer?.cancel();
      this.#stop.signal.removeEventListener('abort', abort);
    }
  }

  async #wait(ms: number): Promise<void> {
    if (!(ms > 0) || this.#stop.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#stop.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#options.clock.schedule(done, ms, { keepAlive: false });
      this.#stop.signal.addEventListener('abort', done, { once: true });
    });
  }
}

/** What a failure says of another try; nothing when it throws at being looked at. */
function saidBy(error: unknown): { readonly final: boolean; readonly asked: number | undefined } {
  try {
    const asked = (error as { retryAfterMs?: unknown } | null | undefined)?.retryAfterMs;
    return {
      final: AssayError.is(error) && !error.retryable,
      asked: typeof asked === 'number' && asked >= 0 ? asked : undefined,
    };
  } catch {
    return { final: false, asked: undefined };
  }
}
