import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { EndpointError } from '../../src/client/endpoint-error.js';
import { chat, chatReply, clientFor, deadUrl, json, modelServer, rawServer } from './model-server.js';

const failureOf = (call: Promise<unknown>): Promise<EndpointError> =>
  call.then(
    () => Promise.reject(new Error('expected a failure')),
    (error: unknown) => error as EndpointError,
  );

const openaiError = (message: string, type = 'x', code: unknown = null) => ({
  error: { message, type, code },
});

test.each([
  [400, openaiError('bad'), 'ASSAY_BAD_REQUEST', false],
  [400, openaiError("This model's maximum context length is 8192 tokens"), 'ASSAY_CONTEXT_LENGTH', false],
  [400, openaiError('x', 'invalid_request_error', 'context_length_exceeded'), 'ASSAY_CONTEXT_LENGTH', false],
  [
    400,
    openaiError('filtered by the content management policy', 'x', 'content_filter'),
    'ASSAY_CONTENT_FILTER',
    false,
  ],
  [401, openaiError('Incorrect API key'), 'ASSAY_AUTHENTICATION', false],
  [402, openaiError('pay'), 'ASSAY_QUOTA_EXCEEDED', false],
  [403, openaiError('no'), 'ASSAY_AUTHENTICATION', false],
  [422, { detail: [{ loc: ['body'], msg: 'field required' }] }, 'ASSAY_BAD_REQUEST', false],
  [
    429,
    openaiError('You exceeded your current quota', 'insufficient_quota', 'insufficient_quota'),
    'ASSAY_QUOTA_EXCEEDED',
    false,
  ],
  [
    429,
    {
      type: 'error',
      error: {
        type: 'rate_limit_error',
        message: 'You have reached your specified API usage limit (spend limit)',
      },
    },
    'ASSAY_QUOTA_EXCEEDED',
    false,
  ],
])('tries status %i with %j exactly once', async (status, body, code, retryable) => {
  const server = await modelServer((_request, response) =>
    json(response, status, body, { 'x-request-id': 'r-1' }),
  );
  const client = clientFor({ endpoints: [{ id: 'a', url: server.url }] });
  const error = await failureOf(client.complete({ input: 'x' }));
  expect(error).toMatchObject({
    code,
    retryable,
    status,
    endpoint: 'a',
    requestId: 'r-1',
    endpointAtFault: false,
  });
  expect(error.attempts).toHaveLength(1);
  expect(server.requests).toHaveLength(1);
  expect(client.snapshot().endpoints[0]?.state).toBe('healthy');
});

test.each([
  [500, 'ASSAY_SERVER'],
  [502, 'ASSAY_SERVER'],
  [408, 'ASSAY_SERVER'],
  [409, 'ASSAY_SERVER'],
])('tries status %i again', async (status, code) => {
  const server = await modelServer((_request, response) => json(response, status, openaiError('boo')));
  const client = clientFor({
    endpoints: [server.url],
    retry: { maxRetries: 2, initialBackoffMs: 1 },
    waitForHealthyMs: 0,
  });
  const error = await failureOf(client.complete({ input: 'x' }));
  expect(error).toMatchObject({ status, retryable: true });
  expect([code, 'ASSAY_NO_ENDPOINT']).toContain(error.code);
  expect(server.requests.length).toBeGreaterThanOrEqual(3);
});

test.each([
  [
    'OpenAI, which advertises its billing page',
    openaiError(
      'Rate limit reached on requests per min (RPM): Limit 3. Please try again in 20s. You can increase your rate ' +
        'limit by adding a payment method at https://platform.openai.com/account/billing.',
      'requests',
      'rate_limit_exceeded',
    ),
  ],
  [
    'Gemini, which calls it a quota and sends a list',
    [
      {
        error: {
          code: 429,
          message:
            'You exceeded your current quota, please check your plan and billing details.\nPlease retry in 36.9s.',
          status: 'RESOURCE_EXHAUSTED',
        },
      },
    ],
  ],
])('takes the limit of a minute for what it is: %s', async (_vendor, body) => {
  const server = await modelServer((_request, response) => json(response, 429, body));
  const client = clientFor({ endpoints: [server.url], retry: { maxRetries: 0 } });
  expect(await failureOf(client.complete({ input: 'x' }))).toMatchObject({
    code: 'ASSAY_RATE_LIMITED',
    retryable: true,
    message: expect.stringMatching(/in \d+/) as unknown,
  });
});

