import { AssayError } from '../errors.js';
import type { EventPort } from '../batch/batch-events.js';
import type { StopReason } from '../batch/summary/run-summary.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import { readCase } from '../stores/kept-case.js';
import type { ResultStore } from '../stores/result-store.js';
import type { RunManifest } from '../stores/run-manifest.js';
import type { BatchOutcome } from './batch-worker-events.js';
import type { ResolvedWorkerOptions } from './batch-worker-options.js';
import { BatchStore } from './batch-store.js';
import { recordExhausted } from './exhausted-batch.js';
import { ForwardingProcessor } from './forwarding-processor.js';
import { BatchTurns, type WorkerRun } from './worker-run.js';

const CAREFUL_FROM = 3; // starts from which on a batch is suspected of killing its workers
const WAIT_MS = 500; // between two looks whether a batch is free

/** What a {@link RunBatch} needs to know. */
export interface RunBatchOptions {
  readonly worker: ResolvedWorkerOptions;
  readonly run: WorkerRun;
  readonly manifest: RunManifest;
  readonly batch: number;
  readonly port: EventPort;
  /** The batch was begun, for this time. */
  readonly onStart: (starts: number) => void;
}

/** What has come of a batch. */
export interface BatchResult {
  readonly outcome: BatchOutcome;
  /** No batch of the run is open any more. */
  readonly last: boolean;
}

/** One batch within one worker, from the lease to its last result. */
export class RunBatch {
  readonly #options: RunBatchOptions;
  readonly #startId = crypto.randomUUID();
  #processor: ForwardingProcessor | undefined;
  #stopping = false;
  #timeoutMs: number | undefined;
  #wake: (() => void) | undefined;

  constructor(options: RunBatchOptions) {
    this.#options = options;
  }

  /** Does what is left of the batch. @throws AssayError when it cannot be done. */
  async execute(): Promise<BatchResult> {
    const { worker, manifest, batch, onStart } = this.#options;
    const { work } = worker.store;
    const { runId } = manifest;
    const record = await work.start(runId, batch, this.#startId);
    if (record === undefined)
      throw new AssayError(
        'ASSAY_INVALID_INPUT',
        `The store has no batch ${batch} of run ${JSON.stringify(runId)}`,
      );
    onStart(record.starts);
    if (record.state === 'done') return this.#settled('done');
    if (record.stopReason !== null) {
      await work.giveBack(runId, batch, this.#startId);
      return { outcome: 'stopped', last: false };
    }
    if (record.starts > worker.maxStarts) return this.#exhausted(record.starts - 1);
    const reason = await this.#whenFree(async () =>
      this.#run(await this.#cases(record.starts), record.starts),
    );
    if (reason === 'end') return this.#settled('done');
    if (reason === 'case-error') await work.stop(runId, 'case-error');
    await work.giveBack(runId, batch, this.#startId);
    return {
      outcome: reason === 'case-error' || this.#options.run.stopReason !== null ? 'stopped' : 'given-back',
      last: false,
    };
  }

  /** Begins no further case; what is in flight is finished, or cancelled after `timeoutMs`. */
  async stop(timeoutMs: number | undefined): Promise<void> {
    this.#stopping = true;
    this.#timeoutMs = timeoutMs;
    this.#wake?.();
    await this.#processor?.drain({ timeoutMs });
  }

  async #settled(outcome: 'done' | 'exhausted'): Promise<BatchResult> {
    const { worker, manifest, batch } = this.#options;
    return { outcome, last: await worker.store.work.settle(manifest.runId, batch, { state: 'done' }) };
  }

  async #exhausted(starts: number): Promise<BatchResult> {
    const { worker, manifest, batch } = this.#options;
    const { store, lockMs, clock } = worker;
    const recorded = await this.#whenFree(async () => {
      await recordExhausted({ store, manifest, batch, part: this.#part, leaseMs: lockMs, starts, clock });
      return 'end';
    });
    return recorded === 'end' ? this.#settled('exhausted') : { outcome: 'given-back', last: false };
  }

  get #part(): string {
    return `batch-${this.#options.batch}`;
  }

  async #cases(starts: number): Promise<TestCase<unknown, never, never>[]> {
    const { worker, manifest, batch } = this.#options;
    const found = await worker.store.work.cases(manifest.runId, batch);
    const cases = found.map(({ id, hash, parameters, text }) => {
      if (text === undefined)
        throw new AssayError(
          'ASSAY_STORE_CORRUPT',
          `The store has lost case ${JSON.stringify(id)} (${hash}) of batch ${batch}`,
        );
      return { id, ...readCase(text), ...(parameters === undefined ? {} : { parameters }) } as TestCase<
        unknown,
        never,
        never
      >;
    });
    return starts > CAREFUL_FROM && starts % 2 === 0 ? cases.reverse() : cases;
  }

  async #run(cases: TestCase<unknown, never, never>[], starts: number): Promise<StopReason> {
    const { worker, run, manifest, port } = this.#options;
    const { processor, store, batchSize, flushIntervalMs, lockMs } = worker;
    const careful = starts >= CAREFUL_FROM;
    const batchStore = new BatchStore(store, {
      batchId: `${this.#part}-${starts}`,
      clock: worker.clock,
    });
    this.#processor = new ForwardingProcessor(
      {
        ...processor,
        store: batchStore as unknown as ResultStore, // a processor neither closes it nor reads summaries
        concurrency: careful ? 1 : Math.min(worker.concurrency, cases.length * manifest.repetitions),
        batchSize: careful ? 1 : batchSize,
        flushIntervalMs,
        keepCases: false, // they are there
        leaseMs: lockMs,
        budget: run.counts ? { maxTokens: Number.MAX_VALUE } : undefined, // its books are the run's
      },
      port,
    );
    const turns = new BatchTurns({
      run,
      owner: batchStore,
      clock: worker.clock,
      most: careful ? 1 : Number.POSITIVE_INFINITY,
    });
    const unsubscribe = this.#processor.on('batch:end', ({ results }) => turns.durable(results.length));
    try {
      const running = this.#processor.run(cases, {
        runId: manifest.runId,
        part: this.#part,
        resume: true,
        retryErrored: false, // errored ones are done, unless somebody asks for them again
        shared: { slots: turns, budget: turns },
      });
      if (this.#stopping) void this.#processor.drain({ timeoutMs: this.#timeoutMs });
      const { stopReason } = await running;
      await batchStore.end();
      return stopReason;
    } finally {
      unsubscribe();
      turns.end();
      this.#processor = undefined;
    }
  }

  /** Does `work` when nobody else writes the batch: one whose worker is gone is free when its lease has run out. */
  async #whenFree(work: () => Promise<StopReason>): Promise<StopReason> {
    while (!this.#stopping) {
      try {
        return await work();
      } catch (error) {
        if (!AssayError.is(error)) throw error;
        if (error.code === 'ASSAY_LEASE_LOST') return 'drained'; // somebody else has it
        if (error.code !== 'ASSAY_RUN_ACTIVE') throw error;
      }
      await this.#pause();
    }
    return 'drained';
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.worker.clock.schedule(() => this.#wake?.(), WAIT_MS);
      this.#wake = () => {
        timer.cancel();
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
