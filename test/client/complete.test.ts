import { expect, test } from 'vitest';
import { MockAgent } from 'undici';
import { LoadBalancedClient } from '../../src/client/load-balanced-client.js';
import { endpointAddress } from '../../src/client/http/endpoint-connection.js';
import { openaiChat } from '../../src/client/protocols/openai-chat.js';
import { openaiCompletions } from '../../src/client/protocols/openai-completions.js';
import { AssayError } from '../../src/errors.js';
import { chat, chatReply, clientFor, json, modelServer } from './model-server.js';

test('asks one server and gives text, usage, finish reason, ids and cost', async () => {
  const server = await modelServer((_request, response) =>
    chat(response, 'Paris', { 'x-request-id': 'req_7' }),
  );
  const client = clientFor({
    endpoints: [{ id: 'a', url: server.url, apiKey: 'secret-key' }],
    prices: { 'm-2026': { inputPerMillion: 1_000_000, outputPerMillion: 2_000_000 } },
    includeRaw: true,
  });
  const response = await client.complete({ input: 'Capital of France?', parameters: { maxTokens: 9 } });
  expect(response).toMatchObject({
    text: 'Paris',
    model: 'm-2026',
    finishReason: 'stop',
    usage: { inputTokens: 10, outputTokens: 5 },
    cost: 20,
    endpoint: 'a',
    requestId: 'req_7',
    attempts: 1,
    timeToFirstTokenMs: null,
    raw: chatReply('Paris'),
  });
  expect(response.latencyMs).toBeGreaterThan(0);
  expect(server.requests).toHaveLength(1);
  const [request] = server.requests;
  expect(request?.path).toBe('/v1/chat/completions');
  expect(request?.headers).toMatchObject({
    authorization: 'Bearer secret-key',
    'content-type': 'application/json',
    'accept-encoding': 'identity',
  });
  expect(request?.body).toEqual({
    model: 'm',
    messages: [{ role: 'user', content: 'Capital of France?' }],
    max_tokens: 9,
  });
});

test('merges the parameters of client and call, and lets extra body members win', async () => {
  const server = await modelServer();
  const client = clientFor({
    endpoints: [server.url],
    parameters: { temperature: 0, seed: 1, extraBody: { guided_choice: ['a'], top_k: 1 } },
  });
  await client.complete({
    input: [
      { role: 'system', content: 's' },
      { role: 'user', content: 'u', name: 'n' },
    ],
    model: 'other',
    parameters: {
      seed: 2,
      temperature: undefined,
      topP: 0.5,
      stop: ['x'],
      logprobs: 3,
      extraBody: { top_k: 2, seed: 9 },
    },
    idempotencyKey: 'once',
  });
  expect(server.requests[0]?.headers['idempotency-key']).toBe('once');
  expect(server.requests[0]?.body).toEqual({
    model: 'other',
    messages: [
      { role: 'system', content: 's' },
      { role: 'user', content: 'u', name: 'n' },
    ],
    temperature: 0,
    top_p: 0.5,
    seed: 9,
    stop: ['x'],
    logprobs: true,
    top_logprobs: 3,
    guided_choice: ['a'],
    top_k: 2,
  });
});

test.each([
  ['http://h:1', '/v1/chat/completions', 'http://h:1'],
  ['http://h:1/', '/v1/chat/completions', 'http://h:1'],
  ['http://h:1/v1', '/v1/chat/completions', 'http://h:1/v1'],
  ['http://h:1/v1/', '/v1/chat/completions', 'http://h:1/v1'],
  ['http://h:1/v1/chat/completions', '/v1/chat/completions', 'http://h:1/v1/chat/completions'],
  ['http://h:1/proxy/openai', '/proxy/openai/chat/completions', 'http://h:1/proxy/openai'],
  [
    'https://h/openai/deployments/d?api-version=1',
    '/openai/deployments/d/chat/completions?api-version=1',
    'https://h/openai/deployments/d',
  ],
])('posts to the right path for %s', (url, path, shown) => {
  expect(endpointAddress(url, { owner: 'e', protocol: openaiChat })).toMatchObject({ path, shown });
});

test('does not take a chat URL for a completions URL', () => {
  expect(endpointAddress('http://h/v1', { owner: 'e', protocol: openaiCompletions }).path).toBe(
    '/v1/completions',
  );
});

