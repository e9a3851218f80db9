import { LinkedList, ListNode } from '../../foundation/linked-list.js';

/** Hears that nothing comes from the endpoint of an attempt in flight. */
export interface SilenceListener {
  /** The attempt has been out for `ageMs`; a call takes `typicalMs` where it is answered. */
  endpointSilent(silence: { readonly ageMs: number; readonly typicalMs: number }): void;
}

/** What a {@link Ticket} is made from. */
export type TicketSettings = Pick<Ticket, 'begunAt' | 'work' | 'tokens' | 'epoch' | 'probe'>;

/** One attempt in flight, as selection and limits see it. */
export class Ticket extends ListNode<number> {
  /** When it was sent, monotonic milliseconds. */
  readonly begunAt: number;
  /** Expected work, in units; > 0. */
  readonly work: number;
  /** Tokens that the rate limit was charged. */
  readonly tokens: number;
  /** State of the endpoint's health in which it was sent. */
  readonly epoch: number;
  /** Whether it probes an ejected endpoint. */
  readonly probe: boolean;
  /** Whose attempt it is, where somebody wants to hear that its endpoint has fallen silent. */
  owner: SilenceListener | undefined = undefined;

  constructor({ begunAt, work, tokens, epoch, probe }: TicketSettings) {
    super(begunAt);
    this.begunAt = begunAt;
    this.work = work;
    this.tokens = tokens;
    this.epoch = epoch;
    this.probe = probe;
  }
}

const MIN_TIME_CONSTANT_MS = 10_000;
const FAILURE_FACTOR = 3;
const UNKNOWN_FAILURE_MS = 1000;

/**
 * Latency of one endpoint per unit of work, as an average weighted exponentially by time (time constant: 10 s or
 * 5 estimates, whichever is longer: a 10 s window means nothing when a call takes 30 s). Latency without the work
 * in it would chase the length of answers. Two corrections make it safe: the oldest call in flight bounds it from
 * below, so a server that hangs looks slow before any timeout; and a failure counts as at least three times the
 * estimate, since failing fast is not being fast.
 */
export class LatencyEstimate {
  readonly #inFlight = new LinkedList<number>(
    new Ticket({ begunAt: 0, work: 1, tokens: 0, epoch: 0, probe: false }),
  );
  #value = Number.NaN;
  #updatedAt = Number.NEGATIVE_INFINITY;

  /** Attempts in flight. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** When the last sample came, monotonic milliseconds; `-Infinity` before the first. */
  get updatedAt(): number {
    return this.#updatedAt;
  }

  /** Milliseconds per unit of work as its samples say, without what is in flight; `NaN` before the first sample. */
  get sampled(): number {
    return this.#value;
  }

  /** The attempt that has been in flight for longest. */
  get oldest(): Ticket | undefined {
    return this.#inFlight.head as Ticket | undefined;
  }

  /** The attempt that was sent after that one. */
  after(ticket: Ticket): Ticket | undefined {
    return this.#inFlight.after(ticket) as Ticket | undefined;
  }

  /** Milliseconds per unit of work; `NaN` before the first sample. */
  at(now: number): number {
    return this.#value < this.floor(now) ? this.floor(now) : this.#value;
  }

  /** What the oldest call in flight proves already, milliseconds per unit of work; 0 when none is. */
  floor(now: number): number {
    const { oldest } = this;
    return oldest === undefined ? 0 : (now - oldest.begunAt) / oldest.work;
  }

  /** An attempt was sent. */
  started(ticket: Ticket): void {
    this.#inFlight.push(ticket);
  }

  /** An attempt ended that says nothing about speed (a 429, an abort that came early). */
  ended(ticket: Ticket): void {
    this.#inFlight.remove(ticket);
  }

  /** An attempt was answered with `work` units of work. */
  succeeded(ticket: Ticket, work: number, now: number): void {
    this.#inFlight.remove(ticket);
    this.#observe((now - ticket.begunAt) / work, ticket.work, now);
  }

  /** An attempt was answered without a word: what that took can only raise the estimate. */
  answeredEmpty(ticket: Ticket, work: number, now: number): void {
    this.#inFlight.remove(ticket);
    const sample = (now - ticket.begunAt) / work;
    if (sample > this.#value) this.#observe(sample, ticket.work, now);
  }

  /** An attempt failed; the penalty is at most `capMs` for the work that was asked for. */
  failed(ticket: Ticket, capMs: number, now: number): void {
    this.#inFlight.remove(ticket);
    const known = Number.isNaN(this.#value) ? UNKNOWN_FAILURE_MS / ticket.work : this.#value;
    const penalty = Math.min(capMs / ticket.work, known * FAILURE_FACTOR);
    this.#observe(Math.max((now - ticket.begunAt) / ticket.work, penalty), ticket.work, now);
  }

  /** An attempt was cancelled: its age is a lower bound, so it can only raise the estimate. */
  cancelled(ticket: Ticket, now: number): void {
    this.#inFlight.remove(ticket);
    const age = (now - ticket.begunAt) / ticket.work;
    if (age > this.#value) this.#observe(age, ticket.work, now);
  }

  /** Forgets the past in favour of one sample, milliseconds per unit of work: the endpoint is back. */
  reset(sample: number, now: number): void {
    this.#value = sample;
    this.#updatedAt = now;
  }

  #observe(sample: number, work: number, now: number): void {
    if (Number.isNaN(this.#value)) {
      this.#value = sample;
    } else {
      const timeConstant = Math.max(MIN_TIME_CONSTANT_MS, 5 * this.#value * work);
      const weight = Math.exp(-(now - this.#updatedAt) / timeConstant);
      this.#value = this.#value * weight + sample * (1 - weight);
    }
    this.#updatedAt = now;
  }
}
