import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AssayError } from '../../errors.js';
import type { Clock, ClockTimer } from '../../foundation/clock.js';
import { machineTime, machineTimeBetween, type MachineTime } from '../../foundation/machine-time.js';
import { processState, thisProcess, type ProcessIdentity } from '../../foundation/process-identity.js';
import { systemRandom } from '../../foundation/seeded-random.js';
import { runActiveError, type HeldLease } from '../run-lease.js';
import {
  makeFolder,
  namesIn,
  nodeFileSystem,
  writeFully,
  type FileSystem,
  type WritableFile,
} from './file-system.js';

/**
 * What stands in a lock: its first line; each further line is the name of a run, or a sign of life: when it was given, by
 * the clock of `machine`.
 */
interface LockContent extends ProcessIdentity {
  /** When the lock was taken, milliseconds since the epoch by the holder's clock. */
  readonly takenAt: number;
  /** The same by the clock of the holder's machine; absent in locks of older versions. */
  readonly machine?: MachineTime;
}

interface Holder {
  readonly content: LockContent | undefined; // `undefined`: unreadable
  readonly runs: readonly string[];
  readonly name: string;
  readonly ageMs: number;
}

/** Now, by the clock that stamps files, and by that of this machine. */
interface Now {
  readonly ofFiles: number;
  readonly machine: MachineTime;
}

interface PutDown {
  readonly name: string;
  readonly file: WritableFile;
}

const SUFFIX = '.writer-lock';
const UNFINISHED = '.tmp';
const HEARTBEAT_MS = 15_000;
const STALE_MS = 60_000;
const ATTEMPTS = 5;

/** How a {@link DirectoryLock} is taken. */
export interface DirectoryLockOptions {
  readonly clock: Clock;
  /** @default the file system of the machine */
  readonly files?: FileSystem | undefined;
  /** Whether folders that are made survive a loss of power. */
  readonly durable?: boolean | undefined;
  /** The run that it is taken for, if it is one: others are told. */
  readonly runId?: string | undefined;
}

/**
 * The right to write into a folder. Each writer puts down a file of its own and then looks for others: at
 * most one of two can find itself alone, whatever their order, and nobody ever removes a lock that is in use
 * (taking over one lock file by name has a moment in which two win).
 *
 * A lock of this machine holds while its process lives. One whose process cannot be seen (another machine, another
 * container, a system that does not tell when a process began) holds while it gives a sign every 15 s; after 60 s
 * without one it is dead. Times are those of the machine's monotonic clock, and between machines those that the file system
 * has given to the files, all of one clock: those of two machines may be minutes apart. A writer that slept for so long
 * finds its lock gone, and writes no more.
 */
export class DirectoryLock {
  readonly #folder: string;
  readonly #path: string;
  readonly #file: WritableFile;
  readonly #clock: Clock;
  readonly #files: FileSystem;
  #heartbeat: ClockTimer | undefined;
  #lost = false;
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(
    folder: string,
    {
      path,
      file,
      clock,
      files,
    }: {
      readonly path: string;
      readonly file: WritableFile;
      readonly clock: Clock;
      readonly files: FileSystem;
    },
  ) {
    this.#folder = folder;
    this.#path = path;
    this.#file = file;
    this.#clock = clock;
    this.#files = files;
    this.#beat();
  }

