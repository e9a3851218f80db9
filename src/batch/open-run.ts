import { AssayError } from '../errors.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { RandomSource } from '../foundation/seeded-random.js';
import type { RunLease } from '../stores/run-lease.js';
import type { RunManifest } from '../stores/run-manifest.js';
import type { RunOptions } from './run-options.js';
import { checkManifest } from './run-manifest.js';
import type { RunStore } from './run-store.js';

/** Which stored outcomes need no work when a run is resumed. */
export function finishedOutcomes(options: RunOptions): (outcome: CaseResult['outcome']) => boolean {
  const retryErrored = options.retryErrored ?? true;
  return (outcome) => outcome !== 'errored' || !retryErrored;
}

/** How a run is opened. */
export interface OpenRunOptions extends RunOptions {
  /** The right to write it, to be taken. */
  readonly lease: RunLease;
  /** The lease is taken. */
  readonly onLeased: () => void;
  /** A finished result of an earlier start. */
  readonly onEarlier: (result: CaseResult) => void;
}

/**
 * Begins a run in the store, or takes up a known one: its manifest must fit, nobody else may write it, and its finished
 * results go to `onEarlier`, streamed (of a part of a run none: they may be those of other parts).
 *
 * @throws AssayError `ASSAY_RUN_ACTIVE` while another start writes it, `ASSAY_INVALID_OPTION` for a known run without
 * `resume`, `ASSAY_MANIFEST_MISMATCH` for a run that was made differently.
 */
export async function openRun(
  store: RunStore,
  manifest: RunManifest,
  options: OpenRunOptions,
): Promise<{ readonly manifest: RunManifest; readonly resumed: boolean }> {
  const { runId } = manifest;
  const { lease, onLeased, onEarlier } = options;
  const isWhole = lease.part === '';
  const known = await store.manifest(runId);
  if (known !== undefined) checkManifest(known, manifest);
  // A run that ended before its first result (an empty file, a broken first row) may be begun again.
  const mustBeNew = options.resume !== true && isWhole && known !== undefined;
  if (mustBeNew && (await hasResults(store, runId)) && !(await store.isActive(runId))) throw notNew(runId);
  const standing = await store.begin(manifest, lease);
  onLeased();
  checkManifest(standing, manifest);
  if (options.resume !== true) {
    if (isWhole && known !== undefined && (await hasResults(store, runId))) throw notNew(runId); // of the one that was active
    return { manifest: standing, resumed: false };
  }
  if (!isWhole) return { manifest: standing, resumed: known !== undefined };
  const isFinished = finishedOutcomes(options);
  // Also of a run whose manifest is lost: the feeder skips what is finished, so the summary must count it.
  const earlier = await store.results(
    { runId },
    {
      onResult: (result) => {
        if (isFinished(result.outcome)) onEarlier(result);
      },
      signal: options.signal,
    },
  );
  return { manifest: standing, resumed: known !== undefined || earlier > 0 };
}

const hasResults = async (store: RunStore, runId: string): Promise<boolean> =>
  (await store.results({ runId, limit: 1 }, { onResult: () => {} })) > 0;

const notNew = (runId: string): AssayError =>
  new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected \`runId\` to be new in the store, got ${JSON.stringify(runId)}, which it has; ` +
      'pass `resume: true` to go on with that run',
  );

/** Names one start of a run: `2026-11-23T22-28-00-000Z-k3x9`. */
export function newStartId(startedAt: number, random: RandomSource): string {
  const suffix = Math.floor(random() * 36 ** 4)
    .toString(36)
    .padStart(4, '0');
  return `${new Date(startedAt).toISOString().replace(/[:.]/g, '-')}-${suffix}`;
}
