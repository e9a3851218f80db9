import { stat } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BatchProcessorOptions } from '../batch/batch-options.js';
import type { RunOptions } from '../batch/run-options.js';
import { AssayError, messageOf } from '../errors.js';
import { show, unknownOption } from '../foundation/options.js';
import type { ResultStore } from '../stores/result-store.js';
import { CommandError } from './command-error.js';
import type { EvalDefinition } from './eval-definition.js';
import { EXIT } from './exit-codes.js';

/** A definition whose types nobody knows. */
export type LoadedDefinition = EvalDefinition<unknown, unknown, unknown>;

/** What of a definition goes to the processor, and what to the run. */
export interface EvalParts {
  readonly processor: Omit<BatchProcessorOptions<unknown, unknown, unknown>, 'store'>;
  readonly run: Omit<RunOptions, 'signal'>;
  readonly cases: LoadedDefinition['cases'];
  readonly store: LoadedDefinition['store'];
}

type ProcessorName = Exclude<keyof BatchProcessorOptions, 'store'>;
type RunName = Extract<keyof EvalDefinition, keyof RunOptions>;

const PROCESSOR_NAMES: Readonly<Record<ProcessorName, true>> = {
  target: true,
  prompt: true,
  evaluator: true,
  cache: true,
  cacheIdentity: true,
  concurrency: true,
  batchSize: true,
  queueSize: true,
  caseTimeoutMs: true,
  repetitions: true,
  model: true,
  parameters: true,
  rateLimit: true,
  retry: true,
  budget: true,
  onCaseError: true,
  onStoreError: true,
  flushIntervalMs: true,
  progressIntervalMs: true,
  confidenceLevel: true,
  passThreshold: true,
  eventLoopProtection: true,
  labels: true,
  keepCases: true,
  leaseMs: true,
  clock: true,
  random: true,
};

const RUN_NAMES: Readonly<Record<RunName, true>> = {
  runId: true,
  resume: true,
  retryErrored: true,
  stopWhen: true,
  total: true,
  tags: true,
  description: true,
};

const KNOWN = [...Object.keys(PROCESSOR_NAMES), ...Object.keys(RUN_NAMES), 'cases', 'store', 'close'];

/**
 * Loads an evaluation file: its default export, called when it is a function. `needed`: what it must have.
 *
 * @throws CommandError when it is not there, cannot be loaded, or exports something else.
 */
export async function loadEval(
  path: string,
  needed: readonly (keyof EvalDefinition)[],
): Promise<LoadedDefinition> {
  const module = await importFile(path);
  const given = defaultOf(module);
  const definition = typeof given === 'function' ? await called(path, given as () => unknown) : given;
  const wants = `Expected ${JSON.stringify(path)} to export by default an object with ${listed(needed)}`;
  if (typeof definition !== 'object' || definition === null || Array.isArray(definition))
    throw new CommandError(`${wants}, or a function that returns it; got ${show(definition)}`, {
      exitCode: EXIT.input,
    });
  const unknown = Object.keys(definition).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) throw unknownOption(`the default export of ${path}`, unknown, KNOWN);
  const missing = needed.find((name) => (definition as Record<string, unknown>)[name] === undefined);
  if (missing !== undefined)
    throw new CommandError(`${wants}; \`${missing}\` is missing`, { exitCode: EXIT.input });
  return definition as LoadedDefinition;
}

/** Tells apart what the processor, the run and the command line itself take. */
export function partsOf(definition: LoadedDefinition): EvalParts {
  const pick = (names: object): Record<string, unknown> =>
    Object.fromEntries(Object.entries(definition).filter(([name]) => Object.hasOwn(names, name)));
  return {
    processor: pick(PROCESSOR_NAMES) as unknown as EvalParts['processor'],
    run: pick(RUN_NAMES) as EvalParts['run'],
    cases: definition.cases,
    store: definition.store,
  };
}

/** The cases of a file, made now where it gives a function. */
export async function casesOf({ cases }: Pick<EvalParts, 'cases'>): Promise<unknown> {
  return typeof cases === 'function' ? await cases() : cases;
}

const listed = (names: readonly string[]): string =>
  names
    .map((name) => `\`${name}\``)
    .join(', ')
    .replace(/, ([^,]*)$/, ' and $1');

/** The default export; what a compiler made of one in CommonJS has it one level deeper. */
function defaultOf(module: Readonly<Record<string, unknown>>): unknown {
  const given = module['default'];
  const inner = given as { readonly __esModule?: unknown; readonly default?: unknown } | null | undefined;
  return typeof given === 'object' && inner?.__esModule === true ? inner.default : given;
}

async function called(path: string, make: () => unknown): Promise<unknown> {
  try {
    return await make();
  } catch (error) {
    throw failed(path, 'failed', error);
  }
}

async function importFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  const file = resolve(path);
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error || !found.isFile())
    throw new CommandError(`No file ${JSON.stringify(path)}: name the evaluation file, such as eval.mjs`, {
      exitCode: EXIT.notFound,
    });
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && /^\.[cm]?tsx?$/.test(extname(file)))
      throw new CommandError(
        `${JSON.stringify(path)} is TypeScript, of which Node takes the types away from 22.18 on (this is ${process.version}): ` +
          'run it with a newer Node, or compile it to JavaScript first',
        { exitCode: EXIT.unavailable, cause: error },
      );
    throw failed(path, 'cannot be loaded', error);
  }
}

/** What V8 says of a module that Node takes for CommonJS, as `npm init` has it by default. */
const AS_COMMONJS = /^Cannot use import statement outside a module|^Unexpected token 'export'/;

/** The name under which Node takes a file for a module whatever package.json says. */
const moduleName = (path: string): string =>
  basename(path).replace(/\.[jt]s$/, (kind) => `.m${kind.slice(1)}`);

/** A failure of the host's file. One of this package says by itself what to do. */
function failed(path: string, what: string, error: unknown): Error {
  if (AssayError.is(error)) return error;
  const message = messageOf(error);
  const hint = message.startsWith("Cannot find package 'assaykit'")
    ? 'install it beside the file: npm install assaykit'
    : AS_COMMONJS.test(message)
      ? `name it ${moduleName(path)}, or say "type": "module" in package.json`
      : '--verbose shows where';
  return new CommandError(`${JSON.stringify(path)} ${what}: ${message} (${hint})`, {
    exitCode: EXIT.internal,
    cause: error,
  });
}

/**
 * Closes the stores that were opened, and what the file made: its store, a target with a `close`, whatever its own `close`
 * does. All are closed, whichever fail.
 *
 * @throws The first failure.
 */
export async function closeAll(
  { target, store, close }: Partial<LoadedDefinition>,
  opened: readonly (ResultStore | undefined)[],
): Promise<void> {
  const { close: closeTarget } = (target ?? {}) as { readonly close?: unknown };
  const stores = new Set([...opened, typeof store === 'object' ? store : undefined]);
  const results = await Promise.allSettled([
    (async () => void (typeof closeTarget === 'function' && (await closeTarget.call(target))))(),
    (async () => close?.())(),
    ...Array.from(stores, async (each) => each?.close()),
  ]);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
