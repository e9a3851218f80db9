import { AssayError, InputError, messageOf } from '../../errors.js';
import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { Histogram } from '../../foundation/histogram.js';
import { nextTurn } from '../../foundation/event-loop-turns.js';
import { show } from '../../foundation/options.js';
import type { RunSource } from '../../statistics/compare-runs.js';
import type { RunManifest } from '../../stores/run-manifest.js';

/** What is read of a run. */
export interface ReadRunOptions {
  /** What the run is called in errors: `run`, `baseline`. */
  readonly role: string;
  /** Metrics whose scores are kept: `overall`, or a dimension's name. */
  readonly metrics: readonly string[];
  /** Whether a result belongs to a slice, by the slice's name. */
  readonly slices?: Readonly<Record<string, (result: CaseResult) => boolean>> | undefined;
  /** Whether results shall come with their case, where the store kept it. @default false */
  readonly withCases?: boolean | undefined;
  /** Called for each result, with the position of its case. */
  readonly onResult?: ((result: CaseResult, position: number) => void) | undefined;
  /** Ends the reading. */
  readonly signal?: AbortSignal | undefined;
}

const RESULTS_A_TURN = 500;

/** Scores of one metric by case: sums over repetitions, so that each case counts once. */
class ScoreColumn {
  #sums = new Float64Array(64);
  #counts = new Uint32Array(64);

