import { AssayError } from '../errors.js';
import {
  betweenZeroAndOne,
  checkOptions,
  integer,
  object,
  oneOf,
  text,
  type OptionChecks,
  unknownMetric,
} from '../foundation/options.js';
import { plainText } from '../foundation/plain-text.js';
import { differenceOf } from '../foundation/rounding.js';
import type { RunSource } from '../statistics/compare-runs.js';
import type { Interval } from '../statistics/intervals.js';
import { holm } from '../statistics/multiple-comparisons.js';
import { mcnemarMidP } from '../statistics/paired-table.js';
import { matchCases } from './gate/comparability.js';
import { signFlipP } from './paired/sign-flips.js';
import { type CaseFacts, readRun, type RunScores } from './gate/run-scores.js';
import { checkScore } from './gate/score-check.js';
import { count } from '../foundation/counted.js';

/** Options of {@link leaderboard}. */
export interface LeaderboardOptions {
  /** The score: `overall` or a dimension's name. @default 'overall' */
  readonly metric?: string | undefined;
  /** Which scores are better. @default 'higher' */
  readonly better?: 'higher' | 'lower' | undefined;
  /** Coverage of the intervals; 1 - level is the chance that any rank interval misses. @default 0.95 */
  readonly level?: number | undefined;
  /** Cases that not all runs have: refuse, or rank by those that all have. @default 'refuse' */
  readonly unmatched?: 'refuse' | 'ignore' | undefined;
  /** Seed of the permutation tests, 0 to 4294967295. @default 0 */
  readonly seed?: number | undefined;
}

/** One run of a leaderboard. */
export interface LeaderboardEntry {
  /** What the run was called. */
  readonly name: string;
  /** Mean over the shared cases. */
  readonly mean: number;
  /** Its interval. */
  readonly interval: Interval | null;
  /** Shared cases. */
  readonly n: number;
  /** 1-based place by the mean; equal means share the better one. */
  readonly rank: number;
  /** The best place that it may deserve: 1 + how many are shown to be better. */
  readonly bestRank: number;
  /** The worst place that it may deserve: all but those that are shown to be worse. */
  readonly worstRank: number;
}

/** Runs by their mean, with the places that they may deserve. Plain data. */
export interface LeaderboardData {
  /** The score. */
  readonly metric: string;
  /** Coverage of the intervals. */
  readonly level: number;
  /** Cases that all runs have a score for. */
  readonly cases: number;
  /** The best first. */
  readonly entries: readonly LeaderboardEntry[];
}

/** A {@link LeaderboardData} that is a table as text. */
export interface Leaderboard extends LeaderboardData {
  toString(): string;
}

const CHECKS: OptionChecks<LeaderboardOptions> = {
  metric: text,
  better: oneOf('higher', 'lower'),
  level: betweenZeroAndOne,
  unmatched: oneOf('refuse', 'ignore'),
  seed: integer(0, 0xffff_ffff),
};

/**
 * Ranks runs over the same cases, and says which places are shown and which are chance: every two runs are compared case
 * by case (McNemar's mid-p for 0/1 scores, sign flips else, of whole clusters where cases come in some), with Holm's
 * correction over all of them.
 *
 * @param runs The runs by name, at least two.
 * @throws AssayError `ASSAY_COMPARISON_REFUSED` when runs are not over the same cases or were not scored alike;
 *   `ASSAY_INVALID_OPTION`, and what reading a run throws.
 */
export async function leaderboard(
  runs: Readonly<Record<string, RunSource>>,
  options: LeaderboardOptions = {},
): Promise<Leaderboard> {
  const checked = checkOptions('leaderboard', options, CHECKS);
  checkOptions('leaderboard runs', runs, Object.fromEntries(Object.keys(runs).map((name) => [name, object])));
  const { metric = 'overall', better = 'higher', level = 0.95, unmatched = 'refuse', seed = 0 } = checked;
  const names = Object.keys(runs);
  if (names.length < 2)
    throw new AssayError('ASSAY_INVALID_OPTION', `Expected at least two runs to rank, got ${names.length}`);
  const read: RunScores[] = [];
  for (const name of names)
    read.push(await readRun(runs[name] as RunSource, { role: `run ${name}`, metrics: [metric] }));
  const known = new Set(['overall', ...read.flatMap(({ dimensions }) => [...dimensions])]);
  if (!known.has(metric) && known.size > 1) throw unknownMetric('leaderboard', metric, [...known]);
  const columns = sharedScores(names, read, { metric, unmatched });
  const sign = better === 'higher' ? 1 : -1;
  const comparisons = await compareAll(columns, sign, seed);
  const adjusted = holm(comparisons.map(({ p }) => p));
  const entries = names.map((name, i) => {
    const sample = { values: columns.scores[i] as number[], clusters: columns.clusters };
    const requirement = { metric, group: null, slice: null, better, kind: 'min', asked: 0.5 } as const;
    const { value, interval, n } = checkScore(requirement, sample, { level, strict: false });
    const shown = comparisons.filter(
      ({ one, other }, k) => (one === i || other === i) && (adjusted[k] as number) <= 1 - level + 1e-12,
    );
    const beaten = shown.filter(({ one, ahead }) => ahead === (one === i ? 1 : -1)).length;
    return {
      name,
      mean: value as number,
      interval,
      n,
      bestRank: 1 + shown.length - beaten,
      worstRank: names.length - beaten,
    };
  });
  entries.sort((a, b) => sign * (b.mean - a.mean) || (a.name < b.name ? -1 : 1));
  const ranked = entries.map((entry) => ({
    ...entry,
    rank: 1 + entries.findIndex(({ mean }) => mean === entry.mean),
  }));
  const data: LeaderboardData = {
    metric,
    level,
    cases: columns.clusters?.length ?? (columns.scores[0] as number[]).length,
    entries: ranked,
  };
  return Object.defineProperty({ ...data }, 'toString', {
    value: () => format(data),
    enumerable: false,
  }) as Leaderboard;
}

