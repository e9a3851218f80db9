import { answerParter } from '../foundation/reasoning-trace.js';
import type { ModelResponse } from '../client/model-client.js';
import type { CorpusMetric } from './corpus-metric.js';
import type { Evaluation, EvaluationContext, TestCase } from './evaluation-types.js';
import { evaluateWhole, type GivenEvaluation } from './given-evaluation.js';

/**
 * Base class of everything that judges an answer. Subclass it, or use {@link createEvaluator}.
 *
 * A subclass that throws makes its case errored; nothing else breaks. Results are stored with `name` and
 * `version`: change the version whenever the same answer may get another score.
 */
export abstract class Evaluator<Input = unknown, Expected = unknown, Metadata = unknown> {
  /** Name of the evaluator, as it stands in results. */
  abstract readonly name: string;
  /** Version of the evaluator; part of cache keys and run manifests. */
  abstract readonly version: string;
  /** Names of the dimensions, if they are known beforehand. */
  readonly dimensions?: readonly string[];
  /** Everything else that scores depend on; part of cache keys and run manifests. Plain data. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** Convention and version of the scorer behind each dimension; part of run manifests. */
  readonly conventions?: Readonly<Record<string, string>>;
  /** What else scores depend on, such as whom a judge asks; part of cache keys only. */
  readonly cacheIdentity?: string;
  /** Metrics of a whole run, by the dimension whose results carry their counts. */
  readonly corpusMetrics?: Readonly<Record<string, CorpusMetric>>;

  /**
   * Judges one answer. Return a plain value when nothing is waited for: it is cheaper than a promise. `evaluator`,
   * `version` and each dimension's `durationMs` are filled in where they are left out.
   */
  abstract evaluate(
    response: ModelResponse,
    context: EvaluationContext<Input, Expected, Metadata>,
  ): GivenEvaluation | Promise<GivenEvaluation>;

  /**
   * Judges a text without a client, for tests and one-off use. What {@link Evaluator.evaluate} returns is checked as in
   * a run.
   *
   * @throws AssayError `ASSAY_INVALID_SCORE`, `ASSAY_EVALUATOR_FAILED`; what `evaluate` throws.
   */
  async evaluateText(text: string, testCase: TestCase<Input, Expected, Metadata>): Promise<Evaluation> {
    const controller = new AbortController();
    return evaluateWhole(this, textResponse(text), {
      testCase,
      repetition: 0,
      runId: 'evaluate-text',
      signal: controller.signal,
    });
  }

  /** Frees what the evaluator holds; the base class holds nothing. */
  async close(): Promise<void> {}
}

const answerApart = answerParter();

/** A {@link ModelResponse} for a text that did not come from a model client. */
export function textResponse(text: string): ModelResponse {
  return {
    ...answerApart(text, undefined),
    model: '',
    finishReason: 'stop',
    usage: null,
    cost: null,
    endpoint: null,
    requestId: null,
    attempts: 1,
    latencyMs: 0,
    timeToFirstTokenMs: null,
  };
}
