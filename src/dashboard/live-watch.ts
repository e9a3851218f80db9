import type { BatchEvents, ProgressEvent } from '../batch/batch-events.js';
import type { DecisionEvents } from '../decisions/decide/decision-processor.js';
import type { ForeignEmitter, WatchableSource } from '../foundation/event-source.js';
import { listenTo, type EventHandlers } from '../foundation/listen-to.js';
import type { AlertEvents } from '../monitor/alerts/alert-options.js';
import type { MonitorEvents } from '../monitor/monitor-options.js';
import type { HistoryEntry, PerformanceSnapshot, RunActivity } from '../monitor/performance-snapshot.js';
import type {
  LiveAlert,
  LiveDecision,
  LiveEndpoint,
  LivePoint,
  LiveRun,
  LiveState,
} from '../page/dashboard-data.js';
import { cutText } from '../report/cut-text.js';
import { RecentEntries } from './recent-entries.js';

/** What a dashboard reads of a monitor. */
export interface DashboardMonitor {
  /** Subscribes to its snapshots. */
  on(event: 'snapshot', listener: (payload: MonitorEvents['snapshot']) => void): () => void;
  /** The latest snapshot. */
  current(): PerformanceSnapshot | null;
  /** Snapshots that are kept, oldest first. */
  history(): readonly HistoryEntry[];
  /** Errored cases by code. */
  errorTotals(): Readonly<Record<string, number>>;
}

/** A processor, or anything else with its events. */
export type DashboardSource = WatchableSource | ForeignEmitter;

/** What is watched. */
export interface LiveWatchOptions {
  readonly monitor: DashboardMonitor;
  readonly processors: readonly DashboardSource[];
  readonly alerts: readonly DashboardSource[];
  /** Called when there is something new to show. */
  readonly onChange: () => void;
}

const MOST_RUNS = 50;
const MOST_DECISIONS = 20;
const MOST_ALERTS = 50;
const MOST_CODES = 100;
const MOST_POINTS = 1800;
const LONGEST_NAME = 300;

/** A run, and where it is known from. */
interface WatchedRun {
  readonly run: LiveRun;
  /** A processor tells of it: better than what snapshots say. */
  readonly told: boolean;
}

/** Gathers what is going on, from events that are counted anyway; what is shown is only made when it is asked for. */
export class LiveWatch {
  readonly #options: LiveWatchOptions;
  readonly #stops: (() => void)[] = [];
  readonly #runs = new RecentEntries<WatchedRun>(MOST_RUNS);
  readonly #decisions = new RecentEntries<LiveDecision>(MOST_DECISIONS);
  readonly #alerts = new RecentEntries<LiveAlert>(MOST_ALERTS);
  readonly #requestErrors = new Map<string, number>();
  #points: LivePoint[] = [];

  constructor(options: LiveWatchOptions) {
    this.#options = options;
    const { monitor, processors, alerts } = options;
    this.#stops.push(monitor.on('snapshot', ({ snapshot }) => this.#snapshot(snapshot)));
    for (const processor of processors) this.#listen(processor, this.#processorHandlers());
    for (const manager of alerts) this.#listen(manager, this.#alertHandlers());
    const current = monitor.current();
    if (current !== null) this.#takeRuns(current.runs);
  }

