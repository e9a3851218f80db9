import type { ModelResponse } from '../client/model-client.js';
import { AssayError } from '../errors.js';
import type { WatchableSource } from '../foundation/event-source.js';
import {
  checkOptions,
  either,
  oneOf,
  text,
  type OptionCheck,
  type OptionChecks,
} from '../foundation/options.js';
import { describeEvaluator, loadEvaluator, moduleUrl } from './load-module.js';
import { isCloneable } from './packed-error.js';
import { POOL_CHECKS, type WorkerPoolOptions } from './pool-options.js';
import type { WorkerEvents } from './worker-events.js';
import { WorkerPool, type WorkerPoolStats } from './worker-pool.js';
import type {
  EvaluatePayload,
  EvaluatorDescription,
  PlacementNotice,
  WorkerModule,
} from './worker-protocol.js';
import type { Evaluation, EvaluationContext, TestCase } from '../evaluation/evaluation-types.js';
import { evaluateWhole } from '../evaluation/given-evaluation.js';
import { Evaluator } from '../evaluation/evaluator.js';
import { InlinePolicy } from './inline-policy.js';

/** What {@link workerEvaluator} and {@link workerScorer} have in common. */
export interface WorkerModuleOptions extends WorkerPoolOptions {
  /** Which export of the module. @default 'default' */
  readonly exportName?: string | undefined;
  /** Workers that are shared with others, instead of own ones; it is not closed with this evaluator or scorer. */
  readonly pool?: WorkerPool | undefined;
}

/** Options of {@link workerEvaluator}. */
export interface WorkerEvaluatorOptions extends WorkerModuleOptions {
  /** Given to the module's class or factory; plain data, sent with every message, so keep it small. */
  readonly moduleOptions?: unknown;
  /**
   * `false`: in workers. `true`: on the main thread, without deadline and protection. `'auto'`: begins in workers
   * and moves evaluations that cost less than handing them over (under 20 microseconds) to the main thread, and
   * back when they get dearer. An evaluator that may hang or exit belongs in workers. @default false
   */
  readonly inline?: 'auto' | boolean | undefined;
}

// By structure: a pool may come from another copy of the package.
const aPool: OptionCheck = (value) => {
  const { describe, run } = (value ?? {}) as Partial<WorkerPool>;
  return typeof describe === 'function' && typeof run === 'function' ? undefined : 'a WorkerPool';
};

/** How the options that concern the module are checked. */
export const MODULE_CHECKS: OptionChecks<WorkerModuleOptions> = {
  ...POOL_CHECKS,
  exportName: text,
  pool: aPool,
};

const CHECKS: OptionChecks<WorkerEvaluatorOptions> = {
  ...MODULE_CHECKS,
  moduleOptions: (value) => (isCloneable(value) ? undefined : 'plain data that can be cloned'),
  inline: either(oneOf('auto'), (value) => (typeof value === 'boolean' ? undefined : 'true or false')),
};

/**
 * Runs an evaluator in worker threads, so that heavy scoring never stalls the calls in flight. The module's default
 * export is an `Evaluator`: an instance, a class, or a function that returns one. With TypeScript name the built
 * `.js` file; Node 22.18 and later also load `.ts` whose types can be stripped.
 *
 * A task that hangs, ends its worker, runs out of memory, throws or returns what cannot be cloned makes its case
 * errored with an `ASSAY_WORKER_…` code (or its own error); the worker is replaced, other cases do not notice.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`; `ASSAY_WORKER_UNAVAILABLE` when the module does not load.
 *
 * @example
 * const evaluator = await workerEvaluator(new URL('./my-evaluator.js', import.meta.url), { workers: 4 });
 */
export async function workerEvaluator<Input = unknown, Expected = unknown, Metadata = unknown>(
  module: string | URL,
  options: WorkerEvaluatorOptions = {},
): Promise<WorkerEvaluator<Input, Expected, Metadata>> {
  const given = checkOptions('workerEvaluator', options, CHECKS);
  const { moduleOptions, inline = false } = given;
  const source: WorkerModule = Object.freeze({
    url: moduleUrl('workerEvaluator', module),
    kind: 'evaluator',
    exportName: given.exportName ?? 'default',
    ...(moduleOptions === undefined ? {} : { moduleOptions }),
  });
  const pool = poolFor('workerEvaluator', given);
  const parts = { module: source, pool, ownsPool: given.pool === undefined, inline };
  try {
    if (inline === true) {
      const here = await loadEvaluator(source);
      return new WorkerEvaluator({ ...parts, description: describeEvaluator(here), here });
    }
    const description = (await pool.describe(source)) as EvaluatorDescription;
    return new WorkerEvaluator({ ...parts, description });
  } catch (error) {
    if (given.pool === undefined) await pool.close();
    throw error;
  }
}

/** The shared pool that was given, or one of its own. */
export function poolFor(owner: string, options: WorkerModuleOptions): WorkerPool {
  const own: Record<string, unknown> = {};
  for (const name of Object.keys(POOL_CHECKS) as (keyof WorkerPoolOptions)[]) {
    if (options[name] !== undefined) own[name] = options[name];
  }
  const { pool } = options;
  if (pool === undefined) return new WorkerPool(own);
  const [first] = Object.keys(own);
  if (first === undefined) return pool;
  throw new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected \`${first}\` of ${owner} to be given to the pool, since \`pool\` is shared`,
  );
}

