import { AssayError, InputError } from '../errors.js';
import { boolean, checkOptions, integer, object, oneOf, show, text } from '../foundation/options.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { ResultStore } from '../stores/result-store.js';
import { ChangedCaseFinder, type ChangedCases } from './changed-cases.js';
import { fewClustersWarning, hasFewClusters } from './cluster-robust.js';
import { ComparisonRefusedError } from './comparison-refused.js';
import {
  type JoinCounts,
  joinResults,
  type JoinSource,
  MetricNames,
  type UnmatchedResults,
} from './join-results.js';
import { type MetricComparison, PairSet } from './pair-set.js';
import { pairedChecks, type PairedOptions } from './paired-differences.js';
import {
  manifestDifferences,
  missingManifests,
  resultDifferences,
  type RunProvenance,
} from './scoring-differences.js';

/** A run in a store. */
export interface StoredRun {
  /** Where its results and its manifest are read. */
  readonly store: Pick<ResultStore, 'query' | 'manifest'>;
  /** Which run of the store. */
  readonly runId: string;
}

/** A run to compare: where it is stored, or its results. */
export type RunSource = StoredRun | Iterable<CaseResult> | AsyncIterable<CaseResult>;

/** Options of {@link compareRuns}. */
export interface CompareRunsOptions extends PairedOptions {
  /** Compare although the runs were not scored alike; the differences are then listed in the result. @default false */
  readonly force?: boolean | undefined;
  /** `auto`: cases that carry a `cluster` get clustered errors. `ignore`: as if they carried none. @default 'auto' */
  readonly clusters?: 'auto' | 'ignore' | undefined;
  /** At most this many ids of unmatched results (for each run) and of changed cases are listed, >= 0. @default 100 */
  readonly unmatchedLimit?: number | undefined;
}

/** Two runs, compared case by case. Plain data. */
export interface RunComparison {
  /** The first run; a difference above 0 is in its favour. */
  readonly a: {
    /** As asked for, or that of its first result where results were given. */
    readonly runId: string;
    /** Results that were read, matched or not, >= 1. */
    readonly results: number;
  };
  /** The second run. */
  readonly b: {
    /** As asked for, or that of its first result where results were given. */
    readonly runId: string;
    /** Results that were read, matched or not, >= 1. */
    readonly results: number;
  };
  /** Nominal coverage of the intervals. */
  readonly level: number;
  /** Results that both runs have, by case and repetition. */
  readonly pairs: number;
  /** Results of a whose case and repetition b does not have; they are in no metric. */
  readonly onlyInA: UnmatchedResults;
  /** Results of b whose case and repetition a does not have; they are in no metric. */
  readonly onlyInB: UnmatchedResults;
  /**
   * Cases whose content (input, expected, metadata, group, cluster) is not the same in both runs: a difference there
   * may be that of the cases. Only those that both runs tell a hash of.
   */
  readonly changedCases: ChangedCases;
  /** The overall score first, then the dimensions by name. */
  readonly metrics: readonly MetricComparison[];
  /** What was not alike, when the comparison was forced. */
  readonly forcedDifferences: readonly string[];
  /** What a reader of the numbers has to know. */
  readonly warnings: readonly string[];
}

/**
 * Compares two runs over the same cases, paired by case id and repetition: the mean of a - b with its interval
 * and p-value for the overall score and for each dimension.
 *
 * - 0/1 scores are tested exactly (McNemar), others by t; a seeded permutation test stands beside both.
 * - Repetitions of a case, and cases of one `cluster`, count as dependent: the error is clustered.
 * - A score that one side lacks (unscored, errored) leaves its pair out of that metric and is counted.
 * - Results stream: the runs are read in turn, a result is held only until its partner comes. Beyond that the
 *   permutation test keeps 8 bytes a pair and metric (`permutation: false`: nothing). Where pairs may be dependent
 *   (clusters, repetitions, or no manifest that excludes repetitions) ids are kept too, about 100 bytes a pair.
 *
 * @throws ComparisonRefusedError `ASSAY_COMPARISON_REFUSED` unless `force` is set, when evaluator, version, configuration
 *   or conventions differ, by the manifests or by what the results carry, and for a stored run without a manifest.
 * @throws AssayError `ASSAY_EMPTY_INPUT` for a run without results, `ASSAY_INVALID_INPUT` for a run that is none of
 *   both and when only some cases carry a cluster, `ASSAY_DUPLICATE_CASE`, `ASSAY_INVALID_OPTION`, `ASSAY_ABORTED`.
 */
