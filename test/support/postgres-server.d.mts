/** Why there is no PostgreSQL here; `undefined`: there is one. With `CI=1` loading the module throws instead. */
export const postgresMissing: string | undefined;

/** A server of its own on 127.0.0.1, on a free port, with its data in a temporary folder. Close it. */
export class PostgresServer {
  /** Makes a data folder and starts a server on it (about 1 s). `settings` are those of `postgresql.conf`. */
  static start(settings?: Readonly<Record<string, string | number>>): Promise<PostgresServer>;

  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Random; anything that shows it to somebody leaks. */
  readonly password: string;
  /** The temporary folder; the data are in `data` in it. */
  readonly folder: string;
  /** All of these in one text. */
  get connectionString(): string;
  /** What the server has logged since it was started last. */
  get log(): string;
  /** Process id of the server; `undefined` while it is down. */
  get pid(): number | undefined;

  /** `kill -9`: what a crash or the system's memory killer does. Nothing of the server is left when it resolves. */
  crash(): Promise<void>;
  /** Ends the server in order; open connections are cut. */
  stop(): Promise<void>;
  /** Starts the server (again) on its data, on the same port. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. */
  close(): Promise<void>;
}