test.each([
  [{ endpoints: [] }, /endpoints/],
  [{ endpoints: ['ftp://x'] }, /http\(s\)/],
  [{ endpoints: ['nonsense'] }, /not a URL/],
  [{ endpoints: [{ model: 'm' }] }, /`url`.*given/],
  [{ endpoints: ['http://a'], headers: { 'Content-Length': '3' } }, /Content-Length.*left out/],
  [{ endpoints: ['http://a'], parameters: null }, /`parameters`.*null/],
  [{ endpoints: ['http://a', 'http://a'] }, /its own id/],
  [{}, /`endpoints` of LoadBalancedClient to be given/],
  [{ endpoints: ['http://a'], concurency: 3 }, /did you mean `concurrency`/],
  [{ endpoints: ['http://a'], concurrency: 0 }, /`concurrency`.*got 0/],
  [{ endpoints: ['http://a'], policy: 'fastest' }, /policy/],
  [{ endpoints: ['http://a'], retry: { maxRetries: -1 } }, /maxRetries/],
  [{ endpoints: ['http://a'], timeouts: { connect: 1 } }, /connectMs/],
  [{ endpoints: [{ url: 'http://a', rateLimit: { requestsPerMinute: 0 } }] }, /requestsPerMinute/],
  [
    { endpoints: ['http://a'], prices: { m: { inputPerMillion: -1, outputPerMillion: 1 } } },
    /inputPerMillion/,
  ],
])('refuses bad options: %j', (options, message) => {
  const make = (): unknown => new LoadBalancedClient(options as never);
  expect(make).toThrowError(message);
  try {
    make();
  } catch (error) {
    expect(AssayError.is(error) && error.code).toBe('ASSAY_INVALID_OPTION');
  }
});

test('spreads calls over a fleet and never exceeds the concurrency of an endpoint or of the client', async () => {
  let now = 0;
  let peak = 0;
  const server = await modelServer((_request, response) => {
    peak = Math.max(peak, ++now);
    setTimeout(() => {
      now--;
      chat(response, 'ok');
    }, 5);
  });
  const client = clientFor({
    endpoints: [
      { id: 'a', url: `${server.url}/v1`, concurrency: 3 },
      { id: 'b', url: `${server.url}/v1`, concurrency: 3 },
    ],
    concurrency: 5,
  });
  const replies = await Promise.all(Array.from({ length: 60 }, () => client.complete({ input: 'x' })));
  expect(replies).toHaveLength(60);
  expect(new Set(replies.map((each) => each.endpoint))).toEqual(new Set(['a', 'b']));
  expect(peak).toBeLessThanOrEqual(5);
  expect(client.snapshot()).toMatchObject({ inFlight: 0, waiting: 0 });
});

test('uses a lower tier only while no endpoint of the higher one is usable', async () => {
  const server = await modelServer();
  const client = clientFor({
    endpoints: [
      { id: 'spare', url: `${server.url}/v1`, priority: 1 },
      { id: 'main', url: `${server.url}/v1`, priority: 0, concurrency: 1 },
    ],
  });
  const [first, second] = await Promise.all([
    client.complete({ input: 'a' }),
    client.complete({ input: 'b' }),
  ]);
  expect([first?.endpoint, second?.endpoint]).toEqual(['main', 'spare']);
  expect((await client.complete({ input: 'c' })).endpoint).toBe('main');
});

test("uses the host's dispatcher and leaves it open", async () => {
  const agent = new MockAgent();
  agent.disableNetConnect();
  agent
    .get('http://model.test')
    .intercept({ path: '/v1/chat/completions', method: 'POST' })
    .reply(200, chatReply('mocked'), { headers: { 'x-request-id': 'r' } })
    .persist();
  const client = clientFor({ endpoints: ['http://model.test'], dispatcher: agent });
  expect(await client.complete({ input: 'x' })).toMatchObject({ text: 'mocked', requestId: 'r' });
  await client.close();
  expect(agent.pendingInterceptors()).toEqual([]);
  await agent.close();
});

test('describes itself for a manifest without addresses and keys', () => {
  const client = clientFor({
    endpoints: [{ url: 'http://a', apiKey: 'k-secret', model: 'x' }, 'http://b'],
    parameters: { seed: 1 },
  });
  expect(client.describe()).toEqual({
    client: 'LoadBalancedClient',
    models: ['m', 'x'],
    protocols: ['openai-chat'],
    parameters: { seed: 1 },
  });
});

test('reads an error that came with status 200', async () => {
  const server = await modelServer((_request, response) =>
    json(response, 200, { error: { message: 'no such key', type: 'authentication_error' } }),
  );
  const client = clientFor({ endpoints: [server.url] });
  await expect(client.complete({ input: 'x' })).rejects.toMatchObject({ code: 'ASSAY_AUTHENTICATION' });
});
