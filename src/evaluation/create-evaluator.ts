import type { ModelResponse } from '../client/model-client.js';
import { AssayError } from '../errors.js';
import { roundDuration, systemClock, type Clock } from '../foundation/clock.js';
import {
  callable,
  checkOptions,
  either,
  milliseconds,
  number,
  object,
  oneOf,
  requireOptions,
  show,
  text,
  type OptionCheck,
} from '../foundation/options.js';
import { stableHash } from '../foundation/stable-hash.js';
import { givenAtOnce, isThenable } from '../foundation/thenable.js';
import { reaches } from '../foundation/rounding.js';
import { corpusMetricOf, type CorpusMetric } from './corpus-metric.js';
import { aggregates, type Aggregate, type AggregateContext, type AggregateName } from './aggregate.js';
import { DimensionArguments } from './dimension-arguments.js';
import {
  configurationOf,
  conventionsOf,
  dimensionSettings,
  invalid,
  weightsOf,
  type DimensionOptions,
} from './dimension-settings.js';
import { dimensionResult, erroredResult } from './dimension-result.js';
import type {
  CulturalContext,
  DimensionResult,
  Evaluation,
  EvaluationContext,
  Scorer,
  ScorerResult,
  TestCase,
} from './evaluation-types.js';
import { Evaluator } from './evaluator.js';
import { scoringHash } from './scoring-hash.js';

export type { DimensionOptions } from './dimension-settings.js';

/** Options of {@link createEvaluator}. */
export interface CreateEvaluatorOptions<
  Input = unknown,
  Expected = unknown,
  Metadata = unknown,
  Name extends string = string,
  Output = string,
