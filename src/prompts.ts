/**
 * Prompts and what to ask with them: templates with variables from the case and few-shot examples, matrices of models and
 * prompts, and choices of cases.
 *
 * @module assaykit/prompts
 */

export {
  promptTemplate,
  type PromptTemplate,
  type PromptTemplateOptions,
} from './prompts/prompt-template.js';
export type { FewShotExamples } from './prompts/few-shot.js';
export type { AnyCase } from './prompts/case-variables.js';

// every model with every prompt
export { runMatrix } from './matrix/run-matrix.js';
export type {
  MatrixBaseline,
  MatrixCell,
  MatrixModel,
  MatrixProcessor,
  MatrixSettings,
  RunMatrixOptions,
} from './matrix/matrix-options.js';
export {
  formatMatrix,
  type Matrix,
  type MatrixCellReport,
  type MatrixComparison,
  type MatrixData,
} from './matrix/matrix-report.js';

// some of the cases
export { onlyCases, type OnlyCasesOptions } from './cases/only-cases.js';
export { sampleCases, type SampleCasesOptions } from './cases/sample-cases.js';
