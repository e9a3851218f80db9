import { AssayError } from '../../errors.js';
import type { RandomSource } from '../../foundation/seeded-random.js';
import type { Endpoint } from './endpoint.js';
import type { EndpointPolicy, PickContext } from './endpoint-policy.js';
import type { Emptiness } from './track-record.js';

/** What an {@link EndpointSelector} is made from. */
export interface EndpointSelectorSettings {
  readonly endpoints: readonly Endpoint[];
  readonly policy: EndpointPolicy;
  readonly random: RandomSource;
  /** Most calls in flight over all endpoints. */
  readonly concurrency: number;
}

/** What selection knows of a call. */
export interface PlacedCall {
  /** Units of work that it is expected to take. */
  readonly work: number;
  /** Tokens that it is charged. */
  readonly tokens: number;
  /** Endpoints that failed it: asked again only where no other can take it now. */
  readonly tried: readonly Endpoint[];
  /** Endpoints that it may not go to: they refused it, or failed it a moment ago. */
  readonly barred: readonly Endpoint[];
}

/** What to do with a call now: send it, let it wait in an endpoint's queue, or let it wait for any endpoint. */
export type Choice =
  | { readonly kind: 'send'; readonly endpoint: Endpoint }
  | { readonly kind: 'queue'; readonly endpoint: Endpoint }
  | { readonly kind: 'wait' };

const WAIT: Choice = { kind: 'wait' };
const WORTH_WAITING = 2;

/** Which endpoints may take a call. */
interface Wanted {
  /** Whether also those that have failed it. */
  readonly again: boolean;
  /** Only those that are done with it in less time. */
  readonly withinMs: number;
}

const UNTRIED: Wanted = { again: false, withinMs: Number.POSITIVE_INFINITY };
const ANYBODY: Wanted = { again: true, withinMs: Number.POSITIVE_INFINITY };

/**
 * Decides where calls go and when they may. Knows time and chance only through what it is given, and nothing of HTTP,
 * so the load-balancing simulator (`bench/lb-sim`) runs this very code. Calls that have to wait do so in a
 * {@link WaitingRoom}.
 *
 * An endpoint whose calls come to nothing looks idle and fast, and would draw every call under any policy. So one
 * that is in doubt gets at most its share of the calls, by weight, and one that has fallen silent, or not yet
 * answered its first calls, gets none, as long as another one is in service.
 */
export class EndpointSelector {
  readonly endpoints: readonly Endpoint[];
  readonly #tiers: readonly (readonly Endpoint[])[];
  readonly #policy: EndpointPolicy;
  readonly #concurrency: number;
  readonly #context: { now: number; random: RandomSource };
  readonly #usable: Endpoint[] = [];
  readonly #choices: readonly Choice[];
  readonly #totalWeight: number;
  readonly #sentAt: number[]; // by endpoint: how many attempts there had been when it got its last one
  readonly #elsewhere: () => number;
  #attempts = 0;
  #inFlight = 0;