  /** What is going on at this moment. */
  state(at: number): LiveState {
    const { monitor } = this.#options;
    const current = monitor.current();
    return {
      at,
      runs: this.#runs.latestFirst.map(({ run }) => run),
      endpoints: endpointsOf(current),
      errors: mostFrequent(Object.entries(monitor.errorTotals())),
      requestErrors: mostFrequent([...this.#requestErrors]),
      alerts: this.#alerts.latestFirst,
      decisions: this.#decisions.latestFirst,
      inFlight: current?.inFlight ?? null,
      cpuPercent: current?.processCpuPercent ?? null,
      rssBytes: current?.rssBytes ?? null,
    };
  }

  /** What the monitor remembers, for a page that has just been opened. */
  history(): readonly LivePoint[] {
    return this.#options.monitor.history().slice(-MOST_POINTS).map(pointOf);
  }

  /** Points since this was asked last. */
  newPoints(): readonly LivePoint[] {
    const points = this.#points;
    this.#points = [];
    return points;
  }

  /** Listens no more. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #listen(source: DashboardSource, handlers: EventHandlers): void {
    // A payload of somebody else's emitter that cannot be read is not shown; it must not reach that emitter's own code.
    this.#stops.push(listenTo(source, { handlers, onError: () => {} }));
  }

  #snapshot(snapshot: PerformanceSnapshot): void {
    this.#takeRuns(snapshot.runs);
    for (const [code, count] of Object.entries(snapshot.requestErrorsByCode)) {
      const known = this.#requestErrors.has(code) || this.#requestErrors.size < MOST_CODES;
      const name = known ? code : '(other)';
      this.#requestErrors.set(name, (this.#requestErrors.get(name) ?? 0) + count);
    }
    this.#points.push(pointOf(snapshot));
    if (this.#points.length > MOST_POINTS) this.#points.shift();
    this.#options.onChange();
  }

  /** Runs as a snapshot shows them; one that is in it no more has ended. */
  #takeRuns(runs: Readonly<Record<string, RunActivity>>): void {
    for (const [runId, { done, total, ratePerSecond, etaMs, score }] of Object.entries(runs)) {
      if (this.#runs.get(runId)?.told === true) continue;
      const known = { runId, state: 'running', done, total, ratePerSecond, etaMs, score };
      this.#setRun({ ...known, errored: null, cost: null }, false);
    }
    for (const { run, told } of this.#runs.latestFirst)
      if (!told && run.state === 'running' && !Object.hasOwn(runs, run.runId))
        this.#setRun({ ...run, state: 'ended', ratePerSecond: 0, etaMs: null }, false);
  }

  #setRun(run: LiveRun, told: boolean): void {
    this.#runs.set(run.runId, { run, told });
  }

  #processorHandlers(): EventHandlers {
    const handlers: { [Name in keyof DecisionEvents]?: (payload: DecisionEvents[Name]) => void } = {
      'run:start': ({ runId, total }) => this.#toldRun({ ...NOTHING_YET, runId, total }),
      progress: (event) => this.#toldRun(runOf(event)),
      'run:end': (event) => this.#ended(event),
      'decision:look': ({ runId, look }) =>
        this.#changed(this.#decisions, runId, {
          runId,
          look: look.look,
          cases: look.cases,
          pairs: look.pairs,
          meanA: look.meanA,
          meanB: look.meanB,
          low: look.interval?.[0] ?? null,
          high: look.interval?.[1] ?? null,
          fraction: look.fraction,
          outcome: look.outcome,
          ended: false,
        }),
      'decision:end': ({ runId, decision }) => {
        const last = this.#decisions.get(runId);
        if (last === undefined) return;
        const { outcome } = decision;
        this.#changed(this.#decisions, runId, { ...last, outcome, ended: true });
      },
    };
    return handlers as EventHandlers;
  }

  #ended({ runId, summary, error }: BatchEvents['run:end']): void {
    const known = this.#runs.get(runId);
    if (known === undefined) return;
    const { stopReason } = summary;
    const state = error !== undefined ? 'failed' : stopReason === 'end' ? 'ended' : stopReason;
    this.#toldRun({ ...known.run, state, ratePerSecond: 0, etaMs: null });
  }

  #toldRun(run: LiveRun): void {
    this.#changed(this.#runs, run.runId, { run, told: true });
  }

  #alertHandlers(): EventHandlers {
    const told = ({ alert }: AlertEvents['alert:firing']): void => {
      const { rule, severity, status, message, startedAt, at, dedupKey } = alert;
      const text = cutText(message, LONGEST_NAME).text;
      this.#changed(this.#alerts, dedupKey, { rule, severity, status, message: text, startedAt, at });
    };
    return { 'alert:pending': told, 'alert:firing': told, 'alert:resolved': told };
  }

  #changed<Entry>(entries: RecentEntries<Entry>, name: string, entry: Entry): void {
    entries.set(name, entry);
    this.#options.onChange();
  }
}

const NOTHING_YET = {
  state: 'running',
  done: 0,
  errored: 0,
  ratePerSecond: 0,
  etaMs: null,
  cost: null,
  score: null,
} as const;

function runOf(event: ProgressEvent): LiveRun {
  const { runId, done, total, errored, ratePerSecond, etaMs, cost, score } = event;
  return { runId, state: 'running', done, total, errored, ratePerSecond, etaMs, cost, score };
}

const pointOf = (entry: HistoryEntry): LivePoint => ({
  at: entry.at,
  perSecond: entry.evaluationsPerSecond,
  p50Ms: entry.p50ResponseTimeMs,
  p95Ms: entry.p95ResponseTimeMs,
  p99Ms: entry.p99ResponseTimeMs,
});

const endpointsOf = (current: PerformanceSnapshot | null): LiveEndpoint[] =>
  Object.entries(current?.endpoints ?? {}).map(([name, endpoint]) => ({
    name: cutText(name, LONGEST_NAME).text,
    state: endpoint.state,
    requests: endpoint.requests,
    failed: endpoint.failed,
    rateLimited: endpoint.rateLimited,
    requestsPerSecond: endpoint.requestsPerSecond,
    p50Ms: endpoint.p50ResponseTimeMs,
    p95Ms: endpoint.p95ResponseTimeMs,
  }));

const mostFrequent = (counts: readonly (readonly [string, number])[]): (readonly [string, number])[] =>
  [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
