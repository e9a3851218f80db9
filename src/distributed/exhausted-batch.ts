import { AssayError } from '../errors.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { Clock } from '../foundation/clock.js';
import { readCase } from '../stores/kept-case.js';
import { leaseOfThisProcess } from '../stores/run-lease.js';
import type { RunManifest } from '../stores/run-manifest.js';
import type { SharedCase, SharedResultStore } from '../stores/run-work.js';

/** What {@link recordExhausted} needs to know. */
export interface ExhaustedBatch {
  readonly store: SharedResultStore;
  readonly manifest: RunManifest;
  readonly batch: number;
  /** Names the part of the run that is written. */
  readonly part: string;
  readonly leaseMs: number;
  /** How often it was begun, this time not included. */
  readonly starts: number;
  readonly clock: Clock;
}

/**
 * Records an errored result for each case of a batch that has none: its workers have died so often that the batch, most
 * likely, is what kills them.
 *
 * @throws AssayError `ASSAY_RUN_ACTIVE` while somebody writes the batch.
 */
export async function recordExhausted(options: ExhaustedBatch): Promise<void> {
  const { store, manifest, batch, part, leaseMs } = options;
  const { runId, repetitions } = manifest;
  const lease = leaseOfThisProcess({ runId, id: crypto.randomUUID(), part, durationMs: leaseMs });
  await store.begin(manifest, { lease });
  try {
    const cases = await store.work.cases(runId, batch);
    const keys = cases.flatMap(({ id }) =>
      Array.from({ length: repetitions }, (_, repetition) => ({ caseId: id, repetition })),
    );
    const outcomes = await store.finishedKeys(runId, keys);
    const missing = keys.flatMap(({ repetition }, i) =>
      outcomes[i] === undefined
        ? [erroredResult(options, cases[Math.floor(i / repetitions)]!, repetition)]
        : [],
    );
    await store.append(missing, { lease });
  } finally {
    await store.release(lease).catch(() => {}); // it expires by itself
  }
}

function erroredResult(
  { manifest, starts, batch, clock }: ExhaustedBatch,
  { id, hash, text }: SharedCase & { readonly text: string | undefined },
  repetition: number,
): CaseResult {
  const content = text === undefined ? undefined : readCase(text);
  const error = new AssayError(
    'ASSAY_WORKER_CRASHED',
    `Batch ${batch} was begun ${starts} times, and each time its worker died before this case was stored`,
  );
  return {
    runId: manifest.runId,
    caseId: id,
    repetition,
    outcome: 'errored',
    error: error.toRecord(),
    model: null,
    endpoint: null,
    attempts: 0,
    usage: null,
    cost: null,
    cached: false,
    timings: { queuedMs: 0, targetMs: 0, timeToFirstTokenMs: null, evaluationMs: 0 },
    startedAt: clock.wallTime(),
    caseHash: hash,
    ...(content?.cluster === undefined ? {} : { cluster: content.cluster }),
    ...(content?.group === undefined ? {} : { group: content.group }),
    ...(content?.metadata === undefined
      ? {}
      : { metadata: content.metadata as Readonly<Record<string, unknown>> }),
  };
}
