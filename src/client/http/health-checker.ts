import type { Clock, ClockTimer } from '../../foundation/clock.js';
import type { Endpoint } from '../balancing/endpoint.js';
import type { EndpointConnection } from './endpoint-connection.js';
import type { HealthCheckSettings } from './health-check.js';
import type { ReplyHandler, Transport } from './transport.js';

/** What one active check came to. */
export interface HealthCheckOutcome {
  /** Whether the health path answered with a 2xx in time. */
  readonly alive: boolean;
  /** HTTP status of the reply; `null` when none came. */
  readonly status: number | null;
  /** How long it took, milliseconds. */
  readonly durationMs: number;
  /** Why there was no reply; absent when there was one. */
  readonly reason?: string;
}

/** What a {@link HealthChecker} tells. */
export interface HealthCheckListener {
  /** A check made a probe due. */
  readonly alive: (endpoint: Endpoint) => void;
  /** A check ended. */
  readonly checked: (endpoint: Endpoint, outcome: HealthCheckOutcome) => void;
}

/**
 * Active checks: while an endpoint is ejected, its health path is asked at intervals, and a 2xx makes the probe
 * due at once. A check never restores an endpoint by itself: a server may answer `/health` and fail every call.
 * A check has a connection of its own, so that it never stands in the way of a call, and is over with the head of
 * its reply: some paths go on and on.
 */
export class HealthChecker {
  readonly #settings: HealthCheckSettings;
  readonly #clock: Clock;
  readonly #listener: HealthCheckListener;
  readonly #timers = new Map<Endpoint, ClockTimer>();
  readonly #transports = new Map<Endpoint, Transport>();
  readonly #running = new Set<CheckHandler>();

  constructor(
    settings: HealthCheckSettings,
    { clock, listener }: { readonly clock: Clock; readonly listener: HealthCheckListener },
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#listener = listener;
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

  /** Stops all checks and closes their connections. */
  close(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    for (const check of this.#running) check.cancel('the client was closed');
    for (const transport of this.#transports.values()) void transport.destroy(); // it never rejects
    this.#transports.clear();
  }

  #check(connection: EndpointConnection): void {
    const { endpoint } = connection;
    if (endpoint.health.state !== 'ejected') return this.#end(endpoint);
    const transport = this.#transportOf(connection);
    const begunAt = this.#clock.now();
    const over = (alive: boolean, status: number | null, reason?: string): void => {
      const durationMs = this.#clock.now() - begunAt;
      this.#checked(connection, {
        alive,
        status,
        durationMs,
        ...(reason === undefined ? {} : { reason: connection.redact(reason) }),
      });
    };
    Promise.all([connection.headers(undefined), transport.open()]).then(
      ([headers]) => {
        if (!this.#timers.has(endpoint)) return; // closed meanwhile
        const check = new CheckHandler((...outcome) => {
          this.#running.delete(check);
          over(...outcome);
        });
        this.#running.add(check);
        check.timer = this.#clock.schedule(
          () => check.cancel('the health check took too long'),
          this.#settings.timeoutMs,
          { keepAlive: false },
        );
        try {
          transport.dispatch(
            { method: 'GET', path: this.#settings.path, headers, body: null },
            check,
            this.#clock.now(),
          );
        } catch (error) {
          check.onError(error as Error); // a dispatcher of the host that refuses at once
        }
      },
      () => over(false, null, 'no key for the health check'),
    );
  }

  #checked(connection: EndpointConnection, outcome: HealthCheckOutcome): void {
    const { endpoint } = connection;
    if (!this.#timers.has(endpoint)) return;
    this.#timers.delete(endpoint);
    const { alive, status } = outcome;
    connection.lastCheck = { at: this.#clock.wallTime(), alive, status };
    this.#listener.checked(endpoint, outcome);
    if (alive && endpoint.health.state === 'ejected') {
      endpoint.health.probeNow(this.#clock.now());
      this.#listener.alive(endpoint);
    }
    if (endpoint.health.state === 'ejected') this.watch(connection);
    else this.#end(endpoint);
  }

  #transportOf({ endpoint, transport }: EndpointConnection): Transport {
    if (transport.shared) return transport;
    let own = this.#transports.get(endpoint);
    if (own === undefined) this.#transports.set(endpoint, (own = transport.apart()));
    return own;
  }

  #end(endpoint: Endpoint): void {
    this.#timers.delete(endpoint);
    void this.#transports.get(endpoint)?.destroy();
    this.#transports.delete(endpoint);
  }
}

class CheckHandler implements ReplyHandler {
  timer: ClockTimer | undefined;
  readonly #done: (alive: boolean, status: number | null, reason?: string) => void;
  #over = false;
  #abort: ((reason?: Error) => void) | undefined;

  constructor(done: (alive: boolean, status: number | null, reason?: string) => void) {
    this.#done = done;
  }

  cancel(reason: string): void {
    this.#end(false, null, reason);
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort;
    if (this.#over) this.#giveUp();
  }

  onHeaders(status: number): boolean {
    if (status >= 200) this.#end(status < 300, status);
    return true;
  }

  onData(): boolean {
    return true;
  }

  onComplete(): void {
    this.#end(false, null, 'the reply has no head');
  }

  onError(error: Error): void {
    this.#end(false, null, error.message);
  }

  #end(alive: boolean, status: number | null, reason?: string): void {
    if (this.#over) return;
    this.#over = true;
    this.timer?.cancel();
    this.#giveUp();
    this.#done(alive, status, reason);
  }

  // Not from within the parser, which still holds the socket.
  #giveUp(): void {
    const abort = this.#abort;
    if (abort !== undefined) setImmediate(() => abort(new Error('the health check is over')));
  }
}
