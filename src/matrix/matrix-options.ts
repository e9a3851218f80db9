import type { BatchProcessor } from '../batch/batch-processor.js';
import type { BatchProcessorOptions, RunBudget, Target } from '../batch/batch-options.js';
import { isModelClient, type ModelParameters } from '../client/model-client.js';
import { AssayError } from '../errors.js';
import type { PromptSource } from '../evaluation/prompt-source.js';
import {
  betweenZeroAndOne,
  boolean,
  callable,
  checkOptions,
  having,
  integer,
  list,
  object,
  oneOf,
  requireOptions,
  show,
  signal,
  text,
  type OptionChecks,
  unknownMetric,
} from '../foundation/options.js';
import type { ResultStore } from '../stores/result-store.js';

/** A target with what it is asked with. */
export interface MatrixModel {
  /** A model client or a function. */
  readonly target: Target<unknown, unknown, unknown> | Target;
  /** The model to ask for. @default the client's */
  readonly model?: string | undefined;
  /** Parameters of every request, laid over those of the matrix; a case's own are laid over them. */
  readonly parameters?: ModelParameters | undefined;
  /** What its answers are cached under; see `BatchProcessor`. */
  readonly cacheIdentity?: string | undefined;
}

/** One combination. */
export interface MatrixCell {
  /** Name of the model. */
  readonly model: string;
  /** Name of the prompt; `null` for a matrix without prompts. */
  readonly prompt: string | null;
}

/** Which combination others are compared with. */
export interface MatrixBaseline {
  /** Name of the model. */
  readonly model: string;
  /** Name of the prompt. @default the first one */
  readonly prompt?: string | null | undefined;
}

/** What is particular to a matrix, beside the options of a run. */
export interface MatrixSettings {
  /** The models by name: clients, functions, or either with a model name and parameters. */
  readonly models: Readonly<Record<string, MatrixModel | MatrixModel['target']>>;
  /** The prompts by name. @default none: the input of a case is what is asked */
  readonly prompts?: Readonly<Record<string, PromptSource>> | undefined;
  /** Where the runs are kept; comparisons are read from it. */
  readonly store: ResultStore;
  /** Names the matrix; its runs are `<matrixId>/<model>/<prompt>`. @default a time stamp */
  readonly matrixId?: string | undefined;
  /** Goes on with a matrix that the store knows: what is stored is not asked again. @default false */
  readonly resume?: boolean | undefined;
  /** With `resume`: try errored cases again. @default true */
  readonly retryErrored?: boolean | undefined;
  /** Ends all runs; `runMatrix` rejects with `ASSAY_ABORTED` and can be resumed. */
  readonly signal?: AbortSignal | undefined;
  /** Limits of all runs together; see `RunBudget`. When one is reached all runs end and can be resumed. */
  readonly budget?: RunBudget | undefined;
  /** The score that is compared: `overall` or a dimension's name. @default 'overall' */
  readonly metric?: string | undefined;
  /** Coverage of the intervals, and 1 - the chance of any false difference. @default 0.95 */
  readonly level?: number | undefined;
  /** Which pairs are compared: each with the baseline, all, or none. @default 'baseline' */
  readonly compare?: 'baseline' | 'all' | 'none' | undefined;
  /** What the others are compared with. @default the first model with the first prompt */
  readonly baseline?: MatrixBaseline | undefined;
  /** What the host sorts its runs by. @default none */
  readonly tags?: readonly string[] | undefined;
  /** How many cases there are, when the source cannot say; only for progress. */
  readonly total?: number | undefined;
  /** Called with each run's processor before it begins: to watch it, show its progress, or drain it. */
  readonly onStart?: ((processor: MatrixProcessor, cell: MatrixCell) => void) | undefined;
}

/** The processor of a combination. */
export type MatrixProcessor = Pick<
  BatchProcessor,
  'on' | 'onAny' | 'once' | 'off' | 'gauges' | 'pause' | 'resume' | 'drain' | 'concurrency'
>;

/** Options of {@link runMatrix}: those of its runs, and what is combined. */
export type RunMatrixOptions = MatrixSettings &
  Omit<
    BatchProcessorOptions<unknown, unknown, unknown>,
    'target' | 'prompt' | 'model' | 'cacheIdentity' | 'store' | 'budget' | 'rateLimit'
  >;