interface WorkerEvaluatorSettings {
  readonly module: WorkerModule;
  readonly description: EvaluatorDescription;
  readonly pool: WorkerPool;
  readonly ownsPool: boolean;
  readonly inline: 'auto' | boolean;
  /** The evaluator in this thread, where it is known from the start. */
  readonly here?: Evaluator;
}

/** The evaluator that {@link workerEvaluator} makes: stands for the one in the workers. */
export class WorkerEvaluator<Input = unknown, Expected = unknown, Metadata = unknown>
  extends Evaluator<Input, Expected, Metadata>
  implements WatchableSource
{
  readonly name: string;
  readonly version: string;
  declare readonly dimensions?: readonly string[];
  declare readonly configuration?: Readonly<Record<string, unknown>>;
  declare readonly conventions?: Readonly<Record<string, string>>;
  readonly #module: WorkerModule;
  readonly #pool: WorkerPool;
  readonly #ownsPool: boolean;
  readonly #policy: InlinePolicy | undefined;
  readonly #noteWork: ((workUs: number) => void) | undefined;
  #here: Evaluator | undefined;
  #closed = false;

  /** Use {@link workerEvaluator}. @internal */
  constructor({ module, description, pool, ownsPool, inline, here }: WorkerEvaluatorSettings) {
    super();
    this.name = description.name;
    this.version = description.version;
    if (description.dimensions !== undefined) this.dimensions = description.dimensions;
    if (description.configuration !== undefined) this.configuration = description.configuration;
    if (description.conventions !== undefined) this.conventions = description.conventions;
    this.#module = module;
    this.#pool = pool;
    this.#ownsPool = ownsPool;
    this.#here = here;
    this.#policy = inline === 'auto' ? new InlinePolicy() : undefined;
    this.#noteWork = inline === 'auto' ? (workUs) => this.#observe(workUs) : undefined;
  }

  override evaluate(
    response: ModelResponse,
    context: EvaluationContext<Input, Expected, Metadata>,
  ): Evaluation | Promise<Evaluation> {
    if (this.#closed) throw new AssayError('ASSAY_CLOSED', `The evaluator \`${this.name}\` is closed`);
    if (this.#here !== undefined) return this.#evaluateHere(this.#here, response, context);
    const { testCase, repetition, runId } = context;
    const signal = (): AbortSignal => context.signal;
    const payload: EvaluatePayload = [response, testCase as TestCase, repetition, runId];
    return this.#pool.run(this.#module, payload, { signal, onWork: this.#noteWork }) as Promise<Evaluation>;
  }

  /**
   * Calls `listener` at every `event` of the workers; returns the unsubscribe. What became of their start is told to a
   * new listener as well.
   */
  on<Name extends keyof WorkerEvents & string>(
    event: Name,
    listener: (payload: WorkerEvents[Name]) => void,
  ): () => void {
    return this.#pool.on(event, listener);
  }

  /** Calls `listener` at every event of the workers, with the event's name; returns the unsubscribe. */
  onAny(listener: (event: string, payload: unknown) => void): () => void {
    return this.#pool.onAny(listener);
  }

  /** What came of `cpuAffinity` and `priority` for each worker that was started, as the kernel reports it. */
  get placements(): readonly PlacementNotice[] {
    return this.#pool.placements;
  }

  /** What the workers have done and are doing. */
  get stats(): WorkerPoolStats {
    return this.#pool.stats;
  }

  /** Whether evaluations run on the main thread at the moment. */
  get inline(): boolean {
    return this.#here !== undefined;
  }

  /** Finishes what was begun and ends the workers, unless they are shared. Closing twice is harmless. */
  override async close(): Promise<void> {
    this.#closed = true;
    if (this.#ownsPool) await this.#pool.close();
    await this.#here?.close();
  }

  /** Same as {@link WorkerEvaluator.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #evaluateHere(
    here: Evaluator,
    response: ModelResponse,
    context: EvaluationContext<Input, Expected, Metadata>,
  ): Evaluation | Promise<Evaluation> {
    if (this.#policy === undefined) return evaluateWhole(here, response, context);
    const begunAt = this.#pool.now();
    const evaluation = evaluateWhole(here, response, context);
    this.#observe((this.#pool.now() - begunAt) * 1000);
    return evaluation;
  }

  #observe(workUs: number): void {
    const policy = this.#policy!;
    if (!policy.observe(workUs)) return;
    if (policy.inline) void this.#moveHere(policy);
    else if (this.#here !== undefined) {
      this.#here = undefined;
      this.#pool.tellInline(false, policy.averageUs);
    }
  }

  async #moveHere(policy: InlinePolicy): Promise<void> {
    try {
      const here = await loadEvaluator(this.#module);
      // Meanwhile the decision may have changed, or changed twice.
      if (!policy.inline || this.#closed || this.#here !== undefined) return;
      this.#here = here;
      this.#pool.tellInline(true, policy.averageUs);
    } catch {
      // A module that loads in workers only (it may need them) stays there.
    }
  }
}
