import { execFile } from 'node:child_process';
import type { Socket } from 'node:net';
import { inspect, promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { LoadBalancedClientOptions } from '../../src/client/client-options.js';
import { fromLanguageModel } from '../../src/client/language-model.js';
import { CancellableCall } from '../../src/client/cancellable-call.js';
import { Cancellation } from '../../src/foundation/cancellation.js';
import { chat, clientFor, deadUrl, json, modelServer, rawServer } from './model-server.js';

test('finishes every call while one endpoint lives, ejects the dead and tells so', async () => {
  const live = await modelServer();
  const client = clientFor({ endpoints: [await deadUrl(), live.url, await deadUrl(), await deadUrl()] });
  const ejected = new Set<string>();
  client.on('endpoint:eject', ({ endpoint, reason, forMs }) => {
    ejected.add(endpoint);
    expect(['consecutive-failures', 'failure-rate', 'probe-failed']).toContain(reason);
    expect(forMs).toBeGreaterThan(0);
  });
  const replies = await Promise.all(Array.from({ length: 200 }, () => client.complete({ input: 'x' })));
  expect(replies.every((each) => each.endpoint === live.url)).toBe(true);
  expect(ejected.size).toBe(3);
});

test('brings an endpoint back after a probe, and sends it calls again', async () => {
  let broken = true;
  const server = await modelServer((_request, response) =>
    broken ? json(response, 500, {}) : chat(response, 'back'),
  );
  const client = clientFor({
    endpoints: [server.url],
    outlierEjection: { baseEjectionMs: 60, consecutiveFailures: 2 },
    retry: { initialBackoffMs: 1, maxBackoffMs: 5 },
    waitForHealthyMs: 10_000,
  });
  const seen: string[] = [];
  client.onAny((event) => void (event.startsWith('endpoint:') && seen.push(event)));
  const calls = Array.from({ length: 6 }, () => client.complete({ input: 'x' }));
  client.on('endpoint:eject', () => (broken = false));
  const replies = await Promise.all(calls);
  expect(replies.every((each) => each.text === 'back')).toBe(true);
  expect(seen).toEqual(expect.arrayContaining(['endpoint:eject', 'endpoint:probe', 'endpoint:restore']));
});

test('quarantines an endpoint that refuses the key while another lives, and restores it when told', async () => {
  const bad = await modelServer((_request, response) => json(response, 401, { error: { message: 'no' } }));
  const good = await modelServer();
  const client = clientFor({
    endpoints: [
      { id: 'bad', url: bad.url },
      { id: 'good', url: good.url },
    ],
    policy: 'round-robin',
  });
  const reasons: string[] = [];
  client.on('endpoint:eject', ({ reason }) => reasons.push(reason));
  const outcomes: PromiseSettledResult<unknown>[] = [];
  for (let call = 0; call < 10; call++) {
    outcomes.push(...(await Promise.allSettled([client.complete({ input: 'x' })])));
  }
  expect(outcomes.filter((each) => each.status === 'rejected')).toEqual([]); // the other one answered
  expect(reasons).toEqual(['quarantine']);
  expect(client.snapshot().endpoints[0]).toMatchObject({ state: 'quarantined', reason: 'quarantine' });
  client.restore('bad');
  expect(client.snapshot().endpoints[0]?.state).toBe('healthy');
});

test('a 429 holds the endpoint back for all calls, and none fails', async () => {
  let open = 0;
  const server = await modelServer((_request, response, index) => {
    if (index < 5 && open++ < 5) return json(response, 429, {}, { 'retry-after-ms': '80' });
    chat(response, 'ok');
  });
  const client = clientFor({ endpoints: [server.url] });
  const limits: (string | null)[] = [];
  client.on('endpoint:limit', ({ reason, pausedUntil }) => limits.push(pausedUntil === null ? null : reason));
  const replies = await Promise.all(Array.from({ length: 5 }, () => client.complete({ input: 'x' })));
  expect(replies.map((each) => each.text)).toEqual(Array(5).fill('ok'));
  expect(limits).toContain('rate-limited');
});

test('fails at once, with how long to wait, when a pause lasts past the deadline', async () => {
  const server = await modelServer((_request, response) => json(response, 429, {}, { 'retry-after': '30' }));
  const client = clientFor({ endpoints: [server.url] });
  const begun = performance.now();
  const error = await client.complete({ input: 'x' }, { timeoutMs: 5000 }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'ASSAY_DEADLINE', status: 429 });
  expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(29_000);
  expect(performance.now() - begun).toBeLessThan(4000);
  expect(server.requests).toHaveLength(1);
});

