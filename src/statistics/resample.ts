import { availableParallelism } from 'node:os';
import { AssayError } from '../errors.js';
import { nextTurn } from '../foundation/event-loop-turns.js';
import type { OptionCheck } from '../foundation/options.js';
import { ThreadPool, ThreadsUnavailable } from '../foundation/thread-pool.js';
import { workerFallback, type WorkerFallback } from '../foundation/worker-fallback.js';
import { chunksOf, type ResamplingJob, runChunk } from './resampling.js';

/** Where resampling is computed; the result is the same to the bit. */
export interface ResamplingOptions {
  /**
   * `auto`: on this thread up to 20 million draws (about 0.1 s, in slices of a few milliseconds), in worker
   * threads above. `inline`: never in threads. A number: that many worker threads. @default 'auto'
   */
  readonly threads?: 'auto' | 'inline' | number | undefined;
  /** Stops the computation: it rejects with `ASSAY_ABORTED`. */
  readonly signal?: AbortSignal | undefined;
  /** Told when threads were wanted and none could be started: the calling thread computes the same bits. */
  readonly onFallback?: ((fallback: WorkerFallback) => void) | undefined;
}

const INLINE_DRAWS = 20_000_000; // starting threads costs about 50 ms
const SLICE_DRAWS = 1_000_000; // about 5 ms between turns of the event loop
const MOST_THREADS = 8;

/** Check of {@link ResamplingOptions.threads}. */
export const threadsCheck: OptionCheck = (value) =>
  value === 'auto' || value === 'inline' || (Number.isSafeInteger(value) && (value as number) >= 1)
    ? undefined
    : "'auto', 'inline' or an integer >= 1";

/** All chunks of a job, in their order, whoever computed them. */
export async function resample(job: ResamplingJob, options: ResamplingOptions = {}): Promise<Float64Array[]> {
  const { threads = 'auto', signal } = options;
  throwIfAborted(signal);
  const chunks = chunksOf(job);
  const draws = job.values.length * job.resamples;
  if (threads === 'inline' || (threads === 'auto' && draws <= INLINE_DRAWS)) {
    return resampleInline(job, (chunk) => runChunk(job, chunk), options);
  }
  const wanted = threads === 'auto' ? Math.min(MOST_THREADS, availableParallelism() - 1) : threads;
  return resampleInThreads(job, Math.max(1, Math.min(wanted, chunks)), options);
}

/** All chunks on this thread, letting the event loop turn between slices. */
export async function resampleInline(
  job: Pick<ResamplingJob, 'values' | 'resamples'>,
  runOne: (chunk: number) => Float64Array,
  options: Pick<ResamplingOptions, 'signal'> = {},
): Promise<Float64Array[]> {
  const found: Float64Array[] = [];
  let draws = 0;
  for (let chunk = 0; chunk < chunksOf(job); chunk++) {
    const result = runOne(chunk);
    found.push(result);
    draws += job.values.length * (job.resamples / chunksOf(job));
    if (draws < SLICE_DRAWS) continue;
    draws = 0;
    await nextTurn();
    throwIfAborted(options.signal);
  }
  return found;
}

async function resampleInThreads(
  job: ResamplingJob,
  maxThreads: number,
  { signal, onFallback }: ResamplingOptions,
): Promise<Float64Array[]> {
  const threads = new ThreadPool({
    file: () => new URL('./bootstrap-worker.js', import.meta.url),
    maxThreads,
  });
  try {
    const shared = { ...job, values: share(job.values) };
    const run = (chunk: number): Promise<Float64Array> =>
      threads.run({ job: shared, chunk }, signal === undefined ? {} : { signal }) as Promise<Float64Array>;
    const first = await run(0);
    const rest = Array.from({ length: chunksOf(job) - 1 }, (_, i) => run(i + 1));
    return [first, ...(await Promise.all(rest))];
  } catch (error) {
    throwIfAborted(signal);
    if (!(error instanceof ThreadsUnavailable)) throw error;
    onFallback?.(workerFallback('bootstrap', { instead: 'on the calling thread', error: error.cause }));
    return await resampleInline(job, (chunk) => runChunk(job, chunk), { signal });
  } finally {
    await threads.close();
  }
}

/** The same numbers in memory that threads share instead of copying. */
function share(values: Float64Array): Float64Array {
  const shared = new Float64Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new AssayError('ASSAY_ABORTED', 'The resampling was aborted', { cause: signal.reason });
  }
}
