/**
 * More than one machine: a run is put into a queue, any number of workers do it, results in PostgreSQL are the truth. Needs
 * `npm install bullmq@6 pg@8`, and `ioredis` for a queue in Redis.
 *
 * @module assaykit/bullmq
 */

export type { SummaryEvaluator } from './distributed/finish-run.js';
export { createRunQueue, type RunQueueOptions } from './distributed/create-run-queue.js';
export type {
  QueueConnection,
  QueueJob,
  QueueJobOptions,
  NewQueueJob,
  RunQueue,
} from './distributed/queue-connection.js';
export {
  enqueueRun,
  type EnqueuedRun,
  type EnqueueOptions,
  type RunDefinition,
} from './distributed/enqueue-run.js';
export { BatchWorker, createBatchWorker } from './distributed/batch-worker.js';
export type { BatchWorkerOptions } from './distributed/batch-worker-options.js';
export type { BatchOutcome, BatchWorkerEvents } from './distributed/batch-worker-events.js';
export { runStatus, type DistributedRunState, type DistributedRunStatus } from './distributed/run-status.js';
export { cancelRun, requeueRun, type RequeueOptions } from './distributed/run-control.js';
export {
  RunWatcher,
  waitForRun,
  watchRun,
  type RunWatcherEvents,
  type WaitOptions,
} from './distributed/run-watcher.js';
export type {
  BatchState,
  RunWork,
  SharedBatch,
  SharedBatchRecord,
  SharedCase,
  SharedCaseText,
  SharedInput,
  SharedLimits,
  SharedResultStore,
  SharedRun,
  SharedSpending,
  SharedStop,
  SpendingGrant,
  SpendingReport,
  StartedBatch,
  TurnGrant,
  TurnRequest,
} from './stores/run-work.js';
