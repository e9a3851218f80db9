import type { RunSummaryData } from '../../batch/summary/run-summary.js';
import { AssayError } from '../../errors.js';
import { show, unknownOption } from '../../foundation/options.js';
import type { RunSource } from '../../statistics/compare-runs.js';
import { holm } from '../../statistics/multiple-comparisons.js';
import { type MatchedCases, matchCases } from './comparability.js';
import { describeCheck, formatGate } from './format-gate.js';
import { openCheck, type ScoreSample, type TestedCheck, unscoredCheck } from './gate-check.js';
import {
  type GateOptions,
  type GateSource,
  type Requirement,
  type ResolvedGateOptions,
  resolveGateOptions,
} from './gate-options.js';
import type { GateCheck, GatedRun, GateOutcome, GateVerdict, GateVerdictData } from './gate-verdict.js';
import { checkLimits, type RunFigures } from './limit-check.js';
import { checkPairs } from './paired-check.js';
import { type CaseFacts, readRun, type RunScores } from './run-scores.js';
import { checkScore } from './score-check.js';
import { checkSummary, gatedSummary, isSummary } from './summary-check.js';
import { WorstCases } from './worst-cases.js';

/**
 * May this change be merged? Judges a run by what is required of it, with a stated chance of a false alarm.
 *
 * - `min` and `max` pass when the whole interval of the mean holds the requirement and fail when the whole interval
 *   misses it: mid-p for 0/1 scores, mid-Gaffke for graded ones.
 * - `noWorse` fails when the run is worse than the baseline by more than chance explains: McNemar's test, unconditional,
 *   for 0/1 scores, sign flips else, one-sided. It passes otherwise and says which drop it would have found.
 * - `maxDrop` passes only when a drop that large is ruled out: Tango's interval for 0/1 scores, mid-Gaffke else.
 * - What is neither is `undecided`, with the number of cases that would decide it. Failing any of several checks is
 *   corrected by Holm's method; passing needs all of them.
 * - `not-comparable`: other cases, changed cases, other conventions, unequal error rates, or nothing to compare with what
 *   was required, since no case has the score.
 *
 * Repetitions of a case are averaged: they are no cases. Errored and unscored cases leave their metric, never as 0.
 * Reads runs as streams and keeps some numbers a case, not texts.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`, also for a metric that no result has; `ASSAY_EMPTY_INPUT` for a run without
 *   results, `ASSAY_DUPLICATE_CASE`, `ASSAY_INVALID_INPUT` when only some cases carry a cluster, `ASSAY_ABORTED`.
 *
 * @example
 * const verdict = await gate({ run: { store, runId }, baseline, require: { accuracy: { min: 0.8, noWorse: true } } });
 * console.log(String(verdict));
 * process.exitCode = verdict.exitCode;
 */
export async function gate(options: GateOptions): Promise<GateVerdict> {
  const resolved = resolveGateOptions(options);
  const { run, baseline } = resolved;
  checkSource('run', run);
  if (baseline !== undefined) checkSource('baseline', baseline);
  const { requirements } = resolved;
  const old =
    baseline === undefined || isSummary(baseline)
      ? undefined
      : await readSource(baseline, { ...resolved, role: 'baseline' });
  if (isSummary(run)) {
    const checks = requirements.map((each) => checkSummary(each, run, resolved));
    const limits = checkLimits(resolved, figuresOfSummary(run));
    const known = baseline === undefined ? null : gatedOf(baseline, old);
    return verdictOf({
      resolved,
      checks: [...checks, ...limits],
      run: gatedSummary(run),
      baseline: known,
      differences: [],
      worst: [],
    });
  }
  const worst = new WorstCases(resolved.worstCases);
  const scores = await readSource(run, {
    ...resolved,
    role: 'run',
    onResult: (result) => {
      const other = old?.positionOf(result.caseId);
      worst.add(result, other === undefined || old === undefined ? Number.NaN : old.score('overall', other));
    },
  });
  checkNames(requirements, scores);
  const matched = old === undefined ? undefined : matchCases(scores, old, resolved);
  const checks: TestedCheck[] = [];
  for (const requirement of requirements) {
    checks.push(await checkRequirement(requirement, { scores, old, matched }, resolved));
  }
  checks.push(...checkLimits(resolved, figuresOf(scores)));
  const compared = requirements.some(({ kind }) => kind === 'noWorse' || kind === 'maxDrop');
  return verdictOf({
    resolved,
    checks,
    run: gatedScores(scores),
    baseline: baseline === undefined ? null : gatedOf(baseline, old),
    differences: compared ? (matched?.differences ?? []) : [],
    worst: worst.list,
  });
}

