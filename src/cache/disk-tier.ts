/** A value in a {@link DiskTier}, with the time until which it holds. */
export interface DiskEntry {
  /** What was stored, as plain data. */
  readonly value: unknown;
  /** Wall-clock milliseconds since the epoch; `null`: for ever. */
  readonly expiresAt: number | null;
}

/** What a {@link DiskTier} holds and has refused. */
export interface DiskTierStats {
  /** Number of values held. */
  readonly entries: number;
  /** Bytes of keys and values. */
  readonly bytes: number;
  /** Values that could not be written: too large, or not plain data. */
  readonly refused: number;
}

/**
 * The second tier of a `MemoryBoundedCache`: what outlives the process. Reading is synchronous (a row of SQLite is
 * read in microseconds, faster than a thread is asked); writing only queues. `SqliteDiskTier` is one.
 */
export interface DiskTier {
  /** The entry of a key, unless it is absent, expired or unreadable. */
  get(key: string): DiskEntry | undefined;
  /** Queues a value for writing; it can be read back at once. Never throws for a value that it cannot hold. */
  set(key: string, value: unknown, expiresAt: number | null): void;
  /** Removes a key; answers whether it was there. */
  delete(key: string): boolean;
  /** Removes everything. */
  clear(): void;
  /** Resolves when everything that was queued is written; rejects when it could not be. */
  flush(): Promise<void>;
  /** Writes what is queued and frees the file. Closing twice is harmless. */
  close(): Promise<void>;
  /** What it holds and has refused so far. */
  readonly stats: DiskTierStats;
}
