import { checkOptions, integer, number, positive } from '../../foundation/options.js';
import type { RandomSource } from '../../foundation/seeded-random.js';
import { RollingCount } from './rolling-count.js';

/** When an endpoint that fails gets no more calls, and for how long. */
export interface OutlierEjectionOptions {
  /** Failures in a row, integer >= 1. @default 5 */
  readonly consecutiveFailures?: number | undefined;
  /** Share of failures above which it is ejected, 0..1. @default 0.5 */
  readonly failureRate?: number | undefined;
  /** Calls in the window below which the share says nothing, integer >= 1. @default 10 */
  readonly minimumCalls?: number | undefined;
  /** Length of that window, milliseconds. @default 10000 */
  readonly windowMs?: number | undefined;
  /** First ejection, milliseconds; each further one in a row lasts twice as long. @default 5000 */
  readonly baseEjectionMs?: number | undefined;
  /** Longest ejection, milliseconds. @default 60000 */
  readonly maxEjectionMs?: number | undefined;
  /**
   * Longest ejection of an endpoint that could not even be connected to, milliseconds; its first lasts a fifth
   * of `baseEjectionMs`. Probing it costs next to nothing, and it may be back any moment.
   * @default 4,000
   */
  readonly maxUnreachableMs?: number | undefined;
}

/** {@link OutlierEjectionOptions} with nothing left open. */
export type OutlierEjectionSettings = { readonly [Name in keyof OutlierEjectionOptions]-?: number };

/** Checks the options and fills in the defaults. */
export function outlierEjectionOptions(options: OutlierEjectionOptions | false): OutlierEjectionSettings {
  if (options === false) {
    return {
      ...outlierEjectionOptions({}),
      consecutiveFailures: Number.POSITIVE_INFINITY,
      failureRate: 1,
    };
  }
  const checked = checkOptions('outlierEjection', options, {
    consecutiveFailures: integer(1),
    failureRate: number(0, 1),
    minimumCalls: integer(1),
    windowMs: positive,
    baseEjectionMs: positive,
    maxEjectionMs: positive,
    maxUnreachableMs: positive,
  });
  return {
    consecutiveFailures: checked.consecutiveFailures ?? 5,
    failureRate: checked.failureRate ?? 0.5,
    minimumCalls: checked.minimumCalls ?? 10,
    windowMs: checked.windowMs ?? 10_000,
    baseEjectionMs: checked.baseEjectionMs ?? 5000,
    maxEjectionMs: checked.maxEjectionMs ?? 60_000,
    maxUnreachableMs: checked.maxUnreachableMs ?? 4000,
  };
}

const BASE_QUARANTINE_MS = 2000;
const MAX_QUARANTINE_MS = 300_000;

/** Why an endpoint was ejected. */
export type EjectionReason = 'consecutive-failures' | 'failure-rate' | 'probe-failed';

/** What a result changed. */
export type HealthChange = 'none' | 'ejected' | 'restored';

/** Where an endpoint stands. */
export type HealthState = 'healthy' | 'ejected' | 'probing' | 'quarantined';

/**
 * Passive health of one endpoint, from the outcomes of its calls: consecutive failures or their share eject it,
 * for a time that doubles (with 10 % jitter, so that many clients do not return at once); then one call at a
 * time probes it, and the first success restores it. The rules are Envoy's outlier detection without its caps
 * on how many may be ejected: a cap sends traffic to endpoints known to be dead.
 */
export class OutlierEjection {
  readonly #settings: OutlierEjectionSettings;
  readonly #random: RandomSource;
  readonly #calls: RollingCount;
  readonly #failures: RollingCount;
  #state: HealthState = 'healthy';
  #consecutive = 0;
  #until = 0;
  #since = 0;
  #ejectionsInRow = 0;
  #quarantinesInRow = 0;
  #restoredAt = Number.NEGATIVE_INFINITY;
  #reason: EjectionReason = 'consecutive-failures';
  #epoch = 0;
  #probing = false;

  constructor(settings: OutlierEjectionSettings, random: RandomSource) {
    this.#settings = settings;
    this.#random = random;
    this.#calls = new RollingCount(10, settings.windowMs / 10);
    this.#failures = new RollingCount(10, settings.windowMs / 10);
  }

  get state(): HealthState {
    return this.#state;
  }

  /** Failures since the last success. */
  get consecutiveFailures(): number {
    return this.#consecutive;
  }

  /** Why it was ejected last. */
  get reason(): EjectionReason {
    return this.#reason;
  }

  /** When the ejection or quarantine ends and a call may probe, monotonic milliseconds; in the past when it has. */
  get until(): number {
    return this.#until;
  }

  /** When it was ejected first since it was last healthy, monotonic milliseconds. */
  get since(): number {
    return this.#since;
  }