test.each(['signal', 'cancellation'] as const)(
  'an abort by %s settles calls in flight and in line, and frees the slot',
  async (way) => {
    const server = await rawServer(() => {});
    const client = clientFor({ endpoints: [{ url: server.url, concurrency: 1 }] });
    const controller = new AbortController();
    const cancellation = new Cancellation();
    const options =
      way === 'signal' ? { signal: controller.signal } : new CancellableCall(cancellation, undefined);
    const calls = Array.from({ length: 50 }, () =>
      client.complete({ input: 'x' }, options).catch((error: unknown) => error),
    );
    await expect.poll(() => client.snapshot().inFlight).toBe(1);
    if (way === 'signal') controller.abort('enough');
    else cancellation.cancel('enough');
    for (const error of await Promise.all(calls))
      expect(error).toMatchObject({ code: 'ASSAY_ABORTED', cause: 'enough' });
    expect(client.snapshot()).toMatchObject({ inFlight: 0, waiting: 0 });
    await expect(client.complete({ input: 'x' }, options)).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
  },
);

test('the deadline settles a call that hangs', async () => {
  const server = await rawServer(() => {});
  const client = clientFor({ endpoints: [server.url] });
  await expect(client.complete({ input: 'x' }, { timeoutMs: 50 })).rejects.toMatchObject({
    code: 'ASSAY_DEADLINE',
  });
});

test('tries once more for free when a kept-alive connection was closed under it', async () => {
  const reply = JSON.stringify({ choices: [{ message: { content: 'ok' } }] });
  const seen = new Map<number, number>();
  const server = await rawServer((socket, connection) => {
    const count = (seen.get(connection) ?? 0) + 1;
    seen.set(connection, count);
    if (count > 1) return void socket.resetAndDestroy();
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${reply.length}\r\n\r\n${reply}`);
  });
  const client = clientFor({ endpoints: [{ url: server.url, concurrency: 1 }] });
  await client.complete({ input: 'x' });
  expect(await client.complete({ input: 'y' })).toMatchObject({ text: 'ok', attempts: 2 });
  expect(client.snapshot().endpoints[0]).toMatchObject({ consecutiveFailures: 0, counts: { failed: 0 } });
});

test('outlives a proxy that resets every connection when it is used again', async () => {
  const reply = JSON.stringify({ choices: [{ message: { content: 'ok' } }] });
  const used = new Set<Socket>();
  const server = await rawServer((socket) => {
    if (used.has(socket)) return void socket.resetAndDestroy();
    used.add(socket);
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${reply.length}\r\n\r\n${reply}`);
  });
  const client = clientFor({
    endpoints: [server.url],
    retry: { maxRetries: 1, initialBackoffMs: 1e6, maxBackoffMs: 1e6 },
    timeouts: { deadlineMs: 3000 },
  });
  for (let call = 0; call < 10; call++)
    expect(await client.complete({ input: 'x' })).toMatchObject({ text: 'ok' });
  expect(client.snapshot().endpoints[0]).toMatchObject({ consecutiveFailures: 0, counts: { failed: 0 } });
});

test('a call whose time is up says what failed last', async () => {
  const server = await modelServer((_request, response) =>
    json(response, 500, { error: { message: 'out of memory' } }),
  );
  const client = clientFor({
    endpoints: [server.url],
    outlierEjection: false,
    timeouts: { deadlineMs: 60 },
    retry: { initialBackoffMs: 1e6, maxBackoffMs: 1e6 },
    random: () => 0.5,
  });
  await expect(client.complete({ input: 'x' })).rejects.toMatchObject({
    code: 'ASSAY_DEADLINE',
    message: expect.stringContaining('out of memory') as unknown,
  });
});

test('a hedge overtakes a straggler, and the loser is not a failure', async () => {
  let slow = false;
  const a = await modelServer((_request, response) => (slow ? undefined : chat(response, 'a')));
  const b = await modelServer((_request, response) => chat(response, 'b'));
  const client = clientFor({
    endpoints: [
      { id: 'a', url: a.url },
      { id: 'b', url: b.url, priority: 1 },
    ],
    hedging: { minimumDelayMs: 20 },
  });
  for (let index = 0; index < 60; index++) await client.complete({ input: 'x' });
  slow = true;
  const outcomes: string[] = [];
  client.on('attempt:end', ({ outcome }) => outcomes.push(outcome));
  expect(await client.complete({ input: 'x' })).toMatchObject({ endpoint: 'b', attempts: 2 });
  expect(outcomes.toSorted()).toEqual(['cancelled', 'ok']);
  expect(client.snapshot().endpoints[0]?.counts.failed).toBe(0);
});

