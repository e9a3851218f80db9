import { checkOptions, integer, oneOf, type OptionCheck } from '../foundation/options.js';
import { isHeld, type HeldLease } from './run-lease.js';
import type { RunManifest } from './run-manifest.js';

/** How a run ended. Plain JSON data. */
export interface RunEnd {
  /** The run. */
  readonly runId: string;
  /** Wall-clock end, milliseconds since the epoch. */
  readonly at: number;
  /** Order-free hash of all cases that came to the run; absent when the end of its input was not reached. */
  readonly fingerprint?: string;
  /** Models that answered, sorted; at most 100. */
  readonly models: readonly string[];
  /** The `RunSummary` that the run ended with, as JSON. */
  readonly summary: Readonly<Record<string, unknown>>;
}

/**
 * Where a run stands. `running`: somebody holds its lease. `waiting`: nobody does, but batches of it are in a queue or on
 * their way there. `ended`: it has told how (`end.summary.stopReason`); `drained`: so that it can be resumed. `crashed`: it
 * was begun, nobody writes it, and it never told how it ended.
 */
export type RunState = 'running' | 'waiting' | 'ended' | 'drained' | 'crashed';

/** A run in a store's list. */
export interface RunRecord {
  /** What it was made with, its `tags` and `description` included. */
  readonly manifest: RunManifest;
  /** Where it stands. */
  readonly state: RunState;
  /** How it ended; `null` while it runs or waits, and after a crash. */
  readonly end: RunEnd | null;
  /** Who writes it now; `null` when nobody does. */
  readonly writer: {
    /** Name of the machine. */
    readonly host: string;
    /** Process number. */
    readonly pid: number;
    /** When it began to write, milliseconds since the epoch. */
    readonly since: number;
  } | null;
  /** Stored results by outcome. */
  readonly results: {
    /** With an overall score. */
    readonly scored: number;
    /** Without a score, for a stated reason. */
    readonly unscored: number;
    /** Whose target or evaluator failed. */
    readonly errored: number;
  };
}

/** Filters of {@link ResultStore.runs}; all that are given must hold. */
export interface RunQuery {
  /** Only this run. */
  readonly runId?: string | undefined;
  /** Only runs that this model answered in, or (before they ended) were begun for. */
  readonly model?: string | undefined;
  /** Only runs of the evaluator of this name. */
  readonly evaluator?: string | undefined;
  /** Only runs that carry this tag. */
  readonly tag?: string | undefined;
  /** Only runs in this state. */
  readonly state?: RunState | undefined;
  /** At most this many, the newest, >= 0. @default all */
  readonly limit?: number | undefined;
}

const anyText: OptionCheck = (value) => (typeof value === 'string' ? undefined : 'a string');

/**
 * Checks the filters of a list of runs and returns a copy.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`.
 */
export function checkRunQuery(query: RunQuery): Readonly<RunQuery> {
  return checkOptions<RunQuery>('runs', query, {
    runId: anyText,
    model: anyText,
    evaluator: anyText,
    tag: anyText,
    state: oneOf('running', 'waiting', 'ended', 'drained', 'crashed'),
    limit: integer(0),
  });
}

/** What a store keeps of a run beside its results. */
export interface StoredRunFacts {
  readonly manifest: RunManifest;
  readonly end: RunEnd | null;
  readonly leases: readonly HeldLease[];
  /** Whether workers are still to do batches of it; absent in stores without shared runs. */
  readonly hasOpenBatches?: boolean;
}

/** Where a run stands at `now`. */
export function runStateOf({ end, leases, hasOpenBatches }: StoredRunFacts, now: number): RunState {
  if (leases.some((lease) => isHeld(lease, now))) return 'running';
  if (end === null) return hasOpenBatches === true ? 'waiting' : 'crashed';
  return end.summary['stopReason'] === 'drained' ? 'drained' : 'ended';
}

/** Whether a run passes the filters. */
export function matchesRunQuery(run: StoredRunFacts, query: RunQuery, now: number): boolean {
  const { manifest, end } = run;
  return (
    (query.runId === undefined || manifest.runId === query.runId) &&
    (query.evaluator === undefined || manifest.evaluator === query.evaluator) &&
    (query.tag === undefined || (manifest.tags?.includes(query.tag) ?? false)) &&
    (query.model === undefined ||
      (end?.models.includes(query.model) ?? false) ||
      namesModel(manifest.target, query.model)) &&
    (query.state === undefined || runStateOf(run, now) === query.state)
  );
}

/** The record of a run. */
export function runRecordOf(
  run: StoredRunFacts,
  { results, now }: { readonly results: RunRecord['results']; readonly now: number },
): RunRecord {
  const held = run.leases.find((lease) => isHeld(lease, now));
  const state = runStateOf(run, now);
  return {
    manifest: run.manifest,
    state,
    end: state === 'running' ? null : run.end,
    writer: held === undefined ? null : { host: held.holder.host, pid: held.holder.pid, since: held.takenAt },
    results,
  };
}

/** The manifest with what is known of the cases at the end of the run. */
export function manifestAtEnd(manifest: RunManifest, end: RunEnd): RunManifest {
  return end.fingerprint === undefined ? manifest : { ...manifest, fingerprint: end.fingerprint };
}

/** Newest first; runs that began at once by their id. */
export function compareRuns(a: RunManifest, b: RunManifest): number {
  return b.startedAt - a.startedAt || (a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0);
}

/** Whether a description of a target names the model: its own `model`, or that of an endpoint. */
function namesModel(target: unknown, model: string): boolean {
  if (typeof target !== 'object' || target === null) return false;
  return Object.entries(target).some(([key, value]) =>
    key === 'models' && Array.isArray(value)
      ? value.includes(model)
      : key === 'model'
        ? value === model
        : namesModel(value, model),
  );
}
