import { zlib } from '../foundation/late-modules.js';

const GZIP = Buffer.from([0x1f, 0x8b]);
/** Given to zlib at once, so that text which is nearly nothing when compressed does not fill the memory. */
const SLICE = 16_384;

/** What other programs compress with, by the first bytes. */
const OTHERS: readonly (readonly [name: string, magic: Buffer])[] = [
  ['zip', Buffer.from('PK\u0003\u0004')],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['bzip2', Buffer.from('BZh')],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a])],
  ['Parquet', Buffer.from('PAR1')],
];
const LONGEST_MAGIC = 5;

/**
 * The chunks as they are, or inflated where they begin as gzip does: neither JSON nor CSV can begin so. What was inflated
 * before a fault comes before the error.
 *
 * @throws Error for a broken or cut-off gzip stream, and for other kinds of compression.
 */
export async function* gunzipChunks(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  let head: Buffer = Buffer.alloc(0);
  let inflater: Inflater | undefined;
  let known = false;
  try {
    for await (const chunk of chunks) {
      let bytes = chunk;
      if (!known) {
        head = Buffer.concat([head, chunk]);
        if (head.length < LONGEST_MAGIC && couldBeMagic(head)) continue;
        known = true;
        refuseOthers(head);
        if (head.subarray(0, GZIP.length).equals(GZIP)) inflater = new Inflater();
        bytes = head;
      }
      if (inflater === undefined) yield bytes;
      else yield* inflater.push(bytes);
    }
    if (!known) yield head;
    if (inflater !== undefined) yield* inflater.end();
  } finally {
    inflater?.destroy();
  }
}

function couldBeMagic(head: Buffer): boolean {
  return [GZIP, ...OTHERS.map(([, magic]) => magic)].some((magic) => {
    const length = Math.min(magic.length, head.length);
    return head.length < magic.length && head.subarray(0, length).equals(magic.subarray(0, length));
  });
}

function refuseOthers(head: Buffer): void {
  for (const [name, magic] of OTHERS) {
    if (!head.subarray(0, magic.length).equals(magic)) continue;
    throw new Error(`it is a ${name} file, and only gzip is read; unpack it first`);
  }
}

/** zlib's stream, taken by hand: read as a stream, it forgets at an error what it has inflated before. */
class Inflater {
  readonly #gunzip = zlib().createGunzip();
  #out: Buffer[] = [];
  #failure: Error | undefined;
  readonly #over: Promise<void>;

  constructor() {
    this.#gunzip.on('data', (piece: Buffer) => void this.#out.push(piece));
    this.#over = new Promise((resolve) => {
      this.#gunzip.once('end', resolve);
      this.#gunzip.on('error', (error) => {
        this.#failure = error;
        resolve();
      });
    });
  }

  async *push(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
    for (let at = 0; at < bytes.length; at += SLICE) {
      const taken = new Promise<void>((resolve) => {
        this.#gunzip.write(bytes.subarray(at, at + SLICE), () => resolve());
      });
      await Promise.race([taken, this.#over]); // zlib does not call back for a write that it fails at
      yield* this.#taken();
    }
  }

  async *end(): AsyncGenerator<Buffer, void, undefined> {
    this.#gunzip.end();
    await this.#over;
    yield* this.#taken();
  }

  destroy(): void {
    this.#gunzip.destroy();
  }

  *#taken(): Generator<Buffer, void, undefined> {
    const out = this.#out;
    this.#out = [];
    yield* out;
    if (this.#failure !== undefined) throw new Error(`the gzip stream is broken: ${this.#failure.message}`);
  }
}
