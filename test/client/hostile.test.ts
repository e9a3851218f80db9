import { expect, test } from 'vitest';
import { messageOf } from '../../src/errors.js';
import type { LoadBalancedClientOptions } from '../../src/client/client-options.js';
import type { EndpointError } from '../../src/client/endpoint-error.js';
import { Place, WaitingRoom } from '../../src/client/balancing/waiting-room.js';
import { endpointFor } from './balancing/fleet.js';
import { EndpointSelector } from '../../src/client/balancing/endpoint-selector.js';
import type { Ticket } from '../../src/client/balancing/latency-estimate.js';
import { outlierEjectionOptions } from '../../src/client/balancing/outlier-ejection.js';
import type { CallOptions, ModelRequest } from '../../src/client/model-client.js';
import { createPolicy } from '../../src/client/balancing/endpoint-policy.js';
import { Secrets } from '../../src/client/http/secrets.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { chat, chatEvents, clientFor, json, modelServer, rawServer } from './model-server.js';

// What hosts hand in and servers send that no documentation allows. Nothing of it may hang a call or the process.

const failureOf = (call: Promise<unknown>): Promise<EndpointError> =>
  call.then(
    () => Promise.reject(new Error('expected a failure')),
    (error: unknown) => error as EndpointError,
  );

const once: Partial<LoadBalancedClientOptions> = { retry: { maxRetries: 0 }, waitForHealthyMs: 0 };

test.each<[string, unknown, unknown, RegExp]>([
  ['no request', undefined, undefined, /`input`.*undefined/],
  ['an input that is a number', { input: 5 }, undefined, /`input`.*string or a list of messages.*5/],
  ['a list of messages with a hole', { input: [null] }, undefined, /`input`/],
  ['a time limit that is no number', { input: 'x' }, { timeoutMs: Number.NaN }, /`timeoutMs`.*NaN/],
  ['a negative time limit', { input: 'x' }, { timeoutMs: -1 }, /`timeoutMs`.*-1/],
  ['a signal that is none', { input: 'x' }, { signal: {} }, /`signal`.*AbortSignal/],
  ['options that are null', { input: 'x' }, null, /`options`.*an object.*null/],
  ['parameters that are null', { input: 'x', parameters: null }, undefined, /`parameters`.*an object.*null/],
  ['parameters that are a word', { input: 'x', parameters: 'hot' }, undefined, /`parameters`.*"hot"/],
])('refuses a call with %s, and holds nothing of it', async (_what, request, options, message) => {
  const client = clientFor({ endpoints: [(await modelServer()).url] });
  const asked = [request as ModelRequest, options as CallOptions] as const;
  const expected = { code: 'ASSAY_INVALID_OPTION', message: expect.stringMatching(message) as unknown };
  expect(await failureOf(client.complete(...asked))).toMatchObject(expected);
  const reader = client.stream(...asked)[Symbol.asyncIterator]();
  expect(await failureOf(reader.next())).toMatchObject(expected);
  await client.close({ timeoutMs: 3_600_000 }); // waits for calls in flight: there are none
});

test.each<[string, () => never]>([
  ['throws', () => expect.fail('policy down')],
  ['picks nobody', () => undefined as never],
  ['picks a stranger', () => ({ index: 7 }) as never],
])('ends a call with a typed error when the policy %s', async (_what, pick) => {
  const client = clientFor({ endpoints: [(await modelServer()).url], policy: { name: 'own', pick } });
  const error = await failureOf(client.complete({ input: 'x' }));
  expect(error).toMatchObject({
    code: 'ASSAY_INVALID_OPTION',
    message: expect.stringMatching(/policy|own/) as unknown,
  });
});

