import { beforeEach, describe, expect, it, vi } from 'vitest';
import { resample } from '../../src/statistics/resample.js';
import { chunksOf, type ResamplingJob, runChunk } from '../../src/statistics/resampling.js';

// Worker threads load the built module, so the spy counts what is computed on this thread.
vi.mock('../../src/statistics/resampling.js', { spy: true });

const job: ResamplingJob = { kind: 'mean', values: Float64Array.of(0, 1, 1), seed: 7, resamples: 1100 };

describe('resample', () => {
  beforeEach(() => {
    vi.mocked(runChunk).mockClear();
  });

  it('computes nothing on the calling thread when threads are asked for', async () => {
    const chunks = await resample(job, { threads: 2 });
    expect(runChunk).not.toHaveBeenCalled();
    expect(chunks.map((chunk) => chunk.length)).toEqual([250, 250, 250, 250, 100]);
  });

  it('computes small jobs on the calling thread', async () => {
    await resample(job);
    expect(runChunk).toHaveBeenCalledTimes(chunksOf(job));
  });

  it('hands large jobs over by itself', async () => {
    await resample({ ...job, values: new Float64Array(20_000), resamples: 1100 });
    expect(runChunk).not.toHaveBeenCalled();
  });
});
