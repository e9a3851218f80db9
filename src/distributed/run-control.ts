import { AssayError } from '../errors.js';
import { checkArgument, checkOptions, having, object, requireOptions, text } from '../foundation/options.js';
import type { ResultStore } from '../stores/result-store.js';
import { leaseOfThisProcess } from '../stores/run-lease.js';
import type { RunManifest } from '../stores/run-manifest.js';
import type { SharedResultStore } from '../stores/run-work.js';
import { finishRun, type SummaryEvaluator } from './finish-run.js';
import type { RunQueue } from './queue-connection.js';
import { addJobs, jobId, manifestHash, type RunJob } from './run-job.js';
import { findRun } from './run-status.js';
import { checkSharedStore } from './shared-store.js';

const PORTION = 100; // jobs that are looked at and added together
const BRIEF_MS = 5000;
const LAST_STEPS_MS = 1000; // of a worker whose run was stopped, until its job is gone

/**
 * Ends a run before its end: its workers begin no further case (they notice within about a second), what is in flight is
 * finished and stored, jobs that still wait are passed over. {@link requeueRun} takes it up again.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`; InputError `ASSAY_EMPTY_INPUT` for a run that was never enqueued.
 */
export async function cancelRun(store: ResultStore, runId: string): Promise<void> {
  checkArgument(runId, text, ' as the id of a run');
  const shared = checkSharedStore('cancelRun', store);
  await findRun(shared, runId);
  await shared.work.stop(runId, 'cancelled');
  await finishRun(shared, runId); // or the last of its workers does
}

/** Options of {@link requeueRun}. */
export interface RequeueOptions {
  /** Names the run. */
  readonly runId: string;
  /** Where cases, batches and results stand. */
  readonly store: ResultStore;
  /** Whose metrics of the whole run (corpus BLEU, say) are computed should nothing be left to do. */
  readonly evaluator?: SummaryEvaluator | undefined;
}

/**
 * Puts the unfinished batches of a run into the queue again: after the queue has lost its jobs (a wiped Redis), when batches
 * have failed and their cause is mended, or to go on with a run that was cancelled. Nothing that has a result is done
 * again; batches that still wait in the queue, or that a worker has, are left as they are. Resolves to how many were put.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`; InputError `ASSAY_EMPTY_INPUT` for a run that was never enqueued.
 */
export async function requeueRun(queue: RunQueue, options: RequeueOptions): Promise<number> {
  checkArgument(
    queue,
    having('a queue', 'addBulk', 'getJob'),
    ' of createRunQueue or BullMQ to enqueue into',
  );
  const checked = checkOptions<RequeueOptions>('requeueRun', options, {
    runId: text,
    store: object,
    evaluator: object,
  });
  requireOptions('requeueRun', checked, ['runId', 'store']);
  const { runId, evaluator } = checked;
  const store = checkSharedStore('requeueRun', checked.store);
  const { record } = await findRun(store, runId);
  await store.work.reopen(runId);
  await forgetEnd(store, record.manifest);
  const manifest = manifestHash(record.manifest);
  let put = 0;
  const active: RunJob[] = [];
  let portion: RunJob[] = [];
  for await (const { batch } of store.work.batches(runId, 'open')) {
    portion.push({ runId, batch, manifest });
    if (portion.length < PORTION) continue;
    put += await putAgain(queue, portion, active);
    portion = [];
  }
  put += await putAgain(queue, portion, active);
  if (active.length > 0) {
    await new Promise((resolve) => setTimeout(resolve, LAST_STEPS_MS));
    put += await putAgain(queue, active, []);
  }
  await finishRun(store, runId, { evaluator });
  return put;
}

/**
 * Adds jobs that the queue has not, or has given up; returns how many. Those that a worker has go into `active`: one that had
 * seen the run stopped is about to take its job out of the queue.
 */
async function putAgain(queue: RunQueue, jobs: readonly RunJob[], active: RunJob[]): Promise<number> {
  const missing = await Promise.all(
    jobs.map(async (job) => {
      const known = await queue.getJob(jobId(job.runId, job.batch));
      if (known === undefined) return [job];
      const state = await known.getState();
      if (state === 'active') active.push(job);
      if (state !== 'failed' && state !== 'completed') return [];
      await known.remove();
      return [job];
    }),
  );
  const left = missing.flat();
  await addJobs(queue, left);
  return left.length;
}

/** A run that goes on has no end; while one of its batches is being written it is seen to run anyway. */
async function forgetEnd(store: SharedResultStore, manifest: RunManifest): Promise<void> {
  const { runId } = manifest;
  const lease = leaseOfThisProcess({ runId, id: crypto.randomUUID(), part: '', durationMs: BRIEF_MS });
  try {
    await store.begin(manifest, { lease });
  } catch (error) {
    if (AssayError.is(error) && error.code === 'ASSAY_RUN_ACTIVE') return;
    throw error;
  }
  await store.release(lease);
}
