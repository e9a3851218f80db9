import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Pool, buildConnector } from 'undici';
import { expect, onTestFinished, test, vi } from 'vitest';
import { rawServer } from '../model-server.js';

// What the client leans on in undici beside its documented names. A release that moves one of these fails here, and not
// in a host: this is why the range of undici takes patches only.

const { dependencies } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../package.json'), 'utf8'),
) as { dependencies: { undici: string } };
const { version } = createRequire(import.meta.url)('undici/package.json') as { version: string };

test('the range takes nothing but patches of the minor version that is tested', () => {
  const minor = version.split('.').slice(0, 2).join('.');
  expect(dependencies.undici).toMatch(new RegExp(`^~${minor.replace('.', '\\.')}\\.\\d+$`));
});

test('the pool and the connector can be loaded without the rest, and are those of the package', async () => {
  const [pool, connector] = await Promise.all([
    import('undici/lib/dispatcher/pool.js'),
    import('undici/lib/core/connect.js'),
  ]);
  expect(pool.default).toBe(Pool);
  expect(connector.default).toBe(buildConnector);
});

/** What became of one request, and what the parser asked its socket for. */
interface Noted {
  readonly calls: string[];
  readonly socket: Socket;
  readonly resume: () => void;
  readonly ended: Promise<Error | undefined>;
}

const HALF_A_REPLY = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n';

/** Sends a request with the handlers of undici 7; the reader pauses after the first piece. */
async function ask(url: string): Promise<Noted> {
  const calls: string[] = [];
  let socket: Socket | undefined;
  const pool = new Pool(url, {
    connections: 1,
    connect: (options, callback) => {
      socket = connect({ host: options.hostname, port: Number(options.port) });
      const [read, unshift] = [socket.read.bind(socket), socket.unshift.bind(socket)];
      socket.read = (size?: number): unknown => {
        if (size === undefined) calls.push('read()');
        return read(size) as unknown;
      };
      socket.unshift = (chunk: Uint8Array): void => {
        calls.push(`unshift ${chunk.length > 0 ? 'some' : 'nothing'}`);
        unshift(chunk);
      };
      socket.once('connect', () => callback(null, socket!));
    },
  });
  onTestFinished(() => pool.destroy());
  let resume = (): void => {};
  const ended = new Promise<Error | undefined>((done) => {
    let pieces = 0;
    const handler = {
      onConnect: (abort: unknown) => calls.push(`onConnect ${typeof abort}`),
      onHeaders: (status: number, headers: unknown[], goOn: () => void) => {
        resume = goOn;
        calls.push(
          `onHeaders ${status} ${headers.map(String).join()} ${String(headers.every(Buffer.isBuffer))}`,
        );
        return true;
      },
      onData: (chunk: Buffer) => {
        calls.push(`onData ${chunk.toString()}`);
        return ++pieces > 1;
      },
      onComplete: () => done(undefined),
      onError: done,
    };
    const request = { method: 'POST' as const, path: '/', headers: ['x-a', '1', 'x-b', '2'], body: '{}' };
    pool.dispatch(request, handler as never);
  });
  while (!calls.some((call) => call.startsWith('onData'))) await turn();
  for (let i = 0; i < 5; i++) await turn();
  return { calls, socket: socket!, resume: () => resume(), ended };
}

test('the handlers of undici 7 are called, with raw headers, and a flat list of headers is sent', async () => {
  let sent: readonly string[] = [];
  const server = createServer((request, response) => {
    sent = request.rawHeaders;
    response.sendDate = false;
    response.writeHead(200, ['x-one', '1', 'x-one', '2', 'content-length', '10']).end('0123456789');
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const noted = await ask(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  noted.resume();
  expect(await noted.ended).toBeUndefined();
  expect(sent.join()).toContain('x-a,1,x-b,2');
  const told = noted.calls.filter((call) => call.startsWith('on'));
  expect(told).toEqual([
    'onConnect function',
    'onHeaders 200 x-one,1,x-one,2,content-length,10,Connection,keep-alive,Keep-Alive,timeout=5 true',
    'onData 0123456789',
  ]);
});

test('the parser listens for readable, reads without a size, and gives back what it left when it is paused', async () => {
  const { url } = await rawServer((socket) => socket.write(`${HALF_A_REPLY}01234`));
  const noted = await ask(url);
  expect(noted.socket.listenerCount('readable')).toBe(1);
  expect(noted.socket.listenerCount('data')).toBe(0);
  const paused = noted.calls.indexOf('onData 01234');
  expect(noted.calls.slice(0, paused)).toContain('read()');
  expect(noted.calls.slice(paused)).toEqual(['onData 01234', expect.stringMatching(/^unshift /)]);
  noted.resume();
  for (let i = 0; i < 5; i++) await turn();
  expect(noted.calls.slice(paused + 2)).toContain('read()'); // goes on by asking
});

test('a Node without WebAssembly, which the parser is, is refused by name and not tried again', async () => {
  vi.resetModules(); // undici may have been loaded by now
  const { LoadBalancedClient } = await import('../../../src/client/load-balanced-client.js');
  const own = Object.getOwnPropertyDescriptor(globalThis, 'WebAssembly')!;
  Reflect.deleteProperty(globalThis, 'WebAssembly');
  onTestFinished(() => void Object.defineProperty(globalThis, 'WebAssembly', own));
  const client = new LoadBalancedClient({ endpoints: ['http://127.0.0.1:9/v1'], model: 'm' });
  await expect(client.complete({ input: 'x' })).rejects.toMatchObject({
    code: 'ASSAY_MISSING_DEPENDENCY',
    message: expect.stringContaining('--jitless') as string,
  });
  await client.close();
});
