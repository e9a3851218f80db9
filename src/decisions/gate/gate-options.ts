import { AssayError } from '../../errors.js';
import type { CaseResult } from '../../evaluation/evaluation-types.js';
import {
  aboveZeroToOne,
  betweenZeroAndOne,
  boolean,
  callable,
  checkOptions,
  integer,
  number,
  object,
  oneOf,
  positive,
  requireOptions,
  show,
  signal,
  type OptionChecks,
} from '../../foundation/options.js';
import type { RunSummaryData } from '../../batch/summary/run-summary.js';
import type { RunSource } from '../../statistics/compare-runs.js';

/** A run to judge: where it is stored, its results, or its summary (which holds no pairs, so no comparison). */
export type GateSource = RunSource | RunSummaryData;

/** What is required of a mean score. At least one must be given. */
export interface ScoreRequirement {
  /** The mean must be at least this, 0..1. Passes once the lower end of its interval reaches it, fails once the upper end misses it. */
  readonly min?: number | undefined;
  /** The mean must be at most this, 0..1: for scores of which less is better. */
  readonly max?: number | undefined;
  /** Fails when the run is worse than the baseline by more than chance explains: for every change. */
  readonly noWorse?: boolean | undefined;
  /**
   * Passes only when a drop against the baseline of this much or more is ruled out (non-inferiority), above 0, at most 1:
   * for releases.
   */
  readonly maxDrop?: number | undefined;
}

/** What is required of a metric, over all cases and within parts of them. */
export interface MetricRequirement extends ScoreRequirement {
  /** Which scores are better; turns `noWorse` and `maxDrop` round. @default 'higher' */
  readonly better?: 'higher' | 'lower' | undefined;
  /** The same by the cases' `group`. */
  readonly groups?: Readonly<Record<string, ScoreRequirement>> | undefined;
  /** The same by the names of {@link GateOptions.slices}. */
  readonly slices?: Readonly<Record<string, ScoreRequirement>> | undefined;
}

/** Options of {@link gate}. */
export interface GateOptions {
  /** The run that is judged. */
  readonly run: GateSource;
  /** The run that it is compared with; needed for `noWorse` and `maxDrop`. */
  readonly baseline?: GateSource | undefined;
  /** What is required, by metric: `overall` or the name of a dimension. */
  readonly require?: Readonly<Record<string, MetricRequirement>> | undefined;
  /** Parts of the cases by name: whether a result belongs to it. */
  readonly slices?: Readonly<Record<string, (result: CaseResult) => boolean>> | undefined;
  /** Most errored results as a share of all, 0..1. */
  readonly maxErrorRate?: number | undefined;
  /** Most that the answers may cost, in the unit of the price table, > 0. */
  readonly maxCost?: number | undefined;
  /** Most milliseconds that 95 of 100 answers take, > 0; answers from the cache do not count. */
  readonly maxLatencyP95Ms?: number | undefined;
  /** Nominal coverage of the intervals, above 0 and below 1; a false alarm has a chance of 1 - level over all checks. @default 0.95 */
  readonly level?: number | undefined;
  /** What `undecided` does to the exit code: 0 for `warn`, 2 for `fail`. @default 'warn' */
  readonly undecided?: 'warn' | 'fail' | undefined;
  /** Intervals that never err more often than they say (Clopper-Pearson, Gaffke), so wider ones. @default false */
  readonly strict?: boolean | undefined;
  /** `auto`: cases that carry a `cluster` count as dependent. `ignore`: as if they carried none. @default 'auto' */
  readonly clusters?: 'auto' | 'ignore' | undefined;
  /** Cases that only one run has: refuse the comparison, or compare those that both have. @default 'refuse' */
  readonly unmatched?: 'refuse' | 'ignore' | undefined;
  /** How many of the worst cases the verdict carries, with question and answer, >= 0. @default 5 */
  readonly worstCases?: number | undefined;
  /** Seed of the permutation tests, 0 to 4294967295. @default 0 */
  readonly seed?: number | undefined;
  /** Ends the reading and the tests: `gate` rejects with `ASSAY_ABORTED`. */
  readonly signal?: AbortSignal | undefined;
}

const SCORE_CHECKS: OptionChecks<ScoreRequirement> = {
  min: number(0, 1),
  max: number(0, 1),
  noWorse: boolean,
  maxDrop: aboveZeroToOne,
};

const METRIC_CHECKS: OptionChecks<MetricRequirement> = {
  ...SCORE_CHECKS,
  better: oneOf('higher', 'lower'),
  groups: object,
  slices: object,
};