interface GatedScores {
  readonly scores: RunScores;
  readonly old: RunScores | undefined;
  readonly matched: ReturnType<typeof matchCases> | undefined;
}

function checkRequirement(
  requirement: Requirement,
  { scores, old, matched }: GatedScores,
  resolved: ResolvedGateOptions,
): TestedCheck | Promise<TestedCheck> {
  if (requirement.kind === 'min' || requirement.kind === 'max') {
    const sample = sampleOf(requirement, scores, resolved);
    return sample.values.length === 0
      ? unscoredCheck(requirement, scores)
      : checkScore(requirement, sample, resolved);
  }
  if (old === undefined || matched === undefined) {
    const reason =
      'the baseline is a summary, which holds no scores of single cases: give its store or its results';
    return openCheck(requirement, { outcome: 'not-comparable', reason });
  }
  if (matched.differences.length > 0) {
    return openCheck(requirement, { outcome: 'not-comparable', reason: matched.differences.join('; ') });
  }
  const { level, seed, signal } = resolved;
  return checkPairs(requirement, pairsOf(requirement, { scores, old, matched }, resolved), {
    level,
    seed,
    signal,
    comparisons: resolved.requirements.filter(({ kind }) => kind === 'noWorse').length,
  });
}

function checkSource(role: string, source: GateSource): void {
  const given: object = source;
  const usable =
    isSummary(source) ||
    ('store' in given
      ? typeof (given.store as { query?: unknown } | null)?.query === 'function' &&
        typeof (given as { runId?: unknown }).runId === 'string'
      : Symbol.iterator in given || Symbol.asyncIterator in given);
  if (usable) return;
  throw new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected \`${role}\` of gate to be { store, runId }, results to iterate over or a run summary, got ${show(source)}`,
  );
}

interface ReadSourceOptions extends ResolvedGateOptions {
  readonly role: 'run' | 'baseline';
  readonly onResult?: Parameters<typeof readRun>[1]['onResult'];
}

function readSource(
  source: RunSource,
  { role, requirements, slices, signal, worstCases, onResult }: ReadSourceOptions,
): Promise<RunScores> {
  const metrics = new Set(requirements.map(({ metric }) => metric));
  if (worstCases > 0) metrics.add('overall');
  return readRun(source, {
    role,
    metrics: [...metrics],
    slices: role === 'run' && Object.keys(slices).length > 0 ? slices : undefined,
    withCases: onResult !== undefined && worstCases > 0,
    onResult,
    signal,
  });
}

/** Throws for a metric or a group that no result has, which is a misspelling and no finding. */
function checkNames(requirements: readonly Requirement[], { dimensions, cases }: RunScores): void {
  const groups = new Set(cases.map(({ group }) => group));
  for (const { metric, group } of requirements) {
    if (group === null || groups.has(group) || cases.length === 0) continue;
    const known = [...groups].filter((each) => each !== undefined);
    throw unknownOption(`gate.require.${metric}.groups`, group, known);
  }
  if (dimensions.size === 0) return;
  const unknown = requirements.find(({ metric }) => metric !== 'overall' && !dimensions.has(metric));
  if (unknown !== undefined) throw unknownOption('gate.require', unknown.metric, ['overall', ...dimensions]);
}

function belongs({ group, slice }: Requirement, facts: CaseFacts): boolean {
  if (group !== null) return facts.group === group;
  return slice === null || facts.slices?.has(slice) === true;
}

function sampleOf(requirement: Requirement, scores: RunScores, options: ResolvedGateOptions): ScoreSample {
  const values: number[] = [];
  const clusters: (string | undefined)[] = [];
  for (const [position, facts] of scores.cases.entries()) {
    const score = scores.score(requirement.metric, position);
    if (Number.isNaN(score) || !belongs(requirement, facts)) continue;
    values.push(score);
    clusters.push(facts.cluster);
  }
  return { values, clusters: clustersOf(clusters, options) };
}