const SETTINGS: OptionChecks<MatrixSettings> = {
  models: object,
  prompts: object,
  store: having('a ResultStore', 'append'),
  matrixId: text,
  resume: boolean,
  retryErrored: boolean,
  signal,
  budget: object,
  metric: text,
  level: betweenZeroAndOne,
  compare: oneOf('baseline', 'all', 'none'),
  baseline: object,
  tags: list,
  total: integer(0),
  onStart: callable,
};

/** A combination with what it is made of. */
export interface ResolvedCell extends MatrixCell {
  readonly parts: MatrixModel;
  readonly source: PromptSource | undefined;
}

/** Options of a matrix, apart from those of its runs. */
export interface ResolvedMatrix {
  readonly settings: MatrixSettings;
  readonly cells: readonly ResolvedCell[];
  /** Position of the cell that others are compared with. */
  readonly baseline: number;
  readonly run: Omit<BatchProcessorOptions<unknown, unknown, unknown>, 'target'>;
}

/**
 * Checks the options of a matrix. Those of its runs are checked where the runs are made.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` naming the option, what was expected and what came.
 */
export function resolveMatrix(options: RunMatrixOptions): ResolvedMatrix {
  const given: object = typeof options === 'object' && options !== null ? options : {};
  const own: Record<string, unknown> = {};
  const run: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given))
    (Object.hasOwn(SETTINGS, name) ? own : run)[name] = value;
  const settings = checkOptions('runMatrix', own as unknown as MatrixSettings, SETTINGS);
  requireOptions('runMatrix', settings, ['models', 'store']);
  for (const name of ['target', 'prompt', 'model', 'cacheIdentity', 'rateLimit']) {
    if (run[name] === undefined) continue;
    const instead = name === 'rateLimit' ? "limit the models' clients" : 'give `models` and `prompts`';
    throw new AssayError('ASSAY_INVALID_OPTION', `Expected no \`${name}\` of runMatrix: ${instead}`);
  }
  checkMetric(settings.metric, run['evaluator']);
  const cells = cellsOf(settings);
  return {
    settings,
    cells,
    baseline: baselineOf(settings, cells),
    run: run as unknown as ResolvedMatrix['run'],
  };
}

function checkMetric(metric: string | undefined, evaluator: unknown): void {
  const { dimensions } = (evaluator ?? {}) as { readonly dimensions?: readonly string[] };
  if (metric === undefined || metric === 'overall' || !Array.isArray(dimensions)) return;
  if (dimensions.length === 0 || dimensions.includes(metric)) return;
  throw unknownMetric('runMatrix', metric, ['overall', ...dimensions]);
}

function cellsOf({ models, prompts }: MatrixSettings): ResolvedCell[] {
  const named = Object.entries(models);
  if (named.length === 0)
    throw new AssayError('ASSAY_INVALID_OPTION', 'Expected `models` of runMatrix to name a model, got none');
  const asked: readonly (readonly [string | null, PromptSource | undefined])[] =
    prompts === undefined ? [[null, undefined]] : Object.entries(prompts);
  if (asked.length === 0)
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      'Expected `prompts` of runMatrix to name a prompt, got none',
    );
  return named.flatMap(([model, made]) => {
    const parts = modelParts(model, made);
    return asked.map(([prompt, source]) => ({ model, prompt, parts, source }));
  });
}

function modelParts(name: string, given: MatrixModel | MatrixModel['target']): MatrixModel {
  if (typeof given === 'function' || isModelClient(given)) return { target: given as MatrixModel['target'] };
  const owner = `runMatrix.models.${name}`;
  const parts = checkOptions<MatrixModel>(owner, given as MatrixModel, {
    target: (value) =>
      typeof value === 'function' || isModelClient(value) ? undefined : 'a model client or a function',
    model: text,
    parameters: object,
    cacheIdentity: text,
  });
  requireOptions(owner, parts, ['target']);
  return parts;
}

function baselineOf({ baseline }: MatrixSettings, cells: readonly ResolvedCell[]): number {
  if (baseline === undefined) return 0;
  const { model, prompt } = baseline;
  const at = cells.findIndex(
    (cell) => cell.model === model && (prompt === undefined || cell.prompt === prompt),
  );
  if (at >= 0) return at;
  throw new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected \`baseline\` of runMatrix to name one of its combinations, got model ${show(model)}, prompt ${show(prompt)}`,
  );
}
