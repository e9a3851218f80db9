/**
 * Names of OpenTelemetry's conventions for generative AI, copied here because all of them are still in
 * development and `@opentelemetry/semantic-conventions` marks its copies as deprecated. Nothing else in the
 * package spells such a name: when the conventions change, this file changes.
 *
 * Source: https://github.com/open-telemetry/semantic-conventions-genai, model/gen-ai (spans.yaml, events.yaml,
 * metrics.yaml), read in November 2026. The repository prepares `gen_ai.client.inference.*` as successors of
 * the two metrics below; receivers know the names that are used here.
 */
export const GENAI_CONVENTIONS_VERSION = '2026-11 (development)';

/** Names of span and metric attributes. */
export const GENAI_ATTRIBUTES = Object.freeze({
  operationName: 'gen_ai.operation.name',
  providerName: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  responseId: 'gen_ai.response.id',
  finishReasons: 'gen_ai.response.finish_reasons',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cachedInputTokens: 'gen_ai.usage.cache_read.input_tokens',
  tokenType: 'gen_ai.token.type',
  /** Content: only when the host asks for it. */
  outputMessages: 'gen_ai.output.messages',
  errorType: 'error.type',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  evaluationName: 'gen_ai.evaluation.name',
  evaluationScore: 'gen_ai.evaluation.score.value',
  evaluationLabel: 'gen_ai.evaluation.score.label',
  /** May quote the answer: only when the host asks for content. */
  evaluationExplanation: 'gen_ai.evaluation.explanation',
});

/** Name of the log event for one evaluated dimension. */
export const EVALUATION_EVENT = 'gen_ai.evaluation.result';

/** A metric as the conventions define it. */
export interface MetricDefinition {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  /** Advised bounds of the buckets. */
  readonly bounds: readonly number[];
}

/** Metrics of the conventions. */
export const GENAI_METRICS: Readonly<Record<'operationDuration' | 'tokenUsage', MetricDefinition>> = {
  operationDuration: {
    name: 'gen_ai.client.operation.duration',
    unit: 's',
    description: 'GenAI operation duration.',
    bounds: Object.freeze(Array.from({ length: 14 }, (_, power) => (10 * 2 ** power) / 1000)),
  },
  tokenUsage: {
    name: 'gen_ai.client.token.usage',
    unit: '{token}',
    description: 'Number of input and output tokens used.',
    bounds: Object.freeze(Array.from({ length: 14 }, (_, power) => 4 ** power)),
  },
};

/** Attributes of this package, for what the conventions have no name for. */
export const ASSAY_ATTRIBUTES = Object.freeze({
  runId: 'assaykit.run.id',
  caseId: 'assaykit.case.id',
  repetition: 'assaykit.repetition',
  outcome: 'assaykit.outcome',
  attempts: 'assaykit.attempts',
  cost: 'assaykit.cost',
  evaluator: 'assaykit.evaluator.name',
  evaluatorVersion: 'assaykit.evaluator.version',
});