test('a price function that throws, or knows no number, costs the price and not the answer', async () => {
  const { url } = await modelServer();
  const prices: NonNullable<LoadBalancedClientOptions['prices']>[] = [
    () => expect.fail('price list down'),
    () => ({ inputPerMillion: Number.NaN, outputPerMillion: 1 }),
    () => ({ inputPerMillion: Symbol('free') as unknown as number, outputPerMillion: 1 }),
    () => {
      const { proxy, revoke } = Proxy.revocable({ inputPerMillion: 1, outputPerMillion: 1 }, {});
      revoke();
      return proxy;
    },
  ];
  for (const each of prices) {
    const client = clientFor({ endpoints: [url], prices: each });
    expect(await client.complete({ input: 'x' })).toMatchObject({ text: 'ok', cost: null });
  }
});

test('a policy that takes turns does so for calls that waited, too', async () => {
  const servers = [await modelServer(), await modelServer()];
  const endpoints = servers.map((each) => each.url);
  const client = clientFor({ endpoints, policy: 'round-robin', concurrency: 1 });
  await Promise.all(Array.from({ length: 10 }, () => client.complete({ input: 'x' })));
  expect(servers.map((each) => each.requests.length)).toEqual([5, 5]);
});

test('calls that wait send nothing when the signal of all of them is aborted', async () => {
  const server = await modelServer(() => {});
  const client = clientFor({ endpoints: [server.url], concurrency: 2 });
  const attempts: number[] = [];
  client.on('attempt:start', ({ callId }) => attempts.push(callId));
  const parent = new AbortController();
  const calls = Array.from({ length: 20 }, () => client.complete({ input: 'x' }, { signal: parent.signal }));
  parent.abort();
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.every((each) => each.status === 'rejected')).toBe(true);
  expect(attempts).toEqual([1, 2]);
});

test('an error tells the attempt that the deadline cut short', async () => {
  const server = await modelServer(() => {});
  const client = clientFor({ endpoints: [{ id: 'a', url: server.url }] });
  const error = await failureOf(client.complete({ input: 'x' }, { timeoutMs: 30 }));
  expect(error.attempts).toEqual([
    { endpoint: 'a', code: 'ASSAY_DEADLINE', status: null, durationMs: expect.any(Number) as unknown },
  ]);
});

test.each([500, 401])('reads no more of a %i with an endless body than it needs', async (status) => {
  const bad = await modelServer((_request, response) => json(response, status, 'x'.repeat(9_000_000)));
  const client = clientFor({ endpoints: [bad.url], ...once });
  const error = await failureOf(client.complete({ input: 'x' }));
  expect(error).toMatchObject({ code: status === 500 ? 'ASSAY_SERVER' : 'ASSAY_AUTHENTICATION', status });
  expect(error.message).toMatch(/x{100}/);
  expect(error.message.length).toBeLessThan(400);
});

test('asks another endpoint when one babbles without end, and ejects nobody for it', async () => {
  const bad = await modelServer((_request, response) => chat(response, 'x'.repeat(2000)));
  const good = await modelServer();
  const client = clientFor({ endpoints: [bad.url, good.url], maxResponseBytes: 1000, policy: 'round-robin' });
  for (let call = 0; call < 12; call++) {
    expect((await client.complete({ input: 'x' })).endpoint).toBe(good.url);
  }
  expect(client.snapshot().endpoints.map((each) => each.state)).toEqual(['healthy', 'healthy']);
  expect(bad.requests.length).toBeGreaterThan(1);
});

test.each(['constructor', '__proto__', 'toString'])('%s is a word like any other', async (word) => {
  const body = { choices: [{ message: { content: 't' }, finish_reason: word }] };
  const server = await modelServer((request, response) =>
    json(response, 200, body, request.body['seed'] === 1 ? { 'content-encoding': word } : {}),
  );
  const client = clientFor({ endpoints: [server.url], ...once });
  expect((await client.complete({ input: 'x' })).finishReason).toBe('other');
  // an encoding that nobody knows, of a body that is plain
  expect((await client.complete({ input: 'x', parameters: { seed: 1 } })).text).toBe('t');
});

test.each([
  ['no HTTP', 'hello\r\n\r\n'],
  ['a bad chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n'],
])('calls a reply that is %s malformed', async (_what, bytes) => {
  const server = await rawServer((socket) => socket.write(bytes));
  const client = clientFor({ endpoints: [server.url], ...once });
  expect((await failureOf(client.complete({ input: 'x' }))).code).toBe('ASSAY_MALFORMED_RESPONSE');
});

