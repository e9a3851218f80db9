import { AssayError } from '../errors.js';
import { checkOptions } from '../foundation/options.js';
import { moduleUrl } from './load-module.js';
import type { WorkerEvents } from './worker-events.js';
import type { WorkerPoolStats } from './worker-pool.js';
import type { PlacementNotice, ScorePayload, ScorerDescription, WorkerModule } from './worker-protocol.js';
import type { Scorer, ScorerArguments, ScorerResult } from '../evaluation/evaluation-types.js';
import { MODULE_CHECKS, poolFor, type WorkerModuleOptions } from './worker-evaluator.js';

/** A {@link Scorer} that works in worker threads. */
export interface WorkerScorer<Input = unknown, Expected = unknown, Metadata = unknown> {
  (args: ScorerArguments<Input, Expected, Metadata>): Promise<ScorerResult>;
  /** The rule of the module's scorer, with all options that change a score; absent when it names none. */
  readonly convention?: string | undefined;
  /** Version of the module's scorer; absent when it names none. */
  readonly version?: string | undefined;
  /**
   * Calls `listener` at every `event` of the workers; returns the unsubscribe. What became of their start is told to a
   * new listener as well.
   */
  on<Name extends keyof WorkerEvents & string>(
    event: Name,
    listener: (payload: WorkerEvents[Name]) => void,
  ): () => void;
  /** Calls `listener` at every event of the workers, with the event's name; returns the unsubscribe. */
  onAny(listener: (event: string, payload: unknown) => void): () => void;
  /** What the workers have done and are doing. */
  readonly stats: WorkerPoolStats;
  /** What came of `cpuAffinity` and `priority` for each worker that was started, as the kernel reports it. */
  readonly placements: readonly PlacementNotice[];
  /** Finishes what was begun and ends the workers, unless they are shared. Closing twice is harmless. */
  close(): Promise<void>;
}

/**
 * Runs a scorer in worker threads: as dimensions of one evaluator, several of them work on the same answer in
 * different workers at once, and one that fails or hangs is errored alone. Let them share one `WorkerPool`.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`; `ASSAY_WORKER_UNAVAILABLE` when the module does not load.
 *
 * @example
 * const pool = new WorkerPool({ workers: 4 });
 * const module = new URL('./my-scorers.js', import.meta.url);
 * const evaluator = createEvaluator({
 *   name: 'essay',
 *   version: '1',
 *   dimensions: {
 *     structure: await workerScorer(module, { exportName: 'structure', pool }),
 *     style: await workerScorer(module, { exportName: 'style', pool }),
 *   },
 * });
 */
export async function workerScorer<Input = unknown, Expected = unknown, Metadata = unknown>(
  module: string | URL,
  options: WorkerModuleOptions = {},
): Promise<WorkerScorer<Input, Expected, Metadata>> {
  const given = checkOptions('workerScorer', options, MODULE_CHECKS);
  const source: WorkerModule = Object.freeze({
    url: moduleUrl('workerScorer', module),
    kind: 'scorer',
    exportName: given.exportName ?? 'default',
  });
  const pool = poolFor('workerScorer', given);
  const ownsPool = given.pool === undefined;
  let description: ScorerDescription;
  try {
    description = (await pool.describe(source)) as ScorerDescription;
  } catch (error) {
    if (ownsPool) await pool.close();
    throw error;
  }
  let closed = false;
  const scorer: Scorer<Input, Expected, Metadata> = (args) => {
    if (closed) throw new AssayError('ASSAY_CLOSED', 'The scorer is closed');
    const { input, output, expected, metadata, response } = args;
    const signal = (): AbortSignal => args.signal;
    const payload: ScorePayload = [input, output, expected, metadata, response];
    return pool.run(source, payload, { signal }) as Promise<ScorerResult>;
  };
  const watchable: Pick<WorkerScorer, 'on' | 'onAny' | 'close'> = {
    on: (event, listener) => pool.on(event, listener),
    onAny: (listener) => pool.onAny(listener),
    async close() {
      closed = true;
      if (ownsPool) await pool.close();
    },
  };
  Object.assign(scorer, description, watchable);
  Object.defineProperties(scorer, {
    stats: { get: () => pool.stats, enumerable: true },
    placements: { get: () => pool.placements, enumerable: true },
  });
  return scorer as unknown as WorkerScorer<Input, Expected, Metadata>;
}
