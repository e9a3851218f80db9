import type { AnyValueMap } from '@opentelemetry/api-logs';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import { ASSAY_ATTRIBUTES as X, GENAI_ATTRIBUTES as A } from './genai-conventions.js';

/**
 * The attributes of one `gen_ai.evaluation.result` for each dimension of a result, and one for the overall score
 * under the evaluator's name when there are several dimensions. Explanations may quote the answer and come only
 * with `content`.
 */
export function evaluationRecords(result: CaseResult, content: boolean): AnyValueMap[] {
  const { evaluation, response } = result;
  if (evaluation === undefined) return [];
  const common: AnyValueMap = {
    [X.runId]: result.runId,
    [X.caseId]: result.caseId,
    [X.repetition]: result.repetition,
    [X.evaluator]: evaluation.evaluator,
    [X.evaluatorVersion]: evaluation.version,
    ...(response === undefined || response.requestId === null ? {} : { [A.responseId]: response.requestId }),
  };
  const records = evaluation.dimensions.map((dimension) =>
    record(common, {
      name: dimension.name,
      score: dimension.score,
      label: dimension.label,
      explanation: content ? dimension.reason : undefined,
      error: dimension.error?.code,
    }),
  );
  if (records.length !== 1) {
    records.push(
      record(common, {
        name: evaluation.evaluator,
        score: evaluation.overallScore,
        label: evaluation.passed === undefined ? undefined : evaluation.passed ? 'pass' : 'fail',
        explanation: content ? evaluation.reason : undefined,
        error: undefined,
      }),
    );
  }
  return records;
}

function record(
  common: AnyValueMap,
  values: {
    readonly name: string;
    readonly score: number | null;
    readonly label: string | undefined;
    readonly explanation: string | undefined;
    readonly error: string | undefined;
  },
): AnyValueMap {
  return {
    ...common,
    [A.evaluationName]: values.name,
    ...(values.score === null ? {} : { [A.evaluationScore]: values.score }),
    ...(values.label === undefined ? {} : { [A.evaluationLabel]: values.label }),
    ...(values.explanation === undefined ? {} : { [A.evaluationExplanation]: values.explanation }),
    ...(values.error === undefined ? {} : { [A.errorType]: values.error }),
  };
}
