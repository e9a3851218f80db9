import { LRUCache } from 'lru-cache';
import { AssayError } from '../errors.js';
import { byteSizeOf, SharedNames, stringByteSize } from '../foundation/byte-size.js';
import { systemClock, type Clock } from '../foundation/clock.js';
import { detach } from '../foundation/detach.js';
import { EventSource } from '../foundation/event-source.js';
import {
  checkOptions,
  invalidOption,
  milliseconds,
  requireOptions,
  show,
  type OptionChecks,
} from '../foundation/options.js';
import type { CacheEvents } from './cache-events.js';
import {
  CACHE_CHECKS,
  type CacheSetOptions,
  type CacheStats,
  type GetOrComputeOptions,
  type MemoryBoundedCacheOptions,
} from './cache-options.js';
import type { DiskTier } from './disk-tier.js';
import { Flight } from './flight.js';

/**
 * A class: what object literals make lives long here, so V8 begins to put it straight into old space, where an entry
 * that is replaced keeps its young value until the next full collection. That was half of the collector's work.
 */
class Entry<Value> {
  readonly value: Value;
  readonly bytes: number;
  /** On the clock's monotonic time. */
  readonly expiresAt: number;

  constructor(value: Value, bytes: number, expiresAt: number) {
    this.value = value;
    this.bytes = bytes;
    this.expiresAt = expiresAt;
  }
}

/** lru-cache's slots in its lists and map, and the {@link Entry}: measured, see the heap test. */
const ENTRY_BYTES = 200;

/**
 * A cache with a ceiling in bytes that is true: what was used least makes room, a value is weighed with everything
 * it refers to, and concurrent requests for one key are computed once.
 *
 * Values are shared by all who get them: treat them as read-only. `undefined` cannot be stored, since `get`
 * answers a miss with it. A value larger than the whole cache is passed through and counted.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for bad options, also those of one call, `ASSAY_INVALID_INPUT` for
 * `undefined` as a value and for a key that is no string, `ASSAY_CLOSED` after `close`.
 */
export class MemoryBoundedCache<
  Key extends string = string,
  Value = unknown,
