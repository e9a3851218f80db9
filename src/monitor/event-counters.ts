import type { BatchEvents, ProgressEvent } from '../batch/batch-events.js';
import type { CacheEvents } from '../cache/cache-events.js';
import type { ClientEvents } from '../client/client-events.js';
import type { TokenUsage } from '../client/model-client.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { Histogram } from '../foundation/histogram.js';
import type { ResultStoreEvents } from '../stores/result-store.js';
import { EndpointCounter, ModelCounter, NamedActivities, NamedCounts } from './activity.js';
import { FixedBuckets } from './fixed-buckets.js';
import { IntervalTimes } from './interval-times.js';
import type { MonitorTotals } from './performance-snapshot.js';

/** Every event that is counted, with its payload; `store:error` comes from stores and from processors. */
type CountedEvents = Pick<
  BatchEvents,
  'run:start' | 'case:end' | 'progress' | 'budget:exhausted' | 'run:end'
> &
  Pick<ClientEvents, 'call:end' | 'attempt:end' | 'call:retry' | 'endpoint:eject' | 'endpoint:restore'> &
  CacheEvents &
  Pick<ResultStoreEvents, 'store:flush'> & {
    'store:error': ResultStoreEvents['store:error'] | BatchEvents['store:error'];
  };

/** A handler for each event that the monitor subscribes to. */
export type CountedHandlers = {
  readonly [Name in Exclude<keyof CountedEvents, 'listener:error'>]: (payload: CountedEvents[Name]) => void;
};

/** What the monitor knows of a run that is going on. */
export interface RunState {
  /** The source that runs it. */
  readonly source: object;
  /** Monotonic time of the last finished case, else of the start. */
  lastCaseAt: number;
  total: number | null;
  progress: ProgressEvent | undefined;
}

type Mutable<Fields> = { -readonly [Name in keyof Fields]: Fields[Name] };

/**
 * Counts what events say. Handlers only add to counters and histograms: everything else is left to the moment
 * of a snapshot.
 *
 * Cases and calls tell partly of the same work. As soon as a client has been heard, requests, response times,
 * tokens and cost are taken from its events alone (they include retries, hedges and judges); before that, or
 * without a client, from the results of cases that were not answered from a cache.
 */
export class EventCounters {
  readonly totals: Mutable<MonitorTotals> = {
    scored: 0,
    unscored: 0,
    errored: 0,
    cachedCases: 0,
    requests: 0,
    failedRequests: 0,
    rateLimited: 0,
    retries: 0,
    answered: 0,
    responseTimeMs: 0,
    inputTokens: 0,
    outputTokens: 0,
    cost: 0,
    cacheHits: 0,
    cacheMisses: 0,
    cacheEvictions: 0,
    stored: 0,
    storeErrors: 0,
    ejections: 0,
    budgetsExhausted: 0,
  };
  readonly errorsByCode = new NamedCounts();
  readonly requestErrorsByCode = new NamedCounts();
  readonly endpoints = new NamedActivities(() => new EndpointCounter());
  readonly models = new NamedActivities(() => new ModelCounter());
  readonly runs = new Map<string, RunState>();
  readonly buckets = new FixedBuckets();
  readonly #ejected = new Map<string, object>();
  readonly #now: () => number;
  readonly #times = new IntervalTimes();
  #clientHeard = false;
  #costKnown = false;
  #storeErrorsOfStores = 0;
  #storeErrorsOfRuns = 0;
  readonly #shared = {
    'case:end': (payload) => this.#caseEnd(payload),
    'budget:exhausted': () => void (this.totals.budgetsExhausted += 1),
    'call:end': (payload) => this.#callEnd(payload),
    'attempt:end': (payload) => this.#attemptEnd(payload),
    'call:retry': () => {
      this.#clientHeard = true;
      this.totals.retries += 1;
    },
    'cache:hit': () => void (this.totals.cacheHits += 1),
    'cache:miss': () => void (this.totals.cacheMisses += 1),
    'cache:evict': () => void (this.totals.cacheEvictions += 1),
    'store:flush': ({ results }) => void (this.totals.stored += amount(results)),
    'store:error': (payload) => {
      // A processor reports the failure of its store; when both are watched it is one failure.
      if ('runId' in payload) this.#storeErrorsOfRuns += 1;
      else this.#storeErrorsOfStores += 1;
      this.totals.storeErrors = Math.max(this.#storeErrorsOfRuns, this.#storeErrorsOfStores);
    },
  } satisfies Partial<CountedHandlers>;