  /** Counts the changes of state: results of calls that began in an earlier one say nothing about this one. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Whether the result of a call that began in that state still counts. */
  countsResultOf(epoch: number): boolean {
    return epoch === this.#epoch;
  }

  /** Whether a call may go there now: it is healthy, or the probe is due. */
  available(now: number): boolean {
    switch (this.#state) {
      case 'healthy':
        return true;
      case 'ejected':
      case 'quarantined':
        return now >= this.#until;
      case 'probing':
        return !this.#probing;
    }
  }

  /** When a call may go there at the earliest; `Infinity` while a probe is under way. */
  availableAt(now: number): number {
    if (this.#state === 'ejected' || this.#state === 'quarantined') return Math.max(now, this.#until);
    return this.available(now) ? now : Number.POSITIVE_INFINITY;
  }

  /** A call goes there; returns whether it is a probe. */
  started(): boolean {
    if (this.#state === 'healthy') return false;
    if (this.#state !== 'probing') {
      this.#state = 'probing';
      this.#epoch++;
    }
    this.#probing = true;
    return true;
  }

  /** A probe told nothing (it was given up, or its request was bad): the next call probes. */
  probeToldNothing(epoch: number): void {
    if (epoch === this.#epoch) this.#probing = false;
  }

  /** A call succeeded; `epoch` is the one in which it began. */
  succeeded(now: number, epoch: number): HealthChange {
    if (epoch !== this.#epoch) return 'none';
    this.#consecutive = 0;
    if (this.#state === 'probing') return this.restore(now);
    this.#calls.add(now);
    return 'none';
  }

  /** A call failed by the endpoint's fault; `unreachable`: no connection was made. */
  failed(now: number, epoch: number, unreachable: boolean): HealthChange {
    if (epoch !== this.#epoch) return 'none';
    this.#consecutive++;
    if (this.#state === 'probing') return this.#eject(now, 'probe-failed', unreachable);
    if (this.#state !== 'healthy') return 'none';
    this.#calls.add(now);
    this.#failures.add(now);
    if (this.#consecutive >= this.#settings.consecutiveFailures) {
      return this.#eject(now, 'consecutive-failures', unreachable);
    }
    const calls = this.#calls.total(now);
    return calls >= this.#settings.minimumCalls &&
      this.#failures.total(now) / calls > this.#settings.failureRate
      ? this.#eject(now, 'failure-rate', unreachable)
      : 'none';
  }

  /**
   * It turns calls away for what it is: its key, its account, its path or model. It gets none for two seconds, twice as
   * long each time in a row, at most five minutes; then one call probes it, so that a run without a watcher heals.
   */
  quarantine(now: number): void {
    if (this.#state === 'healthy') this.#since = now;
    const length = Math.min(
      MAX_QUARANTINE_MS,
      BASE_QUARANTINE_MS * 2 ** Math.min(this.#quarantinesInRow, 20),
    );
    this.#quarantinesInRow++;
    this.#state = 'quarantined';
    this.#until = now + length * (0.9 + 0.2 * this.#random());
    this.#epoch++;
    this.#probing = false;
  }

  /** Ends an ejection or a quarantine. */
  restore(now: number): HealthChange {
    if (this.#state === 'healthy') return 'none';
    this.#state = 'healthy';
    this.#epoch++;
    this.#probing = false;
    this.#until = Math.min(this.#until, now);
    this.#consecutive = 0;
    this.#ejectionsInRow = Math.max(0, this.#ejectionsInRow - 1);
    this.#quarantinesInRow = Math.max(0, this.#quarantinesInRow - 1);
    this.#restoredAt = now;
    this.#calls.clear();
    this.#failures.clear();
    return 'restored';
  }

  /** Makes the probe due now: an active check saw the endpoint alive, or its key is another one. */
  probeNow(now: number): void {
    this.#until = Math.min(this.#until, now);
  }

  #eject(now: number, reason: EjectionReason, unreachable: boolean): HealthChange {
    const { baseEjectionMs, maxEjectionMs, maxUnreachableMs } = this.#settings;
    if (this.#state === 'healthy') {
      this.#since = now;
      if (now - this.#restoredAt > maxEjectionMs) this.#ejectionsInRow = 0;
    }
    const doubled = baseEjectionMs * 2 ** Math.min(this.#ejectionsInRow, 20);
    const length = unreachable ? Math.min(maxUnreachableMs, doubled / 5) : Math.min(maxEjectionMs, doubled);
    this.#ejectionsInRow++;
    this.#state = 'ejected';
    this.#reason = reason;
    this.#until = now + length * (0.9 + 0.2 * this.#random());
    this.#epoch++;
    this.#probing = false;
    this.#calls.clear();
    this.#failures.clear();
    return 'ejected';
  }
}
