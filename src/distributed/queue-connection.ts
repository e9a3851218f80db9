import { AssayError } from '../errors.js';
import { anything, checkOptions, either, having, object, text } from '../foundation/options.js';

/**
 * Where the queue is: PostgreSQL (the same server as the results will do), or Redis. Exactly one of the two. Nothing of it
 * is taken from the environment by this package; pg itself fills what an address leaves out from its `PG…` variables.
 */
export interface QueueConnection {
  /** The address of a database (`postgres://…`), pg's settings of a pool, or a pool of pg that the host has made. */
  readonly postgres?: string | object | undefined;
  /**
   * Schema of the queue's tables, which are made when they are not there; with a pool of the host it is what the pool's
   * `search_path` says.
   * @default 'bullmq'
   */
  readonly schema?: string | undefined;
  /**
   * The address of a server (`redis://…`), ioredis' settings, or a connection of ioredis that the host has made (for a
   * worker with `maxRetriesPerRequest: null`).
   */
  readonly redis?: string | object | undefined;
}

/** What a queue keeps of how a job is to be done. */
export interface QueueJobOptions {
  /** How often it may be tried. */
  readonly attempts?: number | undefined;
}

/** A job as this package reads it: a `Job` of BullMQ. */
export interface QueueJob {
  /** Names it. */
  readonly id?: string | undefined;
  /** What it carries. */
  readonly data: unknown;
  /** How often it has failed before. */
  readonly attemptsMade: number;
  /** Its settings. */
  readonly opts: QueueJobOptions;
  /** Puts it back to be done by somebody else. */
  moveToWait(token?: string): Promise<unknown>;
  /** Takes it out of the queue. */
  remove(): Promise<void>;
  /** Where it stands. */
  getState(): Promise<string>;
}

/** A job to be added. */
export interface NewQueueJob {
  /** Its name. */
  readonly name: string;
  /** What it carries. */
  readonly data: object;
  /** Its settings. */
  readonly opts: object;
}

/** A queue as this package uses it: a `Queue` of BullMQ 6.7 fits. */
export interface RunQueue {
  /** Its name; workers have the same. */
  readonly name: string;
  /** Adds jobs; one whose id is there already is left as it is. */
  addBulk(jobs: NewQueueJob[]): Promise<unknown>;
  /** A job by its id. */
  getJob(id: string): Promise<QueueJob | undefined>;
  /** Frees its connections. */
  close(): Promise<void>;
}

/** A `Worker` of BullMQ. */
export interface QueueWorker {
  on(event: string, listener: (...args: never[]) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  pause(doNotWaitActive?: boolean): Promise<unknown>;
  close(force?: boolean): Promise<void>;
}

/** What a worker does with a job; `token` proves that it holds the job. */
export type JobHandler = (job: QueueJob, token: string | undefined) => Promise<unknown>;

type Factory = unknown;

/** The part of BullMQ that is used. */
export interface BullModule {
  readonly Queue: new (name: string, options: object, backend?: Factory) => BullQueue;
  readonly Worker: new (name: string, handler: JobHandler, options: object, backend?: Factory) => QueueWorker;
  readonly createPostgresBackend: Factory;
  readonly UnrecoverableError: new (message?: string) => Error;
  readonly WaitingError: new (message?: string) => Error;
}

interface BullQueue extends RunQueue {
  on(event: string, listener: (...args: never[]) => void): unknown;
  waitUntilReady(): Promise<unknown>;
}

/** Loads BullMQ. @throws AssayError `ASSAY_MISSING_DEPENDENCY` that says what to install. */
export async function loadBull(): Promise<BullModule> {
  try {
    return (await import('bullmq')) as unknown as BullModule;
  } catch (error) {
    throw new AssayError(
      'ASSAY_MISSING_DEPENDENCY',
      'assaykit/bullmq needs the package bullmq (and pg for PostgreSQL, ioredis for Redis): npm install bullmq@6 pg@8',
      { cause: error },
    );
  }
}

/** A connection as BullMQ wants it. */
export interface BullConnection {
  readonly connection: unknown;
  /** What makes the backend; `undefined`: Redis. */
  readonly backend: Factory;
}

/**
 * Checks a connection.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`; it never shows an address, which may hold a password.
 */
export function checkConnection(given: QueueConnection): QueueConnection {
  const connection = checkOptions<QueueConnection>('`connection`', given, {
    postgres: anything,
    schema: text,
    redis: anything,
  });
  const named = (['postgres', 'redis'] as const).filter((name) => connection[name] !== undefined);
  if (named.length !== 1)
    throw wrongConnection(
      `exactly one of \`postgres\` and \`redis\`, got ${named.length === 0 ? 'none' : 'both'}`,
    );
  const wrong = either(text, object)(connection[named[0]!]);
  if (wrong !== undefined) throw wrongConnection(`\`${named[0]!}\` as an address, settings or a connection`);
  return connection;
}

const wrongConnection = (expected: string): AssayError =>
  new AssayError('ASSAY_INVALID_OPTION', `Expected \`connection\` to have ${expected}`);

/** The connection in BullMQ's own words. */
export function bullConnection(
  bull: BullModule,
  { postgres, schema, redis }: QueueConnection,
): BullConnection {
  if (redis !== undefined)
    return { connection: typeof redis === 'string' ? { url: redis } : redis, backend: undefined };
  if (having('a pool', 'connect', 'end')(postgres) === undefined)
    return { connection: postgres, backend: bull.createPostgresBackend };
  const settings = typeof postgres === 'string' ? { connectionString: postgres } : postgres;
  return {
    connection: { ...settings, migrate: true, ...(schema === undefined ? {} : { schema }) },
    backend: bull.createPostgresBackend,
  };
}
