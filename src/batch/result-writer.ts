import type { CaseResult } from '../evaluation/evaluation-types.js';
import { roundDuration, type Clock, type ClockTimer } from '../foundation/clock.js';
import type { KeptCase } from '../stores/kept-case.js';
import type { CaseOfRun } from './case-keeper.js';
import type { BatchSummary } from '../stores/result-store.js';
import type { RunSession } from './run-session.js';

const FULL_BATCHES = 2; // full batches that may wait for the store before the lanes have to

/** What a {@link ResultWriter} needs to know. */
export interface ResultWriterOptions {
  readonly runId: string;
  /** Distinguishes the batches of this start from those of an earlier one. */
  readonly startId: string;
  /** Where they go; `undefined`: nowhere. */
  readonly session: Pick<RunSession<unknown, unknown, unknown>, 'append'> | undefined;
  readonly batchSize: number;
  readonly flushIntervalMs: number;
  readonly clock: Clock;
  /** A batch is durable. Its promise holds back the next batch. */
  readonly onDurable: (results: readonly CaseResult[], summary: BatchSummary) => void | Promise<void>;
}

/** Results that are stored together. */
interface Batch {
  readonly results: readonly CaseResult[];
  readonly cases: readonly KeptCase[];
  readonly begunAt: number;
}

/**
 * Collects results into batches and hands them to the store one after the other. A store that is slower than the
 * run slows the run: `push` answers with a promise when two full batches are waiting.
 */
export class ResultWriter {
  readonly #options: ResultWriterOptions;
  #batch: CaseResult[] = [];
  #cases: (CaseOfRun | undefined)[] = []; // of its results
  #batchBegunAt = 0;
  #batches = 0;
  #safe = 0;
  #waiting = 0;
  #tail: Promise<void> = Promise.resolve();
  #whenRoom: Promise<void> | undefined; // while full batches wait
  #makeRoom: (() => void) | undefined;
  #timer: ClockTimer | undefined;
  #failed = false;
  readonly #unsaved = new Set<readonly CaseResult[]>();

  constructor(options: ResultWriterOptions) {
    this.#options = options;
  }

  /** Results that the store has acknowledged. */
  get safe(): number {
    return this.#safe;
  }

  /** Whether a result of this case waits to be stored. */
  holds(caseId: string): boolean {
    if (this.#batch.some((result) => result.caseId === caseId)) return true;
    for (const batch of this.#unsaved) if (batch.some((result) => result.caseId === caseId)) return true;
    return false;
  }

  /** Takes a result and its case; answers with a promise when the caller has to wait for the store. */
  push(result: CaseResult, kept: CaseOfRun | undefined): Promise<void> | undefined {
    if (this.#batch.length === 0) this.#beginBatch(result, kept);
    else {
      this.#batch.push(result);
      this.#cases.push(kept);
    }
    if (this.#batch.length >= this.#options.batchSize) this.#queueBatch();
    return this.#whenRoom;
  }

  /** Hands over what is left and waits until all of it is durable or has failed. */
  async finish(): Promise<void> {
    this.#queueBatch();
    await this.#tail;
  }

  #beginBatch(first: CaseResult, kept: CaseOfRun | undefined): void {
    this.#batch = [first]; // V8 takes an empty array to be one of small integers, and compiles what adds to it twice
    this.#cases = [kept];
    this.#batchBegunAt = this.#options.clock.now();
    const { flushIntervalMs } = this.#options;
    if (flushIntervalMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#options.clock.schedule(() => this.#queueBatch(), flushIntervalMs);
  }

  #queueBatch(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#batch.length === 0) return;
    const results = this.#batch;
    const cases = unstored(this.#cases);
    const begunAt = this.#batchBegunAt;
    this.#batch = [];
    this.#waiting++;
    if (this.#waiting >= FULL_BATCHES)
      this.#whenRoom ??= new Promise((resolve) => (this.#makeRoom = resolve));
    this.#unsaved.add(results);
    this.#tail = this.#tail.then(() => this.#write({ results, cases, begunAt }));
  }

  async #write({ results, cases, begunAt }: Batch): Promise<void> {
    const { session, clock, onDurable } = this.#options;
    const summary = this.#summarise(results, clock.now() - begunAt);
    if (!this.#failed && (await this.#append(results, { cases, summary }))) {
      if (session !== undefined) this.#safe += results.length;
      this.#unsaved.delete(results);
      await onDurable(results, summary);
    }
    this.#waiting--;
    if (this.#waiting < FULL_BATCHES || this.#failed) {
      this.#makeRoom?.();
      this.#whenRoom = undefined;
    }
  }

  /** Whether the batch is durable. If it is not, nothing is written any more. */
  async #append(
    results: readonly CaseResult[],
    { cases, summary }: { readonly cases: readonly KeptCase[]; readonly summary: BatchSummary },
  ): Promise<boolean> {
    try {
      await this.#options.session?.append(results, { cases, summary });
    } catch {
      this.#failed = true; // the run's store has emitted the error
    }
    return !this.#failed;
  }

  #summarise(results: readonly CaseResult[], durationMs: number): BatchSummary {
    let scored = 0;
    let errored = 0;
    let sum = 0;
    for (const result of results) {
      if (result.outcome === 'scored') {
        scored++;
        sum += result.evaluation.overallScore;
      } else if (result.outcome === 'errored') errored++;
    }
    return {
      runId: this.#options.runId,
      batchId: `${this.#options.startId}-${String(this.#batches++).padStart(6, '0')}`,
      at: this.#options.clock.wallTime(),
      total: results.length,
      scored,
      unscored: results.length - scored - errored,
      errored,
      averageScore: scored === 0 ? null : sum / scored,
      durationMs: roundDuration(durationMs),
    };
  }
}

/** The cases that the store was not given yet. It is given them now: a batch that cannot be stored is the last one. */
function unstored(cases: readonly (CaseOfRun | undefined)[]): KeptCase[] {
  const found: KeptCase[] = [];
  for (const kept of cases) {
    if (kept === undefined || kept.isStored) continue;
    kept.isStored = true;
    found.push(kept);
  }
  return found;
}
