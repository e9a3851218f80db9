import type { Clock, ClockTimer } from '../../foundation/clock.js';
import type { Endpoint } from '../balancing/endpoint.js';
import type { EndpointConnection } from './endpoint-connection.js';

const ASK_EVERY_MS = 500;

/** An attempt whose key was refused. */
export interface RefusedKey {
  readonly connection: EndpointConnection;
  readonly givenKey: string | undefined;
}

/**
 * While an endpoint is in quarantine and its key comes from a function of the host, that function is asked twice a second:
 * with another key than the refused one the endpoint is probed at once.
 */
export class KeyWatch {
  readonly #clock: Clock;
  readonly #renewed: () => void;
  readonly #timers = new Map<Endpoint, ClockTimer>();

  /** `renewed` is called when a probe became due. */
  constructor(clock: Clock, renewed: () => void) {
    this.#clock = clock;
    this.#renewed = renewed;
  }

  /** The endpoint of the attempt went into quarantine. */
  watch(refused: RefusedKey): void {
    const { endpoint } = refused.connection;
    if (refused.givenKey === undefined || this.#timers.has(endpoint)) return;
    const timer = this.#clock.schedule(() => this.#ask(refused), ASK_EVERY_MS, { keepAlive: false });
    this.#timers.set(endpoint, timer);
  }

  /** Asks no more. */
  close(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #ask(refused: RefusedKey): void {
    const { connection, givenKey } = refused;
    const { endpoint } = connection;
    const asked = this.#timers.get(endpoint);
    const goOn = (renewed: boolean): void => {
      if (this.#timers.get(endpoint) !== asked) return; // closed meanwhile
      this.#timers.delete(endpoint);
      if (endpoint.health.state !== 'quarantined') return;
      if (!renewed) return this.watch(refused);
      endpoint.health.probeNow(this.#clock.now());
      this.#renewed();
    };
    if (endpoint.health.state !== 'quarantined') return goOn(false);
    connection.askForKey().then(
      (key) => goOn(key !== givenKey),
      () => goOn(false), // the next attempt tells why
    );
  }
}
