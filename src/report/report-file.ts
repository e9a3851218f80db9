import { mkdir, open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AssayError, messageOf } from '../errors.js';
import { otherKind } from '../foundation/file-kind.js';
import { show } from '../foundation/options.js';

/** Writes are gathered up to so many characters. */
const PORTION = 1 << 18;

/** A file that is written piece by piece and takes its name only when it is whole. */
export class ReportFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  #pending: string[] = [];
  #length = 0;
  #bytes = 0;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** @throws AssayError `ASSAY_INVALID_OPTION` for a file that cannot be written. */
  static async create(path: string): Promise<ReportFile> {
    try {
      await mkdir(dirname(path), { recursive: true });
      const place = await placeOf(path);
      return new ReportFile(place, await open(partOf(place), 'w'));
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /** Adds a piece; resolves when there is room for the next one. */
  async write(piece: string): Promise<void> {
    this.#pending.push(piece);
    this.#length += piece.length;
    if (this.#length >= PORTION) await this.#flush();
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#pending.join(''), 'utf8');
    this.#pending = [];
    this.#length = 0;
    this.#bytes += bytes.length;
    try {
      await this.#handle.appendFile(bytes);
    } catch (error) {
      throw unwritable(this.#path, error);
    }
  }

  /** Gives the file its name, in the place of one that had it; resolves to its size. */
  async finish(): Promise<number> {
    await this.#flush();
    await this.#handle.close();
    try {
      await rename(partOf(this.#path), this.#path);
    } catch (error) {
      throw unwritable(this.#path, error);
    }
    return this.#bytes;
  }

  /** Leaves nothing behind; a file that was there before stays. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(partOf(this.#path), { force: true });
  }
}

/** Where a file is made: where a link leads. Only a file is replaced: never a device such as `/dev/stdout`. */
async function placeOf(path: string): Promise<string> {
  const place = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return path;
    throw error;
  });
  const other = otherKind(await stat(place).catch(() => undefined));
  if (other === undefined) return place;
  throw new Error(`there is a ${other}`);
}

const partOf = (path: string): string => `${path}.${process.pid}.part`;

const unwritable = (path: string, error: unknown): AssayError =>
  new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected \`path\` of writeHtmlReport to be a file that can be written, got ${show(path)}: ${messageOf(error)}`,
    { cause: error },
  );
