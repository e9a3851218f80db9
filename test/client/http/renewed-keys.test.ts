import { expect, test } from 'vitest';
import type { EndpointError } from '../../../src/client/endpoint-error.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { chat, clientFor, json, modelServer, type SeenRequest } from '../model-server.js';

const keyOf = ({ headers }: SeenRequest): string => String(headers.authorization).replace('Bearer ', '');

/** Knows `valid` keys alone; the others get a 401. */
const guarded = (valid: ReadonlySet<string>) =>
  modelServer((request, response) =>
    valid.has(keyOf(request))
      ? chat(response, 'ok')
      : json(response, 401, { error: { message: 'Incorrect API key' } }),
  );

test('a function is asked for a key once more before a 401 blames anybody', async () => {
  const server = await guarded(new Set(['new']));
  let asked = 0;
  const client = clientFor({
    endpoints: [{ url: server.url, apiKey: () => (asked++ === 0 ? 'run out' : 'new') }],
    retry: { maxRetries: 0 },
  });
  expect(await client.complete({ input: 'x' })).toMatchObject({ text: 'ok', attempts: 1 });
  expect(server.requests.map(keyOf)).toEqual(['run out', 'new']);
  expect(client.snapshot().endpoints[0]).toMatchObject({ state: 'healthy', consecutiveFailures: 0 });
});

test('the same key again is not sent again', async () => {
  const server = await guarded(new Set());
  let asked = 0;
  const client = clientFor({
    endpoints: [{ url: server.url, apiKey: () => (asked++, 'wrong') }],
    waitForHealthyMs: 0,
  });
  const error = await client.complete({ input: 'x' }).catch((thrown: unknown) => thrown as EndpointError);
  expect(error).toMatchObject({ code: 'ASSAY_AUTHENTICATION', retryable: false });
  expect(asked).toBe(2);
  expect(server.requests).toHaveLength(1);
});

test('a key that is refused twice in one attempt is refused, however new', async () => {
  const server = await guarded(new Set());
  let asked = 0;
  const client = clientFor({
    endpoints: [{ url: server.url, apiKey: () => `key ${asked++}` }],
    retry: { maxRetries: 0 },
  });
  await expect(client.complete({ input: 'x' })).rejects.toMatchObject({ code: 'ASSAY_AUTHENTICATION' });
  expect(server.requests.map(keyOf)).toEqual(['key 0', 'key 1']);
});

test('a fixed key is not asked for: one 401 is one request', async () => {
  const server = await guarded(new Set());
  const client = clientFor({ endpoints: [{ url: server.url, apiKey: 'wrong' }], waitForHealthyMs: 0 });
  await expect(client.complete({ input: 'x' })).rejects.toMatchObject({ code: 'ASSAY_AUTHENTICATION' });
  expect(server.requests).toHaveLength(1);
});

test('an endpoint in quarantine is tried as soon as its function gives another key', async () => {
  const server = await guarded(new Set(['second']));
  const other = await modelServer();
  const clock = new ManualClock();
  let key = 'first';
  const client = clientFor({
    endpoints: [
      { id: 'guarded', url: server.url, apiKey: () => key },
      { id: 'other', url: other.url, priority: 1 },
    ],
    clock,
  });
  expect(await client.complete({ input: 'x' })).toMatchObject({ text: 'ok', endpoint: 'other' });
  expect(client.snapshot().endpoints[0]).toMatchObject({ state: 'quarantined', reason: 'quarantine' });
  key = 'second';
  await clock.advance(600); // long before the two seconds after which it is probed anyway
  expect(await client.complete({ input: 'y' })).toMatchObject({ text: 'ok', endpoint: 'guarded' });
  expect(client.snapshot().endpoints[0]?.state).toBe('healthy');
});

test('a function that fails is the call of the host, not of the endpoint', async () => {
  const server = await guarded(new Set(['good']));
  let asked = 0;
  const client = clientFor({
    endpoints: [
      {
        url: server.url,
        apiKey: () => (asked++ === 1 ? Promise.reject(new Error('vault is away')) : Promise.resolve('old')),
      },
    ],
    retry: { maxRetries: 0 },
  });
  const error = await client.complete({ input: 'x' }).catch((thrown: unknown) => thrown as EndpointError);
  expect(error).toMatchObject({ code: 'ASSAY_AUTHENTICATION', status: 401 });
});

test('a function that fails to give a key is asked once more, and loses no call while others have one', async () => {
  const valid = await guarded(new Set(['k']));
  let asked = 0;
  const once = clientFor({
    endpoints: [{ url: valid.url, apiKey: () => (asked++ === 0 ? Promise.reject(new Error('vault')) : 'k') }],
    retry: { maxRetries: 0 },
  });
  expect(await once.complete({ input: 'x' })).toMatchObject({ text: 'ok', attempts: 1 });
  let down = true;
  const failing = (): string => {
    if (down) throw new Error('vault');
    return 'k';
  };
  const clock = new ManualClock();
  const client = clientFor({
    endpoints: [
      { id: 'keyless', url: valid.url, apiKey: failing },
      { id: 'other', url: valid.url, apiKey: 'k' },
    ],
    policy: 'round-robin',
    clock,
  });
  for (let call = 0; call < 40; call++)
    expect(await client.complete({ input: 'x' })).toMatchObject({ endpoint: 'other' });
  expect(client.snapshot().endpoints[0]!.counts.attempts).toBeLessThan(10);
  down = false;
  await clock.advance(60_000);
  const served = new Set<string>();
  for (let call = 0; call < 10; call++) served.add((await client.complete({ input: 'x' })).endpoint!);
  expect(served).toContain('keyless');
});

test('a function that never gives a key fails the call of an only endpoint at once', async () => {
  const server = await guarded(new Set());
  const client = clientFor({
    endpoints: [{ url: server.url, apiKey: () => Promise.reject(new Error('vault')) }],
  });
  await expect(client.complete({ input: 'x' })).rejects.toMatchObject({
    code: 'ASSAY_AUTHENTICATION',
    message: expect.stringContaining('the apiKey function failed') as unknown,
    attempts: { length: 1 },
  });
});