  constructor(settings: EndpointSelectorSettings) {
    const { endpoints } = settings;
    this.endpoints = endpoints;
    this.#policy = settings.policy;
    this.#concurrency = settings.concurrency;
    this.#context = { now: 0, random: settings.random };
    this.#choices = endpoints.map((endpoint) => ({ kind: 'send', endpoint }));
    this.#totalWeight = endpoints.reduce((sum, { weight }) => sum + weight, 0);
    this.#sentAt = endpoints.map(() => Number.NEGATIVE_INFINITY);
    this.#elsewhere = () => this.typicalMs;
    const priorities = [...new Set(endpoints.map((each) => each.priority))].sort((a, b) => a - b);
    this.#tiers = priorities.map((priority) =>
      endpoints.filter((endpoint) => endpoint.priority === priority),
    );
  }

  /** Attempts in flight over all endpoints. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether no more calls may be in flight, wherever. */
  get full(): boolean {
    return this.#inFlight >= this.#concurrency;
  }

  /** An attempt is sent to the endpoint. */
  attemptStarted(endpoint: Endpoint): void {
    this.#inFlight++;
    this.#sentAt[endpoint.index] = ++this.#attempts;
  }

  /** An attempt ended. */
  attemptEnded(): void {
    this.#inFlight--;
  }

  /**
   * Chooses for a call that comes in or comes back.
   *
   * @throws AssayError `ASSAY_INVALID_OPTION`, or whatever the host's own policy throws.
   */
  choose(call: PlacedCall, now: number): Choice {
    if (this.full) return WAIT;
    const found = this.#candidates(call, now) ? this.#pick(now) : undefined;
    if (found !== undefined && this.endpoints.length === 1) return this.#choices[0]!; // nothing else to wait for
    const queue = this.#worthWaitingFor(call, found, now);
    if (queue !== undefined) {
      // Beside one of its tier that is in doubt, a lower tier may do better than the queue.
      const sooner = this.relieve(queue, call, now);
      return sooner === undefined ? { kind: 'queue', endpoint: queue } : this.#choices[sooner.index]!;
    }
    return found === undefined ? WAIT : this.#choices[found.index]!;
  }

  /** Picks an endpoint that can take a call now beside the one that has it; `undefined` when there is none. */
  chooseSecond(call: PlacedCall, now: number): Endpoint | undefined {
    return !this.full && this.#fill(call, now, UNTRIED) ? this.#pick(now) : undefined;
  }

  /** Whether an endpoint that has not failed the call could take it now. */
  canFailOver(call: PlacedCall, now: number): boolean {
    return this.#fill(call, now, UNTRIED);
  }

  /** Whether {@link EndpointSelector.choose} has anything better to say than to wait for any endpoint. */
  canPlace(call: PlacedCall, now: number): boolean {
    return (
      !this.full && (this.#candidates(call, now) || this.#worthWaitingFor(call, undefined, now) !== undefined)
    );
  }

  /** Whether the first of those who wait for the endpoint can go there now. */
  canAdmit(endpoint: Endpoint, call: PlacedCall, now: number): boolean {
    return !this.full && endpoint.hasRoom(call.tokens, now) && !this.#passedOver(endpoint, call, now);
  }

  /**
   * Picks an endpoint that takes a call now and is done with it before it would leave the queue of another one; what
   * counts is what the last of that queue gains by it. `undefined` when there is none.
   */
  relieve(queue: Endpoint, call: PlacedCall, now: number): Endpoint | undefined {
    if (!this.canRelieve(queue, call, now)) return undefined;
    return this.#pick(now);
  }

  /** Whether {@link EndpointSelector.relieve} would find one. */
  canRelieve(queue: Endpoint, call: PlacedCall, now: number): boolean {
    if (this.full) return false;
    const staying = queue.lastWaitMs(call.tokens, now) + this.#expectedMs(queue, call, now);
    if (this.#fill(call, now, { again: false, withinMs: staying })) return true;
    return call.tried.length > 0 && this.#fill(call, now, { again: true, withinMs: staying });
  }

  /** Milliseconds until some endpoint can take a call: 0 when one can now, `Infinity` when nobody can tell. */
  earliestMs(call: PlacedCall, now: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const endpoint of this.endpoints) {
      if (call.barred.includes(endpoint)) continue;
      const at = endpoint.health.availableAt(now);
      if (at === Number.POSITIVE_INFINITY) continue;
      earliest = Math.min(earliest, Math.max(at - now, endpoint.waitMs(call.tokens, now)));
    }
    return earliest;
  }

  /**
   * An endpoint other than this one that takes a call within that time, as far as anybody can tell; rather one
   * that is only busy than one that has to come back.
   */
  soonerThan(
    endpoint: Endpoint,
    { call, withinMs, now }: { readonly call: PlacedCall; readonly withinMs: number; readonly now: number },
  ): Endpoint | undefined {
    const sooner = this.endpoints.filter(
      (each) => each !== endpoint && !call.barred.includes(each) && each.dueMs(call.tokens, now) < withinMs,
    );
    return sooner.find((each) => each.health.state === 'healthy') ?? sooner[0];
  }

  /** Whether every endpoint beside those is ejected or quarantined: who waits, waits for one to come back. */
  allDown(barred: readonly Endpoint[]): boolean {
    return this.endpoints.every((each) => each.health.state !== 'healthy' || barred.includes(each));
  }

  /** Whether an endpoint beside those may still come into question. */
  anyLeft(barred: readonly Endpoint[]): boolean {
    return this.endpoints.some((each) => each.health.state !== 'quarantined' && !barred.includes(each));
  }

  /** Whether an endpoint other than this one is healthy. */
  hasLiveOther(endpoint: Endpoint): boolean {
    return this.endpoints.some((each) => each !== endpoint && each.health.state === 'healthy');
  }

  /** Whether what the endpoint says against requests speaks rather against itself. */
  refusesTooMuch(endpoint: Endpoint, now: number): boolean {
    return endpoint.record.refusesTooMuch(
      this.endpoints.map(({ record }) => record),
      now,
    );
  }

  /** The endpoint answered a call without a word: how that compares with what the others give. */
  answeredEmpty(endpoint: Endpoint, now: number): Emptiness {
    return endpoint.record.answeredEmpty(
      this.endpoints.map(({ record }) => record),
      now,
    );
  }

  /** Whether the endpoint should get no more than its share of calls now, as long as others are in service. */
  distrusts(endpoint: Endpoint, now: number): boolean {
    return endpoint.record.doubtful(now) || endpoint.onTrial || endpoint.silent(now, this.#elsewhere);
  }

  /** Whether an endpoint that is trusted is in service beside this one, for a call that may go there. */
  othersServe(endpoint: Endpoint, { barred }: Pick<PlacedCall, 'barred'>, now: number): boolean {
    return this.endpoints.some(
      (each) =>
        each !== endpoint &&
        each.health.available(now) &&
        now >= each.limit.pausedUntil &&
        !barred.includes(each) &&
        !this.distrusts(each, now),
    );
  }

  /** Whether nothing has come from the endpoint for much longer than its calls should take. */
  isSilent(endpoint: Endpoint, now: number): boolean {
    return endpoint.silent(now, this.#elsewhere);
  }

  /** What a call takes on average at the slowest healthy endpoint that answers, milliseconds; `NaN` when none does. */
  get typicalMs(): number {
    let slowest = Number.NaN;
    for (const { averageLatencyMs, health } of this.endpoints) {
      const known = health.state === 'healthy' && !Number.isNaN(averageLatencyMs);
      if (known && !(averageLatencyMs <= slowest)) slowest = averageLatencyMs;
    }
    return slowest;
  }

  #candidates(call: PlacedCall, now: number): boolean {
    if (this.#fill(call, now, UNTRIED)) return true;
    return call.tried.length > 0 && this.#fill(call, now, ANYBODY);
  }

  // Leaves in `#usable` who could take the call now, of the first tier that has somebody.
  #fill(call: PlacedCall, now: number, { again, withinMs }: Wanted): boolean {
    const usable = this.#usable;
    const { tokens, barred, tried } = call;
    for (const tier of this.#tiers) {
      usable.length = 0;
      let tooSlow = 0;
      for (const endpoint of tier) {
        if (!endpoint.usable(tokens, now)) continue;
        if (barred.length > 0 && barred.includes(endpoint)) continue;
        if (!again && tried.length > 0 && tried.includes(endpoint)) continue;
        if (this.#passedOver(endpoint, call, now)) continue;
        if (withinMs === Number.POSITIVE_INFINITY || this.#expectedMs(endpoint, call, now) < withinMs)
          usable.push(endpoint);
        else if (!this.distrusts(endpoint, now)) tooSlow++;
      }
      if (usable.length > 0) return true;
      if (tooSlow > 0) return false; // a lower tier is for when nobody here can take it who is trusted
    }
    return false;
  }

  #passedOver(endpoint: Endpoint, call: PlacedCall, now: number): boolean {
    if (this.endpoints.length === 1) return false;
    if (endpoint.record.doubtful(now)) {
      const turn = this.#sentAt[endpoint.index]! + this.#totalWeight / endpoint.weight;
      if (this.#attempts + 1 >= turn) return false;
    } else if (!endpoint.onTrial && !endpoint.silent(now, this.#elsewhere)) return false;
    return this.othersServe(endpoint, call, now);
  }

  #pick(now: number): Endpoint {
    this.#context.now = now;
    const picked = this.#policy.pick(this.#usable, this.#context as PickContext) as Endpoint | undefined;
    if (picked !== undefined && this.endpoints[picked.index] === picked) return picked;
    throw new AssayError('ASSAY_INVALID_OPTION', `\`${this.#policy.name}\` picked none of the candidates`);
  }

  // A paced or paused endpoint stays a candidate: waiting for it is right when nothing else is usable, or when
  // everything else is expected to take more than twice as long. Not so one that has never answered.
  #worthWaitingFor(call: PlacedCall, found: Endpoint | undefined, now: number): Endpoint | undefined {
    let best: Endpoint | undefined;
    let bestTotal = Number.POSITIVE_INFINITY;
    for (const endpoint of this.endpoints) {
      if (endpoint.limit.open && now >= endpoint.limit.pausedUntil && endpoint.waiting === 0) continue;
      if (found !== undefined && (endpoint.priority > found.priority || !endpoint.record.proven)) continue;
      if (!endpoint.health.available(now) || call.barred.includes(endpoint)) continue;
      if (found !== undefined && call.tried.includes(endpoint)) continue;
      const wait = endpoint.waitMs(call.tokens, now);
      if (wait <= 0 && endpoint.waiting === 0) continue;
      if (this.#passedOver(endpoint, call, now)) continue;
      const total = wait + this.#expectedMs(endpoint, call, now);
      if (total < bestTotal) {
        bestTotal = total;
        best = endpoint;
      }
    }
    if (best === undefined || found === undefined) return best;
    // Not by the one that was picked: a policy may pick a slow one although a fast one is free.
    for (const each of this.#usable) {
      const direct = each.estimateAt(now) * call.work;
      if (!(direct > WORTH_WAITING * bestTotal)) return undefined; // NaN compares false: somebody unknown is tried first
    }
    return best;
  }

  // Somebody unknown is taken to be as slow as the slowest who is known.
  #expectedMs(endpoint: Endpoint, { work }: PlacedCall, now: number): number {
    const estimate = endpoint.estimateAt(now);
    if (!Number.isNaN(estimate)) return estimate * work;
    const slowest = this.#slowest();
    return Number.isNaN(slowest) ? 0 : slowest * work;
  }

  #slowest(): number {
    let slowest = Number.NaN;
    for (const { latency, record } of this.endpoints) {
      if (record.proven && !(latency.sampled <= slowest)) slowest = latency.sampled;
    }
    return slowest;
  }
}