test.each([
  [[{ error: { message: 'from a list', status: 'INVALID_ARGUMENT' } }], 'from a list'],
  [{ success: false, errors: [{ code: 7003, message: 'from several' }] }, 'from several'],
  [{ errors: [] }, 'status 400'],
  [[], 'status 400'],
])('says what a vendor said in %j', async (body, message) => {
  const server = await modelServer((_request, response) => json(response, 400, body));
  const client = clientFor({ endpoints: [server.url] });
  const error = await failureOf(client.complete({ input: 'x' }));
  expect([error.code, error.message]).toEqual([
    'ASSAY_BAD_REQUEST',
    expect.stringMatching(new RegExp(`${message}$`)),
  ]);
});

test.each([503, 529])('pauses an endpoint that answers %i and does not blame it', async (status) => {
  const server = await modelServer((_request, response, index) =>
    index === 0
      ? json(response, status, openaiError('overloaded'), { 'retry-after-ms': '20' })
      : chat(response, 'ok'),
  );
  const client = clientFor({ endpoints: [server.url] });
  expect(await client.complete({ input: 'x' })).toMatchObject({ text: 'ok', attempts: 2 });
  expect(client.snapshot().endpoints[0]).toMatchObject({ consecutiveFailures: 0, counts: { overloaded: 1 } });
});

test.each([
  [404, 'ASSAY_NOT_FOUND', false],
  [503, 'ASSAY_OVERLOADED', true],
  [529, 'ASSAY_OVERLOADED', true],
])('calls status %i by its own code', async (status, code, retryable) => {
  const server = await modelServer((_request, response) => json(response, status, openaiError('no')));
  const client = clientFor({ endpoints: [server.url], retry: { maxRetries: 0 } });
  expect(await failureOf(client.complete({ input: 'x' }))).toMatchObject({ code, status, retryable });
});

test('obeys x-should-retry', async () => {
  const server = await modelServer((_request, response) =>
    json(response, 500, openaiError('no'), { 'x-should-retry': 'false' }),
  );
  const client = clientFor({ endpoints: [server.url] });
  expect(await failureOf(client.complete({ input: 'x' }))).toMatchObject({
    code: 'ASSAY_SERVER',
    retryable: false,
  });
  expect(server.requests).toHaveLength(1);
});

test('x-should-retry: false speaks for its own server only', async () => {
  const broken = await modelServer((_request, response) =>
    json(response, 500, openaiError('no'), { 'x-should-retry': 'false' }),
  );
  const client = clientFor({ endpoints: [broken.url, (await modelServer()).url], policy: 'round-robin' });
  expect(await client.complete({ input: 'x' })).toMatchObject({ text: 'ok', attempts: 2 });
});

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

