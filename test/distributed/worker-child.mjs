// A worker in a process of its own; its settings are the first argument, as JSON.
import { createBatchWorker } from '../../dist/bullmq.js';
import { PostgresResultStore } from '../../dist/postgres.js';
import { definition } from './definition.mjs';

const { connectionString, connection, schema, worker: options, ...rest } = JSON.parse(process.argv[2]);
const store = new PostgresResultStore(connectionString, { schema, retryTimeoutMs: 60_000 });
const worker = await createBatchWorker({ connection, store, retry: false, ...definition(rest), ...options });
for (const event of ['distributed:batch-end', 'distributed:run-end'])
  worker.on(event, ({ outcome, batch, error }) =>
    process.send?.({
      event,
      outcome,
      batch,
      error: error === undefined ? undefined : String(error.message ?? error),
    }),
  );
process.on('message', ({ block, drain }) => {
  if (block !== undefined) for (const end = Date.now() + block; Date.now() < end;);
  if (drain !== undefined)
    void worker.close({ timeoutMs: drain }).then(async () => {
      await store.close();
      process.disconnect();
    });
});
process.send?.({ event: 'ready' });
