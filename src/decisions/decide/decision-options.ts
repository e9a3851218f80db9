import { AssayError } from '../../errors.js';
import {
  BUDGET_CHECKS,
  type BatchProcessorOptions,
  type RunBudget,
  type Target,
} from '../../batch/batch-options.js';
import type { ModelInput } from '../../client/model-client.js';
import {
  betweenZeroAndOne,
  boolean,
  checkOptions,
  either,
  integer,
  object,
  oneOf,
  requireOptions,
  show,
  signal,
  text,
  unknownMetric,
  type OptionChecks,
} from '../../foundation/options.js';

/** Looks that are fixed beforehand. */
export interface DecisionPlan {
  /** Cases that are asked if nothing decides before, >= 50. */
  readonly cases: number;
  /** How often the run is looked at, the end included, 1 to 100. @default 10 */
  readonly looks?: number | undefined;
}

/** Cases in the order of a shuffle. */
export interface ShuffledOrder {
  /** 0 to 4294967295; the same seed gives the same order. */
  readonly seed: number;
}

/** What is particular to a decision, beside the options of a run. */
export interface DecisionOwnOptions<Input = ModelInput, Expected = unknown, Metadata = unknown> {
  /** One side: a model client or a function. */
  readonly a: Target<Input, Expected, Metadata>;
  /** The other side. */
  readonly b: Target<Input, Expected, Metadata>;
  /** The score that is compared: `overall` or a dimension's name. @default 'overall' */
  readonly metric?: string | undefined;
  /** Looks fixed beforehand: for a known number of cases. Give this or `open`. */
  readonly plan?: DecisionPlan | undefined;
  /** Any number of looks: for streams, and large differences. Give this or `plan`. */
  readonly open?: boolean | undefined;
  /** Difference that does not matter, above 0, below 1: stops when the difference is shown to be less. @default not asked */
  readonly equivalence?: number | undefined;
  /** 1 - level is the chance of naming a winner where there is none. @default 0.95 */
  readonly level?: number | undefined;
  /**
   * Order of the cases. A seed shuffles them (they are read into memory first); `as-given` takes them as they come, which
   * is right only when they come in random order. @default { seed: 0 } for an array; must be said for anything else
   */
  readonly order?: ShuffledOrder | 'as-given' | undefined;
  /** Limits of both sides together; see {@link RunBudget}. When one is reached it ends undecided and can be resumed. */
  readonly budget?: RunBudget | undefined;
  /** Names the decision; its runs are `<runId>-a` and `<runId>-b`. @default a time stamp */
  readonly runId?: string | undefined;
  /** Goes on with a decision that the store knows: what both sides have answered is judged again, to the same verdict. @default false */
  readonly resume?: boolean | undefined;
  /** Ends both runs; `decide` rejects with `ASSAY_ABORTED`. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link decide}: those of a run, and which two shall be compared. */
export type DecideOptions<Input = ModelInput, Expected = unknown, Metadata = unknown> = DecisionOwnOptions<
  Input,
  Expected,
  Metadata
> &
  Omit<
    BatchProcessorOptions<Input, Expected, Metadata>,
    | 'target'
    | 'repetitions'
    | 'onCaseError'
    | 'confidenceLevel'
    | 'passThreshold'
    | 'budget'
    | 'model'
    | 'cacheIdentity'
  >;

const SETTINGS: OptionChecks<DecisionOwnOptions> = {
  a: either(object, (value) => (typeof value === 'function' ? undefined : 'a model client or a function')),
  b: either(object, (value) => (typeof value === 'function' ? undefined : 'a model client or a function')),
  metric: text,
  plan: object,
  open: boolean,
  equivalence: (value) =>
    betweenZeroAndOne(value) === undefined ? undefined : 'a number above 0 and below 1',
  level: (value) =>
    betweenZeroAndOne(value) === undefined && (value as number) > 0.5
      ? undefined
      : 'a number above 0.5 and below 1',
  order: either(object, oneOf('as-given')),
  budget: object,
  runId: text,
  resume: boolean,
  signal,
};

/** Options of a decision with defaults filled in, apart from those of its runs. */
export interface ResolvedDecision<Input, Expected, Metadata> {
  readonly settings: DecisionOwnOptions<Input, Expected, Metadata> & {
    readonly metric: string;
    readonly level: number;
  };
  /** `null`: open. */
  readonly plan: { readonly cases: number; readonly looks: number } | null;
  readonly run: Omit<BatchProcessorOptions<Input, Expected, Metadata>, 'target'>;
}

/**
 * Checks the options of a decision. Those of its runs are checked where the runs are made.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` naming the option, what was expected and what came.
 */
export function resolveDecision<Input, Expected, Metadata>(
  options: DecideOptions<Input, Expected, Metadata>,
): ResolvedDecision<Input, Expected, Metadata> {
  const given: object = typeof options === 'object' && options !== null ? options : {};
  const own: Record<string, unknown> = {};
  const run: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given))
    (Object.hasOwn(SETTINGS, name) ? own : run)[name] = value;
  const settings = checkOptions(
    'decide',
    own as unknown as DecisionOwnOptions,
    SETTINGS,
  ) as unknown as DecisionOwnOptions<Input, Expected, Metadata>;
  requireOptions('decide', settings, ['a', 'b']);
  for (const name of ['repetitions', 'target', 'model', 'onCaseError', 'cacheIdentity']) {
    if (run[name] === undefined) continue;
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected no \`${name}\` of decide, got ${show(run[name])}: a decision asks both sides once about each case`,
    );
  }
  const { plan, open, budget, order, metric = 'overall' } = settings;
  const dimensions = (run['evaluator'] as { readonly dimensions?: unknown } | undefined)?.dimensions;
  if (
    metric !== 'overall' &&
    Array.isArray(dimensions) &&
    dimensions.length > 0 &&
    !dimensions.includes(metric)
  ) {
    // a misspelled metric would ask all cases and find nothing
    throw unknownMetric('decide', metric, ['overall', ...(dimensions as string[])]);
  }
  if ((plan === undefined) === (open !== true)) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      'Expected `plan` or `open: true` of decide, and not both: it must be said beforehand how often the cases are looked at',
    );
  }
  if (budget !== undefined) checkOptions('decide.budget', budget, BUDGET_CHECKS);
  if (typeof order === 'object') {
    checkOptions('decide.order', order, { seed: integer(0, 0xffff_ffff) });
    requireOptions('decide.order', order, ['seed']);
  }
  return {
    settings: { ...settings, metric: settings.metric ?? 'overall', level: settings.level ?? 0.95 },
    plan: plan === undefined ? null : checkPlan(plan),
    run: run as unknown as Omit<BatchProcessorOptions<Input, Expected, Metadata>, 'target'>,
  };
}

function checkPlan(plan: DecisionPlan): { readonly cases: number; readonly looks: number } {
  const { cases, looks = 10 } = checkOptions('decide.plan', plan, {
    cases: integer(50),
    looks: integer(1, 100),
  });
  requireOptions('decide.plan', plan, ['cases']);
  return { cases, looks };
}