function pairsOf(
  requirement: Requirement,
  {
    scores,
    old,
    matched,
  }: { readonly scores: RunScores; readonly old: RunScores; readonly matched: MatchedCases },
  options: ResolvedGateOptions,
): Parameters<typeof checkPairs>[1] {
  const run: number[] = [];
  const baseline: number[] = [];
  const clusters: (string | undefined)[] = [];
  for (const [position, other] of matched.pairs) {
    const [here, there] = [scores.score(requirement.metric, position), old.score(requirement.metric, other)];
    const facts = scores.cases[position] as CaseFacts;
    if (Number.isNaN(here) || Number.isNaN(there) || !belongs(requirement, facts)) continue;
    run.push(here);
    baseline.push(there);
    clusters.push(facts.cluster);
  }
  return { run, baseline, clusters: clustersOf(clusters, options) };
}

function clustersOf(
  clusters: readonly (string | undefined)[],
  options: ResolvedGateOptions,
): readonly string[] | null {
  if (options.clusters === 'ignore') return null;
  const named = clusters.filter((cluster) => cluster !== undefined);
  if (named.length === 0) return null;
  if (named.length === clusters.length) return named;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected all cases or none to carry a cluster, got one for ${named.length} of ${clusters.length} (\`clusters: 'ignore'\` judges without)`,
  );
}

const gatedScores = ({ runId, results, cases, errored }: RunScores): GatedRun => ({
  runId,
  results,
  cases: cases.length,
  errored,
});

function gatedOf(source: GateSource, scores: RunScores | undefined): GatedRun {
  return scores === undefined ? gatedSummary(source as RunSummaryData) : gatedScores(scores);
}

const figuresOf = ({ results, errored, cost, latency }: RunScores): RunFigures => ({
  results,
  errored,
  cost,
  latencyP95Ms: latency.percentile(95),
  answers: latency.count,
});

function figuresOfSummary(summary: RunSummaryData): RunFigures {
  const { results, errored } = gatedSummary(summary);
  return {
    results,
    errored,
    cost: summary.cost,
    latencyP95Ms: summary.latency.p95Ms,
    answers: summary.latency.count,
  };
}

function verdictOf(found: {
  readonly resolved: ResolvedGateOptions;
  readonly checks: readonly TestedCheck[];
  readonly run: GatedRun;
  readonly baseline: GatedRun | null;
  readonly differences: readonly string[];
  readonly worst: GateVerdictData['worst'];
}): GateVerdict {
  const { resolved, run, baseline, differences, worst } = found;
  const { level, undecided } = resolved;
  const alpha = 1 - level;
  const adjusted = holm(found.checks.map(({ p, verdict }) => (verdict === undefined ? p : null)));
  const checks = found.checks.map((tested, i) => decided(tested, adjusted[i] as number | null, alpha));
  const outcome =
    (['not-comparable', 'fail', 'undecided'] as const).find((each) =>
      checks.some((check) => check.outcome === each),
    ) ?? 'pass';
  const exitCode =
    outcome === 'pass'
      ? 0
      : outcome === 'fail'
        ? 1
        : outcome === 'not-comparable'
          ? 3
          : undecided === 'fail'
            ? 2
            : 0;
  const data: GateVerdictData = {
    outcome,
    exitCode,
    level,
    undecided,
    run,
    baseline,
    checks,
    differences,
    worst,
  };
  return Object.defineProperty({ ...data }, 'toString', {
    value: () => formatGate(data),
    enumerable: false,
  }) as GateVerdict;
}

/** Says what a check came to. Rounding must not turn a p-value of just alpha into a pass. */
function decided(tested: TestedCheck, adjustedP: number | null, alpha: number): GateCheck {
  const { met, verdict, ...facts } = tested;
  const failed =
    tested.p === null ? !met && verdict === undefined : adjustedP !== null && adjustedP <= alpha + 1e-12;
  const outcome: GateOutcome =
    verdict !== undefined ? verdict.outcome : failed ? 'fail' : met ? 'pass' : 'undecided';
  const open = outcome === 'undecided' && verdict === undefined;
  const check = { ...facts, outcome, adjustedP, casesNeeded: open ? facts.casesNeeded : null };
  return { ...check, reason: verdict?.reason ?? describeCheck(check) };
}
