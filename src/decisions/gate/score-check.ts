import { boundedMeanInterval } from '../../statistics/bounded-mean.js';
import { ClusteredMoments } from '../../statistics/clustered.js';
import { gaffkeChances } from '../../statistics/gaffke-distribution.js';
import { clopperPearsonInterval, type Interval, midPInterval } from '../../statistics/intervals.js';
import { ScoreCounts } from '../../statistics/score-counts.js';
import { incompleteBeta } from '../../statistics/special-functions.js';
import { studentTail } from '../../statistics/student.js';
import {
  blankCheck,
  FEWEST_DEGREES,
  type ScoreSample,
  type TestedCheck,
  tooFewClusters,
} from './gate-check.js';
import type { Requirement } from './gate-options.js';

/** How a check is made. */
export interface CheckOptions {
  readonly level: number;
  readonly strict: boolean;
}

/** Checks a mean score, of one case or more, against a threshold. */
export function checkScore(
  requirement: Requirement,
  sample: ScoreSample,
  options: CheckOptions,
): TestedCheck {
  const { values, clusters } = sample;
  const n = values.length;
  const found =
    clusters === null
      ? independent(requirement, values, options)
      : clustered(requirement, { values, clusters, level: options.level });
  const value = values.reduce((sum, x) => sum + x, 0) / n;
  const { interval } = found;
  if (interval === null) return { ...blankCheck(requirement), ...found, value, n };
  const { kind, asked } = requirement;
  const met = kind === 'min' ? interval.low >= asked : interval.high <= asked;
  return {
    ...blankCheck(requirement),
    ...found,
    value,
    n,
    met,
    casesNeeded: deciding(casesFor({ value, interval, n, asked }), (cases) =>
      clusters === null ? wouldDecide(cases, values, { ...options, asked }) : true,
    ),
  };
}

const MOST_STEPS = 100;

/** The first number from `cases` up, in steps of 3 %, that decides: with few cases intervals narrow more slowly than 1/√n. */
function deciding(cases: number | null, decides: (cases: number) => boolean): number | null {
  let needed = cases;
  for (let step = 0; needed !== null && step < MOST_STEPS && !decides(needed); step++)
    needed += Math.ceil(needed / 30);
  return needed;
}

/** Whether so many cases, with scores like these, would lie on one side of what was asked. */
function wouldDecide(
  cases: number,
  values: readonly number[],
  { asked, level, strict }: CheckOptions & { readonly asked: number },
): boolean {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const above = mean > asked;
  if (values.every((x) => x === 0 || x === 1)) {
    const ones = mean * cases; // a part of a case, too: the tail is smooth in it
    const tail = above
      ? binomialTail(cases - ones, { n: cases, p: 1 - asked, strict })
      : binomialTail(ones, { n: cases, p: asked, strict });
    return tail <= (1 - level) / 2;
  }
  const like = Array.from({ length: cases }, (_, i) => values[Math.floor(((i + 0.5) * n) / cases)] as number);
  return gaffkeTail(like, { at: asked, side: above ? 'low' : 'high', strict }) <= (1 - level) / 2;
}

/** Cases with which the interval would lie on one side, its width going with 1/√n; `null` where the mean is what was asked. */
export function casesFor(of: {
  readonly value: number;
  readonly interval: Interval;
  readonly n: number;
  readonly asked: number;
}): number | null {
  const { value, interval, n, asked } = of;
  const distance = Math.abs(value - asked);
  const arm = value >= asked ? value - interval.low : interval.high - value;
  const needed = Math.ceil(n * (arm / distance) ** 2);
  return Number.isSafeInteger(needed) ? Math.max(n + 1, needed) : null;
}

type Found = Pick<TestedCheck, 'interval' | 'method' | 'clusters' | 'degreesOfFreedom' | 'p' | 'verdict'>;

function independent(
  { kind, asked }: Requirement,
  values: readonly number[],
  { level, strict }: CheckOptions,
): Found {
  const none = { clusters: null, degreesOfFreedom: null };
  const binary = values.every((x) => x === 0 || x === 1);
  // p: the chance of scores at least as far on the wrong side, were the mean just what was asked
  if (!binary) {
    const interval = boundedMeanInterval(values, { level, method: strict ? 'gaffke' : 'mid-gaffke' });
    const tail = gaffkeTail(values, { at: asked, side: kind === 'min' ? 'high' : 'low', strict });
    return { ...none, interval, method: interval?.method ?? 'none', p: Math.min(1, 2 * tail) };
  }
  const [n, successes] = [values.length, values.filter((x) => x === 1).length];
  const interval = (strict ? clopperPearsonInterval : midPInterval)({ successes, n }, { level });
  const tail =
    kind === 'min'
      ? binomialTail(successes, { n, p: asked, strict })
      : binomialTail(n - successes, { n, p: 1 - asked, strict });
  return { ...none, interval, method: interval?.method ?? 'none', p: Math.min(1, 2 * tail) };
}

function clustered(
  { kind, asked }: Requirement,
  {
    values,
    clusters,
    level,
  }: { readonly values: readonly number[]; readonly clusters: readonly string[]; readonly level: number },
): Found {
  const moments = new ClusteredMoments();
  values.forEach((value, i) => moments.add(value, clusters[i] as string));
  const { standardError, mean, clusters: count } = moments;
  const degreesOfFreedom = moments.degreesOfFreedom;
  const interval = moments.interval({ level, range: [0, 1] });
  const found = { interval, method: interval?.method ?? 'none', clusters: count, degreesOfFreedom };
  if (interval === null || degreesOfFreedom === null || degreesOfFreedom < FEWEST_DEGREES) {
    return {
      ...found,
      p: null,
      verdict: { outcome: 'undecided', reason: tooFewClusters(count, degreesOfFreedom) },
    };
  }
  const excess = kind === 'min' ? asked - (mean as number) : (mean as number) - asked;
  const outside = kind === 'min' ? interval.high < asked : interval.low > asked;
  // The interval may be wider than t's; where it says nothing against the requirement, neither does the p-value.
  if (!outside) return { ...found, p: 1 };
  return {
    ...found,
    p:
      standardError === null || standardError === 0
        ? 1 - level
        : Math.min(1 - level, 2 * studentTail(excess / standardError, degreesOfFreedom)),
  };
}

/** P(X <= successes) of Binomial(n, p), half of the last count with mid-p. */
function binomialTail(
  successes: number,
  { n, p, strict }: { readonly n: number; readonly p: number; readonly strict: boolean },
): number {
  const atMost = (x: number): number => (x < 0 ? 0 : x >= n ? 1 : incompleteBeta(n - x, x + 1, 1 - p, p));
  return strict ? atMost(successes) : (atMost(successes) + atMost(successes - 1)) / 2;
}

/** The same for graded scores, by Gaffke's distribution. */
function gaffkeTail(
  values: readonly number[],
  { at, side, strict }: { readonly at: number; readonly side: 'low' | 'high'; readonly strict: boolean },
): number {
  const counts = ScoreCounts.of(values);
  const { near, far } = gaffkeChances(side === 'high' ? counts.above() : counts.below(), {
    at,
    side,
    extraSize: 1,
  });
  return strict ? near : (near + far) / 2;
}
