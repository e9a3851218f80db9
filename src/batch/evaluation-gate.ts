import type { IntervalHistogram } from 'node:perf_hooks';
import type { Clock, ClockTimer } from '../foundation/clock.js';
import { perfHooks } from '../foundation/late-modules.js';
import type { EventLoopProtection } from './batch-options.js';

/**
 * Bounds how many evaluations run in one turn of the event loop (or at once, when they wait for something).
 * Unbounded until the loop lags; then answers that arrive together are no longer judged in one go, and the calls
 * in flight get their turn in between.
 */
export class EvaluationGate {
  #limit = Number.POSITIVE_INFINITY;
  #active = 0;
  readonly #waiting: (() => void)[] = []; // never longer than the run's concurrency

  /** Evaluations allowed at once; `Infinity`: no bound. */
  get limit(): number {
    return this.#limit;
  }

  set limit(limit: number) {
    this.#limit = limit;
    this.#admit();
  }

  /** Asks for a place; answers with a promise when there is none. Each `enter` needs a `leave`. */
  enter(): Promise<void> | undefined {
    if (this.#active < this.#limit) {
      this.#active++;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives the place back: at once without a bound, else in the next turn of the event loop. */
  leave(): void {
    if (this.#limit === Number.POSITIVE_INFINITY) this.#active--;
    else {
      setImmediate(() => {
        this.#active--;
        this.#admit();
      });
    }
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#active < this.#limit) {
      this.#active++;
      this.#waiting.shift()!();
    }
  }
}

/** How the delay of the event loop is read; replaceable in tests. */
export interface DelaySampler {
  /** 99th percentile since the last call, milliseconds. */
  p99(): number;
  close(): void;
}

/** Reads the delay through `perf_hooks.monitorEventLoopDelay`. */
export function eventLoopDelaySampler(): DelaySampler {
  const resolutionMs = 10;
  const histogram: IntervalHistogram = perfHooks().monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  return {
    p99() {
      const delay = histogram.percentile(99) / 1e6 - resolutionMs; // the sampler's own interval is in it
      histogram.reset();
      return Number.isFinite(delay) ? Math.max(0, delay) : 0;
    },
    close: () => void histogram.disable(),
  };
}

/** How many cases or evaluations may be in flight at once from now on, and why. */
export interface ConcurrencyChange {
  readonly from: number;
  readonly to: number;
  readonly reason: 'event-loop-delay' | 'recovered' | 'host';
}

/** What a {@link EventLoopGuard} needs to know. */
export interface EventLoopGuardOptions {
  readonly gate: EvaluationGate;
  readonly maxDelayMs: number;
  readonly intervalMs: number;
  /** Evaluations at once when there is no bound. */
  readonly concurrency: () => number;
  readonly clock: Clock;
  readonly sampler: DelaySampler;
  readonly onChange: (change: ConcurrencyChange) => void;
}

/**
 * Halves the gate's limit while the event loop's delay is above the bound and doubles it again once the delay is
 * below half of it.
 */
export class EventLoopGuard {
  readonly #options: EventLoopGuardOptions;
  #timer: ClockTimer | undefined;
  #dueAt = 0;

  constructor(options: EventLoopGuardOptions) {
    this.#options = options;
    this.#schedule();
  }

  /** Stops watching. */
  close(): void {
    this.#timer?.cancel();
    this.#options.sampler.close();
  }

  #schedule(): void {
    const { clock, intervalMs } = this.#options;
    this.#dueAt = clock.now() + intervalMs;
    this.#timer = clock.schedule(() => this.#checkDelay(), intervalMs, { keepAlive: false });
  }

  #checkDelay(): void {
    const { gate, maxDelayMs, concurrency, sampler, clock, onChange } = this.#options;
    // A block that begins right after the sampler was read is not in it, and when every block is longer than
    // intervalMs, none is: then only this timer's own lateness tells.
    const delay = Math.max(sampler.p99(), clock.now() - this.#dueAt);
    const ceiling = concurrency();
    const now = Math.min(gate.limit, ceiling);
    if (delay > maxDelayMs && now > 1) {
      gate.limit = Math.max(1, Math.floor(now / 2));
      onChange({ from: now, to: gate.limit, reason: 'event-loop-delay' });
    } else if (delay < maxDelayMs / 2 && gate.limit !== Number.POSITIVE_INFINITY) {
      const raised = now * 2;
      gate.limit = raised >= ceiling ? Number.POSITIVE_INFINITY : raised;
      onChange({ from: now, to: Math.min(raised, ceiling), reason: 'recovered' });
    }
    this.#schedule();
  }
}

/** Watches the event loop as the options say; `undefined` when they say not to. */
export function guardEventLoop(
  {
    eventLoopProtection,
    clock,
  }: { readonly eventLoopProtection?: EventLoopProtection | false | undefined; readonly clock: Clock },
  run: Pick<EventLoopGuardOptions, 'gate' | 'concurrency' | 'onChange'>,
): EventLoopGuard | undefined {
  if (eventLoopProtection === false) return undefined;
  return new EventLoopGuard({
    ...run,
    clock,
    maxDelayMs: eventLoopProtection?.maxDelayMs ?? 250,
    intervalMs: eventLoopProtection?.intervalMs ?? 1000,
    sampler: eventLoopDelaySampler(),
  });
}
