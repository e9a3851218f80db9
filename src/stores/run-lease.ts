import { AssayError } from '../errors.js';
import type { Clock } from '../foundation/clock.js';
import { machineTime, machineTimeBetween, type MachineTime } from '../foundation/machine-time.js';
import { processState, thisProcess, type ProcessIdentity } from '../foundation/process-identity.js';

/**
 * The right to write a run, asked for by one start of it. It is taken by `ResultStore.begin`, holds for `durationMs`
 * after it was taken or renewed last, and is given back by `release`. Plain JSON data.
 */
export interface RunLease {
  /** The run that is written. */
  readonly runId: string;
  /** Names the start that holds the lease; no other start has the same. */
  readonly id: string;
  /**
   * The part of the run that is written; `''`: the whole. Starts of different parts write at the same time (the batches
   * of a distributed run); the whole excludes every part.
   */
  readonly part: string;
  /** How long the lease holds without being renewed, milliseconds, > 0. */
  readonly durationMs: number;
  /** Who holds it. */
  readonly holder: ProcessIdentity;
}

/** A {@link RunLease} that a store has given. */
export interface HeldLease extends RunLease {
  /** When it was taken, milliseconds since the epoch by the store's clock. */
  readonly takenAt: number;
  /** When it was renewed last, by the same clock. */
  readonly renewedAt: number;
  /** When that was, and when it was taken, by the clock of the holder's machine; absent where a store keeps no such time. */
  readonly machine?: {
    /** When it was taken. */
    readonly takenAt: MachineTime;
    /** When it was renewed last. */
    readonly renewedAt: MachineTime;
  };
}

/** Now, by the wall clock and by that of the machine. */
export interface Moment {
  readonly wallTime: number;
  readonly machine: MachineTime;
}

/** Now. */
export const momentOf = (clock: Clock): Moment => ({
  wallTime: clock.wallTime(),
  machine: machineTime(clock),
});

/**
 * A lease in the wall-clock time of whoever looks at it: where both are on one machine, what was set of its clock between
 * two looks changes nothing.
 */
export function seenAt(lease: HeldLease, now: Moment): HeldLease {
  const { takenAt, renewedAt } = lease.machine ?? {};
  const age = takenAt && machineTimeBetween(takenAt, now.machine);
  const silence = renewedAt && machineTimeBetween(renewedAt, now.machine);
  if (age === undefined || silence === undefined) return lease;
  return { ...lease, takenAt: now.wallTime - age, renewedAt: now.wallTime - silence };
}

/** A lease of this process. */
export function leaseOfThisProcess(lease: Omit<RunLease, 'holder'>): RunLease {
  return { ...lease, holder: thisProcess() };
}

/**
 * Whether a lease still keeps others out at `now`: it is neither expired nor that of a process that is surely dead. One that
 * was renewed in the future, by a clock that was set back since, does not hold until that comes.
 */
export function isHeld(lease: HeldLease, now: number): boolean {
  return Math.abs(now - lease.renewedAt) < lease.durationMs && processState(lease.holder) !== 'dead';
}

/** Whether two leases exclude each other. */
export function excludes(a: RunLease, b: RunLease): boolean {
  return a.runId === b.runId && a.id !== b.id && (a.part === b.part || a.part === '' || b.part === '');
}

/** What `begin` rejects with while another start writes the run. */
export function runActiveError(holder: HeldLease, now: number): AssayError {
  const part = holder.part === '' ? '' : `part ${JSON.stringify(holder.part)} of `;
  return new AssayError(
    'ASSAY_RUN_ACTIVE',
    `Expected nobody else to write ${part}run ${JSON.stringify(holder.runId)}, but process ${holder.holder.pid} on ` +
      `${holder.holder.host} began it ${seconds(now - holder.takenAt)} ago and was there ` +
      `${seconds(now - holder.renewedAt)} ago: wait until it has ended, or for ${seconds(holder.durationMs)} without ` +
      'a sign of it',
    { retryable: true },
  );
}

/** What a write rejects with when its lease is no longer the one that counts. */
export function leaseLostError(lease: RunLease, holder?: HeldLease): AssayError {
  const by = holder === undefined ? '' : `, process ${holder.holder.pid} on ${holder.holder.host}`;
  return new AssayError(
    'ASSAY_LEASE_LOST',
    `Another start of run ${JSON.stringify(lease.runId)} has taken it over${by}: this one had given no sign for ` +
      `${seconds(lease.durationMs)} and must not write any more`,
  );
}

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1000).toFixed(1)} s`;

/** Leases within one process: what the stores share that keep them in memory. No setting of the wall clock changes them. */
export class LeaseTable {
  readonly #clock: Clock;
  readonly #held = new Map<string, HeldLease[]>(); // by run; times are those of `clock.now()`

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Takes a lease; taking one that is held already renews it.
   *
   * @throws AssayError `ASSAY_RUN_ACTIVE`.
   */
  take(lease: RunLease): void {
    const now = this.#clock.now();
    const others = (this.#held.get(lease.runId) ?? []).filter((held) => excludes(held, lease));
    const active = others.find((held) => isHeld(held, now));
    if (active !== undefined) throw runActiveError(active, now);
    for (const expired of others) this.release(expired);
    this.#hold(lease, now);
  }

  /** @throws AssayError `ASSAY_LEASE_LOST` when another start has taken it over. */
  check(lease: RunLease): HeldLease {
    const held = this.#held.get(lease.runId) ?? [];
    const own = held.find(({ id, part }) => id === lease.id && part === lease.part);
    if (own === undefined)
      throw leaseLostError(
        lease,
        held.find((other) => excludes(other, lease)),
      );
    return own;
  }

  /** @throws AssayError `ASSAY_LEASE_LOST`. */
  renew(lease: RunLease): void {
    this.check(lease);
    this.#hold(lease, this.#clock.now());
  }

  /** Gives a lease back; harmless when it is no longer held. */
  release(lease: RunLease): void {
    const left = (this.#held.get(lease.runId) ?? []).filter(({ id }) => id !== lease.id);
    if (left.length === 0) this.#held.delete(lease.runId);
    else this.#held.set(lease.runId, left);
  }

  /** The leases of a run, in wall-clock time. */
  of(runId: string): readonly HeldLease[] {
    const offset = this.#clock.wallTime() - this.#clock.now();
    return (this.#held.get(runId) ?? []).map((held) => ({
      ...held,
      takenAt: held.takenAt + offset,
      renewedAt: held.renewedAt + offset,
    }));
  }

  #hold(lease: RunLease, now: number): void {
    const held = this.#held.get(lease.runId) ?? [];
    const known = held.find(({ id }) => id === lease.id);
    const put: HeldLease = { ...lease, takenAt: known?.takenAt ?? now, renewedAt: now };
    this.#held.set(lease.runId, [...held.filter(({ id }) => id !== lease.id), put]);
  }
}
