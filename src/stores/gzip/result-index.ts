import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { OUTCOME_RANK, type ResultKey, type ResultQuery } from '../result-store.js';
import type { ResultFacts } from '../result-query.js';
import { storableText } from '../storable-text.js';

const OUTCOMES = ['errored', 'unscored', 'scored'] as const satisfies readonly CaseResult['outcome'][];

const CHUNK_BITS = 16;
const CHUNK = 1 << CHUNK_BITS;

/** Numbers in typed arrays of one size each: growing copies nothing and leaves no garbage. */
class Column {
  readonly #chunks: (Float64Array | Uint32Array | Uint8Array)[] = [];
  readonly #make: (length: number) => Float64Array | Uint32Array | Uint8Array;

  constructor(make: (length: number) => Float64Array | Uint32Array | Uint8Array) {
    this.#make = make;
  }

  get(i: number): number {
    return this.#chunks[i >>> CHUNK_BITS]?.[i & (CHUNK - 1)] as number;
  }

  set(i: number, value: number): void {
    const chunk = (this.#chunks[i >>> CHUNK_BITS] ??= this.#make(CHUNK));
    chunk[i & (CHUNK - 1)] = value;
  }
}

const doubles = (): Column => new Column((length) => new Float64Array(length));
const integers = (): Column => new Column((length) => new Uint32Array(length));
const bytes = (): Column => new Column((length) => new Uint8Array(length));

const ARENA_BITS = 20;
const ARENA_CHUNK = 1 << ARENA_BITS;

/** Texts as UTF-8 behind one another. */
class TextArena {
  readonly #chunks: Buffer[] = [];
  #used = ARENA_CHUNK;

