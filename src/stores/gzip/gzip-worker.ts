import { deflateRawSync } from 'node:zlib';
import { deflateSync } from 'fflate';
import Tinypool from 'tinypool';
import { frameMember } from './gzip-member.js';

/** What the worker thread is asked to do. */
export interface GzipTask {
  /** Each becomes one gzip member. */
  readonly texts: readonly string[];
  /** Lines in each text. */
  readonly rows: readonly number[];
  readonly codec: 'fflate' | 'zlib';
  /** 1 (fast) to 9 (small). */
  readonly level: number;
}

/** Compresses texts to gzip members; runs in a worker thread of tinypool. */
export default function compress({ texts, rows, codec, level }: GzipTask): unknown {
  const members = texts.map((text, i) => {
    const content = Buffer.from(text); // lone surrogates are escaped in JSON, so this loses nothing
    const deflated =
      codec === 'zlib'
        ? deflateRawSync(content, { level })
        : deflateSync(content, { level: level as 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 });
    return frameMember(deflated, { content, rows: rows[i] as number });
  });
  // Moved, not copied: the main thread gets the buffer itself.
  return members.length === 1 && members[0] !== undefined ? Tinypool.move(members[0]) : members;
}