interface Columns {
  /** Scores by run, then by shared case. */
  readonly scores: readonly (readonly number[])[];
  readonly clusters: readonly string[] | null;
}

/** Scores of the cases that all runs have a score for. */
function sharedScores(
  names: readonly string[],
  runs: readonly RunScores[],
  { metric, unmatched }: { readonly metric: string; readonly unmatched: 'refuse' | 'ignore' },
): Columns {
  const [first, ...others] = runs as [RunScores, ...RunScores[]];
  for (const [i, other] of others.entries()) {
    const { differences } = matchCases(first, other, { unmatched });
    if (differences.length === 0) continue;
    throw new AssayError(
      'ASSAY_COMPARISON_REFUSED',
      `Refused to rank runs ${names[0]} (run) and ${names[i + 1]} (baseline), which cannot be compared:\n  ${differences.join('\n  ')}`,
    );
  }
  const scores: number[][] = runs.map(() => []);
  const clusters: (string | undefined)[] = [];
  for (const { caseId, cluster } of first.cases as readonly CaseFacts[]) {
    const row = runs.map((run) => run.score(metric, run.positionOf(caseId) ?? -1));
    if (row.some((score) => Number.isNaN(score))) continue;
    row.forEach((score, i) => scores[i]?.push(score));
    clusters.push(cluster);
  }
  if (clusters.length === 0)
    throw new AssayError(
      'ASSAY_COMPARISON_REFUSED',
      `Refused to rank runs without a case that all have a score of ${metric} for`,
    );
  const named = clusters.filter((cluster) => cluster !== undefined);
  return { scores, clusters: named.length === clusters.length ? named : null };
}

interface Comparison {
  readonly one: number;
  readonly other: number;
  readonly p: number;
  /** 1 when `one` is ahead, -1 when `other` is. */
  readonly ahead: number;
}

async function compareAll({ scores, clusters }: Columns, sign: number, seed: number): Promise<Comparison[]> {
  const found: Comparison[] = [];
  const comparisons = (scores.length * (scores.length - 1)) / 2;
  for (let one = 0; one < scores.length; one++) {
    for (let other = one + 1; other < scores.length; other++) {
      const [left, right] = [scores[one] as readonly number[], scores[other] as readonly number[]];
      const differences = left.map((score, i) => sign * differenceOf(score, right[i] as number));
      const total = differences.reduce((sum, each) => sum + each, 0);
      const binary =
        clusters === null && [left, right].every((side) => side.every((x) => x === 0 || x === 1));
      const p = binary
        ? mcnemarMidP(
            differences.filter((each) => each > 0).length,
            differences.filter((each) => each < 0).length,
          ).p
        : await signFlipP(clusters === null ? differences : sumsBy(differences, clusters), {
            seed,
            comparisons,
          });
      found.push({ one, other, p, ahead: Math.sign(total) });
    }
  }
  return found;
}

function sumsBy(values: readonly number[], clusters: readonly string[]): number[] {
  const sums = new Map<string, number>();
  values.forEach((value, i) =>
    sums.set(clusters[i] as string, (sums.get(clusters[i] as string) ?? 0) + value),
  );
  return [...sums.values()];
}

function format({ entries, metric, level, cases }: LeaderboardData): string {
  const named = entries.map((entry) => ({ ...entry, name: plainText(entry.name) }));
  const width = Math.max(...named.map(({ name }) => name.length), 4);
  const score = (value: number): string => value.toFixed(4);
  const lines = named.map(({ name, mean, interval, rank, bestRank, worstRank }) => {
    const range = interval === null ? '' : ` (${score(interval.low)} to ${score(interval.high)})`;
    const places = bestRank === worstRank ? `place ${bestRank}` : `place ${bestRank} to ${worstRank}`;
    return `  ${String(rank).padStart(2)}  ${name.padEnd(width)}  ${score(mean)}${range}  ${places}`;
  });
  return [
    `${plainText(metric)} over ${count(cases)} cases; places at ${Number((100 * level).toFixed(1))} %`,
    ...lines,
  ].join('\n');
}
