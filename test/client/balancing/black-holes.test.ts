import { describe, expect, test } from 'vitest';
import type { PolicyName } from '../../../src/client/balancing/endpoint-policy.js';
import { chat, clientFor, json, modelServer } from '../model-server.js';
import { replyOf, runBlackHole, runFleet, type Reply } from './schedule.js';

const POLICIES: readonly PolicyName[] = [
  'latency-aware',
  'round-robin',
  'least-outstanding',
  'weighted-random',
];
const said = (status: number, message = 'no'): Reply => ({ status, body: { error: { message } } });
const REPLIES: Readonly<Record<string, Reply>> = {
  ...Object.fromEntries(
    [
      400, 401, 402, 403, 404, 405, 407, 408, 409, 410, 413, 418, 421, 422, 423, 424, 425, 449, 451, 499, 500,
      501, 504,
    ].map((status) => [status, said(status)]),
  ),
  'a prompt that is too long': said(400, 'prompt is too long'),
  'a filter': said(403, 'your prompt was flagged'),
  'an answer without content': { status: 200, body: { choices: [{ message: {}, finish_reason: 'stop' }] } },
  'an answer that was cut before its first word': replyOf('', 'length'),
  'an empty answer': replyOf(''),
  'an answer of one space': replyOf(' '),
  'a page': { status: 200, body: '<html>' },
  'a 429 that names no time': said(429),
  'a 503 that names no time': said(503),
};

describe.each(Object.keys(REPLIES))('one of four that answers every call with %s', (name) => {
  test.each(POLICIES)('draws no more than its share under %s, and takes few calls down', (policy) => {
    for (const more of [
      {},
      { concurrency: 32 },
      { outlierEjection: false as const, retryBudget: false as const },
    ]) {
      const { lost, attempts } = runBlackHole(REPLIES[name]!, { policy, ...more });
      const all = attempts.reduce((sum, each) => sum + each);
      expect(attempts[0]! / all).toBeLessThanOrEqual(0.25);
      const blamesRequest = /^(400|413|422)$|too long|filter/.test(name);
      const count = Object.values(lost).reduce((sum, each) => sum + each, 0);
      expect(count).toBeLessThanOrEqual(blamesRequest || /word|empty|space/.test(name) ? 40 : 0);
    }
  });
});

test('a request that is bad everywhere is sent once, as long as nothing speaks against its endpoint', async () => {
  const servers = await Promise.all(
    [1, 2, 3].map(() =>
      modelServer((request, response) => {
        if (JSON.stringify(request.body).includes('bad')) json(response, 400, { error: { message: 'no' } });
        else chat(response, 'ok');
      }),
    ),
  );
  const client = clientFor({ endpoints: servers.map(({ url }) => url), policy: 'round-robin' });
  const seen = (): number => servers.reduce((sum, { requests }) => sum + requests.length, 0);
  for (let call = 0; call < 30; call++) {
    const before = seen();
    const input = call % 2 === 0 ? 'bad' : 'good';
    const outcome = await client.complete({ input }).catch((error: unknown) => error);
    if (input === 'bad') expect(outcome).toMatchObject({ code: 'ASSAY_BAD_REQUEST', endpointAtFault: false });
    expect(seen() - before).toBe(1);
  }
  expect(client.snapshot().endpoints.map(({ state }) => state)).toEqual(['healthy', 'healthy', 'healthy']);
});

test('a fleet that finds every request bad is not suspected of anything, and one that others contradict is set aside', async () => {
  const bad = await Promise.all(
    [1, 2].map(() => modelServer((_, response) => json(response, 400, { error: { message: 'no' } }))),
  );
  const agreeing = clientFor({ endpoints: bad.map(({ url }) => url), policy: 'round-robin' });
  for (let call = 0; call < 20; call++)
    await expect(agreeing.complete({ input: 'x' })).rejects.toMatchObject({ code: 'ASSAY_BAD_REQUEST' });
  expect(bad.map(({ requests }) => requests.length)).toEqual([10, 10]);

  const good = await modelServer();
  const client = clientFor({ endpoints: [bad[0]!.url, good.url], policy: 'round-robin' });
  let lost = 0;
  for (let call = 0; call < 40; call++) await client.complete({ input: 'x' }).catch(() => lost++);
  expect(lost).toBe(2);
  expect(client.snapshot().endpoints[0]?.state).not.toBe('healthy');
});

describe.each(POLICIES)('answers without a word, under %s,', (policy) => {
  test('are answers where all give them: asked once, and the fast server gets more', () => {
    const hollow = replyOf('', 'length');
    const fleet = [5, 40, 40].map((latencyMs) => ({ reply: hollow, latencyMs }));
    const { lost, attempts } = runFleet(fleet, { policy, concurrency: 24 });
    expect(lost).toEqual({ hollow: 400 });
    const all = attempts.reduce((sum, each) => sum + each);
    expect(all).toBe(400);
    if (policy !== 'round-robin') expect(attempts[0]! / all).toBeGreaterThan(0.4);
  });

  test('are answers where all give some: nobody draws again until there is a word', () => {
    const some = (request: number): Reply => replyOf(request % 7 < 3 ? '' : 'a', 'length');
    const fleet = [10, 20, 30].map((latencyMs) => ({ reply: some, latencyMs }));
    const { attempts } = runFleet(fleet, { policy, concurrency: 24 });
    expect(attempts.reduce((sum, each) => sum + each)).toBe(400);
  });

  test('are the answer of the only server, and of one whose others are gone', () => {
    const hollow = { reply: replyOf(''), latencyMs: 5 };
    expect(runFleet([hollow], { policy }).lost).toEqual({ hollow: 400 });
    const gone = { reply: said(500), latencyMs: 5 };
    expect(runFleet([hollow, gone], { policy }).lost).toEqual({ hollow: 400 });
  });

  test('are not asked for again where nothing is', () => {
    const well = { reply: replyOf('a'), latencyMs: 30 };
    const fleet = [{ reply: replyOf(''), latencyMs: 1 }, well, well, well];
    const { lost, attempts } = runFleet(fleet, { policy, concurrency: 32, retry: { maxRetries: 0 } });
    expect(attempts.reduce((sum, each) => sum + each)).toBe(400);
    expect(lost['hollow']).toBe(attempts[0]);
    expect(attempts[0]! / 400).toBeLessThanOrEqual(0.27);
  });
});

describe.each(POLICIES)('a server that says nothing, under %s,', (policy) => {
  const well = { reply: replyOf('a'), latencyMs: 15 };
  const timeouts = { deadlineMs: 20_000, firstByteMs: 600_000, attemptMs: 600_000 };

  test.each([4, 32])('does not take all of %i places, and loses no call', (concurrency) => {
    const silent = { reply: 'silent' as const, latencyMs: 1 };
    const { lost, attempts } = runFleet([silent, well, well], { policy, concurrency, timeouts });
    expect(lost).toEqual({});
    expect(attempts[0]).toBeLessThan(30);
  });

  test.each([4, 32])('after it answered takes at most all of %i places for some seconds', (concurrency) => {
    const falling = {
      reply: (request: number) => (request < 60 ? replyOf('a') : ('silent' as const)),
      latencyMs: 1,
    };
    const { lost } = runFleet([falling, well, well], { policy, concurrency, timeouts });
    expect(lost).toEqual({});
  });
});