> extends EventSource<CacheEvents> {
  readonly #maxBytes: number;
  readonly #ttlMs: number;
  readonly #sizeOf: ((value: Value) => number) | undefined;
  readonly #copy: boolean;
  readonly #disk: DiskTier | undefined;
  readonly #clock: Clock;
  readonly #entries: LRUCache<Key, Entry<Value>>;
  readonly #names = new SharedNames();
  readonly #flights = new Map<Key, Flight<Value>>();
  #leaving: 'expired' | undefined; // why the entry is deleted, for the dispose callback
  readonly #untold: CacheEvents['cache:evict'][] = []; // evictions whose event has not been emitted yet
  #hits = 0;
  #diskHits = 0;
  #misses = 0;
  #shared = 0;
  #evictions = 0;
  #expired = 0;
  #oversize = 0;
  #closed: Promise<void> | undefined;

  constructor(options: MemoryBoundedCacheOptions<Value>) {
    super();
    const given = checkOptions(
      'MemoryBoundedCache',
      options,
      CACHE_CHECKS as OptionChecks<MemoryBoundedCacheOptions<Value>>,
    );
    requireOptions('MemoryBoundedCache', given, ['maxBytes']);
    this.#maxBytes = given.maxBytes;
    this.#ttlMs = given.ttlMs ?? Number.POSITIVE_INFINITY;
    this.#sizeOf = given.sizeOf;
    this.#copy = given.copy ?? true;
    this.#disk = given.disk;
    this.#clock = given.clock ?? systemClock;
    this.#entries = new LRUCache<Key, Entry<Value>>({
      maxSize: given.maxBytes,
      sizeCalculation: (entry) => entry.bytes,
      // lru-cache takes the memory of as many slots at once: not of more than the bytes allow.
      ...(given.maxEntries === undefined || given.maxEntries >= given.maxBytes / ENTRY_BYTES
        ? {}
        : { max: given.maxEntries }),
      dispose: (entry, key, reason) => this.#disposed(entry, key, reason),
    });
  }

  /** The value of a key; `undefined` only when there is none (any more). */
  get(key: Key): Value | undefined {
    const found = this.#look(key);
    if (found === undefined) {
      this.#misses++;
      if (this.wants('cache:miss')) this.emit('cache:miss', { at: this.#clock.wallTime(), key });
    }
    return found;
  }

  /** Stores a value; answers whether it was kept (`false`: larger than the whole cache). */
  set(key: Key, value: Value, options: CacheSetOptions = {}): boolean {
    this.#refuseWhenClosed();
    refuseUndefined(key, value);
    const invalid = invalidKey(key) ?? invalidTtl(options);
    if (invalid !== undefined) throw invalid;
    this.#flights.delete(key); // what was asked for earlier must not overwrite what is known now
    return this.#store(key, value, options.ttlMs ?? this.#ttlMs);
  }

  /** Whether `get` would find a value; counts neither as hit nor as use. */
  has(key: Key): boolean {
    const entry = this.#entries.peek(key);
    if (entry !== undefined && !this.#isExpired(entry)) return true;
    return this.#disk?.get(key) !== undefined;
  }

  /** Removes a key; answers whether there was a value. A computation under way will not store its result. */
  delete(key: Key): boolean {
    this.#flights.delete(key);
    const inMemory = this.#entries.delete(key);
    this.#tellDepartures();
    return (this.#disk?.delete(key) ?? false) || inMemory;
  }

  /** Removes everything. Computations under way will not store their results. */
  clear(): void {
    this.#flights.clear();
    this.#entries.clear();
    this.#disk?.clear();
    this.#tellDepartures();
  }

  /**
   * The value of a key, computed when there is none. Concurrent callers share one computation; its failure goes to
   * all of them and is not stored. `compute` gets a signal that aborts when every caller has gone.
   *
   * Rejects with what `compute` threw, `ASSAY_ABORTED` when the caller's own signal aborts, or `ASSAY_INVALID_OPTION`.
   */
  getOrCompute(
    key: Key,
    compute: (signal: AbortSignal) => Value | Promise<Value>,
    options: GetOrComputeOptions<Value> = {},
  ): Promise<Value> {
    const { signal } = options;
    if (this.#closed !== undefined) return Promise.reject(closedError());
    if (signal?.aborted === true) {
      return Promise.reject(
        new AssayError('ASSAY_ABORTED', 'Waiting for a cached value was aborted', { cause: signal.reason }),
      );
    }
    const invalid = invalidKey(key) ?? invalidTtl(options);
    if (invalid !== undefined) return Promise.reject(invalid);
    const underWay = this.#flights.get(key);
    if (underWay !== undefined) {
      this.#shared++;
      return underWay.join(signal);
    }
    const found = this.get(key);
    if (found !== undefined) return Promise.resolve(found);
    return this.#startFlight(key, compute, options).join(signal);
  }

  /** Counts since construction, and what is held now. */
  get stats(): CacheStats {
    const asked = this.#hits + this.#misses;
    return {
      entries: this.#entries.size,
      bytes: this.#entries.calculatedSize,
      maxBytes: this.#maxBytes,
      hits: this.#hits,
      diskHits: this.#diskHits,
      misses: this.#misses,
      hitRate: asked === 0 ? 0 : this.#hits / asked,
      shared: this.#shared,
      evictions: this.#evictions,
      expired: this.#expired,
      oversize: this.#oversize,
      inFlight: this.#flights.size,
      ...(this.#disk === undefined ? {} : { disk: this.#disk.stats }),
    };
  }

  /** Forgets everything in memory, writes what the second tier has queued and closes it. Closing twice is harmless. */
  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#flights.clear();
      this.#entries.clear();
      this.#closed = this.#disk?.close() ?? Promise.resolve();
      this.#tellDepartures();
    }
    return this.#closed;
  }

  /** Same as {@link MemoryBoundedCache.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #startFlight(
    key: Key,
    compute: (signal: AbortSignal) => Value | Promise<Value>,
    { ttlMs, keepIf }: GetOrComputeOptions<Value>,
  ): Flight<Value> {
    const land = (): boolean => this.#flights.get(key) === flight && this.#flights.delete(key);
    const flight = new Flight<Value>({
      landed: (value) => {
        const expected = land();
        refuseUndefined(key, value);
        if (expected && (keepIf?.(value) ?? true)) this.#store(key, value, ttlMs ?? this.#ttlMs);
      },
      failed: () => void land(),
      abandoned: () => void land(),
    });
    this.#flights.set(key, flight);
    flight.start(compute);
    return flight;
  }

  #look(key: Key): Value | undefined {
    this.#refuseWhenClosed();
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      if (!this.#isExpired(entry)) return this.#hit(key, entry.value, 'memory');
      this.#leaving = 'expired';
      this.#entries.delete(key);
      this.#leaving = undefined;
      this.#tellDepartures();
    }
    const stored = this.#disk?.get(key);
    if (stored === undefined) return undefined;
    const ttlMs =
      stored.expiresAt === null ? Number.POSITIVE_INFINITY : stored.expiresAt - this.#clock.wallTime();
    this.#remember(key, stored.value as Value, ttlMs);
    this.#diskHits++;
    return this.#hit(key, stored.value as Value, 'disk');
  }

  #hit(key: Key, value: Value, tier: 'memory' | 'disk'): Value {
    this.#hits++;
    if (this.wants('cache:hit')) this.emit('cache:hit', { at: this.#clock.wallTime(), key, tier });
    return value;
  }

  #store(key: Key, value: Value, ttlMs: number): boolean {
    if (this.#closed !== undefined) return false;
    const kept = this.#remember(key, value, ttlMs);
    this.#disk?.set(key, value, Number.isFinite(ttlMs) ? this.#clock.wallTime() + ttlMs : null);
    return kept;
  }

  #remember(key: Key, value: Value, ttlMs: number): boolean {
    const copy = this.#copy ? detach(value, this.#names) : undefined;
    const weight = this.#sizeOf?.(value) ?? copy?.bytes ?? byteSizeOf(value, this.#names);
    if (!Number.isSafeInteger(weight) || weight < 0) {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected \`sizeOf\` to return an integer >= 0, got ${weight}`,
      );
    }
    const bytes = weight + ENTRY_BYTES + stringByteSize(key);
    if (bytes > this.#maxBytes) {
      this.#entries.delete(key); // the value that stood there is no longer true
      this.#oversize++;
      this.#report(key, bytes, 'oversize');
      this.#tellDepartures();
      return false;
    }
    const expiresAt = Number.isFinite(ttlMs) ? this.#clock.now() + ttlMs : Number.POSITIVE_INFINITY;
    const kept = copy === undefined ? value : copy.value;
    this.#entries.set(key, new Entry(kept, bytes, expiresAt));
    this.#tellDepartures();
    return true;
  }

  #isExpired(entry: Entry<Value>): boolean {
    return entry.expiresAt !== Number.POSITIVE_INFINITY && this.#clock.now() >= entry.expiresAt;
  }

  #disposed(entry: Entry<Value>, key: Key, reason: LRUCache.DisposeReason): void {
    if (this.#leaving === 'expired') {
      this.#expired++;
      this.#report(key, entry.bytes, 'expired');
    } else if (reason === 'evict') {
      this.#evictions++;
      this.#report(key, entry.bytes, 'space');
    } else this.#report(key, entry.bytes, reason === 'set' ? 'replaced' : 'deleted');
  }

  #report(key: Key, bytes: number, reason: CacheEvents['cache:evict']['reason']): void {
    if (this.wants('cache:evict')) {
      this.#untold.push({ at: this.#clock.wallTime(), key, bytes, reason });
    }
  }

  // Once lru-cache is done with its lists: a listener that stores something in their midst would break them.
  #tellDepartures(): void {
    if (this.#untold.length === 0) return;
    for (const departure of this.#untold.splice(0)) this.emit('cache:evict', departure);
  }

  #refuseWhenClosed(): void {
    if (this.#closed !== undefined) throw closedError();
  }
}

const closedError = (): AssayError => new AssayError('ASSAY_CLOSED', 'The cache is closed');

const invalidKey = (key: unknown): AssayError | undefined =>
  typeof key === 'string'
    ? undefined
    : new AssayError(
        'ASSAY_INVALID_INPUT',
        `Expected the key of a cached value to be a string, got ${show(key)}`,
      );

const invalidTtl = ({ ttlMs }: CacheSetOptions): AssayError | undefined =>
  ttlMs === undefined
    ? undefined
    : invalidOption('a cached value', { name: 'ttlMs', value: ttlMs, check: milliseconds });

function refuseUndefined(key: string, value: unknown): void {
  if (value !== undefined) return;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `The value for ${JSON.stringify(key)} is undefined, which \`get\` could not tell from a miss: store null instead`,
  );
}