  /** `now`: the monotonic clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The handlers for the events of `source`. */
  handlersOf(source: object): CountedHandlers {
    return {
      'run:start': ({ runId, total }) => {
        this.runs.set(runId, { source, lastCaseAt: this.#now(), total, progress: undefined });
      },
      progress: (progress) => {
        let run = this.runs.get(progress.runId);
        if (run === undefined) {
          // watched from the middle of a run on
          run = { source, lastCaseAt: this.#now(), total: null, progress };
          this.runs.set(progress.runId, run);
        }
        run.progress = progress;
        run.total = progress.total;
      },
      'run:end': ({ runId }) => void this.runs.delete(runId),
      'endpoint:eject': ({ endpoint }) => {
        this.totals.ejections += 1;
        if (!this.#ejected.has(endpoint)) this.endpoints.of(endpoint).ejected += 1;
        this.#ejected.set(endpoint, source);
      },
      'endpoint:restore': ({ endpoint }) => this.#restore(endpoint),
      ...this.#shared,
    };
  }

  /** Forgets what is going on at `source`; its counts stay. */
  forget(source: object): void {
    for (const [runId, run] of this.runs) if (run.source === source) this.runs.delete(runId);
    for (const [endpoint, owner] of this.#ejected) if (owner === source) this.#restore(endpoint);
  }

  /** How many endpoints are ejected now. */
  get ejectedEndpoints(): number {
    return this.#ejected.size;
  }

  /** Whether requests are seen one by one, so that 429s are known. */
  get clientHeard(): boolean {
    return this.#clientHeard;
  }

  /** Whether anything said what it cost. */
  get costKnown(): boolean {
    return this.#costKnown;
  }

  /** The response times since the call before; `undefined` when there were none. */
  takeTimes(): Histogram | undefined {
    return this.#times.takeHistogram();
  }

  /** Forgets the response times and rates of the interval that is going on. */
  beginInterval(): void {
    this.#times.takeHistogram();
    this.endpoints.readAll((endpoint) => endpoint.read(0));
    this.models.readAll((model) => model.read(0));
  }

  #restore(endpoint: string): void {
    if (this.#ejected.delete(endpoint)) this.endpoints.of(endpoint).ejected -= 1;
  }

  #caseEnd({ runId, result }: BatchEvents['case:end']): void {
    const run = this.runs.get(runId);
    if (run !== undefined) run.lastCaseAt = this.#now();
    if (!isOutcome(result.outcome)) return;
    this.totals[result.outcome] += 1;
    if (result.outcome === 'errored') this.errorsByCode.add(result.error.code);
    if (result.cached) {
      this.totals.cachedCases += 1;
      return;
    }
    const attempts = amount(result.attempts);
    if (this.#clientHeard || attempts === 0) return;
    // A response means that the target answered, even if the evaluator failed afterwards.
    const answered = result.response !== undefined;
    const failed = attempts - (answered ? 1 : 0);
    this.totals.requests += attempts;
    this.totals.failedRequests += failed;
    this.totals.retries += attempts - 1;
    if (failed > 0 && result.outcome === 'errored' && !answered) {
      this.requestErrorsByCode.add(result.error.code, failed);
    }
    if (answered) this.#answered(result.timings.targetMs, result.endpoint);
    if (result.endpoint !== null) {
      const endpoint = this.endpoints.of(result.endpoint);
      endpoint.requests += attempts;
      endpoint.failed += failed;
    }
    this.#call(result.model, {
      failed: !answered,
      ms: answered ? result.timings.targetMs : null,
      usage: result.usage,
      cost: result.cost,
    });
  }

  #callEnd({ model, latencyMs, usage, cost, error }: ClientEvents['call:end']): void {
    this.#clientHeard = true;
    this.#call(model, { failed: error !== undefined, ms: latencyMs, usage, cost });
  }

  #attemptEnd({ endpoint, durationMs, outcome, status, error }: ClientEvents['attempt:end']): void {
    this.#clientHeard = true;
    const counter = this.endpoints.of(endpoint);
    this.totals.requests += 1;
    counter.requests += 1;
    if (outcome === 'ok') {
      this.#answered(durationMs, endpoint);
      return;
    }
    if (outcome === 'cancelled') return;
    this.totals.failedRequests += 1;
    counter.failed += 1;
    if (error !== undefined) this.requestErrorsByCode.add(error.code);
    if (status === 429 || error?.code === 'ASSAY_RATE_LIMITED') {
      this.totals.rateLimited += 1;
      counter.rateLimited += 1;
    }
  }

  #answered(ms: number, endpoint: string | null): void {
    if (!isDuration(ms)) return;
    this.totals.answered += 1;
    this.totals.responseTimeMs += ms;
    this.#times.record(ms);
    this.buckets.record(ms);
    if (endpoint === null) return;
    const counter = this.endpoints.of(endpoint);
    counter.answered += 1;
    counter.times.record(ms);
  }

  #call(
    model: string | null,
    {
      failed,
      ms,
      usage,
      cost,
    }: {
      readonly failed: boolean;
      readonly ms: number | null;
      readonly usage: TokenUsage | null;
      readonly cost: number | null;
    },
  ): void {
    const counter = typeof model === 'string' ? this.models.of(model) : undefined;
    if (counter !== undefined) {
      counter.calls += 1;
      if (failed) counter.failed += 1;
      if (isDuration(ms)) counter.times.record(ms);
    }
    const inputTokens = amount(usage?.inputTokens);
    const outputTokens = amount(usage?.outputTokens);
    const money = amount(cost);
    if (typeof cost === 'number') this.#costKnown = true;
    this.totals.inputTokens += inputTokens;
    this.totals.outputTokens += outputTokens;
    this.totals.cost += money;
    if (counter === undefined) return;
    counter.inputTokens += inputTokens;
    counter.outputTokens += outputTokens;
    counter.cost += money;
  }
}

/** A foreign source may say anything, but a counter must neither shrink nor cease to be a number. */
function amount(value: number | null | undefined): number {
  return typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY ? value : 0;
}

/** A foreign source may say anything, and any other word would make or bend a count of that name. */
function isOutcome(outcome: string): outcome is CaseResult['outcome'] {
  return outcome === 'scored' || outcome === 'unscored' || outcome === 'errored';
}

function isDuration(ms: number | null): ms is number {
  return typeof ms === 'number' && ms >= 0 && ms < Number.MAX_SAFE_INTEGER;
}