test('takes messages without content, as a tool call has, also where tokens are counted', async () => {
  const server = await modelServer();
  const client = clientFor({ endpoints: [{ url: server.url, rateLimit: { tokensPerMinute: 60_000 } }] });
  const input = [
    { role: 'user', content: 'weather?' },
    { role: 'assistant', content: null, tool_calls: [{ id: '1' }] },
  ] as unknown as ModelRequest['input'];
  expect((await client.complete({ input })).text).toBe('ok');
  expect(server.requests[0]?.body['messages']).toEqual(input);
});

test('gives every reader of a stream its piece when several ask at once', async () => {
  const server = await modelServer((_request, response) => response.end(chatEvents(['a', 'b'])));
  const client = clientFor({ endpoints: [server.url] });
  const reader = client.stream({ input: 'x' })[Symbol.asyncIterator]();
  const results = await Promise.all([reader.next(), reader.next(), reader.next(), reader.next()]);
  expect(results.map(({ done, value }) => (done === true ? 'done' : value.type))).toEqual([
    'text',
    'text',
    'end',
    'done',
  ]);
});

test('takes [DONE] for the end of an answer without a finish reason only where a server never gives one', async () => {
  const events = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n';
  const server = await modelServer((_request, response) => response.end(events));
  const client = clientFor({ endpoints: [server.url], streamForTiming: true, ...once });
  for (let call = 0; call < 2; call++) {
    expect(await failureOf(client.complete({ input: 'x' }))).toMatchObject({
      code: 'ASSAY_INCOMPLETE_RESPONSE',
      retryable: true,
      endpointAtFault: false,
    });
  }
  expect(await client.complete({ input: 'x' })).toMatchObject({ text: 'a', finishReason: 'other' });
});

test('one call alone teaches nothing: a server that breaks off one answer is asked for it until the tries are over', async () => {
  const events = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n';
  const server = await modelServer((_request, response) => response.end(events));
  const client = clientFor({
    endpoints: [server.url],
    streamForTiming: true,
    retry: { initialBackoffMs: 1 },
  });
  expect((await failureOf(client.complete({ input: 'x' }))).code).toBe('ASSAY_INCOMPLETE_RESPONSE');
  expect(server.requests).toHaveLength(4);
});

test('does not blame a server for a reader that is slow', async () => {
  const events = chatEvents(Array.from({ length: 2000 }, () => 'y'.repeat(4000)));
  const server = await modelServer((_request, response) => response.end(events));
  const client = clientFor({ endpoints: [server.url], timeouts: { idleMs: 400 }, maxResponseBytes: 1e9 });
  let pieces = 0;
  for await (const event of client.stream({ input: 'x' })) {
    if (event.type === 'text') pieces++;
    if (pieces === 3) await new Promise((resolve) => setTimeout(resolve, 900));
  }
  expect(pieces).toBe(2000);
});

test('tells what a failed stream of responses was', async () => {
  const failed = { type: 'rate_limit_error', code: 'rate_limit_exceeded', message: 'slow down' };
  const streams = [
    { type: 'response.failed', response: { error: failed } },
    { ...failed, type: 'error' },
  ];
  for (const event of streams) {
    const server = await modelServer((_request, response) =>
      response.end(`data: ${JSON.stringify(event)}\n\n`),
    );
    const client = clientFor({
      endpoints: [server.url],
      protocol: 'openai-responses',
      streamForTiming: true,
      ...once,
    });
    const error = await failureOf(client.complete({ input: 'x' }));
    expect(error).toMatchObject({
      code: 'ASSAY_RATE_LIMITED',
      message: expect.stringMatching(/slow down/) as unknown,
    });
  }
});

