import type { GzipCompressor } from './gzip-compressor.js';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../foundation/clock.js';
import { TurnGiver } from '../../foundation/event-loop-turns.js';
import { zlib } from '../../foundation/late-modules.js';
import { filesIn, syncWhereAllowed, type FileSystem } from './file-system.js';
import { beginsWithMember, isDamaged, walkMembers, type MemberLocation } from './gzip-member.js';
import { shardNames } from './shard-writer.js';

/** What is read and inflated at once: a way through a thread of the system costs more than the work, over and over. */
const SMALL_MEMBER = 65_536;
const SMALL_TEXT = 1_000_000;

/** The text of a member, by the length that it says of itself. Checks CRC and length; no call of fflate does. */
async function inflate(member: Buffer): Promise<Buffer> {
  const small = member.length <= SMALL_MEMBER && member.readUInt32LE(member.length - 4) <= SMALL_TEXT;
  return small ? zlib().gunzipSync(member) : promisify<Uint8Array, Buffer>(zlib().gunzip)(member);
}

/** Damage that was found in a shard. */
export interface ShardDamage {
  readonly file: string;
  /** Lines of the shard that are whole. */
  readonly keptRows: number;
  readonly bytes: number;
  readonly reason: string;
}

/** What a family of shards is compressed with, and who hears of damage in it. */
export interface ShardParts {
  readonly compressor: GzipCompressor;
  readonly onDamage: (damage: ShardDamage) => void;
}

interface Shard {
  readonly name: string;
  /** Up to here its members are known. */
  scannedTo: number;
  rows: number;
  /** Known to its end, which cannot move any more since there is a newer one: not opened again. */
  settled?: boolean;
}

interface Member extends MemberLocation {
  readonly shard: Shard;
  /** Found unreadable, and told. */
  damaged: boolean;
}

/** A file that is not ours is never cut, whatever it is called. */
const FOREIGN = 'bytes that this store has not written';

/** Text of inflated members that is kept, for results that are read in nearly the order of the file. */
const KEPT_TEXT = 16_000_000;

/** Reads the shards of a family; new members, also of another process, are found by {@link ShardReader.refresh}. */
export class ShardReader {
  readonly #folder: string;
  readonly #family: string;
  readonly #onDamage: (damage: ShardDamage) => void;
  readonly #shards = new Map<string, Shard>();
  readonly #members: Member[] = [];
  readonly #inflated = new Map<number, { readonly lines: readonly string[]; readonly size: number }>();
  #inflatedSize = 0;
  readonly #turns = new TurnGiver(() => systemClock.now());

  constructor(
    folder: string,
    { family, onDamage }: { readonly family: string; readonly onDamage: (damage: ShardDamage) => void },
  ) {
    this.#folder = folder;
    this.#family = family;
    this.#onDamage = onDamage;
  }

