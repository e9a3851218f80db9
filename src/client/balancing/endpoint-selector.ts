import { AssayError } from '../../errors.js';
import type { Clock, ClockTimer } from '../../foundation/clock.js';
import type { RandomSource } from '../../foundation/seeded-random.js';
import type { Endpoint, Waiter } from './endpoint.js';
import { LinkedList, type ListNode } from '../../foundation/linked-list.js';
import type { EndpointPolicy, PickContext } from './endpoint-policy.js';

/** What an {@link EndpointSelector} is made from. */
export interface EndpointSelectorSettings {
  readonly endpoints: readonly Endpoint[];
  readonly policy: EndpointPolicy;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Most calls in flight over all endpoints. */
  readonly concurrency: number;
}

/** What to do with a call now: send it, let it wait in an endpoint's queue, or let it wait for any endpoint. */
export type Choice =
  | { readonly kind: 'send'; readonly endpoint: Endpoint }
  | { readonly kind: 'queue'; readonly endpoint: Endpoint }
  | { readonly kind: 'wait' };

const WAIT: Choice = { kind: 'wait' };
const NOBODY: readonly Endpoint[] = [];
const REROUTE_AFTER_MS = 2000;
const REARM_MS = 5; // a timer that is late by less is left: tokens that are given back shorten waits all the time
const WORTH_WAITING = 2;

/**
 * Decides where calls go and when they may. One FIFO queue and one timer for each endpoint that holds calls
 * back, and one lobby for calls that no endpoint can take: waiting calls never poll and never stampede.
 *
 * Knows time and chance only through what it is given, and nothing of HTTP, so the load-balancing simulator
 * (`bench/lb-sim`) runs this very code.
 */
export class EndpointSelector {
  readonly #endpoints: readonly Endpoint[];
  readonly #tiers: readonly (readonly Endpoint[])[];
  readonly #policy: EndpointPolicy;
  readonly #clock: Clock;
  readonly #concurrency: number;
  readonly #context: { now: number; random: RandomSource };
  readonly #usable: Endpoint[] = [];
  readonly #choices: readonly Choice[];
  readonly #timers: (ClockTimer | undefined)[];
  readonly #timersDueAt: number[];
  readonly #lobby = new LinkedList<Waiter>();
  #returnTimer: ClockTimer | undefined;
  #inFlight = 0;
  #serving = false;

