import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ClientEvents } from '../../../src/client/client-events.js';
import { chatReply, clientFor, modelServer } from '../model-server.js';

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const FAILURE = 'HTTP/1.1 500 x\r\ncontent-length: 2\r\n\r\n{}';

/** A server whose calls fail until `answers`, and whose health path does what `health` does. */
async function failing(health: (socket: Socket) => void) {
  let answers = false;
  const checks: Socket[] = [];
  const calls: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      if (data.toString().startsWith('GET')) {
        checks.push(socket);
        health(socket);
        return;
      }
      calls.push(socket);
      const body = JSON.stringify(chatReply('back'));
      socket.write(answers ? `${HEAD}content-length: ${body.length}\r\n\r\n${body}` : FAILURE);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of [...checks, ...calls]) socket.destroy();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = clientFor({
    endpoints: [{ id: 'a', url, concurrency: 1 }],
    healthCheck: { intervalMs: 20, timeoutMs: 300 },
    outlierEjection: { consecutiveFailures: 1, baseEjectionMs: 50_000 },
    retry: { initialBackoffMs: 1 },
  });
  const told: ClientEvents['endpoint:check'][] = [];
  client.on('endpoint:check', (check) => told.push(check));
  return { client, checks, calls, told, heal: () => (answers = true) };
}

describe('active health checks', () => {
  it('are over with the head of a reply that goes on for ever', async () => {
    let sent = 0;
    const { client, told, checks, heal } = await failing((socket) => {
      socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
      const pour = (): void => {
        while (!socket.destroyed && socket.write(`4000\r\n${'x'.repeat(0x4000)}\r\n`)) sent += 0x4000;
      };
      socket.on('drain', pour);
      pour();
    });
    const call = client.complete({ input: 'x' });
    await expect.poll(() => told.length).toBeGreaterThan(0);
    heal();
    expect((await call).text).toBe('back');
    expect(told[0]).toMatchObject({ endpoint: 'a', alive: true, status: 200 });
    await sleep(100);
    const before = sent;
    await sleep(100);
    expect(sent).toBe(before);
    expect(checks.every((socket) => socket.destroyed)).toBe(true);
  });

  it('never take the connection of a call, and are given up when they take too long', async () => {
    const { client, told, checks, calls, heal } = await failing(() => {}); // never answers
    const failed = client.complete({ input: 'x' }, { timeoutMs: 1200 }).catch((error: unknown) => error);
    await expect.poll(() => told.length, { timeout: 3000 }).toBeGreaterThan(1);
    expect(told[0]).toMatchObject({ alive: false, status: null, reason: 'the health check took too long' });
    expect(told[0]!.durationMs).toBeGreaterThanOrEqual(290);
    expect(checks.some((socket) => calls.includes(socket))).toBe(false);
    expect(client.snapshot().endpoints[0]).toMatchObject({ lastCheck: { alive: false, status: null } });
    heal();
    client.restore('a');
    await failed;
    expect((await client.complete({ input: 'x' })).text).toBe('back');
  });

  it('tell what came of them, each time', async () => {
    const replies = [404, 302, 503, 204];
    const { client, told, heal } = await failing((socket) => {
      const status = replies.shift() ?? 204;
      if (status === 204) heal();
      socket.write(`HTTP/1.1 ${status} x\r\ncontent-length: 0\r\n\r\n`);
    });
    expect(client.snapshot().endpoints[0]!.lastCheck).toBeNull();
    expect((await client.complete({ input: 'x' })).text).toBe('back');
    expect(told.map(({ alive, status }) => [alive, status])).toEqual([
      [false, 404],
      [false, 302],
      [false, 503],
      [true, 204],
    ]);
    expect(client.snapshot().endpoints[0]!.lastCheck).toMatchObject({ alive: true, status: 204 });
  });

  it('tell of a server that is away, without the key', async () => {
    const { client, told } = await failing((socket) => void socket.destroy());
    client.complete({ input: 'x' }, { timeoutMs: 300 }).catch(() => {});
    await expect.poll(() => told.length).toBeGreaterThan(0);
    expect(told[0]).toMatchObject({ alive: false, status: null });
    expect(told[0]!.reason).toMatch(/closed|socket/);
  });

  it('leave nothing behind when the client is closed', async () => {
    const { client, checks } = await failing(() => {});
    client.complete({ input: 'x' }, { timeoutMs: 200 }).catch(() => {});
    await expect.poll(() => checks.length).toBeGreaterThan(0);
    await client.close({ timeoutMs: 0 });
    await expect.poll(() => checks.every((socket) => socket.destroyed)).toBe(true);
  });
});

describe('idle connections', () => {
  it('are kept for `keepAliveMs`', async () => {
    for (const [keepAliveMs, connections] of [
      [undefined, 1],
      [50, 2],
    ] as const) {
      const { url, server } = await modelServer();
      let made = 0;
      server.on('connection', () => made++);
      server.keepAliveTimeout = 0; // says nothing of its own
      const client = clientFor({ endpoints: [url], keepAliveMs });
      await client.complete({ input: 'x' });
      await sleep(1200);
      await client.complete({ input: 'x' });
      expect(made).toBe(connections);
    }
  });
});
