import { AssayError } from '../errors.js';
import {
  BUDGET_CHECKS,
  RATE_LIMIT_CHECKS,
  resolveBatchOptions,
  type BatchProcessorOptions,
  type ProcessorRateLimit,
  type RunBudget,
} from '../batch/batch-options.js';
import { checkManifest, createManifest } from '../batch/run-manifest.js';
import { toCaseSource, type CaseInput } from '../cases/case-source.js';
import { checkTestCase } from '../cases/test-case-check.js';
import type { ModelInput } from '../client/model-client.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import {
  anything,
  checkArgument,
  checkOptions,
  having,
  integer,
  list,
  object,
  requireOptions,
  signal,
  text,
} from '../foundation/options.js';
import { stableStringify } from '../foundation/stable-hash.js';
import type { ResultStore } from '../stores/result-store.js';
import type { SharedLimits } from '../stores/run-work.js';
import { BatchPortions } from './batch-portions.js';
import { finishRun, type SummaryEvaluator } from './finish-run.js';
import type { RunQueue } from './queue-connection.js';
import { manifestHash } from './run-job.js';
import { checkSharedStore } from './shared-store.js';

/** The options of a `BatchProcessor` that a run's results depend on: enqueuing and workers must have the same. */
export type RunDefinition<Input = ModelInput, Expected = unknown, Metadata = unknown> = Pick<
  BatchProcessorOptions<Input, Expected, Metadata>,
  | 'target'
  | 'evaluator'
  | 'model'
  | 'parameters'
  | 'prompt'
  | 'repetitions'
  | 'passThreshold'
  | 'confidenceLevel'
  | 'labels'
>;

/** Options of {@link enqueueRun}. */
export interface EnqueueOptions<
  Input = ModelInput,
  Expected = unknown,
  Metadata = unknown,
> extends RunDefinition<Input, Expected, Metadata> {
  /** Names the run. The same name with the same cases may be enqueued again: only what is missing is added. */
  readonly runId: string;
  /** The cases; pulled no faster than store and queue take them. */
  readonly cases: CaseInput<TestCase<Input, Expected, Metadata>>;
  /** Where cases, batches and results stand: a `PostgresResultStore`. */
  readonly store: ResultStore;
  /** Cases of a batch, 1 to 1,000: what one worker does together. @default 50 */
  readonly batchSize?: number | undefined;
  /** How fast cases are sent, over all workers. @default no limit */
  readonly rateLimit?: ProcessorRateLimit | undefined;
  /** When the run has cost enough, over all workers; `maxDurationMs` runs from the first enqueuing on. @default no limit */
  readonly budget?: RunBudget | undefined;
  /** What the host sorts its runs by: `store.runs({ tag })`. @default none */
  readonly tags?: readonly string[] | undefined;
  /** What the run is about. @default nothing */
  readonly description?: string | undefined;
  /** Ends the enqueuing; what was enqueued stays, and enqueuing the run again adds the rest. */
  readonly signal?: AbortSignal | undefined;
}

/** What was enqueued. */
export interface EnqueuedRun {
  /** Names the run. */
  readonly runId: string;
  /** All its cases. */
  readonly cases: number;
  /** All its batches. */
  readonly batches: number;
}

const DEFAULT_BATCH = 50;
const MOST_CASES = 1000;
const FLUSH_MS = 250; // full batches wait no longer for others

/**
 * Puts a run into the queue: its manifest, its cases (each content once) and its batches go into the store, one job a batch
 * into the queue. Flat memory for any number of cases. A job is added only when its batch is durable, and carries no prompt
 * and no key.
 *
 * Enqueuing a run again that is there does no harm: jobs have ids that follow from run and batch. After a crash it goes on
 * where it stopped; other cases under the same name are refused.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`, `ASSAY_MANIFEST_MISMATCH` for a run that was enqueued with other cases, another
 * evaluator or target, `ASSAY_ABORTED`; InputError for a broken or duplicate case (batches before it are enqueued).
 *
 * @example
 * await enqueueRun(queue, { runId: 'nightly-42', cases: readJsonl('cases.jsonl'), store, target: client, evaluator });
 */
