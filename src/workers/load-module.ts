import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Evaluator } from '../evaluation/evaluator.js';
import type { Scorer } from '../evaluation/evaluation-types.js';
import { AssayError, messageOf } from '../errors.js';
import { show } from '../foundation/options.js';
import type { EvaluatorDescription, ScorerDescription, WorkerModule } from './worker-protocol.js';

/**
 * The URL of a host's module. Relative paths and package names are refused: they would be looked up from this
 * package's files and not from the host's.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`.
 */
export function moduleUrl(owner: string, given: string | URL): string {
  if (given instanceof URL) return given.href;
  if (typeof given === 'string') {
    if (isAbsolute(given)) return pathToFileURL(given).href;
    if (/^(file|data|node):/.test(given)) return given;
  }
  throw new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected the module of ${owner} to be a URL or an absolute path, such as import.meta.resolve('./my-evaluator.js'), got ${show(given)}`,
  );
}

/**
 * Loads an evaluator: the export is an instance, a class, or a function that returns one (or a promise of one).
 *
 * @throws AssayError `ASSAY_WORKER_UNAVAILABLE` when the module does not load or its export is something else.
 */
export async function loadEvaluator(module: WorkerModule): Promise<Evaluator> {
  const exported = await loadExport(module);
  const made: unknown =
    typeof exported === 'function' ? await construct(module, exported as Constructor) : exported;
  if (!isEvaluator(made))
    throw unusable(module, 'an Evaluator, a class of one or a function that returns one', made);
  return made;
}

/**
 * Loads a scorer: the export is a function that scores.
 *
 * @throws AssayError `ASSAY_WORKER_UNAVAILABLE` when the module does not load or its export is something else.
 */
export async function loadScorer(module: WorkerModule): Promise<Scorer> {
  const exported = await loadExport(module);
  if (typeof exported !== 'function') throw unusable(module, 'a scorer function', exported);
  return exported as Scorer;
}

/** What the main thread has to know of an evaluator. */
export function describeEvaluator(evaluator: Evaluator): EvaluatorDescription {
  const { name, version, dimensions, configuration, conventions } = evaluator;
  return {
    name,
    version,
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(configuration === undefined ? {} : { configuration }),
    ...(conventions === undefined ? {} : { conventions }),
  };
}

/** What the main thread has to know of a scorer. */
export function describeScorer(scorer: Scorer): ScorerDescription {
  const { convention, version } = scorer;
  return {
    ...(convention === undefined ? {} : { convention }),
    ...(version === undefined ? {} : { version }),
  };
}

type Constructor = {
  new (options: unknown): unknown;
  (options: unknown): unknown;
  readonly prototype?: unknown;
};

async function loadExport(module: WorkerModule): Promise<unknown> {
  let namespace: Readonly<Record<string, unknown>>;
  try {
    namespace = (await import(/* webpackIgnore: true */ /* @vite-ignore */ module.url)) as typeof namespace;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    const hint =
      code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[mc]?tsx?$/.test(module.url)
        ? `; a worker cannot load TypeScript on Node ${process.versions.node}: name the built .js file`
        : '';
    throw new AssayError(
      'ASSAY_WORKER_UNAVAILABLE',
      `Cannot load the worker module ${shortUrl(module.url)}: ${messageOf(error)}${hint}`,
      { cause: error },
    );
  }
  const exported = namespace[module.exportName];
  if (exported === undefined) {
    throw new AssayError(
      'ASSAY_WORKER_UNAVAILABLE',
      `The worker module ${shortUrl(module.url)} has no export \`${module.exportName}\`; it has ${
        Object.keys(namespace)
          .map((name) => `\`${name}\``)
          .join(', ') || 'none'
      }`,
    );
  }
  return exported;
}

async function construct(module: WorkerModule, exported: Constructor): Promise<unknown> {
  try {
    if (isEvaluator(exported.prototype)) return new exported(module.moduleOptions);
    return await exported(module.moduleOptions);
  } catch (error) {
    throw new AssayError(
      'ASSAY_WORKER_UNAVAILABLE',
      `The evaluator of ${shortUrl(module.url)} could not be made: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function isEvaluator(value: unknown): value is Evaluator {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { evaluate?: unknown }).evaluate === 'function'
  );
}

function unusable(module: WorkerModule, expected: string, got: unknown): AssayError {
  return new AssayError(
    'ASSAY_WORKER_UNAVAILABLE',
    `Expected the export \`${module.exportName}\` of ${shortUrl(module.url)} to be ${expected}, got ${show(got)}`,
  );
}

const shortUrl = (url: string): string => (url.length > 200 ? `${url.slice(0, 197)}...` : url);