> {
  /** Name of the evaluator, as it stands in results. */
  readonly name: string;
  /** Change it whenever the same answer may get another score. */
  readonly version: string;
  /**
   * A scorer for each dimension, run side by side in this order.
   * @example { accuracy: exactMatch(), style: { scorer: judge({ … }), weight: 0.5, timeoutMs: 30_000 } }
   */
  readonly dimensions: Readonly<
    Record<
      Name,
      Scorer<Input, Expected, Metadata, Output> | DimensionOptions<Input, Expected, Metadata, Output>
    >
  >;
  /** Weights by dimension, >= 0, instead of a `weight` at the dimension. @default 1 each */
  readonly weights?: Readonly<Partial<Record<NoInfer<Name>, number>>> | undefined;
  /** How the overall score is made: a built-in by name, or a function. @default 'weightedMean' */
  readonly aggregate?: AggregateName | Aggregate | undefined;
  /** Time for each dimension, milliseconds; past it the dimension is errored by itself. @default Infinity */
  readonly dimensionTimeoutMs?: number | undefined;
  /** Overall score from which `passed` is true, 0..1. Without it `passed` is left out. */
  readonly passThreshold?: number | undefined;
  /** Everything else that scores depend on, as plain data; part of cache keys and run manifests. */
  readonly configuration?: Readonly<Record<string, unknown>> | undefined;
  /** The cultural context to report with a case's evaluation. */
  readonly culturalContext?:
    ((testCase: TestCase<Input, Expected, Metadata>) => CulturalContext | undefined) | undefined;
  /** Where time comes from. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/**
 * Makes an evaluator of scorers, one a dimension. All dimensions are started before any is waited for; one that
 * throws, runs out of time or returns something that is no score in 0..1 is errored by itself, is never counted as
 * 0, and `reason` of the evaluation names it. When every dimension errored, `overallScore` is `null` and
 * `evaluationFailure` tells the error: the case then counts as errored.
 *
 * When no scorer returns a promise, `evaluate` returns its evaluation directly, without promise or timer; a timeout
 * cannot interrupt such a scorer (run it in `workerEvaluator` if it may hang).
 *
 * `conventions` holds `convention@version` of the scorers that state one; `configuration` holds the aggregate, the
 * weights and the pass threshold beside the host's own members.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`. `evaluate` throws `ASSAY_INVALID_SCORE` when the host's own aggregate
 * returns anything but `null` or a number in 0..1.
 */
export function createEvaluator<
  Input = unknown,
  Expected = unknown,
  Metadata = unknown,
  Name extends string = string,
  Output = string,
>(
  options: CreateEvaluatorOptions<Input, Expected, Metadata, Name, Output>,
): Evaluator<Input, Expected, Metadata> {
  return new DimensionsEvaluator(options as unknown as CreateEvaluatorOptions<Input, Expected, Metadata>);
}

const RIGHT_FORM = '{ accuracy: exactMatch() }';

/** An array would make dimensions called `0`, `1`, …. */
const scorersByName: OptionCheck = (value) =>
  object(value) === undefined && !Array.isArray(value)
    ? undefined
    : `an object with a scorer for each name, as ${RIGHT_FORM}`;

interface Dimension<Input, Expected, Metadata> {
  readonly name: string;
  readonly scorer: Scorer<Input, Expected, Metadata>;
  readonly timeoutMs: number;
}

class DimensionsEvaluator<Input, Expected, Metadata> extends Evaluator<Input, Expected, Metadata> {
  readonly name: string;
  readonly version: string;
  override readonly dimensions: readonly string[];
  override readonly configuration: Readonly<Record<string, unknown>>;
  override readonly conventions: Readonly<Record<string, string>>;
  declare readonly cacheIdentity?: string;
  override readonly corpusMetrics: Readonly<Record<string, CorpusMetric>>;
  readonly #dimensions: readonly Dimension<Input, Expected, Metadata>[];
  readonly #aggregate: Aggregate;
  readonly #context: AggregateContext;
  readonly #culturalContext: CreateEvaluatorOptions<Input, Expected, Metadata>['culturalContext'];
  readonly #clock: Clock;
  #scoringHash: string | undefined; // made at the first use: it loads node:crypto

  constructor(given: CreateEvaluatorOptions<Input, Expected, Metadata>) {
    super();
    const options = checkOptions('createEvaluator', given, {
      name: text,
      version: text,
      dimensions: scorersByName,
      weights: object,
      aggregate: either(oneOf(...Object.keys(aggregates)), callable),
      dimensionTimeoutMs: milliseconds,
      passThreshold: number(0, 1),
      configuration: object,
      culturalContext: callable,
      clock: object,
    });
    requireOptions('createEvaluator', options, ['name', 'version', 'dimensions']);
    const names = Object.keys(options.dimensions);
    if (names.length === 0)
      throw invalid(`Expected \`dimensions\` of createEvaluator to hold at least one scorer: ${RIGHT_FORM}`);
    if (names.includes('overall'))
      throw invalid('Expected no dimension to be named `overall`: that is the overall score');
    const settings = names.map((name) => dimensionSettings(name, options.dimensions[name]));
    const weights = weightsOf(names, { settings, weights: options.weights });
    this.name = options.name;
    this.version = options.version;
    this.dimensions = Object.freeze(names);
    this.#dimensions = settings.map(({ scorer, timeoutMs }, i) => ({
      name: names[i]!,
      scorer,
      timeoutMs: timeoutMs ?? options.dimensionTimeoutMs ?? Number.POSITIVE_INFINITY,
    }));
    const aggregate = options.aggregate ?? 'weightedMean';
    this.#aggregate = typeof aggregate === 'function' ? aggregate : aggregates[aggregate];
    this.#context = Object.freeze({ weights: Object.freeze(weights), passThreshold: options.passThreshold });
    this.#culturalContext = options.culturalContext;
    this.#clock = options.clock ?? systemClock;
    this.conventions = Object.freeze(conventionsOf(names, settings));
    const identities = settings.map(({ scorer }) => scorer.cacheIdentity ?? null);
    if (identities.some((identity) => identity !== null)) this.cacheIdentity = stableHash(identities);
    this.corpusMetrics = Object.freeze(
      Object.fromEntries(
        settings.flatMap(({ scorer }, i) => {
          const metric = corpusMetricOf(scorer);
          return metric === undefined ? [] : [[names[i]!, metric]];
        }),
      ),
    );
    this.configuration = Object.freeze(
      configurationOf(options, Object.fromEntries(names.map((name, i) => [name, weights[i]]))),
    );
  }

  override evaluate(
    response: ModelResponse,
    context: EvaluationContext<Input, Expected, Metadata>,
  ): Evaluation | Promise<Evaluation> {
    const dimensions = this.#dimensions;
    const results: DimensionResult[] = [];
    const clock = this.#clock;
    const shared = new DimensionArguments(response, context, false);
    let waiting: Promise<void>[] | undefined;
    for (let i = 0; i < dimensions.length; i++) {
      const { name, scorer, timeoutMs } = dimensions[i]!;
      const timed = timeoutMs !== Number.POSITIVE_INFINITY;
      const args = timed ? new DimensionArguments(response, context, true) : shared;
      const begunAt = clock.now();
      try {
        const returned = scorer(args);
        if (isThenable(returned)) {
          const settled = this.#settle(i, { returned, args, begunAt });
          (waiting ??= []).push(settled.then((result) => void (results[i] = result)));
          continue;
        }
        results[i] = dimensionResult(name, returned, roundDuration(clock.now() - begunAt));
      } catch (error) {
        results[i] = erroredResult(name, error, roundDuration(clock.now() - begunAt));
      }
      if (timed) args.release();
    }
    if (waiting === undefined) return this.#conclude(results, context.testCase);
    return Promise.all(waiting).then(() => this.#conclude(results, context.testCase));
  }

  /** Waits for a dimension, at most as long as it may take. Never rejects. */
  #settle(
    index: number,
    {
      returned,
      args,
      begunAt,
    }: {
      readonly returned: PromiseLike<ScorerResult>;
      readonly args: DimensionArguments<Input, Expected, Metadata>;
      readonly begunAt: number;
    },
  ): Promise<DimensionResult> {
    const { name, timeoutMs } = this.#dimensions[index]!;
    const clock = this.#clock;
    return new Promise((resolve) => {
      const timer =
        timeoutMs === Number.POSITIVE_INFINITY
          ? undefined
          : clock.schedule(() => {
              const error = new AssayError(
                'ASSAY_DIMENSION_TIMEOUT',
                `The scorer of \`${name}\` took longer than ${timeoutMs} ms`,
              );
              resolve(erroredResult(name, error, roundDuration(clock.now() - begunAt)));
              args.expire(error);
            }, timeoutMs);
      const settle = (result: DimensionResult): void => {
        timer?.cancel();
        args.release();
        resolve(result);
      };
      const failed = (error: unknown): void =>
        settle(erroredResult(name, error, roundDuration(clock.now() - begunAt)));
      try {
        returned.then(
          (value) => settle(dimensionResult(name, value, roundDuration(clock.now() - begunAt))),
          failed,
        );
      } catch (error) {
        failed(error); // a `then` of the host's own
      }
    });
  }

  #conclude(results: DimensionResult[], testCase: TestCase<Input, Expected, Metadata>): Evaluation {
    const aggregated = givenAtOnce('the aggregate', this.#aggregate(results, this.#context));
    const whole = typeof aggregated === 'object' && aggregated !== null;
    const overallScore = whole ? aggregated.score : aggregated;
    if (
      overallScore !== null &&
      !(typeof overallScore === 'number' && overallScore >= 0 && overallScore <= 1)
    ) {
      throw new AssayError(
        'ASSAY_INVALID_SCORE',
        `Expected the aggregate of \`${this.name}\` to be null or a number from 0 to 1, got ${show(overallScore)}`,
      );
    }
    const evaluation: { -readonly [Member in keyof Evaluation]: Evaluation[Member] } = {
      evaluator: this.name,
      version: this.version,
      overallScore,
      dimensions: results,
      scoringHash: (this.#scoringHash ??= scoringHash(this)),
    };
    const reason = whole ? aggregated.reason : undefined;
    if (reason !== undefined) evaluation.reason = reason;
    else if (overallScore === null) evaluation.reason = 'the aggregate gave no score and no reason';
    const threshold = this.#context.passThreshold;
    if (threshold !== undefined && overallScore !== null)
      evaluation.passed = reaches(overallScore, threshold);
    const culturalContext = givenAtOnce('`culturalContext`', this.#culturalContext?.(testCase));
    if (culturalContext !== undefined) evaluation.culturalContext = culturalContext;
    return evaluation;
  }
}
