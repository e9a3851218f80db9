import { AssayError } from '../../errors.js';
import type { Clock, ClockTimer } from '../../foundation/clock.js';
import { LinkedList, ListNode } from '../../foundation/linked-list.js';
import type { Endpoint } from './endpoint.js';
import type { Choice, EndpointSelector, PlacedCall } from './endpoint-selector.js';

/** A call that waits. */
export interface Waiter extends PlacedCall {
  /** Number of the call; the lowest came first. */
  readonly id: number;
  /** Whether it leaves by itself after a while, to look again without those that it was barred from. */
  readonly returns: boolean;
  /** There is a place for it; called once, after it has left the room. */
  admitted(endpoint: Endpoint): void;
  /** It cannot wait on as it does (its endpoint was ejected or paused for long): it chooses again. */
  rerouted(): void;
}

/** What a {@link WaitingRoom} is made from. */
export interface WaitingRoomSettings {
  readonly selector: EndpointSelector;
  readonly clock: Clock;
  /** Checks after every event that nobody waits in vain ({@link WaitingRoom.standstill}); for tests. */
  readonly verify?: boolean;
}

const REROUTE_AFTER_MS = 2000;
const REARM_MS = 5; // a timer that is late by less is left: tokens that are given back shorten waits all the time
const LOOK_AGAIN_MS = 250;

/** Where a call waits: those who wait for the same endpoint, are barred from the same ones and are as much work stand in one line. */
class Line {
  readonly calls = new LinkedList<Waiter>();
  readonly key: string;
  readonly target: Endpoint | undefined;

  constructor(key: string, target: Endpoint | undefined) {
    this.key = key;
    this.target = target;
  }
}

/** One waiting call's place; keep it to {@link WaitingRoom.leave}. */
export class Place extends ListNode<Waiter> {
  line: Line | undefined = undefined;
}

/**
 * Calls that have to wait, first come first served. One rule keeps them from standing still: after anything that may
 * have changed their lot (an attempt ended, a time came, an endpoint came back), all lines are looked at from their
 * heads, oldest first, until none can go; and one timer runs to the next moment at which time alone will change
 * something. So while a call waits, something is in flight or a timer will move it, and none waits for one endpoint while
 * another one with a free place would take it.
 */
export class WaitingRoom {
  readonly #selector: EndpointSelector;
  readonly #clock: Clock;
  readonly #verify: boolean;
  readonly #lines = new Map<string, Line>();
  readonly #reroutedUntil: number[];
  #size = 0;
  #timer: ClockTimer | undefined;
  #timerDueAt = 0;
  #serving = false;
  #again = false;

  constructor({ selector, clock, verify = false }: WaitingRoomSettings) {
    this.#selector = selector;
    this.#clock = clock;
    this.#verify = verify;
    this.#reroutedUntil = selector.endpoints.map(() => Number.NEGATIVE_INFINITY);
  }

  /** Calls that wait. */
  get size(): number {
    return this.#size;
  }

