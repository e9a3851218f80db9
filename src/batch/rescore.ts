import { InputError } from '../errors.js';
import type { Evaluator } from '../evaluation/evaluator.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import {
  boolean,
  checkOptions,
  integer,
  object,
  requireOptions,
  signal,
  text,
} from '../foundation/options.js';
import type { CaseInput } from '../cases/case-source.js';
import type { ResultStore } from '../stores/result-store.js';
import { BatchProcessor } from './batch-processor.js';
import type { BatchProcessorOptions } from './batch-options.js';
import type { RunOptions } from './run-options.js';
import { StoredAnswers } from './stored-answers.js';
import type { RunSummary } from './summary/run-summary.js';

/** Options of {@link rescore}. */
export interface RescoreOptions {
  /** The run whose answers are judged again. */
  readonly runId: string;
  /** What judges them now. */
  readonly evaluator: Evaluator<never, never, never>;
  /** Names the run that comes out. */
  readonly as: string;
  /** Where it goes. @default the same store */
  readonly to?: ResultStore | undefined;
  /** Go on with that run if it was begun before. @default true */
  readonly resume?: boolean | undefined;
  /** The cases, for a store that has not kept them. @default the kept ones */
  readonly cases?: CaseInput<TestCase<unknown>> | undefined;
  /** Answers that are judged at once, >= 1. @default 16 */
  readonly concurrency?: number | undefined;
  /** As of a processor. */
  readonly passThreshold?: BatchProcessorOptions['passThreshold'];
  /** As of a run. */
  readonly tags?: RunOptions['tags'];
  /** As of a run. */
  readonly description?: RunOptions['description'];
  /** Ends it, so that it can be resumed. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Judges the stored answers of a run by another evaluator, or another version of it; no model is asked. What comes out
 * is a run of its own, whose manifest names its `origin`; it can be resumed, compared and judged again like any other.
 * Its results count as answers from a cache: they cost nothing. A case that had no answer is errored as it was.
 *
 * @throws InputError `ASSAY_EMPTY_INPUT` for a run that the store does not know, `ASSAY_INVALID_INPUT` for cases that it
 * has not kept; else what {@link BatchProcessor.run} rejects with.
 *
 * @example
 * const summary = await rescore(store, { runId: 'nightly-42', evaluator: stricter, as: 'nightly-42-strict' });
 */
export async function rescore(
  store: Pick<ResultStore, 'query' | 'manifest'> & ResultStore,
  options: RescoreOptions,
): Promise<RunSummary> {
  const checked = checkOptions<RescoreOptions>('rescore', options, {
    runId: text,
    evaluator: object,
    as: text,
    to: object,
    resume: boolean,
    cases: object,
    concurrency: integer(1),
    passThreshold: () => undefined, // the processor looks
    tags: object,
    description: text,
    signal,
  });
  requireOptions('rescore', checked, ['runId', 'evaluator', 'as']);
  const { runId, evaluator, as: newRunId, to = store } = checked;
  const manifest = await store.manifest(runId);
  if (manifest === undefined)
    throw new InputError(
      'ASSAY_EMPTY_INPUT',
      `Expected a run that the store has, got ${JSON.stringify(runId)}`,
    );
  const answers = new StoredAnswers(store, { runId, repetitions: manifest.repetitions });
  const processor = new BatchProcessor<unknown, never, never>({
    target: answers.answer as never,
    evaluator: evaluator as never,
    store: to,
    repetitions: manifest.repetitions,
    retry: false,
    concurrency: checked.concurrency,
    passThreshold: checked.passThreshold,
  });
  return processor.run((checked.cases ?? answers.cases()) as never, {
    runId: newRunId,
    resume: checked.resume ?? true,
    tags: checked.tags,
    description: checked.description,
    signal: checked.signal,
    origin: { runId, target: manifest.target },
  });
}
