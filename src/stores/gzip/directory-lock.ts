import { readFileSync } from 'node:fs';
import { readFile, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AssayError } from '../../errors.js';
import type { Clock, ClockTimer } from '../../foundation/clock.js';
import { makeFolder, namesIn, nodeFileSystem, writeFully, type FileSystem } from './file-system.js';

interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** Start of the process as the system counts it; tells a process from a later one with its number. */
  readonly processStart: string | null;
}

const SUFFIX = '.writer-lock';
const UNFINISHED = '.tmp';
const HEARTBEAT_MS = 15_000;
const STALE_MS = 60_000;
const ATTEMPTS = 5;

/**
 * The right to write into a folder. Each writer puts down a file of its own and then looks for others: at
 * most one of two can find itself alone, whatever their order, and nobody ever removes a lock that is in use
 * (taking over one lock file by name has a moment in which two win).
 *
 * A lock of this machine holds while its process lives. One of another machine, whose processes cannot be
 * seen, holds while its time stamp is renewed, which is every 15 s; after 60 s without it is dead. So does one
 * whose process number is in use on a system that does not tell when a process began.
 */
export class DirectoryLock {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #files: FileSystem;
  #heartbeat: ClockTimer | undefined;

  private constructor(path: string, clock: Clock, files: FileSystem) {
    this.#path = path;
    this.#clock = clock;
    this.#files = files;
    this.#beat();
  }

  /**
   * Takes the lock of a folder, which is created if need be, with `durable` against loss of power.
   *
   * @throws AssayError `ASSAY_STORE_LOCKED` when another writer holds it. Errors of the file system pass through.
   */
  static async take(
    folder: string,
    clock: Clock,
    files: FileSystem = nodeFileSystem,
    durable = false,
  ): Promise<DirectoryLock> {
    await makeFolder(files, folder, durable);
    for (let attempt = 1; ; attempt++) {
      const own = `${process.pid}-${crypto.randomUUID()}${SUFFIX}`;
      const path = join(folder, own);
      await putDown(path, files);
      const other = await findOther(folder, own, clock, files);
      if (other === undefined) return new DirectoryLock(path, clock, files);
      await files.remove(path);
      if (attempt === ATTEMPTS) {
        throw new AssayError(
          'ASSAY_STORE_LOCKED',
          `${folder} is being written by process ${other.pid} on ${other.host}: one writer at a time`,
          { retryable: true },
        );
      }
      // Two that met step back and try again, not at the same moment.
      await new Promise<void>((resolve) => void clock.schedule(resolve, 5 + Math.random() * 20 * attempt));
    }
  }

  /** Gives the lock back. */
  async release(): Promise<void> {
    this.#heartbeat?.cancel();
    this.#heartbeat = undefined;
    await this.#files.remove(this.#path).catch(() => {}); // whoever removed the folder has removed the lock
  }

  #beat(): void {
    this.#heartbeat = this.#clock.schedule(
      () => {
        const now = this.#clock.wallTime() / 1000;
        utimes(this.#path, now, now).catch(() => {}); // the folder may be gone: the next write says so
        this.#beat();
      },
      HEARTBEAT_MS,
      { keepAlive: false },
    );
  }
}

/** By rename: a lock without its content would hold for a minute, whoever died while writing it. */
async function putDown(path: string, files: FileSystem): Promise<void> {
  const unfinished = `${path}${UNFINISHED}`;
  try {
    const file = await files.create(unfinished);
    try {
      await writeFully(file, Buffer.from(JSON.stringify(thisProcess())));
    } finally {
      await file.close();
    }
    await files.rename(unfinished, path);
  } catch (error) {
    await files.remove(unfinished).catch(() => {});
    throw error;
  }
}

/** The holder of another lock that is alive; locks of the dead are removed. */
async function findOther(
  folder: string,
  own: string,
  clock: Clock,
  files: FileSystem,
): Promise<LockHolder | undefined> {
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    if (name.endsWith(SUFFIX + UNFINISHED) && (await isOld(path, clock)))
      await files.remove(path).catch(() => {});
    if (!name.endsWith(SUFFIX) || name === own) continue;
    const holder = await readHolder(path);
    if (holder === undefined) continue; // given back since the folder was listed
    if (holder !== 'unreadable' && !(await isDead(holder, path, clock))) return holder;
    if (holder === 'unreadable' && !(await isOld(path, clock))) {
      return { pid: Number.parseInt(name, 10), host: 'an unknown host', processStart: null };
    }
    await files.remove(path).catch(() => {});
  }
  return undefined;
}

async function readHolder(path: string): Promise<LockHolder | 'unreadable' | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const holder = JSON.parse(text) as LockHolder;
    return typeof holder.pid === 'number' && typeof holder.host === 'string' ? holder : 'unreadable';
  } catch {
    return 'unreadable'; // cut off by a loss of power, or not ours
  }
}

async function isDead(holder: LockHolder, path: string, clock: Clock): Promise<boolean> {
  if (holder.host !== hostname()) return isOld(path, clock);
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'; // EPERM: it lives, under another user
  }
  if (holder.processStart === null) return isOld(path, clock);
  return holder.processStart !== processStart(holder.pid);
}

async function isOld(path: string, clock: Clock): Promise<boolean> {
  try {
    return clock.wallTime() - (await stat(path)).mtimeMs > STALE_MS;
  } catch {
    return true;
  }
}

const thisProcess = (): LockHolder => ({
  pid: process.pid,
  host: hostname(),
  processStart: processStart(process.pid),
});

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
