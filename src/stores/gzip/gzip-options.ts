import { AssayError } from '../../errors.js';
import { systemClock, type Clock } from '../../foundation/clock.js';
import { boolean, checkOptions, integer, object, oneOf } from '../../foundation/options.js';
import { fileSystemWithMode, type FileSystem } from './file-system.js';

/** Options of a `GzipFileResultStore`. */
export interface GzipFileResultStoreOptions {
  /**
   * `shards`: append-only files of many results, one gzip member a batch. `file-per-result`: one file a
   * result, for small sets that other tools pick apart; about six times the disk and a fifth of the speed.
   * A folder whose results are all of the other one is refused (`ASSAY_INVALID_OPTION`) when it is used.
   * @default 'shards'
   */
  readonly layout?: 'shards' | 'file-per-result' | undefined;
  /**
   * `false`: with `layout: 'file-per-result'`, files of plain JSON (`.json`); a folder may hold both kinds.
   * @default true
   */
  readonly compression?: boolean | undefined;
  /** Permissions of the files that are made, less what the process's umask takes away. @default 0o600 */
  readonly fileMode?: number | undefined;
  /**
   * What an acknowledged result survives: `process` the death of the process, `power` also the loss of power
   * (one sync of the disk a batch).
   * @default 'process'
   */
  readonly durability?: 'process' | 'power' | undefined;
  /**
   * What compresses, in a worker thread either way: `fflate` (JavaScript) or `zlib` (of Node, nearly twice as
   * fast; the thread then holds memory outside of V8). The files are the same kind.
   * @default 'fflate'
   */
  readonly codec?: 'fflate' | 'zlib' | undefined;
  /** 1 (fast) to 9 (small). @default 6 */
  readonly level?: number | undefined;
  /** A shard that has reached this size is closed and another one begun, bytes, >= 1. @default 67108864 (64 MiB) */
  readonly shardBytes?: number | undefined;
  /** Most results in one gzip member, >= 1; single appends are gathered up to it. @default 500 */
  readonly groupSize?: number | undefined;
  /** Where time comes from. @default the machine's clock */
  readonly clock?: Clock | undefined;
  /** What is used to change files: the way in for injected faults. @internal */
  readonly files?: FileSystem | undefined;
}

/** Options with all defaults filled in. */
export interface ResolvedGzipOptions {
  readonly layout: 'shards' | 'file-per-result';
  readonly durability: 'process' | 'power';
  readonly codec: 'fflate' | 'zlib';
  readonly level: number;
  readonly shardBytes: number;
  readonly groupSize: number;
  readonly compression: boolean;
  readonly files: FileSystem;
  readonly clock: Clock;
}

/**
 * Checks the options of a gzip store and fills in the defaults.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`.
 */
export function resolveGzipOptions(options: GzipFileResultStoreOptions): ResolvedGzipOptions {
  const checked = checkOptions<GzipFileResultStoreOptions>('GzipFileResultStore', options, {
    layout: oneOf('shards', 'file-per-result'),
    compression: boolean,
    fileMode: integer(0, 0o777),
    durability: oneOf('process', 'power'),
    codec: oneOf('fflate', 'zlib'),
    level: integer(1, 9),
    shardBytes: integer(1),
    groupSize: integer(1),
    clock: object,
    files: object,
  });
  const { layout = 'shards', compression = true } = checked;
  if (layout === 'shards' && !compression) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      "Expected `compression` of GzipFileResultStore to be true with `layout: 'shards'`, got false: take 'file-per-result' for plain files",
    );
  }
  return {
    layout,
    compression,
    durability: checked.durability ?? 'process',
    codec: checked.codec ?? 'fflate',
    level: checked.level ?? 6,
    shardBytes: checked.shardBytes ?? 64 * 1024 * 1024,
    groupSize: checked.groupSize ?? 500,
    files: checked.files ?? fileSystemWithMode(checked.fileMode ?? 0o600),
    clock: checked.clock ?? systemClock,
  };
}