export async function compareRuns(
  a: RunSource,
  b: RunSource,
  options: CompareRunsOptions = {},
): Promise<RunComparison> {
  const checked = checkOptions<CompareRunsOptions>('compareRuns', options, {
    force: boolean,
    clusters: oneOf('auto', 'ignore'),
    unmatchedLimit: integer(0),
    ...pairedChecks,
  });
  checkSource('a', a);
  checkSource('b', b);
  const { force = false, clusters = 'auto', unmatchedLimit = 100, ...pairedOptions } = checked;
  const [ofA, ofB] = await Promise.all([provenanceOf(a), provenanceOf(b)]);
  const differences = new Set(manifestDifferences(ofA, ofB));
  const refuse = (found: readonly string[] = []): void => {
    for (const difference of found) differences.add(difference);
    if (!force && differences.size > 0) throw new ComparisonRefusedError([...differences]);
  };
  refuse();
  const unknown = missingManifests(ofA, ofB);

  const names = new MetricNames();
  const changed = new ChangedCaseFinder();
  const pairs = new PairSet({
    permutation: checked.permutation ?? true,
    mayRepeat: ofA.manifest?.repetitions !== 1 || ofB.manifest?.repetitions !== 1,
    useClusters: clusters === 'auto',
  });
  const joined = await joinResults(joinSource(a), joinSource(b), {
    names,
    unmatchedLimit,
    onPair: (left, right) => {
      checked.signal?.throwIfAborted();
      refuse([...unknown, ...resultDifferences(left, right)]);
      changed.add(left, right);
      pairs.add(left, right);
    },
  }).catch((error: unknown) => {
    if (checked.signal?.aborted !== true) throw error;
    throw new AssayError('ASSAY_ABORTED', 'The comparison was aborted', { cause: checked.signal.reason });
  });
  const runs = comparedRuns([a, b], joined);
  refuse(unknown); // no pair may have come
  const metrics = await pairs.compare(['overall', ...names.dimensions], pairedOptions);
  const few = metrics.filter(hasFewClusters);
  return {
    a: runs[0],
    b: runs[1],
    level: checked.level ?? 0.95,
    pairs: pairs.pairs,
    onlyInA: joined.unmatched[0],
    onlyInB: joined.unmatched[1],
    changedCases: changed.summary(unmatchedLimit),
    metrics,
    forcedDifferences: [...differences],
    warnings: few.length === 0 ? [] : [fewClustersWarning(few)],
  };
}

function comparedRuns(sources: readonly RunSource[], joined: JoinCounts): [ComparedRun, ComparedRun] {
  return sources.map((source, side) => {
    const runId = 'store' in source ? source.runId : (joined.runIds[side] ?? '');
    const results = joined.results[side] as number;
    if (results === 0) {
      const run = `run ${'ab'[side]}${runId === '' ? '' : `, ${show(runId)}`}`;
      throw new InputError('ASSAY_EMPTY_INPUT', `Expected results of ${run}, found none`);
    }
    return { runId, results };
  }) as [ComparedRun, ComparedRun];
}

type ComparedRun = RunComparison['a'];

function checkSource(side: 'a' | 'b', source: RunSource): void {
  const given: object = typeof source === 'object' && source !== null ? source : {};
  const usable =
    'store' in given
      ? object(given.store) === undefined && text((given as Partial<StoredRun>).runId) === undefined
      : Symbol.iterator in given || Symbol.asyncIterator in given;
  if (usable) return;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected run ${side} to be { store, runId } or results to iterate over, got ${show(source)}`,
  );
}

function joinSource(source: RunSource): JoinSource {
  return 'store' in source
    ? { results: source.store.query({ runId: source.runId }), unique: true }
    : { results: source, unique: false };
}

async function provenanceOf(source: RunSource): Promise<RunProvenance> {
  return 'store' in source
    ? { stored: true, manifest: await source.store.manifest(source.runId) }
    : { stored: false, manifest: undefined };
}