test('tells the life of a call in events that tie together', async () => {
  const server = await modelServer((_request, response, index) =>
    index === 0 ? json(response, 500, {}) : chat(response, 'ok'),
  );
  const client = clientFor({ endpoints: [server.url], retry: { initialBackoffMs: 1 } });
  const seen: string[] = [];
  client.onAny((event, payload) => seen.push(`${event} ${(payload as { callId?: number }).callId ?? ''}`));
  await client.complete({ input: 'x' });
  expect(seen).toEqual([
    'call:start 1',
    'attempt:start 1',
    'attempt:end 1',
    'call:retry 1',
    'attempt:start 1',
    'attempt:end 1',
    'call:end 1',
  ]);
});

test('a key appears in no answer, error, event, snapshot, inspection or description', async () => {
  const canary = 'sk-canary-0123456789';
  const other = 'header-canary-987654';
  const server = await modelServer((request, response, index) => {
    const { authorization, 'x-api-key': second } = request.headers;
    const ids = { 'x-request-id': `of ${authorization}` }; // a gateway that echoes what it got
    if (index === 0) return chat(response, 'ok', ids);
    if (index === 1)
      return json(
        response,
        500,
        { error: { message: `failed for ${authorization} and ${String(second)}` } },
        ids,
      );
    json(response, 401, { error: { message: `Incorrect API key provided: ${canary}` } }, ids);
  });
  const client = clientFor({
    endpoints: [{ url: `${server.url}/v1?key=${canary}`, apiKey: canary, headers: { 'x-api-key': other } }],
  });
  const seen: unknown[] = [];
  client.onAny((event, payload) => seen.push(event, payload));
  seen.push(await client.complete({ input: 'x' }));
  const error = (await client.complete({ input: 'x' }).catch((thrown: unknown) => thrown)) as Error;
  seen.push(error, client, client.snapshot(), client.describe(), error.stack, error.cause);
  const text = `${inspect(seen, { depth: 20, showHidden: true })} ${JSON.stringify(seen)} ${String(error)}`;
  expect(text).toContain('[redacted]');
  expect(text).not.toContain(canary);
  expect(text).not.toContain(other);
  const make = (): unknown => clientFor({ endpoints: [{ url: `http://user:${canary}@h/v1` }] });
  expect(make).toThrowError(/credentials/);
  const second = { endpoints: ['http://a', 'localhost:8000/v1'], model: 'm' };
  expect(() => clientFor(second)).toThrow(
    'Expected `url` of endpoints[1] to be http(s): it does not begin with http:// or https://',
  );
  try {
    make();
  } catch (thrown) {
    expect(inspect(thrown, { depth: 9 })).not.toContain(`${canary}@`);
  }
  expect(() => clientFor({ endpoints: [{ url: 'http://h', apiKey: `${canary}\n` }] })).toThrowError(
    /line break/,
  );
});

test('asks the key function for every attempt, and blames nobody when it fails', async () => {
  const server = await modelServer();
  let count = 0;
  const client = clientFor({
    endpoints: [{ url: server.url, apiKey: () => Promise.resolve(`key-${++count}`) }],
  });
  await client.complete({ input: 'x' });
  await client.complete({ input: 'x' });
  expect(server.requests.map((each) => each.headers.authorization)).toEqual(['Bearer key-1', 'Bearer key-2']);
  const failing = clientFor({
    endpoints: [{ url: server.url, apiKey: () => Promise.reject(new Error('vault says hunter2')) }],
  });
  const error = await failing.complete({ input: 'x' }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'ASSAY_AUTHENTICATION', endpointAtFault: false });
  expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
});

test('close() lets calls in flight finish, refuses new ones, and aborts what takes too long', async () => {
  const server = await modelServer((request, response) => {
    if (request.body['seed'] !== 1) setTimeout(() => chat(response, 'late'), 30);
  });
  const client = clientFor({ endpoints: [server.url] });
  const finishing = client.complete({ input: 'x' });
  const hanging = client.complete({ input: 'x', parameters: { seed: 1 } }).catch((error: unknown) => error);
  await expect.poll(() => server.requests.length).toBe(2);
  await client.close({ timeoutMs: 200 });
  expect((await finishing).text).toBe('late');
  expect(await hanging).toMatchObject({ code: 'ASSAY_CLOSED' });
  await expect(client.complete({ input: 'x' })).rejects.toMatchObject({ code: 'ASSAY_CLOSED' });
  await client.close();
});