  add(text: Buffer): number {
    if (this.#used + text.length > ARENA_CHUNK) {
      this.#chunks.push(Buffer.allocUnsafeSlow(Math.max(ARENA_CHUNK, text.length)));
      this.#used = 0;
    }
    const chunk = this.#chunks.length - 1;
    text.copy(this.#chunks[chunk] as Buffer, this.#used);
    const position = chunk * ARENA_CHUNK + this.#used;
    this.#used += text.length;
    return position;
  }

  slice(position: number, length: number): Buffer {
    const start = position & (ARENA_CHUNK - 1);
    return (this.#chunks[Math.floor(position / ARENA_CHUNK)] as Buffer).subarray(start, start + length);
  }
}

/** Texts that come again and again (runs, models), as small numbers. */
class Dictionary {
  readonly #numbers = new Map<string | null, number>();

  numberOf(text: string | null): number {
    let known = this.#numbers.get(text);
    if (known === undefined) this.#numbers.set(text, (known = this.#numbers.size));
    return known;
  }

  find(text: string): number | undefined {
    return this.#numbers.get(text);
  }
}

/** The key of a result as the index keeps it. */
interface IndexedKey {
  readonly hash: number;
  readonly id: Buffer;
  readonly run: number;
  readonly repetition: number;
}

/** Where a result stands. */
export interface ResultLocation {
  /** Number of the member, counted over all shards. */
  readonly member: number;
  /** Line within the member. */
  readonly line: number;
}

/**
 * What there is in an append-only store and which of several results of one key counts: about 70 bytes a
 * result with ids of 20 characters, all of it outside the garbage collector's reach.
 */
export class ResultIndex {
  readonly #runs = new Dictionary();
  readonly #models = new Dictionary();
  readonly #ids = new TextArena();
  readonly #idAt = doubles();
  readonly #idLength = integers();
  readonly #run = integers();
  readonly #model = integers();
  readonly #repetition = integers();
  readonly #outcome = bytes();
  readonly #startedAt = doubles();
  readonly #score = doubles();
  readonly #member = integers();
  readonly #line = integers();
  readonly #hash = integers();
  #slots = new Uint32Array(1 << 12); // ordinal + 1; 0 is free
  #size = 0;

  /** How many keys there are. */
  get size(): number {
    return this.#size;
  }

  /** Takes a result in; one of higher rank that is known under the key stays. */
  add(facts: ResultFacts, location: ResultLocation): void {
    const id = Buffer.from(storableText(facts.caseId));
    const run = this.#runs.numberOf(facts.runId);
    const hash = hashOf(id, run, facts.repetition);
    let ordinal = this.#find({ hash, id, run, repetition: facts.repetition });
    const rank = OUTCOME_RANK[facts.outcome];
    if (ordinal !== undefined && this.#outcome.get(ordinal) > rank) return;
    if (ordinal === undefined) {
      ordinal = this.#size++;
      this.#idAt.set(ordinal, this.#ids.add(id));
      this.#idLength.set(ordinal, id.length);
      this.#run.set(ordinal, run);
      this.#repetition.set(ordinal, facts.repetition);
      this.#hash.set(ordinal, hash);
      this.#insert(ordinal, hash);
    }
    this.#outcome.set(ordinal, rank);
    this.#model.set(ordinal, this.#models.numberOf(facts.model));
    this.#startedAt.set(ordinal, facts.startedAt);
    this.#score.set(ordinal, facts.score ?? Number.NaN);
    this.#member.set(ordinal, location.member);
    this.#line.set(ordinal, location.line);
  }

  /** The outcome of a key, or `undefined`. */
  outcome(runId: string, key: ResultKey): CaseResult['outcome'] | undefined {
    const ordinal = this.find(runId, key);
    return ordinal === undefined ? undefined : OUTCOMES[this.#outcome.get(ordinal)];
  }

  /** The result of a key, or `undefined`. */
  find(runId: string, { caseId, repetition }: ResultKey): number | undefined {
    const run = this.#runs.find(runId);
    if (run === undefined) return undefined;
    const id = Buffer.from(storableText(caseId));
    return this.#find({ hash: hashOf(id, run, repetition), id, run, repetition });
  }

  /** Results of a run by outcome. */
  counts(runId: string): Record<CaseResult['outcome'], number> {
    const counts = { scored: 0, unscored: 0, errored: 0 };
    const run = this.#runs.find(runId);
    if (run === undefined) return counts;
    for (let i = 0; i < this.#size; i++)
      if (this.#run.get(i) === run) counts[OUTCOMES[this.#outcome.get(i)]!] += 1;
    return counts;
  }

  /** Where a result stands. */
  location(ordinal: number): ResultLocation {
    return { member: this.#member.get(ordinal), line: this.#line.get(ordinal) };
  }

  /**
   * The results that a query asks for, in its order, without its limit. A prefix that ends within a surrogate
   * pair finds too many: look at the ids again after reading.
   */
  select(query: ResultQuery): Uint32Array {
    const run = query.runId === undefined ? undefined : this.#runs.find(query.runId);
    const model = query.model === undefined ? undefined : this.#models.find(query.model);
    if (query.runId !== undefined && run === undefined) return new Uint32Array(0);
    if (query.model !== undefined && model === undefined) return new Uint32Array(0);
    const wanted = query.errorCode === undefined ? query.outcome : (query.outcome ?? 'errored');
    const rank = wanted === undefined ? undefined : OUTCOME_RANK[wanted];
    const prefix = Buffer.from(storableText((query.idPrefix ?? '').replace(/[\ud800-\udbff]$/, '')));
    const { from, to } = query;
    const minScore = query.minScore ?? (query.passed === undefined ? undefined : Number.NEGATIVE_INFINITY);
    const { maxScore } = query;
    const compare = this.#order(query.order);
    const found = new Uint32Array(this.#size);
    let count = 0;
    let sorted = true;
    for (let i = 0; i < this.#size; i++) {
      if (run !== undefined && this.#run.get(i) !== run) continue;
      if (model !== undefined && this.#model.get(i) !== model) continue;
      if (rank !== undefined && this.#outcome.get(i) !== rank) continue;
      if (minScore !== undefined && !(this.#score.get(i) >= minScore)) continue;
      if (maxScore !== undefined && !(this.#score.get(i) <= maxScore)) continue;
      if (from !== undefined && !(this.#startedAt.get(i) >= from)) continue;
      if (to !== undefined && !(this.#startedAt.get(i) < to)) continue;
      if (prefix.length > 0 && !this.#id(i).subarray(0, prefix.length).equals(prefix)) continue;
      if (sorted && count > 0) sorted = compare(found[count - 1] as number, i) <= 0;
      found[count++] = i;
    }
    const selected = found.subarray(0, count);
    return sorted ? selected : selected.sort(compare);
  }

  #order(order: ResultQuery['order'] = 'oldest-first'): (a: number, b: number) => number {
    const forward = (a: number, b: number): number => this.#compare(a, b);
    const backward = (a: number, b: number): number => this.#compare(b, a);
    if (order === 'oldest-first') return forward;
    if (order === 'newest-first') return backward;
    const [direction, equal] = order === 'lowest-first' ? [1, forward] : [-1, backward];
    return (a, b) => {
      const [x, y] = [this.#score.get(a), this.#score.get(b)];
      if (Number.isNaN(x) || Number.isNaN(y))
        return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || forward(a, b);
      return direction * (x - y) || equal(a, b);
    };
  }

  #compare(a: number, b: number): number {
    return (
      this.#startedAt.get(a) - this.#startedAt.get(b) ||
      Buffer.compare(this.#id(a), this.#id(b)) || // bytes of UTF-8: the order of code points
      this.#repetition.get(a) - this.#repetition.get(b) ||
      a - b
    );
  }

  #id(ordinal: number): Buffer {
    return this.#ids.slice(this.#idAt.get(ordinal), this.#idLength.get(ordinal));
  }

  #find({ hash, id, run, repetition }: IndexedKey): number | undefined {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const taken = this.#slots[slot] as number;
      if (taken === 0) return undefined;
      const ordinal = taken - 1;
      if (
        this.#hash.get(ordinal) === hash &&
        this.#run.get(ordinal) === run &&
        this.#repetition.get(ordinal) === repetition &&
        this.#id(ordinal).equals(id)
      )
        return ordinal;
    }
  }

  #insert(ordinal: number, hash: number): void {
    if (this.#size * 3 > this.#slots.length * 2) {
      this.#slots = new Uint32Array(this.#slots.length * 2);
      for (let known = 0; known < ordinal; known++) this.#place(known, this.#hash.get(known));
    }
    this.#place(ordinal, hash);
  }

  #place(ordinal: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = ordinal + 1;
  }
}

/** FNV-1a, mixed once more (MurmurHash3's finaliser): ids that count up would otherwise fill neighbouring slots. */
function hashOf(id: Buffer, run: number, repetition: number): number {
  let hash = 0x811c9dc5 ^ run ^ Math.imul(repetition + 1, 0x9e3779b1);
  for (const byte of id) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