  constructor(settings: EndpointSelectorSettings) {
    this.#endpoints = settings.endpoints;
    this.#policy = settings.policy;
    this.#clock = settings.clock;
    this.#concurrency = settings.concurrency;
    this.#context = { now: 0, random: settings.random };
    this.#choices = settings.endpoints.map((endpoint) => ({ kind: 'send', endpoint }));
    this.#timers = settings.endpoints.map(() => undefined);
    this.#timersDueAt = settings.endpoints.map(() => 0);
    const priorities = [...new Set(settings.endpoints.map((each) => each.priority))].sort((a, b) => a - b);
    this.#tiers = priorities.map((priority) =>
      settings.endpoints.filter((endpoint) => endpoint.priority === priority),
    );
  }

  /** Calls that wait, in all queues. */
  get waiting(): number {
    return this.#endpoints.reduce((sum, endpoint) => sum + endpoint.waiting.size, this.#lobby.size);
  }

  /** Attempts in flight over all endpoints. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Chooses for a call with that much work and those tokens, leaving out the endpoints that failed it already
   * (`tried`); when all have, they are allowed again. A hedge never waits.
   *
   * @throws AssayError `ASSAY_INVALID_OPTION`, or whatever the host's own policy throws.
   */
  choose(work: number, tokens: number, tried: readonly Endpoint[], now: number, hedge = false): Choice {
    if (this.#inFlight >= this.#concurrency) return WAIT;
    const found = this.#pickUsable(tokens, tried, now);
    if (hedge) return found === undefined ? WAIT : this.#choices[found.index]!;
    if (found !== undefined && this.#endpoints.length === 1) return this.#choices[0]!; // nothing else to wait for
    const queue = this.#worthWaitingFor(work, tokens, tried, found, now);
    if (queue !== undefined) return { kind: 'queue', endpoint: queue };
    if (found !== undefined) return this.#choices[found.index]!;
    return tried.length > 0 ? this.choose(work, tokens, NOBODY, now) : WAIT;
  }

  /** Whether an endpoint that has not been tried could take a call now. */
  hasOther(tokens: number, tried: readonly Endpoint[], now: number): boolean {
    return this.#endpoints.some((each) => !tried.includes(each) && each.usable(tokens, now));
  }

  /** Puts a waiter into an endpoint's queue; remove the node from its list to leave it. */
  enqueue(endpoint: Endpoint, node: ListNode<Waiter>, now: number): void {
    endpoint.waiting.push(node);
    this.#arm(endpoint, now);
    this.#armReturn(now);
  }

  /** Puts a waiter where it waits for any endpoint; remove the node from its list to leave. */
  enterLobby(node: ListNode<Waiter>, now: number): void {
    this.#lobby.push(node);
    this.#armReturn(now);
  }

  /** An attempt was sent. */
  began(): void {
    this.#inFlight++;
  }

  /** An attempt ended. */
  left(): void {
    this.#inFlight--;
  }

  /** There is room at the endpoint, or it came back: those who wait may go. */
  offer(endpoint: Endpoint, now: number): void {
    if (endpoint.waiting.size > 0) this.#serve(endpoint, now);
    if (this.#lobby.size > 0) this.#serveLobby(now);
    this.#relieveOthers(endpoint, now);
    this.#armReturn(now);
  }

  /**
   * The endpoint was ejected, quarantined or paused. Whoever waits there chooses again, unless the pause is
   * short: then the place in the queue is worth more.
   */
  held(endpoint: Endpoint, now: number): void {
    if (endpoint.waiting.size === 0) return;
    if (endpoint.health.available(now) && endpoint.limit.pausedUntil - now <= REROUTE_AFTER_MS) {
      this.#arm(endpoint, now);
      return;
    }
    const waiters: Waiter[] = [];
    for (let each = endpoint.waiting.shift(); each !== undefined; each = endpoint.waiting.shift()) {
      waiters.push(each);
    }
    for (const each of waiters) each.rerouted();
  }

  /**
   * Milliseconds until some endpoint can take a call: 0 when one can now, `Infinity` when nobody can tell.
   */
  earliest(tokens: number, now: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const endpoint of this.#endpoints) {
      const at = endpoint.health.availableAt(now);
      if (at === Number.POSITIVE_INFINITY) continue;
      earliest = Math.min(earliest, Math.max(at - now, endpoint.waitMs(tokens, now)));
    }
    return earliest;
  }

  /**
   * An endpoint other than this one that takes a call within that time, as far as anybody can tell; rather one
   * that is only busy than one that has to come back.
   */
  sooner(than: Endpoint, withinMs: number, tokens: number, now: number): Endpoint | undefined {
    const sooner = this.#endpoints.filter((each) => each !== than && each.dueMs(tokens, now) < withinMs);
    return sooner.find((each) => each.health.state === 'healthy') ?? sooner[0];
  }

  /** Whether every endpoint is ejected or quarantined: whoever waits, waits for one to come back. */
  get allDown(): boolean {
    return this.#endpoints.every((each) => each.health.state !== 'healthy');
  }

  /** Whether an endpoint is left that has not been tried and may still come into question. */
  hasUntried(tried: readonly Endpoint[]): boolean {
    return this.#endpoints.some((each) => each.health.state !== 'quarantined' && !tried.includes(each));
  }

  /** Whether an endpoint other than this one is healthy. */
  hasLiveOther(endpoint: Endpoint): boolean {
    return this.#endpoints.some((each) => each !== endpoint && each.health.state === 'healthy');
  }

  /** Whether something holds for every endpoint. */
  every(test: (endpoint: Endpoint) => boolean): boolean {
    return this.#endpoints.every(test);
  }

  /** Stops all timers. */
  close(): void {
    for (const timer of this.#timers) timer?.cancel();
    this.#timers.fill(undefined);
    this.#returnTimer?.cancel();
    this.#returnTimer = undefined;
  }

  #pickUsable(tokens: number, tried: readonly Endpoint[], now: number): Endpoint | undefined {
    const usable = this.#usable;
    for (const tier of this.#tiers) {
      usable.length = 0;
      for (const endpoint of tier) {
        if (!endpoint.usable(tokens, now)) continue;
        if (tried.length > 0 && tried.includes(endpoint)) continue;
        usable.push(endpoint);
      }
      if (usable.length > 0) {
        return this.#pick(usable, now);
      }
    }
    return undefined;
  }

  #pick(usable: readonly Endpoint[], now: number): Endpoint {
    this.#context.now = now;
    const picked = this.#policy.pick(usable, this.#context as PickContext) as Endpoint | undefined;
    if (picked !== undefined && this.#endpoints[picked.index] === picked) return picked;
    throw new AssayError('ASSAY_INVALID_OPTION', `\`${this.#policy.name}\` picked none of the candidates`);
  }

  // A paced or paused endpoint stays a candidate: waiting for it is right when nothing else is usable, or when
  // everything else is expected to take more than twice as long.
  #worthWaitingFor(
    work: number,
    tokens: number,
    tried: readonly Endpoint[],
    found: Endpoint | undefined,
    now: number,
  ): Endpoint | undefined {
    let best: Endpoint | undefined;
    let bestTotal = Number.POSITIVE_INFINITY;
    for (const endpoint of this.#endpoints) {
      if (endpoint.limit.open && now >= endpoint.limit.pausedUntil && endpoint.waiting.size === 0) continue;
      if (found !== undefined && endpoint.priority > found.priority) continue;
      if (!endpoint.health.available(now) || tried.includes(endpoint)) continue;
      const wait = endpoint.waitMs(tokens, now);
      if (wait <= 0 && endpoint.waiting.size === 0) continue;
      const total = wait + expectedMs(endpoint, work, now);
      if (total < bestTotal) {
        bestTotal = total;
        best = endpoint;
      }
    }
    if (best === undefined || found === undefined) return best;
    const direct = found.estimateAt(now) * work; // NaN compares false: somebody unknown is tried first
    return direct > WORTH_WAITING * bestTotal ? best : undefined;
  }

  // Asks no policy: one that counts its picks (round robin) would count this call twice.
  #hasPlace(tokens: number, now: number): boolean {
    if (this.#inFlight >= this.#concurrency) return false;
    if (this.#endpoints.some((each) => each.usable(tokens, now))) return true;
    return this.#worthWaitingFor(1, tokens, NOBODY, undefined, now) !== undefined;
  }

  #serve(endpoint: Endpoint, now: number): void {
    for (;;) {
      const first = endpoint.waiting.head?.value;
      if (first === undefined) break;
      if (this.#inFlight >= this.#concurrency || !endpoint.hasRoom(first.tokens, now)) break;
      endpoint.waiting.shift();
      first.admitted(endpoint);
    }
    this.#arm(endpoint, now);
  }

  // Lets calls of the lobby choose again.
  #serveLobby(now: number): void {
    if (this.#serving) return; // a call that is let in may end at once and come back here
    this.#serving = true;
    try {
      for (let left = this.#lobby.size; left > 0; left--) {
        const first = this.#lobby.head?.value;
        if (first === undefined) break;
        if (!this.#hasPlace(first.tokens, now)) break;
        this.#lobby.shift();
        first.rerouted();
      }
    } finally {
      this.#serving = false;
    }
  }

  // Room that nobody asks for here goes to those who wait for the rate or the pause of another endpoint. They
  // queued there when this one was busy or gone.
  #relieveOthers(endpoint: Endpoint, now: number): void {
    for (;;) {
      if (this.#inFlight >= this.#concurrency) return;
      const node = this.#betterOffAt(endpoint, now);
      if (node === undefined) return;
      node.list?.remove(node);
      node.value.admitted(endpoint);
    }
  }

  #betterOffAt(endpoint: Endpoint, now: number): ListNode<Waiter> | undefined {
    for (const other of this.#endpoints) {
      if (other === endpoint) continue;
      for (let node = other.waiting.head; node !== undefined; node = other.waiting.after(node)) {
        const { work, tokens, tried } = node.value;
        if (!endpoint.usable(tokens, now)) return undefined;
        if (tried.includes(endpoint) && !tried.includes(other)) continue; // it waits for one that has not failed it
        // Whoever is first goes; what counts is what the last of the queue gains by it.
        const staying = other.waitMs(tokens, now) + expectedMs(other, work, now);
        if (expectedMs(endpoint, work, now) < staying) return node;
        break;
      }
    }
    return undefined;
  }

  #arm(endpoint: Endpoint, now: number): void {
    const first = endpoint.waiting.head?.value;
    if (first === undefined) return;
    const wait = endpoint.limit.waitMs(first.tokens, now);
    // Held back by concurrency alone: the end of an attempt serves the queue.
    if (wait === 0 && (endpoint.inFlight > 0 || this.#inFlight > 0)) return;
    const { index } = endpoint;
    if (this.#timers[index] !== undefined) {
      if (now + wait > this.#timersDueAt[index]! - REARM_MS) return;
      this.#timers[index].cancel(); // an answer has shortened the wait
    }
    this.#timersDueAt[index] = now + wait;
    this.#timers[index] = this.#clock.schedule(() => {
      this.#timers[index] = undefined;
      this.#serve(endpoint, this.#clock.now());
    }, wait);
  }

  // An ejection ends by itself: somebody who waits is then sent to probe.
  #armReturn(now: number): void {
    if (this.#returnTimer !== undefined || this.waiting === 0) return;
    let at = Number.POSITIVE_INFINITY;
    for (const { health } of this.#endpoints) {
      if (health.state === 'ejected') at = Math.min(at, health.until);
    }
    if (at === Number.POSITIVE_INFINITY) return;
    this.#returnTimer = this.#clock.schedule(
      () => {
        this.#returnTimer = undefined;
        const later = this.#clock.now();
        for (const each of this.#endpoints) if (each.health.state === 'ejected') this.offer(each, later);
        this.#armReturn(later);
      },
      Math.max(at - now, 1),
    );
  }
}

function expectedMs(endpoint: Endpoint, work: number, now: number): number {
  const estimate = endpoint.estimateAt(now);
  return Number.isNaN(estimate) ? 0 : estimate * work;
}
