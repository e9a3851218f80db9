import type { Clock, ClockTimer } from '../../foundation/clock.js';
import type { Endpoint } from '../balancing/endpoint.js';
import type { EndpointConnection } from './endpoint-connection.js';
import type { HealthCheckSettings } from './health-check.js';
import type { ReplyHandler } from './transport.js';

/**
 * Active checks: while an endpoint is ejected, its health path is asked at intervals, and a 2xx makes the probe
 * due at once. A check never restores an endpoint by itself: a server may answer `/health` and fail every call.
 */
export class HealthChecker {
  readonly #settings: HealthCheckSettings;
  readonly #clock: Clock;
  readonly #alive: (endpoint: Endpoint) => void;
  readonly #timers = new Map<Endpoint, ClockTimer>();

  /** `alive` is called when a check made a probe due. */
  constructor(settings: HealthCheckSettings, clock: Clock, alive: (endpoint: Endpoint) => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#alive = alive;
  }

  /** The endpoint was ejected: checks it until it is not. */
  watch(connection: EndpointConnection): void {
    const { endpoint } = connection;
    if (this.#timers.has(endpoint)) return;
    this.#timers.set(
      endpoint,
      this.#clock.schedule(() => this.#check(connection), this.#settings.intervalMs, { keepAlive: false }),
    );
  }

  /** Stops all checks. */
  close(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #check(connection: EndpointConnection): void {
    const { endpoint, transport } = connection;
    if (endpoint.health.state !== 'ejected') {
      this.#timers.delete(endpoint);
      return;
    }
    const headers = connection.headers(undefined);
    Promise.all([headers, transport.open()]).then(
      ([ready]) => {
        if (!this.#timers.has(endpoint)) return; // closed meanwhile
        const check = new CheckHandler((alive) => this.#checked(connection, alive));
        const timeout = this.#clock.schedule(() => check.cancel(), this.#settings.timeoutMs, {
          keepAlive: false,
        });
        check.timer = timeout;
        try {
          transport.dispatch('GET', this.#settings.path, ready, null, check, this.#clock.now());
        } catch {
          check.onError(); // a dispatcher of the host that refuses at once
        }
      },
      () => this.#checked(connection, false),
    );
  }

  #checked(connection: EndpointConnection, alive: boolean): void {
    const { endpoint } = connection;
    if (!this.#timers.has(endpoint)) return;
    this.#timers.delete(endpoint);
    if (alive && endpoint.health.state === 'ejected') {
      endpoint.health.probeNow(this.#clock.now());
      this.#alive(endpoint);
    }
    if (endpoint.health.state === 'ejected') this.watch(connection);
  }
}

class CheckHandler implements ReplyHandler {
  timer: ClockTimer | undefined;
  readonly #done: (alive: boolean) => void;
  #over = false;
  #abort: ((reason?: Error) => void) | undefined;

  constructor(done: (alive: boolean) => void) {
    this.#done = done;
  }

  cancel(): void {
    this.#end(false);
    this.#abort?.(new Error('the health check took too long'));
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort;
    if (this.#over) abort(new Error('the health check took too long'));
  }

  onHeaders(status: number): boolean {
    if (status >= 200) this.#end(status < 300);
    return true;
  }

  onData(): boolean {
    return true;
  }

  onComplete(): void {
    this.#end(false);
  }

  onError(): void {
    this.#end(false);
  }

  #end(alive: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.timer?.cancel();
    this.#done(alive);
  }
}
