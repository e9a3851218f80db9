import { InputError } from '../errors.js';
import { CaseFingerprint } from '../batch/case-fingerprint.js';
import { DuplicateGuard } from '../batch/seen-ids.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import { keepCase, type KeptCase } from '../stores/kept-case.js';
import type { RunWork, SharedBatch, SharedCase } from '../stores/run-work.js';
import { addJobs, type RunJob } from './run-job.js';
import type { RunQueue } from './queue-connection.js';

const PORTION_BATCHES = 20; // that are stored, and whose jobs are added, together
const PORTION_SIZE = 4_000_000; // characters

/** What {@link BatchPortions} needs to know. */
export interface BatchPortionsOptions extends Omit<RunJob, 'batch'> {
  /** Cases of a batch. */
  readonly batchSize: number;
  /** Whether jobs are added: not to a run that does not go on. */
  readonly needsJobs: boolean;
}

/** Makes batches of cases and hands them, several at once, first to the store and then to the queue. */
export class BatchPortions {
  readonly #queue: RunQueue;
  readonly #work: RunWork;
  readonly #options: BatchPortionsOptions;
  readonly #guard = new DuplicateGuard();
  readonly #fingerprint = new CaseFingerprint();
  #batch: SharedCase[] = []; // that is being filled
  #batchTexts: KeptCase[] = [];
  #full: SharedBatch[] = [];
  #texts = new Map<string, KeptCase>();
  #size = 0;
  #tail: Promise<void> = Promise.resolve();
  #batches = 0;
  #cases = 0;

  constructor(queue: RunQueue, work: RunWork, options: BatchPortionsOptions) {
    this.#queue = queue;
    this.#work = work;
    this.#options = options;
  }

  /** Takes a case; `row`: its 1-based number. @throws InputError for one whose id has come before. */
  async add(testCase: TestCase<unknown, unknown, unknown>, row: number): Promise<void> {
    const { id, input, expected, metadata, group, cluster, parameters } = testCase;
    if (this.#guard.seen(id))
      throw new InputError(
        'ASSAY_DUPLICATE_CASE',
        `Expected the id of each case to be unique within the run, got ${JSON.stringify(id)} again as case ${row}`,
        { row },
      );
    const kept = keepCase({ input, expected, metadata, group, cluster });
    this.#fingerprint.add(id, kept.hash);
    this.#batch.push({ id, hash: kept.hash, ...(parameters === undefined ? {} : { parameters }) });
    this.#batchTexts.push(kept);
    this.#cases += 1;
    if (this.#batch.length < this.#options.batchSize) return;
    this.#closeBatch();
    if (this.#full.length >= PORTION_BATCHES || this.#size >= PORTION_SIZE) await this.flush();
  }

  /** Stores the batches that are full and adds their jobs, one portion after the other. */
  flush(): Promise<void> {
    this.#tail = this.#tail.then(() => this.#handOver());
    this.#tail.catch(() => {}); // whoever waits is told, and whatever comes after
    return this.#tail;
  }

  async #handOver(): Promise<void> {
    const batches = this.#full;
    const texts = [...this.#texts.values()];
    this.#full = [];
    this.#texts = new Map();
    this.#size = 0;
    if (batches.length === 0) return;
    const { runId, manifest, needsJobs } = this.#options;
    await this.#work.add(runId, batches, texts);
    if (!needsJobs) return;
    await addJobs(
      this.#queue,
      batches.map(({ batch }) => ({ runId, batch, manifest })),
    );
  }

  /** Ends the input; resolves to what it came to. @throws InputError `ASSAY_EMPTY_INPUT`. */
  async end(): Promise<{ readonly cases: number; readonly batches: number }> {
    if (this.#cases === 0)
      throw new InputError('ASSAY_EMPTY_INPUT', 'Expected at least one test case, got none');
    if (this.#batch.length > 0) this.#closeBatch();
    await this.flush();
    const input = { cases: this.#cases, batches: this.#batches, fingerprint: this.#fingerprint.value };
    await this.#work.complete(this.#options.runId, input);
    return { cases: input.cases, batches: input.batches };
  }

  #closeBatch(): void {
    this.#full.push({ batch: this.#batches++, cases: this.#batch });
    for (const kept of this.#batchTexts) {
      if (this.#texts.has(kept.hash)) continue;
      this.#texts.set(kept.hash, kept);
      this.#size += kept.text.length;
    }
    this.#batch = [];
    this.#batchTexts = [];
  }
}
