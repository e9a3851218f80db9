import { InputError } from '../errors.js';
import { resolveBatchOptions } from '../batch/batch-options.js';
import { checkManifest, createManifest } from '../batch/run-manifest.js';
import type { ClockTimer } from '../foundation/clock.js';
import type { RunManifest } from '../stores/run-manifest.js';
import type { SharedStop } from '../stores/run-work.js';
import type { ResolvedWorkerOptions } from './batch-worker-options.js';
import { WorkerRun } from './worker-run.js';
import type { WorkerSlots } from './worker-slots.js';

const LINGER_MS = 10_000; // that a run without a batch is kept: its next one is likely to come

/** A run of a worker, in use by some of its batches. */
export interface UsedRun {
  readonly run: WorkerRun;
  readonly manifest: RunManifest;
}

interface KeptRun extends UsedRun {
  users: number;
  timer: ClockTimer | undefined;
}

/** What {@link WorkerRuns} need to know. */
export interface WorkerRunsOptions {
  readonly worker: ResolvedWorkerOptions;
  readonly slots: WorkerSlots;
  /** A run does not go on: its batches are to end. */
  readonly onStop: (runId: string, reason: SharedStop) => void;
  readonly onError: (error: unknown) => void;
}

/** The runs that a worker has batches of, or had a moment ago. */
export class WorkerRuns {
  readonly #options: WorkerRunsOptions;
  readonly #runs = new Map<string, Promise<KeptRun>>();

  constructor(options: WorkerRunsOptions) {
    this.#options = options;
  }

  /**
   * A run, to be given back by {@link WorkerRuns.leave}.
   *
   * @throws AssayError `ASSAY_MANIFEST_MISMATCH` when this worker would do it differently; InputError `ASSAY_INVALID_INPUT`
   * for one that the store does not know.
   */
  async use(runId: string): Promise<UsedRun> {
    let opening = this.#runs.get(runId);
    if (opening === undefined) {
      opening = this.#open(runId);
      this.#runs.set(runId, opening);
      opening.catch(() => this.#runs.delete(runId));
    }
    const kept = await opening;
    kept.users += 1;
    kept.timer?.cancel();
    return kept;
  }

  /** Gives a run back; whether no batch of this worker needs it any more. */
  async leave(runId: string): Promise<boolean> {
    const kept = await this.#runs.get(runId);
    if (kept === undefined) return true;
    kept.users -= 1;
    if (kept.users > 0) return false;
    const { clock } = this.#options.worker;
    kept.timer = clock.schedule(() => void this.#end(runId, kept), LINGER_MS, { keepAlive: false });
    if (kept.run.stopReason !== null) await this.#end(runId, kept);
    return true;
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    for (const [runId, opening] of Array.from(this.#runs)) {
      const kept = await opening.catch(() => undefined);
      if (kept !== undefined) await this.#end(runId, kept);
    }
  }

  async #open(runId: string): Promise<KeptRun> {
    const { worker, slots, onStop, onError } = this.#options;
    const { store, processor, clock } = worker;
    const [run, manifest] = await Promise.all([store.work.find(runId), store.manifest(runId)]);
    if (run === undefined || manifest === undefined)
      throw new InputError(
        'ASSAY_INVALID_INPUT',
        `The store does not know run ${JSON.stringify(runId)}: this worker has another store than the run was enqueued with`,
      );
    checkManifest(manifest, createManifest({ runId }, resolveBatchOptions(processor)));
    return {
      manifest,
      users: 0,
      timer: undefined,
      run: new WorkerRun({
        run,
        work: store.work,
        slots,
        clock,
        worker: crypto.randomUUID(),
        onStop: (reason) => onStop(runId, reason),
        onError,
      }),
    };
  }

  async #end(runId: string, kept: KeptRun): Promise<void> {
    kept.timer?.cancel();
    this.#runs.delete(runId);
    await kept.run.end().catch(this.#options.onError);
  }
}