  /**
   * Takes the lock of a folder, which is created if need be, with `durable` against loss of power.
   *
   * @throws AssayError `ASSAY_RUN_ACTIVE` when another writer writes this very run, `ASSAY_STORE_LOCKED` when it holds
   * the folder for something else. Errors of the file system pass through.
   */
  static async take(folder: string, options: DirectoryLockOptions): Promise<DirectoryLock> {
    const { clock, files = nodeFileSystem, durable = false, runId } = options;
    await makeFolder(files, { path: folder, durable });
    const putOne = async (): Promise<PutDown> => {
      const name = `${process.pid}-${crypto.randomUUID()}${SUFFIX}`;
      const content = { ...thisProcess(), takenAt: clock.wallTime(), machine: machineTime(clock) };
      return { name, file: await putDown(join(folder, name), { files, content, runId }) };
    };
    let own = await putOne();
    for (let attempt = 1; ; attempt++) {
      const path = join(folder, own.name);
      let other: Holder | undefined;
      try {
        other = await findOther(folder, own.name, { files, clock });
      } catch (error) {
        await giveUp(own.file, path, files);
        throw error;
      }
      if (other === undefined) return new DirectoryLock(folder, { path, file: own.file, clock, files });
      const last = attempt === ATTEMPTS;
      // Of two that meet the one with the lesser name stays and looks again: it is alone when the other steps back.
      const steps = last || other.name < own.name;
      if (steps) await giveUp(own.file, path, files);
      if (last) {
        throw runId !== undefined && other.runs.includes(runId)
          ? activeError(other, runId, clock)
          : lockedError(folder, other);
      }
      await new Promise<void>((resolve) => void clock.schedule(resolve, 5 + systemRandom() * 20 * attempt));
      if (steps) own = await putOne();
    }
  }

  /** Name of its file. */
  get name(): string {
    return basename(this.#path);
  }

  /** Tells others that a run is written under this lock. */
  async addRun(runId: string): Promise<void> {
    await this.#write(`${JSON.stringify(runId)}\n`);
  }

  /**
   * Throws when the lock is no longer in its place: somebody has found it dead and writes now.
   *
   * @throws AssayError `ASSAY_LEASE_LOST`.
   */
  async check(): Promise<void> {
    this.#lost ||= !(await this.#file.linked().catch(() => false)); // who cannot look must not go on either
    if (!this.#lost) return;
    throw new AssayError(
      'ASSAY_LEASE_LOST',
      `The lock of ${this.#folder} is gone: this process had given no sign for ${STALE_MS / 1000} s, or somebody has ` +
        'removed it; nothing more is written, since another writer may be at work',
    );
  }

  /** Gives the lock back. */
  async release(): Promise<void> {
    this.#heartbeat?.cancel();
    this.#heartbeat = undefined;
    await this.#writing.catch(() => {});
    const lost = this.#lost || !(await this.#file.linked().catch(() => false));
    await this.#file.close().catch(() => {});
    if (!lost) await this.#files.remove(this.#path).catch(() => {}); // whoever removed the folder has removed the lock
  }

  #beat(): void {
    this.#heartbeat = this.#clock.schedule(
      () => {
        // The file system stamps it with its own clock, too. A full disk: the next one may pass.
        this.#write(`${machineTime(this.#clock).at}\n`).catch(() => {});
        this.#beat();
      },
      HEARTBEAT_MS,
      { keepAlive: false },
    );
  }

  #write(line: string): Promise<void> {
    const written = this.#writing.then(() => writeFully(this.#file, Buffer.from(line)));
    this.#writing = written.catch(() => {});
    return written;
  }
}

/** The runs that others write in a folder, as leases. */
export async function foreignLeases(
  folder: string,
  { own, clock }: { readonly own: string | undefined; readonly clock: Clock },
): Promise<HeldLease[]> {
  const found: HeldLease[] = [];
  for (const name of await namesIn(folder)) {
    if (!name.endsWith(SUFFIX) || name === own) continue;
    const now = { ofFiles: clock.wallTime(), machine: machineTime(clock) };
    const holder = await readHolder(join(folder, name), name, now);
    if (holder?.content === undefined || isDead(holder)) continue;
    for (const runId of holder.runs)
      found.push(leaseOf(holder, { content: holder.content, runId, now: clock.wallTime() }));
  }
  return found;
}

