import type { ResultStore } from '../stores/result-store.js';
import type { Arguments } from './arguments.js';
import { CommandError } from './command-error.js';
import { openStore, POSTGRES_ADDRESS } from './open-store.js';

/** Where a distributed run is: its store, and its queue as `assaykit/bullmq` takes it. */
export interface SharedPlace {
  readonly store: ResultStore;
  readonly queue: {
    readonly connection: { readonly postgres?: string; readonly redis?: string };
    readonly queue?: string;
  };
}

/**
 * Opens the store of a distributed run and says where its queue is. `own`: the store that the evaluation file names or made.
 *
 * @throws CommandError when nothing says where the queue is, or it is neither in PostgreSQL nor in Redis.
 */
export async function openShared(
  given: Arguments,
  own?: ResultStore | string | undefined,
): Promise<SharedPlace> {
  const asked = given.text('store') ?? (typeof own === 'object' ? undefined : own);
  const address = asked ?? (process.env['ASSAYKIT_STORE'] || undefined);
  const connection = connectionOf(given.text('queue-url') ?? (process.env['ASSAYKIT_QUEUE'] || address));
  const name = given.text('queue');
  const store = asked === undefined && typeof own === 'object' ? own : await openStore(asked);
  return { store, queue: { connection, ...(name === undefined ? {} : { queue: name }) } };
}

function connectionOf(url: string | undefined): SharedPlace['queue']['connection'] {
  if (url !== undefined && POSTGRES_ADDRESS.test(url)) return { postgres: url };
  if (url !== undefined && /^rediss?:\/\//i.test(url)) return { redis: url };
  const found = url === undefined ? 'nothing' : 'another address'; // which may hold a password
  throw new CommandError(
    `Expected --queue-url, or --store, to be the postgres:// address of a database, or --queue-url a redis:// one; got ${found}`,
  );
}
