import { AssayError } from '../../errors.js';
import { systemClock, type Clock } from '../../foundation/clock.js';
import { EventSource } from '../../foundation/event-source.js';
import {
  checkArgument,
  checkOptions,
  having,
  integer,
  list,
  milliseconds,
  object,
  show,
  text,
} from '../../foundation/options.js';
import { givenAtOnce } from '../../foundation/thenable.js';
import { sha256 } from '../../foundation/sha256.js';
import { metricsOf, type Alert } from './alert.js';
import type { AlertHandler } from './alert-handler.js';
import { AlertDelivery } from './alert-delivery.js';
import type {
  AlertEvents,
  AlertManagerOptions,
  AlertReceiver,
  AlertState,
  SnapshotSource,
} from './alert-options.js';
import { checkAlertRule, type AlertRule, type CheckedAlertRule } from './alert-rule.js';
import { defaultAlertRules } from './alert-rules.js';
import type { PerformanceSnapshot } from '../performance-snapshot.js';
import { SnapshotWindow } from './snapshot-window.js';

interface Settings {
  readonly source: string;
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly retryDelayMs: number;
  readonly queueSize: number;
  readonly clock: Clock;
}

interface RuleState {
  readonly rule: CheckedAlertRule;
  state: 'inactive' | 'pending' | 'firing';
  sinceMs: number;
  startedAt: number;
  firedAtMs: number;
  toldAtMs: number;
  /** What was said when it fired; said again when it is over. */
  message: string;
  reported: boolean;
}

const LONGEST_KEY = 255; // PagerDuty's limit

/**
 * Looks at each snapshot of a monitor with its rules and tells handlers what goes wrong and when it is over.
 * All durations are measured on the monotonic clock. A handler can break neither the monitor, nor the run, nor
 * another handler.
 *
 * @example
 * ```ts
 * const alerts = new AlertManager({ handlers: [slackHandler(webhookUrl)], source: 'nightly' });
 * alerts.watch(monitor);
 * // … at the end:
 * await alerts.close();
 * ```
 */
export class AlertManager extends EventSource<AlertEvents> {
  readonly #options: Settings;
  readonly #rules = new Map<string, RuleState>();
  readonly #deliveries: AlertDelivery[] = [];
  readonly #watched = new Map<SnapshotSource, () => void>();
  /** For each monitor, and for snapshots that are handed in, what is kept for rules that look back so far. */
  readonly #windows = new Map<SnapshotSource | undefined, Map<number, SnapshotWindow>>();
  #closed = false;