/** By rename: a lock without its content would hold for a minute, whoever died while writing it. */
async function putDown(
  path: string,
  {
    files,
    content,
    runId,
  }: { readonly files: FileSystem; readonly content: LockContent; readonly runId: string | undefined },
): Promise<WritableFile> {
  const unfinished = `${path}${UNFINISHED}`;
  let file: WritableFile | undefined;
  try {
    file = await files.create(unfinished);
    const lines = [content, ...(runId === undefined ? [] : [runId])].map(
      (line) => `${JSON.stringify(line)}\n`,
    );
    await writeFully(file, Buffer.from(lines.join('')));
    await files.rename(unfinished, path);
    return file;
  } catch (error) {
    await file?.close().catch(() => {});
    await files.remove(unfinished).catch(() => {});
    throw error;
  }
}

async function giveUp(file: WritableFile, path: string, files: FileSystem): Promise<void> {
  await file.close().catch(() => {});
  await files.remove(path);
}

/** The holder of another lock that is alive; locks of the dead are removed. */
async function findOther(
  folder: string,
  own: string,
  { files, clock }: { readonly files: FileSystem; readonly clock: Clock },
): Promise<Holder | undefined> {
  const now = { ofFiles: (await stat(join(folder, own))).mtimeMs, machine: machineTime(clock) };
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    if (name.endsWith(SUFFIX + UNFINISHED) && (await ageOf(path, now.ofFiles)) > STALE_MS)
      await files.remove(path).catch(() => {});
    if (!name.endsWith(SUFFIX) || name === own) continue;
    const holder = await readHolder(path, name, now);
    if (holder === undefined) continue; // given back since the folder was listed
    if (!isDead(holder)) return holder;
    await files.remove(path).catch(() => {});
  }
  return undefined;
}

async function readHolder(path: string, name: string, now: Now): Promise<Holder | undefined> {
  let text: string;
  try {
    if (!(await stat(path)).isFile()) return undefined;
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const [content, ...further] = text
    .split('\n')
    .filter((line) => line !== '')
    .map(parsed);
  const known = isContent(content) ? content : undefined; // else cut off by a loss of power, or not ours
  return {
    name,
    ageMs: silenceOf(known, further, now.machine) ?? (await ageOf(path, now.ofFiles)),
    content: known,
    runs: further.filter((line): line is string => typeof line === 'string'),
  };
}

/** How long ago a holder on this machine gave a sign. */
function silenceOf(
  content: LockContent | undefined,
  further: readonly unknown[],
  now: MachineTime,
): number | undefined {
  if (typeof content?.machine?.clock !== 'string') return undefined;
  const signs = further.filter((line) => typeof line === 'number');
  return machineTimeBetween({ ...content.machine, at: signs.at(-1) ?? content.machine.at }, now);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isContent(value: unknown): value is LockContent {
  const { pid, host } = (value ?? {}) as Partial<LockContent>;
  return typeof pid === 'number' && typeof host === 'string';
}

function isDead({ content, ageMs }: Holder): boolean {
  const state = content === undefined ? 'unknown' : processState(content);
  return state === 'dead' || (state === 'unknown' && ageMs > STALE_MS);
}

/** How long before `now` a file was written last, both by the file system's clock; `Infinity` when it is gone. */
async function ageOf(path: string, now: number): Promise<number> {
  try {
    return now - (await stat(path)).mtimeMs;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function lockedError(folder: string, { content, name }: Holder): AssayError {
  const pid = content?.pid ?? Number.parseInt(name, 10);
  return new AssayError(
    'ASSAY_STORE_LOCKED',
    `${folder} is being written by process ${pid} on ${content?.host ?? 'an unknown host'}: one writer at a time`,
    { retryable: true },
  );
}

function activeError(holder: Holder, runId: string, clock: Clock): AssayError {
  const now = clock.wallTime();
  return runActiveError(leaseOf(holder, { content: holder.content as LockContent, runId, now }), now);
}

function leaseOf(
  { ageMs }: Holder,
  { content, runId, now }: { readonly content: LockContent; readonly runId: string; readonly now: number },
): HeldLease {
  const renewedAt = now - ageMs;
  const takenAt = content.takenAt ?? renewedAt;
  return { runId, id: '', part: '', durationMs: STALE_MS, holder: content, takenAt, renewedAt };
}
