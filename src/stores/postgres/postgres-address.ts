import { AssayError } from '../../errors.js';
import {
  boolean,
  callable,
  checkOptions,
  either,
  integer,
  requireOptions,
  text,
} from '../../foundation/options.js';

/** Where a database is, and who asks. Nothing of it is ever taken from the environment. */
export interface PostgresAddress {
  /** Name or address of the machine, or the folder of a Unix socket. */
  readonly host: string;
  /** 1 to 65,535. @default 5432 */
  readonly port?: number | undefined;
  /** Name of the role. */
  readonly user: string;
  /** A function is asked at each new connection: for tokens that expire. @default none */
  readonly password?: string | (() => string | Promise<string>) | undefined;
  /** Name of the database. @default the name of the role */
  readonly database?: string | undefined;
}

/** How a connection is encrypted; the names are those of Node's `tls.connect`. */
export interface PostgresTls {
  /** Authorities that are believed, PEM. @default those of Node */
  readonly ca?: string | Uint8Array | undefined;
  /** Own certificate, PEM. */
  readonly cert?: string | Uint8Array | undefined;
  /** Own private key, PEM. */
  readonly key?: string | Uint8Array | undefined;
  /** Name that the server's certificate must have. @default the host */
  readonly servername?: string | undefined;
  /** `false` believes any certificate: whoever sits in between reads everything. @default true */
  readonly rejectUnauthorized?: boolean | undefined;
}

/** An address with what its text says beside it. */
export interface ResolvedAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: () => string | undefined | Promise<string | undefined>;
  /** As its text says; `undefined` when it says nothing. */
  readonly tls: boolean | PostgresTls | undefined;
  readonly channelBinding: boolean;
  readonly applicationName: string | undefined;
}

/**
 * Checks an address, or reads one from a text (`postgres://user:password@host:5432/database?sslmode=verify-full`).
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`; it never shows the text, which may hold a password.
 */
export function resolveAddress(address: string | PostgresAddress): ResolvedAddress {
  if (typeof address === 'string') return parseAddress(address);
  const checked = checkOptions<PostgresAddress>('the address of PostgresResultStore', address, {
    host: text,
    port: integer(1, 65_535),
    user: text,
    password: either(anyText, callable),
    database: text,
  });
  requireOptions('the address of PostgresResultStore', checked, ['host', 'user']);
  const { host, port = 5432, user, password, database = user } = checked;
  return {
    host,
    port,
    user,
    database,
    password: typeof password === 'function' ? password : () => password,
    tls: undefined,
    channelBinding: false,
    applicationName: undefined,
  };
}

/** Checks the settings of an encrypted connection. @throws AssayError `ASSAY_INVALID_OPTION`. */
export function checkTls(tls: boolean | PostgresTls): false | PostgresTls {
  if (typeof tls === 'boolean') return tls ? {} : false;
  return checkOptions<PostgresTls>('`tls` of PostgresResultStore', tls, {
    ca: pem,
    cert: pem,
    key: pem,
    servername: text,
    rejectUnauthorized: boolean,
  });
}

const pem = (value: unknown): string | undefined =>
  typeof value === 'string' || value instanceof Uint8Array ? undefined : 'the text of a PEM file';

const anyText = (value: unknown): string | undefined => (typeof value === 'string' ? undefined : 'a string');

function parseAddress(address: string): ResolvedAddress {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw badAddress(
      'a URL, got a text that is none (an @, / or # within the password is written %40, %2F, %23)',
    );
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:')
    throw badAddress(
      `one that begins with postgres:// or postgresql://, got one that begins with ${url.protocol}`,
    );
  const host = decoded(url.hostname).replace(/^\[(.+)\]$/, '$1');
  if (host === '') throw badAddress('one with a host: the library takes none from the environment');
  const user = decoded(url.username);
  if (user === '') throw badAddress('one with a user: the library takes none from the environment');
  const password = url.password === '' ? undefined : decoded(url.password);
  return {
    host,
    port: url.port === '' ? 5432 : Number(url.port),
    user,
    database: decoded(url.pathname.slice(1)) || user,
    password: () => password,
    ...parametersOf(url.searchParams),
  };
}

type Parameters = Pick<ResolvedAddress, 'tls' | 'channelBinding' | 'applicationName'>;

function parametersOf(given: URLSearchParams): Parameters {
  let tls: boolean | PostgresTls | undefined;
  let channelBinding = false;
  let applicationName: string | undefined;
  for (const [name, value] of given) {
    if (name === 'sslmode') tls = tlsOfMode(value);
    else if (name === 'channel_binding') channelBinding = value === 'require' || value === 'prefer';
    else if (name === 'application_name') applicationName = value;
    else
      throw badAddress(
        `one with the parameters sslmode, channel_binding or application_name only, got ${JSON.stringify(name)}: give it by an option`,
      );
  }
  return { tls, channelBinding, applicationName };
}

/** Anything that encrypts also checks whom it speaks to; what may fall back to plain text is refused. */
function tlsOfMode(mode: string): boolean | PostgresTls {
  switch (mode) {
    case 'disable':
      return false;
    case 'no-verify':
      return { rejectUnauthorized: false };
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return true;
    default:
      throw badAddress(
        `one whose sslmode is disable, require, verify-ca, verify-full or no-verify, got ${JSON.stringify(mode)}`,
      );
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badAddress('one without a stray % (in a password it is written %25)');
  }
}

const badAddress = (expected: string): AssayError =>
  new AssayError('ASSAY_INVALID_OPTION', `Expected the address of PostgresResultStore to be ${expected}`);
