import { formatGate } from '../decisions/gate/format-gate.js';
import { gate } from '../decisions/gate/gate.js';
import type { GateOptions, GateSource, MetricRequirement } from '../decisions/gate/gate-options.js';
import type { GateVerdict } from '../decisions/gate/gate-verdict.js';

/** Options of {@link AssayMatchers.toHold}: those of a gate beside the run and what is required. */
export type HoldOptions = Omit<GateOptions, 'run' | 'require'>;

/** Options of {@link AssayMatchers.toBeNoWorseThan}. */
export interface NoWorseOptions extends Omit<GateOptions, 'run' | 'baseline' | 'require'> {
  /** Metrics that must be no worse: `overall` or names of dimensions. @default ['overall'] */
  readonly metrics?: readonly string[] | undefined;
  /** Instead of "no worse": rule out a drop of this much or more, above 0, at most 1. @default not asked */
  readonly maxDrop?: number | undefined;
}

/**
 * What {@link assayMatchers} adds to `expect`, for the types of the test runner. Vitest:
 * `declare module 'vitest' { interface Matchers<T = any> extends AssayMatchers<Promise<void>> {} }`; Jest:
 * `declare module 'expect' { interface Matchers<R> extends AssayMatchers<Promise<void>> {} }`.
 */
export interface AssayMatchers<Result> {
  /** The run (a stored run, results or a summary) holds what is required; undecided does not, unless options say so. */
  toHold(require: Readonly<Record<string, MetricRequirement>>, options?: HoldOptions): Result;
  /** The run is no worse than the baseline by more than chance explains. */
  toBeNoWorseThan(baseline: GateSource, options?: NoWorseOptions): Result;
}

/** What a matcher answers with. */
export interface MatcherResult {
  /** Whether the expectation holds. */
  readonly pass: boolean;
  /** The verdict in words. */
  readonly message: () => string;
}

/** What a runner hands to a matcher as `this`. */
export interface MatcherContext {
  /** Whether `.not` was said. */
  readonly isNot?: boolean | undefined;
}

/** Matchers for `expect.extend`, in Vitest and in Jest. They are asynchronous: `await expect(run).toHold(...)`. */
export const assayMatchers: {
  /** See {@link AssayMatchers.toHold}. */
  toHold(
    this: MatcherContext,
    run: GateSource,
    require: Readonly<Record<string, MetricRequirement>>,
    options?: HoldOptions,
  ): Promise<MatcherResult>;
  /** See {@link AssayMatchers.toBeNoWorseThan}. */
  toBeNoWorseThan(
    this: MatcherContext,
    run: GateSource,
    baseline: GateSource,
    options?: NoWorseOptions,
  ): Promise<MatcherResult>;
} = {
  async toHold(run, require, options = {}) {
    return answer(this, await gate({ undecided: 'fail', ...options, run, require }));
  },
  async toBeNoWorseThan(run, baseline, options = {}) {
    const { metrics = ['overall'], maxDrop, ...rest } = options;
    const required = maxDrop === undefined ? { noWorse: true } : { maxDrop };
    const require = Object.fromEntries(metrics.map((metric) => [metric, required]));
    return answer(this, await gate({ undecided: 'fail', ...rest, run, baseline, require }));
  },
};

/** `not` asks for a failure that was shown: an undecided or impossible comparison is neither. */
function answer({ isNot }: MatcherContext, verdict: GateVerdict): MatcherResult {
  const pass = isNot === true ? verdict.outcome !== 'fail' : verdict.exitCode === 0;
  return { pass, message: () => formatGate(verdict) };
}