export async function enqueueRun<Input = ModelInput, Expected = unknown, Metadata = unknown>(
  queue: RunQueue,
  options: EnqueueOptions<Input, Expected, Metadata>,
): Promise<EnqueuedRun> {
  const {
    runId,
    cases,
    store: given,
    batchSize = DEFAULT_BATCH,
    signal: abort,
    ...rest
  } = checkEnqueueOptions(queue, options);
  const { rateLimit, budget, tags, description, ...definition } = rest;
  const store = checkSharedStore('enqueueRun', given);
  const manifest = createManifest({ runId, tags, description }, resolveBatchOptions(definition));
  checkManifest(await store.begin(manifest), manifest);
  const limits: SharedLimits = { ...rateLimit, ...budget };
  const run = await store.work.open({ runId, batchSize, limits });
  if (stableStringify(run.limits) !== stableStringify(limits)) throw otherLimits(runId, run.limits, limits);
  const portions = new BatchPortions(queue, store.work, {
    runId,
    manifest: manifestHash(manifest),
    batchSize: run.batchSize,
    needsJobs: run.stopReason === null,
  });
  const source = toCaseSource(cases);
  const flushing = setInterval(() => void portions.flush(), FLUSH_MS); // of a source that is slow
  try {
    for (let row = 1; ; row++) {
      if (abort?.aborted === true)
        throw new AssayError('ASSAY_ABORTED', 'The enqueuing was aborted', { cause: abort.reason });
      const testCase = await source.next();
      if (testCase === undefined) break;
      checkTestCase(testCase, row);
      await portions.add(testCase as TestCase<unknown, unknown, unknown>, row);
    }
  } catch (error) {
    await portions.flush(); // whole batches only: the rest of the last one may come when the input is mended
    throw error;
  } finally {
    clearInterval(flushing);
    await source.close();
  }
  const input = await portions.end();
  await finishRun(store, runId, { evaluator: definition.evaluator as SummaryEvaluator }); // its workers may have been done before
  return { runId, ...input };
}

function checkEnqueueOptions<Input, Expected, Metadata>(
  queue: RunQueue,
  options: EnqueueOptions<Input, Expected, Metadata>,
): EnqueueOptions<Input, Expected, Metadata> {
  checkArgument(
    queue,
    having('a queue', 'addBulk', 'getJob'),
    ' of createRunQueue or BullMQ to enqueue into',
  );
  const owner = 'enqueueRun';
  const checked = checkOptions<EnqueueOptions<Input, Expected, Metadata>>(owner, options, {
    runId: text,
    cases: anything, // the source looks
    store: object,
    batchSize: integer(1, MOST_CASES),
    rateLimit: object,
    budget: object,
    tags: list,
    description: text,
    signal,
    target: anything, // of these the processor's checks say what is wrong
    evaluator: anything,
    model: anything,
    parameters: anything,
    prompt: anything,
    repetitions: anything,
    passThreshold: anything,
    confidenceLevel: anything,
    labels: anything,
  });
  requireOptions(owner, checked, ['runId', 'cases', 'store']);
  if (checked.rateLimit !== undefined)
    checkOptions(`${owner}.rateLimit`, checked.rateLimit, RATE_LIMIT_CHECKS);
  if (checked.budget !== undefined) checkOptions(`${owner}.budget`, checked.budget, BUDGET_CHECKS);
  return checked;
}

const otherLimits = (runId: string, known: SharedLimits, now: SharedLimits): AssayError =>
  new AssayError(
    'ASSAY_MANIFEST_MISMATCH',
    `Run ${JSON.stringify(runId)} was enqueued with other limits: stored ${stableStringify(known)}, now ${stableStringify(now)}`,
  );