test.each<[string, (socket: import('node:net').Socket) => void, string]>([
  ['a reset before any byte', (socket) => socket.resetAndDestroy(), 'ASSAY_CONNECT'],
  [
    'half a body',
    (socket) => socket.end(`${HEAD}content-length: 100\r\n\r\n{"cho`),
    'ASSAY_MALFORMED_RESPONSE,ASSAY_CONNECT',
  ],
  [
    'half a chunked body',
    (socket) => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\n5\r\n{"cho\r\n`),
    'ASSAY_MALFORMED_RESPONSE,ASSAY_CONNECT',
  ],
  [
    'huge headers',
    (socket) => socket.end(`${HEAD}x-big: ${'a'.repeat(100_000)}\r\n\r\n`),
    'ASSAY_MALFORMED_RESPONSE',
  ],
  [
    'something that is not HTTP',
    (socket) => socket.end('SSH-2.0-OpenSSH\r\n\r\n'),
    'ASSAY_MALFORMED_RESPONSE,ASSAY_CONNECT',
  ],
  [
    'invalid JSON',
    (socket) => socket.write(`${HEAD}content-length: 5\r\n\r\n{"a":`),
    'ASSAY_MALFORMED_RESPONSE',
  ],
  [
    'an empty reply',
    (socket) => socket.write(`${HEAD}content-length: 0\r\n\r\n`),
    'ASSAY_MALFORMED_RESPONSE',
  ],
  [
    'JSON without choices',
    (socket) => socket.write(`${HEAD}content-length: 2\r\n\r\n{}`),
    'ASSAY_MALFORMED_RESPONSE',
  ],
  [
    'an unknown encoding',
    (socket) => socket.write(`${HEAD}content-encoding: zstd9\r\ncontent-length: 2\r\n\r\n{}`),
    'ASSAY_MALFORMED_RESPONSE',
  ],
  [
    'invalid UTF-8',
    (socket) =>
      socket.write(
        Buffer.concat([
          Buffer.from(`${HEAD}content-length: 4\r\n\r\n"`),
          Buffer.from([0xff, 0xfe]),
          Buffer.from('"'),
        ]),
      ),
    'ASSAY_MALFORMED_RESPONSE',
  ],
])('turns %s into a typed error, or answers from another endpoint', async (_name, misbehave, codes) => {
  const bad = await rawServer(misbehave);
  const alone = clientFor({ endpoints: [{ id: 'bad', url: bad.url }], retry: { maxRetries: 0 } });
  const error = await failureOf(alone.complete({ input: 'x' }));
  expect(codes.split(',')).toContain(error.code);
  expect(error).toMatchObject({ endpointAtFault: true, retryable: true, endpoint: 'bad' });

  const good = await modelServer();
  const fleet = clientFor({ endpoints: [bad.url, good.url], policy: 'round-robin' });
  const replies = await Promise.all(Array.from({ length: 12 }, () => fleet.complete({ input: 'x' })));
  expect(replies.every((each) => each.text === 'ok' && each.endpoint === good.url)).toBe(true);
});

test('refuses a reply that is too large without keeping it', async () => {
  const server = await modelServer((_request, response) => {
    response.writeHead(200);
    response.on('error', () => {});
    for (let written = 0; written < 10; written++) response.write(Buffer.alloc(1_000_000, 0x20));
    response.end();
  });
  const client = clientFor({ endpoints: [server.url], maxResponseBytes: 2_000_000 });
  expect(await failureOf(client.complete({ input: 'x' }))).toMatchObject({
    code: 'ASSAY_RESPONSE_TOO_LARGE',
    retryable: false,
  });
});

test('stops a gzip bomb at the limit of decoded bytes', async () => {
  const bomb = gzipSync(Buffer.alloc(40_000_000, 0x20), { level: 1 });
  const server = await modelServer((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(bomb);
  });
  const client = clientFor({ endpoints: [server.url] });
  const before = process.memoryUsage().rss;
  expect(await failureOf(client.complete({ input: 'x' }))).toMatchObject({
    code: 'ASSAY_RESPONSE_TOO_LARGE',
  });
  expect(process.memoryUsage().rss - before).toBeLessThan(32_000_000 + 16_000_000); // and what the test itself takes
});

test.each([
  ['HTTP/1.1 100 Continue\r\n\r\n', /`100 Continue`, which nobody had asked for/],
  ['HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n', /changed the protocol/],
])('says what undici gives up at, and tries again: %j', async (interim, words) => {
  const body = JSON.stringify(chatReply('ok'));
  const server = await rawServer((socket) =>
    socket.write(`${interim}HTTP/1.1 200 x\r\ncontent-length: ${body.length}\r\n\r\n${body}`),
  );
  const client = clientFor({ endpoints: [server.url], retry: { maxRetries: 1, initialBackoffMs: 1 } });
  const error = await failureOf(client.complete({ input: 'x' }));
  expect(error).toMatchObject({ code: 'ASSAY_MALFORMED_RESPONSE', retryable: true, endpointAtFault: true });
  expect(error.message).toMatch(words);
  expect(error.attempts).toHaveLength(2);
});

test.each([102, 103])('passes over an interim reply %i', async (status) => {
  const body = JSON.stringify(chatReply('ok'));
  const server = await rawServer((socket) =>
    socket.write(
      `HTTP/1.1 ${status} x\r\n\r\nHTTP/1.1 200 x\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    ),
  );
  const client = clientFor({ endpoints: [server.url], retry: { maxRetries: 0 } });
  expect((await client.complete({ input: 'x' })).text).toBe('ok');
});

test.each([
  ['gzip', deflateSync(JSON.stringify(chatReply('ok'))), 'ok'],
  ['gzip', Buffer.from(JSON.stringify(chatReply('ok'))), 'ok'],
  ['gzip', brotliCompressSync(JSON.stringify(chatReply('ok'))), 'ASSAY_MALFORMED_RESPONSE'],
  ['gzip', Buffer.from('28b52ffd0458', 'hex'), 'ASSAY_MALFORMED_RESPONSE'],
])('tells a body by its bytes where its content-encoding says %s', async (encoding, body, outcome) => {
  const server = await modelServer((request, response) => {
    response.writeHead(request.body['model'] === 'limited' ? 429 : 200, { 'content-encoding': encoding });
    response.end(body);
  });
  const client = clientFor({ endpoints: [server.url], retry: { maxRetries: 0 } });
  const got = await client.complete({ input: 'x' }).then(
    ({ text }) => text,
    ({ code }: EndpointError) => code,
  );
  expect(got).toBe(outcome);
  const error = await failureOf(client.complete({ input: 'x', model: 'limited' }));
  expect(error.code).toBe('ASSAY_RATE_LIMITED');
  expect(error.message).toMatch(/^[\x20-\x7e]*$/);
});

test('decodes a reply that was compressed although nobody asked for it', async () => {
  const server = await modelServer((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(gzipSync(JSON.stringify({ choices: [{ message: { content: 'zipped' } }] })));
  });
  const client = clientFor({ endpoints: [server.url] });
  expect((await client.complete({ input: 'x' })).text).toBe('zipped');
});

test.each<[string, object, (socket: import('node:net').Socket) => void]>([
  ['ASSAY_FIRST_BYTE_TIMEOUT', { firstByteMs: 60 }, () => {}],
  ['ASSAY_IDLE_TIMEOUT', { idleMs: 60 }, (socket) => socket.write(`${HEAD}content-length: 9\r\n\r\n{`)],
  [
    'ASSAY_ATTEMPT_TIMEOUT',
    { idleMs: 500, attemptMs: 700 },
    (socket) => {
      socket.write(`${HEAD}content-length: 900\r\n\r\n{`);
      const drip = setInterval(() => socket.write(' '), 20); // a slow-loris: never idle, never done
      socket.on('close', () => clearInterval(drip));
    },
  ],
])('ends a hanging attempt with %s and closes its socket', async (code, timeouts, hang) => {
  const server = await rawServer(hang);
  const client = clientFor({ endpoints: [server.url], timeouts, retry: { maxRetries: 0 } });
  expect(await failureOf(client.complete({ input: 'x' }))).toMatchObject({ code, endpointAtFault: true });
  await expect.poll(() => server.closed()).toBeGreaterThan(0);
});

test('refuses redirects and sends neither key nor prompt on', async () => {
  const other = await modelServer();
  const server = await modelServer((_request, response) => {
    response.writeHead(307, { location: `${other.url}/v1/chat/completions` });
    response.end();
  });
  const client = clientFor({
    endpoints: [{ url: server.url, apiKey: 'secret-key', headers: { 'x-api-key': 'other-secret' } }],
  });
  expect(await failureOf(client.complete({ input: 'x' }))).toMatchObject({
    code: 'ASSAY_REDIRECT_REFUSED',
    status: 307,
    retryable: false,
  });
  expect(other.requests).toHaveLength(0);
});

test('reports a server that cannot be reached, and waits for it only as long as allowed', async () => {
  const client = clientFor({
    endpoints: [await deadUrl()],
    waitForHealthyMs: 50,
    retry: { initialBackoffMs: 5, maxBackoffMs: 5 },
  });
  const error = await failureOf(client.complete({ input: 'x' }));
  expect(['ASSAY_CONNECT', 'ASSAY_NO_ENDPOINT']).toContain(error.code);
  expect(error.attempts.length).toBeGreaterThanOrEqual(4);
  const single = clientFor({ endpoints: [await deadUrl()], retry: { maxRetries: 0 } });
  expect(await failureOf(single.complete({ input: 'x' }))).toMatchObject({
    code: 'ASSAY_CONNECT',
    attempts: [{ code: 'ASSAY_CONNECT' }],
  });
});