  /** Lets a call wait as was chosen for it. */
  enter(place: Place, choice: Choice, now: number): void {
    const target = choice.kind === 'queue' ? choice.endpoint : undefined;
    const line = this.#lineOf(target, place.value);
    place.line = line;
    line.calls.push(place);
    this.#size++;
    if (target !== undefined) target.waiting++;
    if (!this.#serving) this.#arm(now);
  }

  /** A call waits no more; harmless for one that has left. */
  leave(place: Place): void {
    const { line } = place;
    if (line === undefined) return;
    place.line = undefined;
    line.calls.remove(place);
    this.#size--;
    if (line.target !== undefined) line.target.waiting--;
    if (line.calls.size === 0) this.#lines.delete(line.key);
  }

  /** Something has changed: whoever can go now, goes. */
  serve(now: number): void {
    if (this.#size === 0) return;
    if (this.#serving) {
      this.#again = true; // a call that is let in may end at once and come back here
      return;
    }
    this.#serving = true;
    try {
      // Who goes may make room elsewhere: a queue is empty, or it is the turn of an endpoint in doubt.
      do this.#again = false;
      while (this.#moveAll(now) || this.#again);
    } finally {
      this.#serving = false;
    }
    this.#settle(now);
  }

  /**
   * The endpoint was ejected, quarantined or paused. Whoever waits there chooses again, unless the pause is
   * short: then the place in the queue is worth more.
   */
  endpointHeldBack(endpoint: Endpoint, now: number): void {
    if (endpoint.waiting === 0) return;
    const { pausedUntil } = endpoint.limit;
    if (endpoint.health.available(now)) {
      if (pausedUntil - now <= REROUTE_AFTER_MS) return;
      if (pausedUntil <= this.#reroutedUntil[endpoint.index]! + REROUTE_AFTER_MS) return; // they know
      this.#reroutedUntil[endpoint.index] = pausedUntil;
    }
    const places: Place[] = [];
    for (const line of this.#lines.values()) {
      if (line.target !== endpoint) continue;
      for (let node = line.calls.head; node !== undefined; node = line.calls.after(node))
        places.push(node as Place);
    }
    places.sort((a, b) => a.value.id - b.value.id);
    for (const place of places) {
      if (place.line?.target !== endpoint) continue; // it has gone meanwhile
      this.leave(place);
      place.value.rerouted();
    }
  }

  /** Why somebody waits in vain; `undefined` when nobody does. Says so only between events. */
  standstill(now: number): string | undefined {
    for (const { target, calls } of this.#lines.values()) {
      const first = calls.head?.value;
      if (first === undefined) continue;
      if (this.#selector.inFlight === 0 && this.#timer === undefined && !first.returns)
        return `${this.#size} calls wait with nothing in flight and no timer`;
      if (target === undefined ? this.#selector.canPlace(first, now) : this.#canLeave(target, first, now))
        return `a call waits for ${target?.id ?? 'any endpoint'} and could go now`;
    }
    return undefined;
  }

  /** Whether time alone will move somebody. */
  get timed(): boolean {
    return this.#timer !== undefined;
  }

  /** Stops the timer. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  // A line is looked at from its head, so all in it must fare alike: what is worth waiting for depends on how much work a
  // call is (within a factor of two), and who comes back is older than the last of those who came after it.
  #lineOf(target: Endpoint | undefined, { barred, tried, work }: Waiter): Line {
    const indices = barred.map(({ index }) => index).sort((a, b) => a - b);
    const size = target === undefined ? 0 : Math.round(Math.log2(work));
    const key = `${target?.index ?? ''}|${indices.join()}|${tried.length > 0}|${size}`;
    let line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, (line = new Line(key, target)));
    return line;
  }

  #moveAll(now: number): boolean {
    const lines = [...this.#lines.values()];
    const before = this.#size;
    let left = before; // who chooses again may come back, and is looked at next time
    while (lines.length > 0 && left-- > 0 && !this.#selector.full) {
      let oldest = 0;
      for (let index = 1; index < lines.length; index++) {
        if (headId(lines[index]!) < headId(lines[oldest]!)) oldest = index;
      }
      if (!this.#moveHead(lines[oldest]!, now)) lines.splice(oldest, 1);
    }
    return this.#size > 0 && this.#size < before;
  }

  #moveHead({ target, calls }: Line, now: number): boolean {
    const place = calls.head as Place | undefined;
    if (place === undefined) return false;
    const call = place.value;
    if (target === undefined) {
      if (!this.#selector.canPlace(call, now)) return false;
      this.leave(place);
      call.rerouted();
      return true;
    }
    let to: Endpoint | undefined;
    try {
      // A call that came here when nobody else could take it goes to one that is faster, once it can.
      to = this.#selector.relieve(target, call, now);
      if (to === undefined && this.#selector.canAdmit(target, call, now)) to = target;
    } catch {
      this.leave(place); // the host's policy failed: the call asks it again, and tells its caller
      call.rerouted();
      return true;
    }
    if (to === undefined) return false;
    this.leave(place);
    call.admitted(to);
    return true;
  }

  #canLeave(target: Endpoint, call: Waiter, now: number): boolean {
    return this.#selector.canAdmit(target, call, now) || this.#selector.canRelieve(target, call, now);
  }

  #settle(now: number): void {
    if (this.#size > 0) this.#arm(now);
    if (!this.#verify) return;
    const why = this.standstill(now);
    if (why !== undefined) throw new AssayError('ASSAY_INVARIANT', why);
  }

  // Runs to the first moment at which an endpoint takes a call again that it does not take now. Whether one falls silent, or
  // out of doubt, is looked at a few times a second.
  #arm(now: number): void {
    const { endpoints, inFlight } = this.#selector;
    let wait = inFlight > 0 && endpoints.length > 1 ? LOOK_AGAIN_MS : Number.POSITIVE_INFINITY;
    for (const { calls } of this.#lines.values()) {
      const first = calls.head!.value;
      for (const endpoint of endpoints) {
        if (first.barred.includes(endpoint)) continue;
        const ready = endpoint.readyMs(first.tokens, now);
        if (ready > 0 && ready < wait) wait = ready;
        else if (wait > LOOK_AGAIN_MS && endpoint.record.doubtful(now)) wait = LOOK_AGAIN_MS;
      }
    }
    if (wait === Number.POSITIVE_INFINITY) return;
    if (this.#timer !== undefined) {
      if (now + wait > this.#timerDueAt - REARM_MS) return;
      this.#timer.cancel();
    }
    this.#timerDueAt = now + wait;
    this.#timer = this.#clock.schedule(() => {
      this.#timer = undefined;
      this.serve(this.#clock.now());
    }, wait);
  }
}

function headId({ calls }: Line): number {
  return calls.head?.value.id ?? Number.POSITIVE_INFINITY;
}
