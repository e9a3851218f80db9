import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Pool } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { holdEndWhilePaused } from '../../../src/client/http/hold-end.js';
import { chatEvents, clientFor, rawServer } from '../model-server.js';

// undici's parser fails an assertion when a connection ends while it is paused: an uncaught exception, which these
// tests would report.

const PIECES = 300; // more than wait for a reader before the server is slowed down
const body = chatEvents(Array.from({ length: PIECES }, (_, index) => `${index} `));
const HEADS: Readonly<Record<string, string>> = {
  'until the connection ends': 'connection: close\r\n\r\n',
  'of a length': `content-length: ${Buffer.byteLength(body)}\r\n\r\n`,
  'of a length, the last one': `connection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`,
};

/** Reads a stream whose server ends the connection, or resets it, after the first piece was read. */
async function readSlowly(
  head: string,
  end: 'end' | 'resetAndDestroy',
  own: (url: string) => object = () => ({}),
): Promise<string> {
  const { url, sockets } = await rawServer((socket) => socket.write(`HTTP/1.1 200 OK\r\n${head}${body}`));
  const client = clientFor({ endpoints: [url], retry: { maxRetries: 0 }, ...own(url) });
  let text = '';
  for await (const event of client.stream({ input: 'x' }, { timeoutMs: 5000 })) {
    if (event.type === 'end') return event.response.text;
    if (text === '') {
      for (let i = 0; i < 10; i++) await turn(); // the parser is paused by now
      for (const socket of sockets) socket[end]();
      for (let i = 0; i < 10; i++) await turn();
    }
    text += event.text;
  }
  return text;
}

test.each(Object.keys(HEADS))('reads to its end, slowly, a reply %s', async (name) => {
  expect((await readSlowly(HEADS[name]!, 'end')).split(' ')).toHaveLength(PIECES + 1);
});

test.each(Object.keys(HEADS))('tells of a reset while a slow reader has a reply %s', async (name) => {
  const outcome = await readSlowly(HEADS[name]!, 'resetAndDestroy').catch((error: unknown) => error);
  if (typeof outcome !== 'string') expect(outcome).toMatchObject({ code: 'ASSAY_CONNECT' });
});

test("reads to its end, slowly, what comes through the host's own dispatcher", async () => {
  const own = (url: string): object => {
    const dispatcher = new Pool(url);
    onTestFinished(() => dispatcher.destroy());
    return { dispatcher };
  };
  const text = await readSlowly(HEADS['until the connection ends']!, 'end', own);
  expect(text.split(' ')).toHaveLength(PIECES + 1);
});

test('holds back the end of a socket while its reader is paused, and what it left is read before', async () => {
  const { server, sockets } = await rawServer(() => {});
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  holdEndWhilePaused(socket);
  let paused = false;
  let read = '';
  const readAll = (): void => {
    for (let chunk: unknown; !paused && (chunk = socket.read()) !== null;) read += String(chunk);
  };
  socket.on('readable', readAll);
  await once(socket, 'connect');
  await expect.poll(() => sockets.size).toBe(1);
  const [peer] = sockets;
  peer!.write('ab');
  await expect.poll(() => read).toBe('ab');
  socket.unshift(Buffer.alloc(0)); // as undici's parser says that it took all and is paused
  paused = true;
  let ended = false;
  socket.on('end', () => (ended = true));
  peer!.end('cd');
  await expect.poll(() => socket.readableLength).toBe(2);
  for (let i = 0; i < 10; i++) await turn();
  expect(ended).toBe(false);
  paused = false;
  readAll();
  await expect.poll(() => ended).toBe(true);
  expect(read).toBe('abcd');
});