test.each([
  '`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000',
  'the request exceeds the available context size',
  'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
])('knows a prompt that is too long: %s', async (message) => {
  const server = await modelServer((_request, response) => json(response, 400, { error: { message } }));
  const client = clientFor({ endpoints: [server.url] });
  expect((await failureOf(client.complete({ input: 'x' }))).code).toBe('ASSAY_CONTEXT_LENGTH');
});

test('one probe at a time reaches an endpoint whose ejection ended while calls waited for its pause', async () => {
  const clock = new ManualClock();
  const ejection = outlierEjectionOptions({ consecutiveFailures: 1, baseEjectionMs: 1000 });
  const endpoint = endpointFor({ ejection });
  const selector = new EndpointSelector({
    endpoints: [endpoint],
    policy: createPolicy('latency-aware'),
    random: () => 0.5,
    concurrency: Number.POSITIVE_INFINITY,
  });
  const room = new WaitingRoom({ selector, clock, verify: true });
  endpoint.failed(endpoint.started(1, 0, 0), { outcome: 'failed' }, 0);
  endpoint.limit.overloaded(5000, 0);
  await clock.advance(2000); // ejection over, pause not
  const tickets: Ticket[] = [];
  const admitted = (): void => {
    selector.attemptStarted(endpoint);
    tickets.push(endpoint.started(1, 0, clock.now()));
  };
  for (let call = 0; call < 5; call++) {
    const waiter = {
      id: call,
      work: 1,
      tokens: 0,
      tried: [],
      barred: [],
      returns: false,
      admitted,
      rerouted: () => {},
    };
    const choice = selector.choose(waiter, clock.now());
    expect(choice.kind).toBe('queue');
    room.enter(new Place(waiter), choice, clock.now());
  }
  await clock.advance(5000);
  expect(tickets.map((ticket) => ticket.probe)).toEqual([true]);
  selector.attemptEnded();
  endpoint.succeeded(tickets[0]!, { work: 1, tokens: 0 }, clock.now());
  room.serve(clock.now());
  expect(tickets).toHaveLength(5);
});

test('hides what a server may quote: keys in headers and query, whole and in part, however often keys change', () => {
  const secrets = new Secrets('/v1/chat?api-key=query%2Fsecret&api-version=2024');
  secrets.addHeader('authorization', 'Bearer header-secret');
  secrets.addHeader('x-title', 'evaluation');
  for (let key = 0; key < 20; key++) secrets.addKey(`key-number-${key}`);
  secrets.addKey('key-number-19-and-more');
  const quoted =
    'no header-secret (Bearer header-secret) at /v1/chat?api-key=query%2Fsecret&api-version=2024 query/secret ' +
    'key-number-19 key-number-19-and-more evaluation';
  expect(secrets.hide(quoted)).toBe(
    'no [redacted] (Bearer [redacted]) at /v1/chat?api-key=[redacted]&api-version=2024 [redacted] [redacted] [redacted] evaluation',
  );
});

test("the host's own authorization header wins over a key, also over one that a function gives", async () => {
  const server = await modelServer();
  for (const apiKey of ['fixed', () => 'of the moment']) {
    const client = clientFor({ endpoints: [server.url], apiKey, headers: { Authorization: 'Bearer mine' } });
    await client.complete({ input: 'x' });
  }
  expect(server.requests.map((each) => each.headers.authorization)).toEqual(['Bearer mine', 'Bearer mine']);
});

test('names the key function that gives no key in time', async () => {
  const { url } = await modelServer();
  const apiKey = (): Promise<string> => new Promise(() => {});
  const client = clientFor({ endpoints: [url], apiKey, timeouts: { connectMs: 10 }, ...once });
  expect(await failureOf(client.complete({ input: 'x' }))).toMatchObject({
    code: 'ASSAY_CONNECT_TIMEOUT',
    message: `${url}: no key was given in time`,
  });
});

test('tells what became of each address of a host that has several', () => {
  const error = new AggregateError([new Error('connect ECONNREFUSED ::1:80'), new Error('no route')]);
  expect(messageOf(error)).toBe('connect ECONNREFUSED ::1:80; no route');
  expect(messageOf(new AggregateError([]))).toBe('AggregateError');
});
