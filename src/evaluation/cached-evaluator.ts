import type { MemoryBoundedCache } from '../cache/memory-bounded-cache.js';
import type { ModelResponse } from '../client/model-client.js';
import { AssayError, messageOf } from '../errors.js';
import {
  boolean,
  checkArgument,
  checkOptions,
  having,
  milliseconds,
  show,
  type OptionChecks,
} from '../foundation/options.js';
import { stableHash } from '../foundation/stable-hash.js';
import type { CorpusMetric } from './corpus-metric.js';
import { judgeUsageOf, type JudgeUsage } from './judge-usage.js';
import { evaluateWhole } from './given-evaluation.js';
import type { Evaluation, EvaluationContext } from './evaluation-types.js';
import { Evaluator } from './evaluator.js';

/** A cache of evaluations. */
export type EvaluationCache = MemoryBoundedCache<string, Evaluation>;

/** Options of {@link cachedEvaluator} and {@link cachedEvaluation}. */
export interface CachedEvaluatorOptions {
  /** How long an evaluation holds, milliseconds. @default the cache's */
  readonly ttlMs?: number | undefined;
  /** Whether the same answer to another input is another evaluation. @default false */
  readonly keyOnInput?: boolean | undefined;
  /** Whether the same answer to a case with other metadata is another evaluation. @default false */
  readonly keyOnMetadata?: boolean | undefined;
}

const CHECKS: OptionChecks<CachedEvaluatorOptions> = {
  ttlMs: milliseconds,
  keyOnInput: boolean,
  keyOnMetadata: boolean,
};

const anEvaluator = having('an evaluator', 'evaluate');
const aCache = having('a cache', 'getOrCompute');

type Evaluate<Input, Expected, Metadata> = (
  response: ModelResponse,
  context: EvaluationContext<Input, Expected, Metadata>,
) => Evaluation | Promise<Evaluation>;

/**
 * An evaluator that judges the same answer only once. The key is the answer (text and tool calls), what was
 * expected, and the evaluator's name, version, configuration and conventions: change the version, and nothing old
 * is found. An evaluator that looks at the input or at metadata needs `keyOnInput` or `keyOnMetadata`.
 *
 * Evaluations with an errored dimension are not stored; the same answer under way twice is judged once, and where a
 * model judged it only that once has a cost (`metadata.judge`). The cache may be shared by evaluators; it stays the
 * host's to close.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`.
 *
 * @example
 * const cache = new MemoryBoundedCache<string, Evaluation>({ maxBytes: 256 * 2 ** 20 });
 * const evaluator = cachedEvaluator(reasoning, cache, { ttlMs: 2 * 3_600_000 });
 */
export function cachedEvaluator<Input, Expected, Metadata>(
  evaluator: Evaluator<Input, Expected, Metadata>,
  cache: EvaluationCache,
  options: CachedEvaluatorOptions = {},
): Evaluator<Input, Expected, Metadata> {
  checkArgument(evaluator, anEvaluator);
  checkArgument(cache, aCache);
  return new CachedEvaluator(evaluator, cache, checkOptions('cachedEvaluator', options, CHECKS));
}

/**
 * Caching for the author of an evaluator, in place of a decorator: wraps what `evaluate` does.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`.
 *
 * @example
 * class Reasoning extends Evaluator {
 *   readonly name = 'reasoning';
 *   readonly version = '3';
 *   override evaluate = cachedEvaluation(cache, { ttlMs: 7_200_000 }, (response, { testCase }) => { … });
 * }
 */
export function cachedEvaluation<Input = unknown, Expected = unknown, Metadata = unknown>(
  cache: EvaluationCache,
  evaluate: (
    response: ModelResponse,
    context: EvaluationContext<Input, Expected, Metadata>,
  ) => Evaluation | Promise<Evaluation>,
  options: CachedEvaluatorOptions,
): (
  this: Evaluator<Input, Expected, Metadata>,
  response: ModelResponse,
  context: EvaluationContext<Input, Expected, Metadata>,
) => Promise<Evaluation> {
  const given = checkOptions('cachedEvaluation', options, CHECKS);
  checkArgument(cache, aCache);
  const keysOf = new WeakMap<object, EvaluationKeys>(); // on a prototype it serves evaluators of several versions
  return function (response, context) {
    let keys = keysOf.get(this);
    if (keys === undefined) {
      keys = new EvaluationKeys(this, given); // not before: the fields of a subclass are set after this is made
      keysOf.set(this, keys);
    }
    return lookUp({ cache, keys, ttlMs: given.ttlMs, evaluate }, response, context);
  };
}

class CachedEvaluator<Input, Expected, Metadata> extends Evaluator<Input, Expected, Metadata> {
  readonly name: string;
  readonly version: string;
  declare readonly dimensions?: readonly string[];
  declare readonly configuration?: Readonly<Record<string, unknown>>;
  declare readonly conventions?: Readonly<Record<string, string>>;
  declare readonly cacheIdentity?: string;
  declare readonly corpusMetrics?: Readonly<Record<string, CorpusMetric>>;
  readonly #inner: Evaluator<Input, Expected, Metadata>;
  readonly #source: CachedSource<Input, Expected, Metadata>;

