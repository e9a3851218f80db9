import { SeededDraws } from '../foundation/seeded-random.js';
import { fitBradleyTerry } from './bradley-terry-fit.js';

/** What is drawn again and again. Plain data, so that it can go to a worker thread. */
export interface ResamplingJob {
  readonly kind: 'mean' | 'median' | 'standard-deviation' | 'cluster-mean' | 'sign-flip' | 'bradley-terry';
  /** Sorted, so that the draws do not depend on the order in which results came in. */
  readonly values: Float64Array;
  /** `cluster-mean`: size of each cluster, `values` being their sums. */
  readonly sizes?: Float64Array;
  /** `sign-flip`: sums at least this far from 0 are counted. */
  readonly threshold?: number;
  /** `bradley-terry`: number of items, `values` being games as (i * items + j) * 3 + outcome. */
  readonly items?: number;
  readonly seed: number;
  readonly resamples: number;
}

/** Resamples a chunk; each chunk has its own seed, so it does not matter who computes it. */
export const CHUNK = 250;

/** How many chunks a job has. */
export function chunksOf(job: Pick<ResamplingJob, 'resamples'>): number {
  return Math.ceil(job.resamples / CHUNK);
}

/** Seed of a chunk: both numbers mixed by the finaliser of MurmurHash3 (Appleby). */
export function chunkSeed(seed: number, chunk: number): number {
  let hash = (seed ^ Math.imul(chunk + 1, 0x85ebca6b)) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** How many resamples a chunk of a job has. */
export function chunkLength(job: Pick<ResamplingJob, 'resamples'>, chunk: number): number {
  return Math.min(CHUNK, job.resamples - chunk * CHUNK);
}

/**
 * The figures of one chunk: one a resample, except `sign-flip` (one count for the whole chunk) and
 * `bradley-terry` (a strength for each item, NaN where the resample has no finite fit).
 */
export function runChunk(job: ResamplingJob, chunk: number): Float64Array {
  const draws = new SeededDraws(chunkSeed(job.seed, chunk));
  const length = chunkLength(job, chunk);
  switch (job.kind) {
    case 'mean':
      return drawMeans(job.values, draws, length);
    case 'median':
      return drawMedians(job.values, draws, length);
    case 'standard-deviation':
      return drawDeviations(job.values, draws, length);
    case 'cluster-mean':
      return drawClusterMeans(draws, { sums: job.values, sizes: job.sizes as Float64Array, length });
    case 'sign-flip':
      return Float64Array.of(
        countFlips(draws, { values: job.values, threshold: job.threshold as number, length }),
      );
    case 'bradley-terry':
      return drawStrengths(draws, { games: job.values, items: job.items as number, length });
  }
}

/** Draws `length` resamples of `n` indexes and takes a figure from each; the array of indexes is reused. */
export function drawResamples(
  draws: SeededDraws,
  {
    n,
    length,
    figure,
  }: { readonly n: number; readonly length: number; readonly figure: (indexes: Uint32Array) => number },
): Float64Array {
  const out = new Float64Array(length);
  const indexes = new Uint32Array(n);
  for (let i = 0; i < length; i++) {
    draws.fillIndexes(indexes, n);
    out[i] = figure(indexes);
  }
  return out;
}

function drawMeans(values: Float64Array, draws: SeededDraws, length: number): Float64Array {
  const n = values.length;
  return drawResamples(draws, {
    n,
    length,
    figure: (indexes) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += values[indexes[i] as number] as number;
      return sum / n;
    },
  });
}

function drawClusterMeans(
  draws: SeededDraws,
  {
    sums,
    sizes,
    length,
  }: { readonly sums: Float64Array; readonly sizes: Float64Array; readonly length: number },
): Float64Array {
  return drawResamples(draws, {
    n: sums.length,
    length,
    figure: (indexes) => {
      let sum = 0;
      let size = 0;
      for (const at of indexes) {
        sum += sums[at] as number;
        size += sizes[at] as number;
      }
      return sum / size;
    },
  });
}

/** Medians from how often each of the sorted values was drawn: no sorting of resamples. */
function drawMedians(values: Float64Array, draws: SeededDraws, length: number): Float64Array {
  const n = values.length;
  const counts = new Uint32Array(n);
  const low = (n - 1) >> 1;
  const high = n >> 1;
  return drawResamples(draws, {
    n,
    length,
    figure: (indexes) => {
      counts.fill(0);
      for (let i = 0; i < n; i++) (counts[indexes[i] as number] as number) += 1;
      let seen = 0;
      let first = Number.NaN;
      for (let i = 0; i < n; i++) {
        seen += counts[i] as number;
        if (Number.isNaN(first) && seen > low) first = values[i] as number;
        if (seen > high) return (first + (values[i] as number)) / 2;
      }
      return first;
    },
  });
}

function drawDeviations(values: Float64Array, draws: SeededDraws, length: number): Float64Array {
  const n = values.length;
  return drawResamples(draws, {
    n,
    length,
    figure: (indexes) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += values[indexes[i] as number] as number;
      const mean = sum / n;
      let squares = 0;
      for (let i = 0; i < n; i++) squares += ((values[indexes[i] as number] as number) - mean) ** 2;
      return Math.sqrt(squares / (n - 1));
    },
  });
}

/** How many of `length` random choices of signs bring the sum at least `threshold` away from 0. */
function countFlips(
  draws: SeededDraws,
  {
    values,
    threshold,
    length,
  }: { readonly values: Float64Array; readonly threshold: number; readonly length: number },
): number {
  const signs = new Uint32Array(Math.ceil(values.length / 32));
  let count = 0;
  for (let resample = 0; resample < length; resample++) {
    draws.fillBits(signs);
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      const negative = ((signs[i >>> 5] as number) >>> (i & 31)) & 1;
      sum += negative === 0 ? (values[i] as number) : -(values[i] as number);
    }
    if (Math.abs(sum) >= threshold) count++;
  }
  return count;
}

function drawStrengths(
  draws: SeededDraws,
  { games, items, length }: { readonly games: Float64Array; readonly items: number; readonly length: number },
): Float64Array {
  const out = new Float64Array(length * items).fill(Number.NaN);
  const wins = new Float64Array(items * items);
  const indexes = new Uint32Array(games.length);
  for (let resample = 0; resample < length; resample++) {
    draws.fillIndexes(indexes, games.length);
    wins.fill(0);
    for (const at of indexes) addGame(wins, games[at] as number, items);
    const strengths = fitBradleyTerry(wins, items);
    if (strengths !== null) out.set(strengths, resample * items);
  }
  return out;
}

/** Counts a game, coded as in {@link ResamplingJob.items}, into the matrix of wins; a tie is half a win each. */
export function addGame(wins: Float64Array, game: number, items: number): void {
  const outcome = game % 3;
  const pair = (game - outcome) / 3;
  const b = pair % items;
  const a = (pair - b) / items;
  const forA = outcome === 0 ? 1 : outcome === 1 ? 0 : 0.5;
  (wins[a * items + b] as number) += forA;
  (wins[b * items + a] as number) += 1 - forA;
}
