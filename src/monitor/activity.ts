import { IntervalTimes } from './interval-times.js';
import type { EndpointActivity, ModelActivity } from './performance-snapshot.js';

const MOST_NAMES = 100;
const OTHER = '(other)';

/** Records by name, at most 100 of them: names come from servers, and memory must not depend on what they say. */
export class NamedActivities<Activity> {
  readonly #byName = new Map<string, Activity>();
  readonly #create: () => Activity;

  constructor(create: () => Activity) {
    this.#create = create;
  }

  /** The record of `name`, made at its first use. */
  of(name: string): Activity {
    let found = this.#byName.get(name);
    if (found === undefined) {
      if (this.#byName.size >= MOST_NAMES && name !== OTHER) return this.of(OTHER);
      found = this.#create();
      this.#byName.set(name, found);
    }
    return found;
  }

  /** All records by name, each turned into its reading. The object has no prototype: a name may be anything. */
  readAll<Reading>(read: (activity: Activity) => Reading): Readonly<Record<string, Reading>> {
    const readings = Object.create(null) as Record<string, Reading>;
    for (const [name, activity] of this.#byName) readings[name] = read(activity);
    return Object.freeze(readings);
  }
}

/** Counts by name, at most 100 names for the same reason. */
export class NamedCounts {
  readonly #counts = new Map<string, number>();

  /** Adds `by` to the count of `name`. */
  add(name: string, by = 1): void {
    const known = this.#counts.has(name) || this.#counts.size < MOST_NAMES;
    const key = known ? name : OTHER;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }

  /** All counts as they are now. */
  read(): ReadonlyMap<string, number> {
    return new Map(this.#counts);
  }
}

/** Running counts of one endpoint. */
export class EndpointCounter {
  requests = 0;
  answered = 0;
  failed = 0;
  rateLimited = 0;
  /** How many are ejected: more than one only where endpoints are counted together. */
  ejected = 0;
  readonly times = new IntervalTimes();
  #requestsBefore = 0;
  #failedBefore = 0;

  get state(): EndpointActivity['state'] {
    return this.ejected > 0 ? 'ejected' : 'in-use';
  }

  /** The endpoint's part of a snapshot; begins a new interval. */
  read(elapsedMs: number): EndpointActivity {
    const requests = this.requests - this.#requestsBefore;
    const failed = this.failed - this.#failedBefore;
    this.#requestsBefore = this.requests;
    this.#failedBefore = this.failed;
    return Object.freeze({
      requests: this.requests,
      answered: this.answered,
      failed: this.failed,
      rateLimited: this.rateLimited,
      requestsPerSecond: perSecond(requests, elapsedMs),
      errorRate: share(failed, requests),
      ...this.times.take(),
      state: this.state,
    });
  }
}

/** Running counts of one model. */
export class ModelCounter {
  calls = 0;
  failed = 0;
  inputTokens = 0;
  outputTokens = 0;
  cost = 0;
  readonly times = new IntervalTimes();
  #callsBefore = 0;
  #tokensBefore = 0;

  /** The model's part of a snapshot; begins a new interval. */
  read(elapsedMs: number): ModelActivity {
    const tokens = this.inputTokens + this.outputTokens;
    const callsPerSecond = perSecond(this.calls - this.#callsBefore, elapsedMs);
    const tokensPerSecond = perSecond(tokens - this.#tokensBefore, elapsedMs);
    this.#callsBefore = this.calls;
    this.#tokensBefore = tokens;
    return Object.freeze({
      calls: this.calls,
      failed: this.failed,
      inputTokens: this.inputTokens,
      outputTokens: this.outputTokens,
      cost: this.cost,
      callsPerSecond,
      tokensPerSecond,
      ...this.times.take(),
    });
  }
}

/** `count` in `elapsedMs` as a rate a second; 0 for an interval without length. */
export function perSecond(count: number, elapsedMs: number): number {
  return elapsedMs > 0 ? (count / elapsedMs) * 1000 : 0;
}

/** `part` of `whole`, 0..1; `null` of nothing. */
export function share(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}
