import { checkOptions, object, requireOptions, text } from '../foundation/options.js';
import {
  bullConnection,
  checkConnection,
  loadBull,
  type QueueConnection,
  type RunQueue,
} from './queue-connection.js';

/** Name of the queue when none is given. */
export const DEFAULT_QUEUE = 'assaykit';

/** Options of {@link createRunQueue}. */
export interface RunQueueOptions {
  /** Where the queue is. */
  readonly connection: QueueConnection;
  /** Its name; workers have the same. @default 'assaykit' */
  readonly queue?: string | undefined;
}

/**
 * Opens a queue for {@link enqueueRun}; close it when all is enqueued. A queue of BullMQ that the host has made does as well
 * (it needs a listener for `error`: without one a lost connection ends the process).
 *
 * @throws AssayError `ASSAY_MISSING_DEPENDENCY`, `ASSAY_INVALID_OPTION`; what BullMQ says of a server that refuses.
 *
 * @example
 * const queue = await createRunQueue({ connection: { postgres: 'postgres://eval@db.internal/evaluations' } });
 */
export async function createRunQueue(options: RunQueueOptions): Promise<RunQueue> {
  const checked = checkOptions<RunQueueOptions>('createRunQueue', options, {
    connection: object,
    queue: text,
  });
  requireOptions('createRunQueue', checked, ['connection']);
  const given = checkConnection(checked.connection);
  const bull = await loadBull();
  const { connection, backend } = bullConnection(bull, given);
  const queue = new bull.Queue(checked.queue ?? DEFAULT_QUEUE, { connection }, backend);
  queue.on('error', ignore); // the call that needs the connection rejects
  try {
    await queue.waitUntilReady();
  } catch (error) {
    await queue.close().catch(ignore);
    throw error;
  }
  return queue;
}

const ignore = (): void => {};