const GATE_CHECKS: OptionChecks<GateOptions> = {
  run: object,
  baseline: object,
  require: object,
  slices: object,
  maxErrorRate: number(0, 1),
  maxCost: positive,
  maxLatencyP95Ms: positive,
  level: betweenZeroAndOne,
  undecided: oneOf('warn', 'fail'),
  strict: boolean,
  clusters: oneOf('auto', 'ignore'),
  unmatched: oneOf('refuse', 'ignore'),
  worstCases: integer(0),
  seed: integer(0, 0xffff_ffff),
  signal,
};

/** One requirement, taken apart. */
export interface Requirement {
  readonly metric: string;
  readonly group: string | null;
  readonly slice: string | null;
  readonly better: 'higher' | 'lower';
  readonly kind: 'min' | 'max' | 'noWorse' | 'maxDrop';
  /** What was asked: the threshold; 0 for `noWorse`. */
  readonly asked: number;
}

/** {@link GateOptions} with all defaults filled in. */
export interface ResolvedGateOptions extends GateOptions {
  readonly level: number;
  readonly undecided: 'warn' | 'fail';
  readonly strict: boolean;
  readonly clusters: 'auto' | 'ignore';
  readonly unmatched: 'refuse' | 'ignore';
  readonly worstCases: number;
  readonly seed: number;
  readonly slices: Readonly<Record<string, (result: CaseResult) => boolean>>;
  readonly requirements: readonly Requirement[];
}

/**
 * Checks the options of a gate and takes its requirements apart.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` naming the option, also when nothing is required.
 */
export function resolveGateOptions(options: GateOptions): ResolvedGateOptions {
  const given = checkOptions('gate', options, GATE_CHECKS);
  requireOptions('gate', given, ['run']);
  const slices = given.slices ?? {};
  checkOptions(
    'gate.slices',
    slices,
    Object.fromEntries(Object.keys(slices).map((name) => [name, callable])),
  );
  const requirements = Object.entries(given.require ?? {}).flatMap(([metric, required]) =>
    requirementsOf(metric, required, slices),
  );
  const { maxErrorRate, maxCost, maxLatencyP95Ms } = given;
  if (
    requirements.length === 0 &&
    [maxErrorRate, maxCost, maxLatencyP95Ms].every((limit) => limit === undefined)
  ) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      'Expected `require` of gate, or a limit beside it, to ask for something',
    );
  }
  const paired = requirements.find(({ kind }) => kind === 'noWorse' || kind === 'maxDrop');
  if (paired !== undefined && given.baseline === undefined) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`baseline\` of gate to be given: \`${paired.kind}\` of ${show(paired.metric)} compares with it`,
    );
  }
  return Object.freeze({
    ...given,
    slices,
    requirements,
    level: given.level ?? 0.95,
    undecided: given.undecided ?? 'warn',
    strict: given.strict ?? false,
    clusters: given.clusters ?? 'auto',
    unmatched: given.unmatched ?? 'refuse',
    worstCases: given.worstCases ?? 5,
    seed: given.seed ?? 0,
  });
}

function requirementsOf(
  metric: string,
  required: MetricRequirement,
  slices: Readonly<Record<string, unknown>>,
): Requirement[] {
  const owner = `gate.require.${metric}`;
  const {
    better = 'higher',
    groups = {},
    slices: sliced = {},
    ...whole
  } = checkOptions(owner, required, METRIC_CHECKS);
  const found = partsOf(whole, { metric, better, group: null, slice: null });
  for (const [group, part] of Object.entries(groups)) {
    const checked = checkOptions(`${owner}.groups.${group}`, part, SCORE_CHECKS);
    found.push(...partsOf(checked, { metric, better, group, slice: null }));
  }
  for (const [slice, part] of Object.entries(sliced)) {
    if (!Object.hasOwn(slices, slice)) {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected \`slices\` of gate to say which results belong to ${show(slice)}, which ${owner} names`,
      );
    }
    const checked = checkOptions(`${owner}.slices.${slice}`, part, SCORE_CHECKS);
    found.push(...partsOf(checked, { metric, better, group: null, slice }));
  }
  if (found.length > 0) return found;
  throw new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected \`${owner}\` to ask for \`min\`, \`max\`, \`noWorse\` or \`maxDrop\``,
  );
}

function partsOf(required: ScoreRequirement, of: Omit<Requirement, 'kind' | 'asked'>): Requirement[] {
  const { min, max, noWorse, maxDrop } = required;
  const found: Requirement[] = [];
  if (min !== undefined) found.push({ ...of, kind: 'min', asked: min });
  if (max !== undefined) found.push({ ...of, kind: 'max', asked: max });
  if (noWorse === true) found.push({ ...of, kind: 'noWorse', asked: 0 });
  if (maxDrop !== undefined) found.push({ ...of, kind: 'maxDrop', asked: maxDrop });
  return found;
}
