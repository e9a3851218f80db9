import type { Target } from '../batch/batch-options.js';
import { BatchProcessor } from '../batch/batch-processor.js';
import { SharedBudget } from '../batch/shared-budget.js';
import { SharedSlots } from '../batch/shared-slots.js';
import type { RunSummary } from '../batch/summary/run-summary.js';
import { toCaseSource, type CaseInput } from '../cases/case-source.js';
import { SharedFeed } from '../cases/shared-feed.js';
import { mergeParameters } from '../client/merge-parameters.js';
import { AssayError } from '../errors.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import { systemClock } from '../foundation/clock.js';
import { show } from '../foundation/options.js';
import { reportMatrix, type Matrix } from './matrix-report.js';
import {
  resolveMatrix,
  type ResolvedCell,
  type ResolvedMatrix,
  type RunMatrixOptions,
} from './matrix-options.js';

/**
 * Asks every model with every prompt about the same cases, and compares them.
 *
 * - Each combination is a run of its own in the store, named `<matrixId>/<model>/<prompt>`: it can be queried, summed up,
 *   judged again and compared like any other. All runs go on side by side over one queue (`concurrency` cases at once, of all
 *   runs together) and one `budget`. `batchSize` is that of each run; its default is shared, too.
 * - Cases are read once, by all runs together, and held until the slowest has taken them: memory does not grow with their
 *   number.
 * - Whatever ends it early (a budget, `signal`, a crash) leaves runs that `resume: true` goes on with; what is stored is not
 *   asked again. After a kill that leaves the calls that were in flight (at most `concurrency`: nobody knows what came of
 *   them) and answers of the last moment, which are stored within `flushIntervalMs` (50 here) or as `batchSize` fills.
 * - The report has each combination's mean with its interval, what a solved case costs, and paired differences with Holm's
 *   correction over all of them.
 *
 * @example
 * const matrix = await runMatrix(readJsonl('cases.jsonl'), {
 *   models: { small: clientA, large: { target: clientB, parameters: { temperature: 0 } } },
 *   prompts: { plain: promptTemplate('{{question}}'), terse: promptTemplate('{{question}} Answer in one word.') },
 *   evaluator, store, matrixId: 'prompts-7', resume: true, budget: { maxCost: 20 },
 * });
 * console.log(matrix.toString());
 * @throws AssayError `ASSAY_INVALID_OPTION`; rejects with what the first run that fails rejects with (see
 *   `BatchProcessor.run`), the others are stopped and stored.
 */
export async function runMatrix(
  cases: CaseInput<TestCase<unknown, unknown, unknown>>,
  options: RunMatrixOptions,
): Promise<Matrix> {
  const matrix = resolveMatrix(options);
  const { settings, cells, run } = matrix;
  const clock = run.clock ?? systemClock;
  const matrixId =
    settings.matrixId ?? `matrix-${new Date(clock.wallTime()).toISOString().replace(/[:.]/g, '-')}`;
  const runIds = cells.map((cell) => runIdOf(matrixId, cell));
  const twice = runIds.find((id, i) => runIds.indexOf(id) !== i);
  if (twice !== undefined)
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected names of models and prompts to give different runs, got ${show(twice)} twice`,
    );
  const processors = cells.map((cell) => processorFor(matrix, cell, matrixId));
  const budget = settings.budget === undefined ? undefined : new SharedBudget(settings.budget, clock);
  try {
    const sides = new MatrixSides(matrix, { processors, runIds, budget });
    const summaries = await sides.run(cases);
    return await reportMatrix(matrix, { matrixId, runIds, summaries, budget: budget?.summary() ?? null });
  } finally {
    budget?.close();
  }
}

const runIdOf = (matrixId: string, { model, prompt }: ResolvedCell): string =>
  [matrixId, model, ...(prompt === null ? [] : [prompt])].join('/');

type Processor = BatchProcessor<unknown, unknown, unknown>;

function processorFor(
  { settings, run, cells }: ResolvedMatrix,
  cell: ResolvedCell,
  matrixId: string,
): Processor {
  const { model, prompt, parts, source } = cell;
  const parameters = mergeParameters(run.parameters, parts.parameters);
  const { budget, level } = settings;
  return new BatchProcessor<unknown, unknown, unknown>({
    ...run,
    store: settings.store,
    batchSize: run.batchSize ?? Math.ceil(BATCH / cells.length),
    flushIntervalMs: run.flushIntervalMs ?? FLUSH_INTERVAL_MS,
    target: parts.target as Target<unknown, unknown, unknown>,
    ...(source === undefined ? {} : { prompt: source }),
    ...(parts.model === undefined ? {} : { model: parts.model }),
    ...(parts.cacheIdentity === undefined ? {} : { cacheIdentity: parts.cacheIdentity }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(budget === undefined ? {} : { budget }), // so that what nobody tells is estimated
    ...(level === undefined ? {} : { confidenceLevel: level }),
    labels: { ...run.labels, matrix: matrixId, model, ...(prompt === null ? {} : { prompt }) },
  });
}

interface Sides {
  readonly processors: readonly Processor[];
  readonly runIds: readonly string[];
  readonly budget: SharedBudget | undefined;
}

/** The runs of a matrix, side by side. */
class MatrixSides {
  readonly #matrix: ResolvedMatrix;
  readonly #sides: Sides;
  #stopping = false;

  constructor(matrix: ResolvedMatrix, sides: Sides) {
    this.#matrix = matrix;
    this.#sides = sides;
  }

  /** Runs them all; rejects with the first failure, after all have ended. */
  async run(cases: CaseInput<TestCase<unknown, unknown, unknown>>): Promise<RunSummary[]> {
    const { settings, cells, run } = this.#matrix;
    const { processors, runIds, budget } = this.#sides;
    const source = toCaseSource(cases);
    const concurrency = run.concurrency ?? 16;
    const feed = new SharedFeed(source, {
      readers: cells.length,
      window: Math.max(LEAST_WINDOW, 4 * concurrency),
      aheadOf: 'readers',
    });
    const shared = { slots: new SharedSlots(concurrency), budget };
    const { resume, retryErrored, signal, tags, total = source.total ?? undefined } = settings;
    let failure: { readonly error: unknown } | undefined;
    const runs = processors.map(async (processor, i) => {
      try {
        settings.onStart?.(processor, { model: cells[i]!.model, prompt: cells[i]!.prompt });
        const options = { runId: runIds[i], resume, retryErrored, signal, tags, total, shared };
        const summary = await processor.run(feed.reader(i), options);
        if (summary.stopReason !== 'end') this.#stopAll();
        return summary;
      } catch (error) {
        failure ??= { error };
        this.#stopAll();
        return undefined;
      } finally {
        feed.leave(i); // the others must not wait for it
      }
    });
    const summaries = await Promise.all(runs);
    await feed.stop();
    if (failure !== undefined) throw (failure as { readonly error: unknown }).error;
    return summaries.filter((summary) => summary !== undefined);
  }

  #stopAll(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    for (const processor of this.#sides.processors) void processor.drain();
  }
}

const LEAST_WINDOW = 64;

/** Results that wait to be stored, of all runs together: as many as in a single run. */
const BATCH = 250;

/** A run of many fills its batch as many times more slowly; what is not stored when the process is killed is asked again. */
const FLUSH_INTERVAL_MS = 50;