  /** @throws AssayError `ASSAY_INVALID_OPTION` */
  constructor(options: AlertManagerOptions = {}) {
    super();
    const given = checkOptions('AlertManager', options, {
      rules: list,
      handlers: list,
      source: text,
      timeoutMs: milliseconds,
      attempts: integer(1),
      retryDelayMs: milliseconds,
      queueSize: integer(1),
      clock: object,
    });
    this.#options = {
      source: given.source ?? 'assaykit',
      timeoutMs: given.timeoutMs ?? 10_000,
      attempts: given.attempts ?? 4,
      retryDelayMs: given.retryDelayMs ?? 1000,
      queueSize: given.queueSize ?? 100,
      clock: given.clock ?? systemClock,
    };
    for (const rule of given.rules ?? defaultAlertRules()) this.addRule(rule);
    for (const handler of given.handlers ?? []) this.addHandler(handler);
  }

  /**
   * Adds a rule.
   *
   * @throws AssayError `ASSAY_INVALID_OPTION` for a bad rule, or a name that is taken.
   */
  addRule(rule: AlertRule): void {
    const checked = checkAlertRule(rule);
    if (this.#rules.has(checked.name)) {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected a new rule name, got ${show(checked.name)} again`,
      );
    }
    this.#rules.set(checked.name, {
      rule: checked,
      state: 'inactive',
      sinceMs: 0,
      startedAt: 0,
      firedAtMs: Number.NEGATIVE_INFINITY,
      toldAtMs: 0,
      message: '',
      reported: false,
    });
  }

  /** Removes a rule by name; a firing alert of it is not resolved. Unknown ones are ignored. */
  removeRule(name: string): void {
    this.#rules.delete(name);
  }

  /**
   * Adds a handler, or a function that is one.
   *
   * @throws AssayError `ASSAY_INVALID_OPTION` for what has no `send`.
   */
  addHandler(receiver: AlertReceiver): void {
    const handler: AlertHandler =
      typeof receiver === 'function' ? { name: receiver.name || 'function', send: receiver } : receiver;
    checkArgument(handler, having('an alert handler', 'send'));
    const { clock } = this.#options;
    this.#deliveries.push(
      new AlertDelivery(handler, {
        ...this.#options,
        onFailed: (alert, error, attempts) =>
          this.emit('alert:undelivered', {
            at: clock.wallTime(),
            handler: handler.name,
            alert,
            error,
            attempts,
          }),
        onDropped: (alert, dropped) =>
          this.emit('alert:dropped', { at: clock.wallTime(), handler: handler.name, alert, dropped }),
      }),
    );
  }

  /**
   * Checks every snapshot of a monitor; returns the unwatch. Watching a monitor again changes nothing.
   *
   * @throws AssayError `ASSAY_INVALID_OPTION` for what is no monitor, `ASSAY_CLOSED`
   */
  watch(monitor: SnapshotSource): () => void {
    if (this.#closed) throw new AssayError('ASSAY_CLOSED', 'The alert manager was closed');
    checkArgument(monitor, having('a monitor', 'on'), ' to watch');
    if (!this.#watched.has(monitor)) {
      this.#watched.set(
        monitor,
        monitor.on('snapshot', ({ snapshot }) => this.#check(snapshot, monitor)),
      );
    }
    return () => this.#unwatch(monitor);
  }

  /** Checks one snapshot with all rules. {@link AlertManager.watch} does this by itself. */
  check(snapshot: PerformanceSnapshot): void {
    this.#check(snapshot, undefined);
  }

  /** How each rule stands. */
  states(): readonly AlertState[] {
    return [...this.#rules.values()].map(({ rule, state, startedAt }) =>
      Object.freeze({ rule: rule.name, state, since: state === 'inactive' ? null : startedAt }),
    );
  }

  /** How many alerts were dropped, over all handlers. */
  get dropped(): number {
    return this.#deliveries.reduce((sum, delivery) => sum + delivery.dropped, 0);
  }

  /** Resolves when all handlers have been told everything so far, or have failed. */
  async idle(): Promise<void> {
    // The waits of deliveries do not keep the process running; whoever waits for them wants it to.
    const awake = this.#options.clock.schedule(() => {}, Number.POSITIVE_INFINITY);
    await Promise.all(this.#deliveries.map((delivery) => delivery.idle()));
    awake.cancel();
  }

  /**
   * Stops checking, waits until handlers have been told, and gives up what then still waits: `alert:dropped`,
   * `alert:undelivered`. Harmless when done twice.
   *
   * @param options.timeoutMs longest wait, milliseconds. @default 10000
   */
  async close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    const { timeoutMs = 10_000 } = checkOptions('close', options, { timeoutMs: milliseconds });
    this.#closed = true;
    for (const monitor of this.#watched.keys()) this.#unwatch(monitor);
    let giveUp: (() => void) | undefined;
    const patience = new Promise<void>((resolve) => (giveUp = resolve));
    const timer = this.#options.clock.schedule(() => giveUp?.(), timeoutMs);
    await Promise.race([this.idle(), patience]);
    timer.cancel();
    await Promise.all(this.#deliveries.map((delivery) => delivery.abandon()));
  }

  /** Same as {@link AlertManager.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #unwatch(monitor: SnapshotSource): void {
    this.#watched.get(monitor)?.();
    this.#watched.delete(monitor);
    this.#windows.delete(monitor);
  }

  #check(snapshot: PerformanceSnapshot, monitor: SnapshotSource | undefined): void {
    if (this.#closed) return;
    const now = this.#options.clock.now();
    const seen = new Map<number, PerformanceSnapshot>([[0, snapshot]]);
    for (const state of this.#rules.values()) {
      try {
        const { overMs } = state.rule;
        let over = seen.get(overMs);
        if (over === undefined) seen.set(overMs, (over = this.#averagedOver(overMs, snapshot, monitor)));
        this.#advanceRule(state, { snapshot: over, latest: snapshot, now });
      } catch (error) {
        this.#report(state, error);
      }
    }
  }

  #averagedOver(
    overMs: number,
    snapshot: PerformanceSnapshot,
    monitor: SnapshotSource | undefined,
  ): PerformanceSnapshot {
    let windows = this.#windows.get(monitor);
    if (windows === undefined) this.#windows.set(monitor, (windows = new Map<number, SnapshotWindow>()));
    let window = windows.get(overMs);
    if (window === undefined) windows.set(overMs, (window = new SnapshotWindow(overMs)));
    window.add(snapshot);
    return window.over(snapshot);
  }

  #advanceRule(
    state: RuleState,
    {
      snapshot,
      latest,
      now,
    }: { readonly snapshot: PerformanceSnapshot; readonly latest: PerformanceSnapshot; readonly now: number },
  ): void {
    const { rule } = state;
    if (state.state === 'firing') {
      if (givenAtOnce('`resolve`', rule.resolve(snapshot, latest))) {
        const alert = this.#alertOf(state, { status: 'resolved', snapshot, now });
        state.state = 'inactive';
        this.#sendAlert('alert:resolved', alert);
      } else if (now - state.toldAtMs >= rule.repeatMs) {
        state.toldAtMs = now;
        this.#sendAlert('alert:firing', this.#alertOf(state, { status: 'firing', snapshot, now }));
      }
      return;
    }
    if (!givenAtOnce('`condition`', rule.condition(snapshot, latest))) {
      state.state = 'inactive';
      return;
    }
    const begins = state.state === 'inactive';
    if (begins) {
      state.sinceMs = now;
      state.startedAt = this.#options.clock.wallTime();
    }
    if (now - state.sinceMs >= rule.forMs && now - state.firedAtMs >= rule.cooldownMs) {
      const alert = this.#alertOf(state, { status: 'firing', snapshot, now });
      state.state = 'firing';
      state.firedAtMs = now;
      state.toldAtMs = now;
      this.#sendAlert('alert:firing', alert);
    } else if (begins) {
      state.state = 'pending';
      if (this.wants('alert:pending')) {
        const alert = this.#alertOf(state, { status: 'pending', snapshot, now });
        this.emit('alert:pending', { at: alert.at, alert });
      }
    }
  }

  #alertOf(
    state: RuleState,
    {
      status,
      snapshot,
      now,
    }: { readonly status: Alert['status']; readonly snapshot: PerformanceSnapshot; readonly now: number },
  ): Alert {
    const { rule } = state;
    const { source, clock } = this.#options;
    if (status !== 'resolved') state.message = this.#message(state, snapshot);
    return Object.freeze({
      status,
      rule: rule.name,
      severity: rule.severity,
      message: state.message,
      source,
      dedupKey: dedupKey(source, rule.name),
      startedAt: state.startedAt,
      at: clock.wallTime(),
      durationMs: now - state.sinceMs,
      metrics: metricsOf(snapshot),
    });
  }

  /** A message that cannot be made must not keep the alert from being told; receivers refuse an empty one. */
  #message(state: RuleState, snapshot: PerformanceSnapshot): string {
    try {
      const message: unknown = givenAtOnce('`message`', state.rule.message(snapshot));
      if (typeof message === 'string' && message.trim() !== '') return message;
      throw new AssayError(
        'ASSAY_INVALID_INPUT',
        `Expected \`message\` to give a text, got ${show(message)}`,
      );
    } catch (error) {
      this.#report(state, error);
      return state.rule.name;
    }
  }

  #report(state: RuleState, error: unknown): void {
    if (state.reported) return;
    state.reported = true;
    this.emit('alert:error', { at: this.#options.clock.wallTime(), rule: state.rule.name, error });
  }

  #sendAlert(event: 'alert:firing' | 'alert:resolved', alert: Alert): void {
    this.emit(event, { at: alert.at, alert });
    for (const delivery of this.#deliveries) delivery.push(alert);
  }
}

function dedupKey(source: string, rule: string): string {
  const key = `assaykit/${source}/${rule}`;
  if (key.length <= LONGEST_KEY) return key;
  return `assaykit/${sha256(key)}`;
}