test('a host script ends by itself after close()', async () => {
  const server = await modelServer();
  const script = `
    const { LoadBalancedClient } = await import(${JSON.stringify(new URL('../../dist/client/load-balanced-client.js', import.meta.url).href)});
    const client = new LoadBalancedClient({ endpoints: [${JSON.stringify(server.url)}, 'http://127.0.0.1:9'], model: 'm' });
    await Promise.all(Array.from({ length: 20 }, () => client.complete({ input: 'x' })));
    await client.close();
    process.on('exit', () => console.log('ended'));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 30_000,
  });
  expect(stdout).toContain('ended');
});

test('an ejected endpoint is probed as soon as an active check sees it alive', async () => {
  let broken = true;
  const server = await modelServer((request, response) =>
    broken
      ? json(response, 500, {})
      : request.path === '/health'
        ? json(response, 200, {})
        : chat(response, 'back'),
  );
  const client = clientFor({
    endpoints: [server.url],
    healthCheck: { intervalMs: 20 },
    outlierEjection: { consecutiveFailures: 1, baseEjectionMs: 50_000 },
    retry: { initialBackoffMs: 1 },
  });
  client.on('endpoint:eject', () => (broken = false));
  const call = client.complete({ input: 'x' });
  expect((await call).text).toBe('back');
  expect(server.requests.some((each) => each.method === 'GET' && each.path === '/health')).toBe(true);
});

test('goes on checking where a dispatcher of the host refuses a check at once', async () => {
  let checks = 0;
  const dispatcher = {
    dispatch: ({ method }: { method: string }, handler: { onResponseError(c: object, e: Error): void }) => {
      if (method === 'GET') {
        checks++;
        throw new Error('no checks here');
      }
      handler.onResponseError({}, new Error('down'));
    },
  } as unknown as NonNullable<LoadBalancedClientOptions['dispatcher']>;
  const client = clientFor({
    endpoints: ['http://127.0.0.1:1'],
    dispatcher,
    outlierEjection: { consecutiveFailures: 1 },
    healthCheck: { intervalMs: 1 },
    retry: { maxRetries: 0 },
  });
  await client.complete({ input: 'x' }).catch(() => {});
  await expect.poll(() => checks).toBeGreaterThan(2);
});

test('an AI SDK model has the cost that its price gives', async () => {
  const model = {
    specificationVersion: 'v2',
    provider: 'test',
    modelId: 'tm',
    doGenerate: () =>
      Promise.resolve({
        content: [{ type: 'text', text: 'hi' }],
        finishReason: 'stop',
        usage: { inputTokens: 300, outputTokens: 100 },
        response: { modelId: 'tm-2026-01' },
      }),
  };
  const prices = { tm: { inputPerMillion: 10, outputPerMillion: 20 } };
  const priced = fromLanguageModel(model, { prices });
  expect(await priced.complete({ input: 'x' })).toMatchObject({ model: 'tm-2026-01', cost: 0.005 });
  expect(priced.estimateCost?.({ inputTokens: 300, outputTokens: 100 })).toBe(0.005);
  expect(await fromLanguageModel(model).complete({ input: 'x' })).toMatchObject({ cost: null });
  expect(() => fromLanguageModel(model, { prices: { tm: { input: 1 } } as never })).toThrow(
    'Expected `prices["tm"].inputPerMillion` to be a number >= 0, got undefined',
  );
});

test('makes a target of an AI SDK model', async () => {
  const asked: unknown[] = [];
  const target = fromLanguageModel({
    specificationVersion: 'v2',
    provider: 'test',
    modelId: 'tm',
    doGenerate: (options: never) => {
      asked.push(options);
      return Promise.resolve({
        content: [{ type: 'text', text: 'hi' }],
        finishReason: 'stop',
        usage: { inputTokens: 3, outputTokens: 1 },
        response: { id: 'r' },
      });
    },
  });
  expect(await target.complete({ input: 'x', parameters: { maxTokens: 5 } })).toMatchObject({
    text: 'hi',
    model: 'tm',
    endpoint: 'test',
    usage: { inputTokens: 3, outputTokens: 1 },
    finishReason: 'stop',
    requestId: 'r',
  });
  expect(asked[0]).toMatchObject({
    maxOutputTokens: 5,
    prompt: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }],
  });
  const hanging = fromLanguageModel({
    specificationVersion: 'v3',
    provider: 'p',
    modelId: 'm',
    doGenerate: () => new Promise(() => {}),
  });
  await expect(hanging.complete({ input: 'x' }, { timeoutMs: 10 })).rejects.toMatchObject({
    code: 'ASSAY_DEADLINE',
  });
});
