import { type ResamplingJob, runChunk } from './resampling.js';

/** Runs one chunk of a resampling job in a tinypool worker. */
export default function runChunkTask(task: {
  readonly job: ResamplingJob;
  readonly chunk: number;
}): Float64Array {
  return runChunk(task.job, task.chunk);
}
