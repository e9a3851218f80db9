import type { Clock, ClockTimer } from '../../foundation/clock.js';
import type { EndpointSelector } from './endpoint-selector.js';
import type { Ticket } from './latency-estimate.js';

const LOOK_EVERY_MS = 1000;
const LEAST_AGE_MS = 3000;

/**
 * Looks once a second whether an endpoint has fallen silent while others answer, and tells the calls that have been there for
 * some seconds: a server that hangs or trickles is otherwise noticed only after the minutes that a long answer may take.
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
    const { typicalMs } = this.#selector;
    const aged: Ticket[] = [];
    for (const endpoint of this.#selector.endpoints) {
      if (!this.#selector.isSilent(endpoint, now)) continue;
      let each = endpoint.latency.oldest;
      for (; each !== undefined && now - each.begunAt >= LEAST_AGE_MS; each = endpoint.latency.after(each))
        aged.push(each);
    }
    for (const { owner, begunAt } of aged) owner?.endpointSilent({ ageMs: now - begunAt, typicalMs });
    if (this.#selector.inFlight > 0) this.watch();
  }
}
