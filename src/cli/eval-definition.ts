import type { BatchProcessorOptions } from '../batch/batch-options.js';
import type { RunOptions } from '../batch/run-options.js';
import type { CaseInput } from '../cases/case-source.js';
import type { ModelInput } from '../client/model-client.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import type { ResultStore } from '../stores/result-store.js';

/**
 * What an evaluation file of the command line exports as its default (`assaykit run eval.mjs`): the options of a
 * processor and of a run, and the cases. Or a function, also an async one, that returns it.
 *
 * @example
 * export default {
 *   target: new LoadBalancedClient({ endpoints: ['http://localhost:8000/v1'], model: 'llama-3.1-8b' }),
 *   evaluator: createEvaluator({ name: 'capitals', version: '1', dimensions: { accuracy: exactMatch() } }),
 *   cases: readJsonl('cases.jsonl'),
 *   store: 'results.db',
 * } satisfies EvalDefinition;
 */
export interface EvalDefinition<
  Input = ModelInput,
  Expected = unknown,
  Metadata = Readonly<Record<string, unknown>>,
>
  extends
    Omit<BatchProcessorOptions<Input, Expected, Metadata>, 'store'>,
    Pick<RunOptions, 'runId' | 'resume' | 'retryErrored' | 'stopWhen' | 'total' | 'tags' | 'description'> {
  /** The cases, or a function that gives them: it is called when a run begins. */
  readonly cases:
    | CaseInput<TestCase<Input, Expected, Metadata>>
    | (() =>
        | CaseInput<TestCase<Input, Expected, Metadata>>
        | Promise<CaseInput<TestCase<Input, Expected, Metadata>>>);
  /**
   * Where results go: a store, which is closed at the end, or its name as `--store` takes it.
   * @default 'assaykit-results', a folder
   */
  readonly store?: ResultStore | string | undefined;
  /** Called at the end, whatever came of it. A `target` that has a `close` is closed without. */
  readonly close?: (() => void | Promise<void>) | undefined;
}