  /**
   * Finds the members that are new since the last call; returns their numbers. `acknowledged` says how much
   * of a shard counts while it is being written. A torn end is passed over: another process may be writing it.
   */
  async refresh(acknowledged: (name: string) => number | undefined): Promise<number[]> {
    const found: number[] = [];
    const names = shardNames(await filesIn(this.#folder), this.#family);
    for (const name of names) {
      let shard = this.#shards.get(name);
      if (shard === undefined) this.#shards.set(name, (shard = { name, scannedTo: 0, rows: 0 }));
      if (shard.settled === true) continue;
      await this.#turns.due();
      const limit = acknowledged(name);
      const file = join(this.#folder, name);
      withFile(file, (read, size) => {
        const known = shard;
        for (const part of walkMembers(read, known.scannedTo, Math.min(size, limit ?? size))) {
          if (!isDamaged(part)) {
            known.rows += part.rows;
            found.push(this.#members.push({ ...part, shard: known, damaged: false }) - 1);
          } else {
            const foreign = part.offset === 0 && !beginsWithMember(read, size);
            if (part.tail && !foreign) break;
            const reason = foreign ? FOREIGN : 'unreadable bytes between results';
            this.#onDamage({ file, keptRows: known.rows, bytes: part.length, reason });
          }
          known.scannedTo = part.offset + part.length;
        }
        known.settled = known.scannedTo >= size && limit === undefined && name !== names.at(-1);
      });
    }
    return found;
  }

  /**
   * Takes in a member that this process has just written and returns its number; `undefined` when it does not
   * follow what is known of its shard: then the next refresh finds it.
   */
  added(name: string, location: MemberLocation): number | undefined {
    let shard = this.#shards.get(name);
    if (shard === undefined) this.#shards.set(name, (shard = { name, scannedTo: 0, rows: 0 }));
    if (shard.scannedTo !== location.offset) return undefined;
    shard.scannedTo = location.offset + location.length;
    shard.rows += location.rows;
    return this.#members.push({ ...location, shard, damaged: false }) - 1;
  }

  /** The lines of a member; none when it is damaged, which is reported. */
  async lines(number: number): Promise<readonly string[]> {
    const kept = this.#inflated.get(number);
    if (kept !== undefined) {
      this.#inflated.delete(number); // to the end: the first one goes when room is needed
      this.#inflated.set(number, kept);
      return kept.lines;
    }
    const member = this.#members[number] as Member;
    const { shard, offset, length } = member;
    const file = join(this.#folder, shard.name);
    await this.#turns.due();
    let text: string;
    try {
      text = (await inflate(await readRange(file, offset, length))).toString();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) throw error;
      if (!member.damaged) {
        member.damaged = true;
        shard.rows -= member.rows;
        this.#onDamage({
          file,
          keptRows: shard.rows,
          bytes: length,
          reason: 'results with a wrong checksum',
        });
      }
      text = '';
    }
    const lines = text === '' ? [] : text.slice(0, -1).split('\n');
    this.#keep(number, lines, text.length);
    return lines;
  }

  #keep(number: number, lines: readonly string[], size: number): void {
    this.#inflated.set(number, { lines, size });
    this.#inflatedSize += size;
    for (const [oldest, { size: freed }] of this.#inflated) {
      if (this.#inflatedSize <= KEPT_TEXT || oldest === number) break;
      this.#inflated.delete(oldest);
      this.#inflatedSize -= freed;
    }
  }
}

/**
 * Cuts what an interrupted append has left at the end of the shards of a family, and removes empty shards.
 * Every whole member stays. Call it only with the right to write.
 */
export async function repairShards(
  folder: string,
  {
    family,
    files,
    onDamage,
  }: {
    readonly family: string;
    readonly files: FileSystem;
    readonly onDamage: (damage: ShardDamage) => void;
  },
): Promise<void> {
  const turns = new TurnGiver(() => systemClock.now());
  for (const name of shardNames(await filesIn(folder), family)) {
    const file = join(folder, name);
    await turns.due();
    const whole = await wholePart(file);
    if (whole.size === 0) await files.remove(file); // ordinary tools complain about an empty file
    if (whole.end === whole.size) continue;
    const shard = await files.openExisting(file);
    try {
      await shard.truncate(whole.end);
      await syncWhereAllowed(shard); // a tail that comes back is cut again
    } finally {
      await shard.close();
    }
    if (whole.end === 0) await files.remove(file);
    const bytes = whole.size - whole.end;
    onDamage({ file, keptRows: whole.rows, bytes, reason: 'an append that did not finish' });
  }
}

async function wholePart(file: string): Promise<{ end: number; rows: number; size: number }> {
  let last: MemberLocation | undefined;
  let rows = 0;
  let end = 0;
  const size = withFile(file, (read, length) => {
    if (!beginsWithMember(read, length)) end = length;
    for (const part of walkMembers(read, 0, length)) {
      if (isDamaged(part)) {
        if (!part.tail) end = Math.max(end, part.offset + part.length);
        continue;
      }
      last = part;
      rows += part.rows;
      end = Math.max(end, part.offset + part.length);
    }
    return length;
  });
  // After a loss of power the end of a file can have its length but not its content.
  if (last !== undefined && last.offset + last.length === end) {
    const intact = await inflate(await readRange(file, last.offset, last.length)).then(
      () => true,
      () => false,
    );
    if (!intact) return { end: last.offset, rows: rows - last.rows, size };
  }
  return { end, rows, size };
}

function withFile<Result>(
  path: string,
  use: (read: (offset: number, length: number) => Buffer, size: number) => Result,
): Result {
  const descriptor = openSync(path, 'r');
  try {
    const read = (offset: number, length: number): Buffer => {
      const buffer = Buffer.allocUnsafe(length);
      const count = readSync(descriptor, buffer, 0, length, offset);
      return buffer.subarray(0, count);
    };
    return use(read, fstatSync(descriptor).size);
  } finally {
    closeSync(descriptor);
  }
}

async function readRange(path: string, offset: number, length: number): Promise<Buffer> {
  if (length <= SMALL_MEMBER) return withFile(path, (read) => read(offset, length));
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await handle.close();
  }
}
