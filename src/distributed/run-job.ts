import { AssayError } from '../errors.js';
import { sha256 } from '../foundation/sha256.js';
import { stableHash } from '../foundation/stable-hash.js';
import { show } from '../foundation/options.js';
import type { RunManifest } from '../stores/run-manifest.js';
import type { NewQueueJob, RunQueue } from './queue-connection.js';

/**
 * What a job carries: which batch of which run, and what the run is made with, as a hash. The cases stand in the store, in
 * the batch's row: no prompt, no key and no list that could be out of date.
 */
export interface RunJob {
  /** The run. */
  readonly runId: string;
  /** The batch, 0-based. */
  readonly batch: number;
  /** {@link manifestHash} of the run. */
  readonly manifest: string;
}

/** How often a batch is offered to a worker that refuses or fails it before it counts as failed. */
const ATTEMPTS = 20;
const PAUSE_MS = 1000;

/** The job of a batch. Its id follows from run and batch, so that adding it twice adds it once. */
export function jobOf(job: RunJob): NewQueueJob {
  return {
    name: 'batch',
    data: { run: JSON.stringify(job.runId), batch: job.batch, manifest: job.manifest }, // `jsonb` refuses NUL
    opts: {
      jobId: jobId(job.runId, job.batch),
      attempts: ATTEMPTS,
      backoff: { type: 'fixed', delay: PAUSE_MS, jitter: 0.5 },
      removeOnComplete: true,
      removeOnFail: false,
    },
  };
}

/** The id of a batch's job: BullMQ takes no colon in it, and a run may have any name. */
export function jobId(runId: string, batch: number): string {
  return `${sha256(runId).slice(0, 32)}-${batch}`;
}

/** Hash of what a worker must have in common with a run. */
export function manifestHash(manifest: RunManifest): string {
  const { evaluator, evaluatorVersion, configurationHash, conventions, target, repetitions } = manifest;
  return stableHash({ evaluator, evaluatorVersion, configurationHash, conventions, target, repetitions });
}

/** Reads what a job carries. @throws AssayError `ASSAY_INVALID_INPUT` for a job of somebody else. */
export function readJob(data: unknown): RunJob {
  const { run, batch, manifest } = (data ?? {}) as Readonly<Record<string, unknown>>;
  const runId = typeof run === 'string' ? namedBy(run) : undefined;
  if (typeof runId === 'string' && Number.isInteger(batch) && typeof manifest === 'string')
    return { runId, batch: batch as number, manifest };
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected a job of enqueueRun (run, batch, manifest), got ${show(data)}: queues are not shared with other jobs`,
  );
}

function namedBy(run: string): unknown {
  try {
    return JSON.parse(run);
  } catch {
    return undefined;
  }
}

/** Adds the jobs of batches. */
export async function addJobs(queue: RunQueue, jobs: readonly RunJob[]): Promise<void> {
  if (jobs.length > 0) await queue.addBulk(jobs.map(jobOf));
}
