import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { LiveFeed } from '../../src/dashboard/live-feed.js';

const feed = new LiveFeed();
const responses: ServerResponse[] = [];
const server = createServer((_, response) => {
  responses.push(response);
  if (!feed.add(response, 'first')) response.end();
});
const sockets: Socket[] = [];

async function follow(): Promise<Socket> {
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  sockets.push(socket);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  return socket;
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  responses.length = 0;
  await expect.poll(() => feed.readers).toBe(0);
});

describe('a live feed', () => {
  it('drops messages for a reader that does not read, keeps no more than one, and goes on when it reads again', async () => {
    const slow = await follow();
    slow.pause();
    const quick = await follow();
    let heard = 0;
    quick.on('data', (bytes: Buffer) => (heard += bytes.length));
    await expect.poll(() => feed.readers).toBe(2);
    const message = 'x'.repeat(1_000_000);
    for (let i = 1; i <= 40; i++) {
      feed.send(message);
      await expect.poll(() => heard).toBeGreaterThanOrEqual(i * message.length);
    }
    const held = responses.map((response) => response.writableLength);
    expect(Math.max(...held)).toBeLessThan(2 * message.length);
    expect(Math.max(...held)).toBeGreaterThan(0);

    let text = '';
    slow.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
    slow.resume();
    await expect.poll(() => responses.every((response) => response.writableLength === 0)).toBe(true);
    feed.send('the latest');
    await expect.poll(() => text.endsWith('data: the latest\n\n\r\n')).toBe(true);
    expect(text.length).toBeLessThan(20 * message.length);
  });

  it('lets a reader go when it has gone, and takes no more than it can serve', async () => {
    const all = await Promise.all(Array.from({ length: 33 }, () => follow()));
    await expect.poll(() => responses.length).toBe(33);
    expect(feed.readers).toBe(32);
    for (const socket of all) socket.destroy();
    await expect.poll(() => feed.readers).toBe(0);
    feed.send('to nobody');
    server.close();
    server.closeAllConnections();
  });
});