  constructor(
    inner: Evaluator<Input, Expected, Metadata>,
    cache: EvaluationCache,
    options: CachedEvaluatorOptions,
  ) {
    super();
    this.name = inner.name;
    this.version = inner.version;
    if (inner.dimensions !== undefined) this.dimensions = inner.dimensions;
    if (inner.configuration !== undefined) this.configuration = inner.configuration;
    if (inner.conventions !== undefined) this.conventions = inner.conventions;
    if (inner.cacheIdentity !== undefined) this.cacheIdentity = inner.cacheIdentity;
    if (inner.corpusMetrics !== undefined) this.corpusMetrics = inner.corpusMetrics;
    this.#inner = inner;
    this.#source = {
      cache,
      keys: new EvaluationKeys(inner as Evaluator<never, never, never>, options),
      ttlMs: options.ttlMs,
      evaluate: (response, context) => evaluateWhole(inner, response, context),
    };
  }

  override evaluate(
    response: ModelResponse,
    context: EvaluationContext<Input, Expected, Metadata>,
  ): Promise<Evaluation> {
    return lookUp(this.#source, response, context);
  }

  /** Closes the evaluator behind; the cache stays open. */
  override close(): Promise<void> {
    return this.#inner.close();
  }
}

/** Makes the keys of one evaluator's evaluations. */
class EvaluationKeys {
  readonly #evaluator: string;
  readonly #options: CachedEvaluatorOptions;

  constructor(
    evaluator: Pick<Evaluator, 'name' | 'version' | 'configuration' | 'conventions' | 'cacheIdentity'>,
    options: CachedEvaluatorOptions,
  ) {
    const { name, version, configuration, conventions, cacheIdentity } = evaluator;
    try {
      this.#evaluator = stableHash([name, version, configuration, conventions, cacheIdentity]);
    } catch (error) {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected the configuration of evaluator ${show(name)} to be plain data: ${messageOf(error)}`,
        { cause: error },
      );
    }
    this.#options = options;
  }

  /** The key, or `undefined` for a case that holds something without a stable text (a function, a cycle, endless depth). */
  keyOf(response: ModelResponse, context: EvaluationContext): string | undefined {
    const { expected, input, metadata } = context.testCase;
    try {
      return stableHash({
        evaluator: this.#evaluator,
        output: response.text,
        value: response.output,
        reasoning: response.reasoning,
        contexts: response.contexts,
        about: response.metadata,
        toolCalls: response.toolCalls,
        expected,
        input: this.#options.keyOnInput === true ? input : undefined,
        metadata: this.#options.keyOnMetadata === true ? metadata : undefined,
      });
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) return undefined;
      throw error;
    }
  }
}

/** Where an evaluation is looked up, and what makes it where it is not found. */
interface CachedSource<Input, Expected, Metadata> {
  readonly cache: EvaluationCache;
  readonly keys: EvaluationKeys;
  readonly ttlMs: number | undefined;
  readonly evaluate: Evaluate<Input, Expected, Metadata>;
}

async function lookUp<Input, Expected, Metadata>(
  { cache, keys, ttlMs, evaluate }: CachedSource<Input, Expected, Metadata>,
  response: ModelResponse,
  context: EvaluationContext<Input, Expected, Metadata>,
): Promise<Evaluation> {
  const key = keys.keyOf(response, context as EvaluationContext);
  if (key === undefined) return evaluate(response, context);
  const { testCase, repetition, runId } = context;
  let found = true;
  const evaluation = await cache.getOrCompute(
    key,
    (signal) => {
      found = false;
      // The signal of this one case must not cancel what others wait for.
      return evaluate(response, { testCase, repetition, runId, signal });
    },
    { signal: context.signal, ttlMs, keepIf: isWhole },
  );
  return found ? withoutJudgeCost(evaluation) : evaluation;
}

/** What was found costs nothing: the judges that it holds the verdicts of were paid by the case that asked them. */
function withoutJudgeCost(evaluation: Evaluation): Evaluation {
  if (evaluation.dimensions.every((dimension) => judgeUsageOf(dimension) === undefined)) return evaluation;
  const dimensions = evaluation.dimensions.map((dimension) => {
    const judged = judgeUsageOf(dimension);
    if (judged === undefined) return dimension;
    const cost = judged.cost === null ? null : 0;
    const judge: JudgeUsage = { ...judged, calls: 0, inputTokens: 0, outputTokens: 0, cost };
    return { ...dimension, metadata: { ...dimension.metadata, judge } };
  });
  return { ...evaluation, dimensions };
}

const isWhole = (evaluation: Evaluation): boolean =>
  evaluation.dimensions.every((dimension) => dimension.outcome !== 'errored');
