import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connectHttp, type HttpSocket } from '../../../src/client/http/http-socket.js';
import { clientFor, deadUrl, rawServer } from '../model-server.js';

/** A server for one test, and a connection to it. */
async function pair(): Promise<{ client: HttpSocket; server: Socket }> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => void listener.close());
  const accepted = once(listener, 'connection') as Promise<[Socket]>;
  const client = await open((listener.address() as AddressInfo).port);
  const [server] = await accepted;
  onTestFinished(() => {
    client.destroy();
    server.destroy();
  });
  return { client, server };
}

const open = (port: number, timeoutMs = 5000): Promise<HttpSocket> =>
  new Promise((resolve, reject) => {
    const options = { hostname: '127.0.0.1', protocol: 'http:', port: String(port) };
    connectHttp(options, timeoutMs, (error, socket) =>
      error === null ? resolve(socket as HttpSocket) : reject(error),
    );
  });

/** Bytes that tell where they stand. */
const pattern = (length: number): Buffer =>
  Buffer.alloc(length, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));

/** Reads as undici does. */
function readAll(socket: HttpSocket): Buffer[] {
  const chunks: Buffer[] = [];
  socket.on('readable', () => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) chunks.push(chunk);
  });
  return chunks;
}

test('hands on every byte in order, and the end after the last', async () => {
  const { client, server } = await pair();
  const chunks = readAll(client);
  const sent = pattern(1_000_000);
  server.end(sent);
  await once(client, 'end');
  expect(Buffer.concat(chunks).equals(sent)).toBe(true);
});

test('what was read stays as it was when more arrives, here and on other connections', async () => {
  const pairs = await Promise.all(Array.from({ length: 20 }, pair));
  const all = pairs.map(({ client }) => readAll(client));
  for (let round = 0; round < 10; round++) {
    for (const [i, { server }] of pairs.entries()) server.write(`${i}:${round} `.repeat(50));
    await expect.poll(() => all.every((chunks) => Buffer.concat(chunks).includes(`:${round} `))).toBe(true);
  }
  for (const { server } of pairs) server.end();
  await Promise.all(pairs.map(({ client }) => once(client, 'end')));
  for (const [i, chunks] of all.entries()) {
    const expected = Array.from({ length: 10 }, (_, round) => `${i}:${round} `.repeat(50)).join('');
    expect(Buffer.concat(chunks).toString()).toBe(expected);
  }
});

test('keeps for later what its reader leaves, slows the sender down meanwhile, and loses nothing', async () => {
  const { client, server } = await pair();
  const sent = pattern(20_000_000);
  const chunks: Buffer[] = [];
  let paused = true;
  const read = (): void => {
    while (!paused) {
      const chunk = client.read();
      if (chunk === null) return;
      chunks.push(chunk);
      if (chunks.length % 3 === 0) {
        paused = true;
        setImmediate(() => {
          paused = false;
          read();
        });
      }
    }
  };
  client.on('readable', read);
  server.end(sent);
  await expect.poll(() => client.readableLength).toBeGreaterThan(0);
  for (let i = 0; i < 100; i++) await turn();
  expect(client.readableLength).toBeLessThan(300_000);
  expect(server.writableLength).toBeGreaterThan(1_000_000); // the rest waits there
  paused = false;
  read();
  await once(client, 'end');
  expect(Buffer.concat(chunks).equals(sent)).toBe(true);
});

test('serves who listens for data, or iterates, as any socket does', async () => {
  const flowing = await pair();
  const sent = pattern(300_000);
  const chunks: Buffer[] = [];
  flowing.client.on('data', (chunk: Buffer) => chunks.push(chunk));
  flowing.server.end(sent);
  await once(flowing.client, 'end');
  expect(Buffer.concat(chunks).equals(sent)).toBe(true);

  const iterated = await pair();
  iterated.server.end(sent);
  const pieces: Buffer[] = [];
  for await (const piece of iterated.client) pieces.push(piece as Buffer);
  expect(Buffer.concat(pieces).equals(sent)).toBe(true);
});

test('hands on what waits before what comes, whatever sizes are asked for', async () => {
  const { client, server } = await pair();
  let read = '';
  let reading = false;
  client.on('readable', () => {
    while (reading) {
      const chunk = client.read();
      if (chunk === null) return;
      read += chunk.toString();
    }
  });
  server.write('abcdef');
  await expect.poll(() => client.readableLength).toBe(6);
  expect(client.read(2)?.toString()).toBe('ab');
  reading = true;
  server.write('ghi');
  await expect.poll(() => read).toBe('cdefghi');
  server.end('jkl');
  await once(client, 'end');
  expect(read).toBe('cdefghijkl');
  expect(client.read()).toBeNull();
});

test('tells when the other side resets it', async () => {
  const { client, server } = await pair();
  readAll(client);
  const failed = once(client, 'error');
  server.resetAndDestroy();
  expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' });
});

test('tells when nobody listens there', async () => {
  const { port } = new URL(await deadUrl());
  await expect(open(Number(port))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('gives up a connection that takes too long', async () => {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => void listener.close());
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const opening = open((listener.address() as AddressInfo).port, 5000);
  vi.advanceTimersByTime(5000); // before the event loop could tell of the connection
  await expect(opening).rejects.toMatchObject({ code: 'ETIMEDOUT', message: 'No connection within 5000 ms' });
});

test('a reply in pieces of a byte is the reply, head and body', async () => {
  const body = JSON.stringify({ choices: [{ message: { content: 'é∑😀' }, finish_reason: 'stop' }] });
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: r1\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  const reply = Buffer.from(head + body);
  const { url } = await rawServer((socket) => {
    socket.setNoDelay(true);
    void (async () => {
      for (const byte of reply) {
        socket.write(Buffer.from([byte]));
        await turn();
      }
    })();
  });
  const client = clientFor({ endpoints: [url] });
  const response = await client.complete({ input: 'x' });
  expect(response).toMatchObject({ text: 'é∑😀', requestId: 'r1' });
});
