import { readlinkSync } from 'node:fs';
import type { Clock } from './clock.js';
import { thisProcess } from './process-identity.js';

/** A moment as all processes of a machine count it, whatever its wall clock is set to. Plain JSON data. */
export interface MachineTime {
  /** Names what counts: a start of the machine. */
  readonly clock: string;
  /** Milliseconds; only differences mean something. */
  readonly at: number;
}

interface Origin {
  readonly machine: number;
  readonly clock: number;
}

const origins = new WeakMap<Clock, Origin>();
let own: string | undefined;

/**
 * Now. The monotonic clock of the system is one for all its processes; `clock.now()` counts it from another beginning in each.
 */
export function machineTime(clock: Clock): MachineTime {
  let origin = origins.get(clock);
  if (origin === undefined) {
    const machine = Math.round(Number(process.hrtime.bigint()) / 1e6); // whole, so that differences are exact
    origins.set(clock, (origin = { machine, clock: clock.now() }));
  }
  return { clock: (own ??= machineClock()), at: origin.machine + clock.now() - origin.clock };
}

/** The milliseconds between two moments; `undefined` when they were not counted by one clock. */
export function machineTimeBetween(earlier: MachineTime, later: MachineTime): number | undefined {
  return earlier.clock === later.clock && earlier.at <= later.at ? later.at - earlier.at : undefined;
}

/** The start of the machine, and within it of the containers that have a monotonic clock of their own. */
function machineClock(): string {
  const { boot, host } = thisProcess();
  if (boot === null) return host; // after a start of the machine it counts from zero again
  try {
    return `${boot} ${readlinkSync('/proc/self/ns/time')}`;
  } catch {
    return boot;
  }
}
