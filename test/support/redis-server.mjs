// A real Redis for tests, where the system has one (`apt-get install redis-server`).
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why there is no Redis here; `undefined`: there is one. */
export const redisMissing = findRedis();

function findRedis() {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'the system has no redis-server';
  }
}

/** A server of its own on 127.0.0.1 that writes each change to its file before it answers. */
export class RedisServer {
  url = '';
  #folder = '';
  #port = 0;
  #child;
  #onExit = () => this.#child?.kill('SIGKILL');

  static async start() {
    const server = new RedisServer();
    server.#folder = await mkdtemp(join(tmpdir(), 'assaykit-redis-'));
    server.#port = await freePort();
    server.url = `redis://127.0.0.1:${server.#port}`;
    process.once('exit', server.#onExit);
    await server.restart();
    return server;
  }

  /** Starts it (again) on its data, on the same port. */
  async restart() {
    const settings = {
      port: this.#port,
      bind: '127.0.0.1',
      dir: this.#folder,
      appendonly: 'yes',
      appendfsync: 'always',
      save: '',
      'maxmemory-policy': 'noeviction',
    };
    const child = spawn(
      'redis-server',
      Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
      { stdio: 'ignore' },
    );
    this.#child = child;
    for (const end = Date.now() + 20_000; !(await answers(this.#port));) {
      if (Date.now() > end || child.exitCode !== null) throw new Error('Redis did not start');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** `kill -9`. */
  async crash() {
    const child = this.#child;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async close() {
    process.removeListener('exit', this.#onExit);
    await this.crash();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether it takes commands: while it reads its file it takes connections, and answers that it is loading. */
function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (reply) => {
      resolve(String(reply).startsWith('+PONG'));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
}