  add(position: number, score: number): void {
    if (position >= this.#sums.length) {
      const length = Math.max(position + 1, this.#sums.length * 2);
      const [sums, counts] = [new Float64Array(length), new Uint32Array(length)];
      sums.set(this.#sums);
      counts.set(this.#counts);
      [this.#sums, this.#counts] = [sums, counts];
    }
    (this.#sums[position] as number) += score;
    (this.#counts[position] as number) += 1;
  }

  /** Mean over the scored repetitions; NaN for none. */
  at(position: number): number {
    const count = this.#counts[position] ?? 0;
    return count === 0 ? Number.NaN : (this.#sums[position] as number) / count;
  }
}

/** What is known of one case beside its scores. */
export interface CaseFacts {
  readonly caseId: string;
  readonly cluster: string | undefined;
  readonly group: string | undefined;
  /** Hash of what the case holds, where results carry it. */
  readonly contentHash: string | undefined;
  readonly slices: ReadonlySet<string> | undefined;
  /** Repetitions that errored. */
  errored: number;
  /** Repetitions that gave a score to anything, or had nothing to score. */
  answered: number;
}

/** The scores of a run by case. Repetitions of a case are averaged: they are no cases. */
export class RunScores {
  runId = '';
  results = 0;
  errored = 0;
  /** Sum of what is known to have been paid for answers; `null` when nothing is known. */
  cost: number | null = null;
  readonly latency = new Histogram();
  /** Evaluators (name and version) that results were scored by. */
  readonly evaluators = new Set<string>();
  /** Hashes of what its results were scored by; `unknown` for results that do not say. */
  readonly scoringHashes = new Set<string>();
  /** Dimensions that results have. */
  readonly dimensions = new Set<string>();
  readonly cases: CaseFacts[] = [];
  manifest: RunManifest | undefined;
  readonly #positions = new Map<string, number>();
  readonly #firstRepetition = new Map<number, number>(); // by case, where it was not 0
  readonly #repetitions = new Map<number, Set<number>>(); // all of them, for cases that came more than once
  readonly #columns = new Map<string, ScoreColumn>();

  /** The position of a case; `undefined` for one that the run does not have. */
  positionOf(caseId: string): number | undefined {
    return this.#positions.get(caseId);
  }

  /** The mean score of a case over its repetitions; NaN without one. */
  score(metric: string, position: number): number {
    return this.#columns.get(metric)?.at(position) ?? Number.NaN;
  }

  /** Takes in a result; answers with the position of its case. */
  add(result: CaseResult, options: ReadRunOptions): number {
    const position = this.#position(result, options);
    const facts = this.cases[position] as CaseFacts;
    this.runId ||= result.runId;
    this.results++;
    if (result.outcome === 'errored') {
      this.errored++;
      facts.errored++;
    } else facts.answered++;
    if (result.cost !== null) this.cost = (this.cost ?? 0) + result.cost;
    if (result.response !== undefined && !result.cached) this.latency.record(result.timings.targetMs);
    const { evaluation } = result;
    if (evaluation === undefined) return position;
    this.evaluators.add(`${evaluation.evaluator} ${evaluation.version}`);
    this.scoringHashes.add(evaluation.scoringHash ?? 'unknown');
    for (const { name } of evaluation.dimensions) this.dimensions.add(name);
    for (const metric of options.metrics) {
      const score =
        metric === 'overall'
          ? evaluation.overallScore
          : evaluation.dimensions.find(({ name }) => name === metric)?.score;
      if (score === null || score === undefined) continue;
      if (!(score >= 0 && score <= 1)) {
        throw new InputError(
          'ASSAY_INVALID_INPUT',
          `Expected scores from 0 to 1 in ${options.role}, got ${show(score)} as ${show(metric)} of case ${show(result.caseId)}`,
        );
      }
      let column = this.#columns.get(metric);
      if (column === undefined) this.#columns.set(metric, (column = new ScoreColumn()));
      column.add(position, score);
    }
    return position;
  }

  #position(result: CaseResult, { role, slices }: ReadRunOptions): number {
    const { caseId, repetition } = result;
    const known = this.#positions.get(caseId);
    if (known !== undefined) {
      const seen = this.#repetitions.get(known) ?? new Set([this.#firstRepetition.get(known) ?? 0]);
      if (seen.has(repetition)) {
        throw new InputError(
          'ASSAY_DUPLICATE_CASE',
          `Expected one result of ${role} for case ${show(caseId)}, repetition ${repetition}, got two`,
        );
      }
      this.#repetitions.set(known, seen.add(repetition));
      return known;
    }
    const position = this.cases.length;
    this.#positions.set(caseId, position);
    if (repetition !== 0) this.#firstRepetition.set(position, repetition);
    const { cluster, group } = result;
    const { caseHash: contentHash } = result;
    const found = slicesOf(result, slices);
    this.cases.push({ caseId, cluster, group, contentHash, slices: found, errored: 0, answered: 0 });
    return position;
  }
}

/**
 * Reads a run, result by result.
 *
 * @throws AssayError `ASSAY_EMPTY_INPUT` for a run without results, `ASSAY_DUPLICATE_CASE`, `ASSAY_INVALID_INPUT` for
 *   something that is no run, a score outside of 0..1 or a slice that throws, `ASSAY_ABORTED`.
 */
export async function readRun(source: RunSource, options: ReadRunOptions): Promise<RunScores> {
  const { role, onResult, signal } = options;
  const scores = new RunScores();
  let results: Iterable<CaseResult> | AsyncIterable<CaseResult>;
  if ('store' in source) {
    scores.runId = source.runId;
    scores.manifest = await source.store.manifest(source.runId);
    results = source.store.query({
      runId: source.runId,
      ...(options.withCases === true ? { withCase: true } : {}),
    });
  } else results = source;
  for await (const result of results) {
    if (signal?.aborted === true) {
      throw new AssayError('ASSAY_ABORTED', `Reading the ${role} was aborted`, { cause: signal.reason });
    }
    const position = scores.add(checkResult(result, role, scores.results + 1), options);
    onResult?.(result, position);
    // Results that are at hand would be read in one go, and neither a timer nor an abort would get a turn.
    if (scores.results % RESULTS_A_TURN === 0) await nextTurn();
  }
  if (scores.results > 0) return scores;
  const name = scores.runId === '' ? '' : `, ${show(scores.runId)}`;
  throw new InputError('ASSAY_EMPTY_INPUT', `Expected results of the ${role}${name}, found none`);
}

function checkResult(result: CaseResult, role: string, row: number): CaseResult {
  const given: Partial<CaseResult> = typeof result === 'object' && result !== null ? result : {};
  if (
    typeof given.caseId === 'string' &&
    typeof given.repetition === 'number' &&
    typeof given.outcome === 'string'
  ) {
    return result;
  }
  throw new InputError(
    'ASSAY_INVALID_INPUT',
    `Expected result ${row} of the ${role} to have caseId, repetition and outcome, got ${show(result)}`,
    { row },
  );
}

function slicesOf(result: CaseResult, slices: ReadRunOptions['slices']): ReadonlySet<string> | undefined {
  if (slices === undefined) return undefined;
  const names = Object.keys(slices).filter((name) => {
    try {
      return slices[name]?.(result) === true;
    } catch (error) {
      throw new AssayError(
        'ASSAY_INVALID_INPUT',
        `Slice ${show(name)} threw for case ${show(result.caseId)}: ${messageOf(error)}`,
        {
          cause: error,
        },
      );
    }
  });
  return names.length === 0 ? undefined : new Set(names);
}
