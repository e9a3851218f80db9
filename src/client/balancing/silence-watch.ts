import type { Clock, ClockTimer } from '../../foundation/clock.js';
import type { EndpointSelector } from './endpoint-selector.js';
import type { SilenceListener } from './latency-estimate.js';

const LOOK_EVERY_MS = 1000;
const LEAST_SILENCE_MS = 3000;
const SILENCE_FACTOR = 5;

/**
 * Looks once a second whether an endpoint has fallen silent while others answer, and tells the calls that have been there
 * for five times as long as they should take: a server that hangs or trickles is otherwise noticed only after the minutes
 * that a long answer may take.
 */
export class SilenceWatch {
  readonly #selector: EndpointSelector;
  readonly #clock: Clock;
  #timer: ClockTimer | undefined;

  constructor(selector: EndpointSelector, clock: Clock) {
    this.#selector = selector;
    this.#clock = clock;
  }

  /** An attempt is out. */
  watch(): void {
    if (this.#timer !== undefined || this.#selector.endpoints.length < 2) return;
    this.#timer = this.#clock.schedule(() => this.#look(), LOOK_EVERY_MS, { keepAlive: false });
  }

  /** Stops looking. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    const listeners: SilenceListener[] = [];
    for (const endpoint of this.#selector.endpoints) {
      if (!this.#selector.isSilent(endpoint, now)) continue;
      for (let each = endpoint.latency.oldest; each !== undefined; each = endpoint.latency.after(each)) {
        const patience = Math.max(LEAST_SILENCE_MS, SILENCE_FACTOR * this.#selector.typicalMs(each.work));
        if (now - each.startedAt < patience) break;
        if (each.owner !== undefined) listeners.push(each.owner);
      }
    }
    for (const each of listeners) each.endpointSilent();
    if (this.#selector.inFlight > 0) this.watch();
  }
}
