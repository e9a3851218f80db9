import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** How a {@link RotatingFile} is kept small. */
export interface RotatingFileOptions {
  /** Bytes after which a new file is begun. */
  readonly maxBytes: number;
  /** How many older files (`path.1` is the youngest) are kept. */
  readonly keep: number;
}

const LINE_FEED = 0x0a;

/**
 * A file of lines that is appended to and rotated. One writer at a time: `append` must not be called again
 * before it has settled.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #options: RotatingFileOptions;
  #file: FileHandle | undefined;
  #size = 0;

  constructor(path: string, options: RotatingFileOptions) {
    this.#path = path;
    this.#options = options;
  }

  /**
   * Appends whole lines; resolves to whether a new file was begun for them. When it rejects, nothing of them is in
   * the file as far as the disk lets that be arranged.
   */
  async append(lines: string): Promise<boolean> {
    const bytes = Buffer.from(lines);
    let rotated = false;
    if (this.#file !== undefined && (await this.#file.stat()).nlink === 0) await this.close(); // removed by somebody
    this.#file ??= await this.#open();
    if (this.#size > 0 && this.#size + bytes.length > this.#options.maxBytes) {
      await this.close();
      await this.#shift();
      this.#file = await this.#open();
      rotated = true;
    }
    try {
      let written = 0;
      while (written < bytes.length) {
        const { bytesWritten } = await this.#file.write(bytes, written);
        written += bytesWritten;
      }
      this.#size += bytes.length;
    } catch (error) {
      // A full disk takes a part of a line: cut it off, so that the file stays readable.
      await this.#file.truncate(this.#size).catch(() => {});
      throw error;
    }
    return rotated;
  }

  /** Closes the file; the next `append` opens it again. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.#path), { recursive: true });
    const file = await open(this.#path, 'a+', 0o600);
    try {
      this.#size = (await file.stat()).size;
      if (this.#size > 0) {
        // A process that was killed may have left half a line: what follows must begin on its own line.
        const last = Buffer.alloc(1);
        await file.read(last, 0, 1, this.#size - 1);
        if (last[0] !== LINE_FEED) this.#size += (await file.write('\n')).bytesWritten;
      }
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** `path.1` becomes `path.2` and so on; the oldest goes. */
  async #shift(): Promise<void> {
    const { keep } = this.#options;
    const name = (age: number): string => (age === 0 ? this.#path : `${this.#path}.${age}`);
    await rm(name(keep), { force: true });
    for (let age = keep - 1; age >= 0; age--) {
      await rename(name(age), name(age + 1)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }
}
