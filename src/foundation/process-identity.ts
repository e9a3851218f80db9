import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Names a process so that another one can tell whether it still lives. Plain JSON data. */
export interface ProcessIdentity {
  /** Name of the machine or container. */
  readonly host: string;
  /** Process number, within its namespace. */
  readonly pid: number;
  /** Start of the process as the system counts it; tells it from a later one with its number. `null`: unknown. */
  readonly processStart: string | null;
  /** Names the start of the machine: cloned machines have one host name. `null`: unknown. */
  readonly boot: string | null;
  /** Within which process numbers mean something: containers may share a host name. `null`: unknown. */
  readonly pidNamespace: string | null;
}

/** What can be said of another process from here. */
export type ProcessState = 'alive' | 'dead' | 'unknown';

let own: ProcessIdentity | undefined;

/** This process. */
export function thisProcess(): ProcessIdentity {
  return (own ??= {
    host: hostname(),
    pid: process.pid,
    processStart: processStart(process.pid),
    boot: bootId(),
    pidNamespace: pidNamespace(),
  });
}

/**
 * Whether a process lives. `unknown` unless its number means the same here: same host name, same start of the
 * machine, same namespace; a record without those (of a system that does not tell) counts as of this one.
 */
export function processState(other: ProcessIdentity): ProcessState {
  const here = thisProcess();
  if (
    other.host !== here.host ||
    (other.boot ?? here.boot) !== here.boot ||
    (other.pidNamespace ?? here.pidNamespace) !== here.pidNamespace
  )
    return 'unknown';
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'dead' : 'alive'; // EPERM: under another user
  }
  if (other.processStart === null) return 'unknown';
  return other.processStart === processStart(other.pid) ? 'alive' : 'dead';
}

/**
 * Field 22 of /proc/PID/stat: clock ticks between boot and the start of the process; `null` for a zombie, which
 * is dead and only waits for its parent. Linux only.
 */
function processStart(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

function pidNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}
