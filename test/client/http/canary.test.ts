import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BatchProcessor } from '../../../src/batch/batch-processor.js';
import { MemoryBoundedCache } from '../../../src/cache/memory-bounded-cache.js';
import type { LoadBalancedClientOptions } from '../../../src/client/client-options.js';
import { LoadBalancedClient } from '../../../src/client/load-balanced-client.js';
import type { ModelResponse } from '../../../src/client/model-client.js';
import { createEvaluator } from '../../../src/evaluation/create-evaluator.js';
import { eventLog } from '../../../src/monitor/event-log.js';
import { RealTimeMonitor } from '../../../src/monitor/real-time-monitor.js';
import { MemoryResultStore } from '../../../src/stores/memory-result-store.js';
import { chatReply, clientFor, modelServer, type Answer } from '../model-server.js';

// A key is given in one place, echoed by the server in another, in some encoding; then everything that a host may
// keep or show is searched for pieces of it.

const KEY = 'sk-Zq9/xW4+pB7&nM2"kT=8vRf';
const PLAIN = 'qz-8Hx2mVw7tKd4Rb1'; // where a header or a query could not hold the other
const PIECE = 6;

interface Place {
  readonly secret: string;
  readonly options: (url: string) => Partial<LoadBalancedClientOptions> & { readonly url?: string };
}

const PLACES: Readonly<Record<string, Place>> = {
  'the key': { secret: KEY, options: () => ({ apiKey: KEY }) },
  'a key function': { secret: KEY, options: () => ({ apiKey: () => Promise.resolve(KEY) }) },
  'a bearer header': { secret: KEY, options: () => ({ headers: { Authorization: `Bearer ${KEY}` } }) },
  'a basic password': {
    secret: PLAIN,
    options: () => ({
      headers: { authorization: `Basic ${Buffer.from(`assay:${PLAIN}`).toString('base64')}` },
    }),
  },
  'a header named after a key': { secret: KEY, options: () => ({ headers: { 'x-api-key': KEY } }) },
  'a header of any name': { secret: PLAIN, options: () => ({ headers: { 'x-acme-tenant': PLAIN } }) },
  'a cookie among others': {
    secret: PLAIN,
    options: () => ({ headers: { cookie: `theme=dark; sid=${PLAIN}; lang=en` } }),
  },
  'a URL-encoded cookie': {
    secret: KEY,
    options: () => ({ headers: { cookie: `sid=${encodeURIComponent(KEY)}` } }),
  },
  'the query': { secret: KEY, options: (url) => ({ url: `${url}/v1?key=${encodeURIComponent(KEY)}` }) },
  'a member of the query of any name': { secret: PLAIN, options: (url) => ({ url: `${url}/v1?t=${PLAIN}` }) },
  'the body': { secret: KEY, options: () => ({ parameters: { extraBody: { api_key: KEY } } }) },
};

const ENCODINGS: Readonly<Record<string, (secret: string) => string>> = {
  'as it is': (secret) => secret,
  'URL-encoded': encodeURIComponent,
  'in Base64': (secret) => Buffer.from(secret).toString('base64'),
  'within other Base64': (secret) => Buffer.from(`user:${secret}:x`).toString('base64'),
  'in URL-safe Base64': (secret) => Buffer.from(secret).toString('base64url'),
  'in hexadecimal': (secret) => Buffer.from(secret).toString('hex'),
  'escaped for HTML': (secret) =>
    secret.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;'),
  'percent by percent': (secret) =>
    Buffer.from(secret).toString('hex').replaceAll(/../g, '%$&').toUpperCase(),
  'in capitals': (secret) => secret.toUpperCase(),
  'in small letters': (secret) => secret.toLowerCase(),
  'every character escaped': escapes,
  'cut off': (secret) => secret.slice(0, 14),
  'cut off, in Base64': (secret) => Buffer.from(secret.slice(0, 15)).toString('base64'),
  'cut off, percent by percent': (secret) =>
    Buffer.from(secret.slice(0, 13)).toString('hex').replaceAll(/../g, '%$&'),
};

function escapes(text: string): string {
  return text.replaceAll(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const withAnswer = (change: (body: Record<string, unknown>) => void): string => {
  const body = chatReply('fine');
  change(body);
  return JSON.stringify(body);
};

const send =
  (status: number, body: string, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
  };

const stream = (...chunks: readonly string[]): Answer =>
  send(200, chunks.join(''), { 'content-type': 'text/event-stream' });

const delta = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
const STREAM_END = `data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`;

const pieces = (text: string): string[] => text.match(/.{1,5}/gs) ?? [];

const ECHOES: Readonly<Record<string, (text: string) => Answer>> = {
  'a refusal': (text) => send(401, JSON.stringify({ error: { message: `Incorrect API key: ${text}.` } })),
  'an error in plain text': (text) => send(500, `proxy: bad credentials ${text}`),
  'a page of HTML': (text) => send(502, `<html><body>upstream?key=${text}</body></html>`),
  'the code of an error': (text) =>
    send(400, JSON.stringify({ error: { message: '', code: text, type: text } })),
  'an error in a reply': (text) => send(200, JSON.stringify({ error: { message: `no ${text}` } })),
  'a reply that is no JSON': (text) => send(200, `{"model": ${text}`),
  'a reply that begins with it': (text) => send(200, text),
  'the model': (text) =>
    send(
      200,
      withAnswer((body) => (body['model'] = text)),
    ),
  'the id': (text) =>
    send(
      200,
      withAnswer((body) => (body['id'] = text)),
    ),
  'a request id': (text) => send(200, JSON.stringify(chatReply('x')), { 'x-request-id': text }),
  'the request id of a refusal': (text) => send(400, '{}', { 'x-request-id': text }),
  'an encoding': (text) => send(200, 'x', { 'content-encoding': text }),
  'the answer': (text) => send(200, JSON.stringify(chatReply(`My key is ${text}, as you asked.`))),
  'the answer, escaped': (text) => send(200, JSON.stringify(chatReply('@@')).replace('@@', escapes(text))),
  'the name of a member': (text) =>
    send(
      200,
      withAnswer((body) => (body[text] = 1)),
    ),
  'a tool call': (text) =>
    send(
      200,
      withAnswer((body) => {
        const call = { id: '1', function: { name: 'f', arguments: JSON.stringify({ key: text }) } };
        body['choices'] = [{ message: { content: null, tool_calls: [call] }, finish_reason: 'tool_calls' }];
      }),
    ),
  'log probabilities': (text) =>
    send(
      200,
      withAnswer((body) => {
        const content = pieces(text).map((token) => ({ token, logprob: -1, bytes: [...Buffer.from(token)] }));
        body['choices'] = [{ message: { content: text }, finish_reason: 'stop', logprobs: { content } }];
      }),
    ),
  'the reasoning': (text) =>
    send(
      200,
      withAnswer((body) => {
        const message = { content: 'x', reasoning_content: text };
        body['choices'] = [{ message, finish_reason: 'stop' }];
      }),
    ),
  'reasoning within a streamed answer': (text) =>
    stream(...pieces(`<think>${text}</think>fine`).map(delta), STREAM_END),
  'streamed reasoning in pieces': (text) =>
    stream(
      ...pieces(text).map(
        (reasoning) =>
          `data: ${JSON.stringify({ choices: [{ delta: { reasoning_content: reasoning } }] })}\n\n`,
      ),
      delta('x'),
      STREAM_END,
    ),
  'a streamed tool call in pieces': (text) =>
    stream(
      ...pieces(JSON.stringify({ key: text })).map((piece) => {
        const call = { index: 0, id: 'c', function: { name: 'f', arguments: piece } };
        return `data: ${JSON.stringify({ choices: [{ delta: { tool_calls: [call] } }] })}\n\n`;
      }),
      STREAM_END,
    ),
  'a streamed answer': (text) => stream(delta(`key ${text}!`), STREAM_END),
  'a streamed answer in pieces': (text) => stream(...pieces(`the ${text} end`).map(delta), STREAM_END),
  'a stream that breaks off': (text) => stream(...pieces(`the ${text}`).map(delta)),
  'a broken event': (text) => stream(`data: {"choices": ${text}\n\n`),
  'an error in a stream': (text) => stream(`data: ${JSON.stringify({ error: { message: text } })}\n\n`),
};

function leaked(shown: string, secret: string): string[] {
  const forms = [escapes(secret)];
  for (const [name, encode] of Object.entries(ENCODINGS)) {
    // At the ends there is more of what stands around the secret than of the secret.
    forms.push(name === 'within other Base64' ? encode(secret).slice(8, -5) : encode(secret));
  }
  const unescapedShown = shown.replaceAll('\\"', '"').replaceAll('\\\\', '\\').toLowerCase();
  const found = new Set<string>();
  for (const form of forms) {
    const folded = form.toLowerCase();
    for (let at = 0; at + PIECE <= folded.length; at += 3) {
      const piece = folded.slice(at, at + PIECE);
      // Six digits in a row are to be met in any duration.
      if (/[a-z]/.test(piece) && unescapedShown.includes(piece)) found.add(piece);
    }
  }
  return [...found];
}

/** Everything that is to be seen of one call, however a host looks at it. */
async function everythingShown(place: Place, answer: Answer, streamed: boolean): Promise<string> {
  const server = await modelServer(answer);
  const { url = `${server.url}/v1`, ...options } = place.options(server.url);
  const client = clientFor({
    endpoints: [{ id: 'only', url }],
    retry: { maxRetries: 0 },
    waitForHealthyMs: 0,
    includeRaw: true,
    streamForTiming: streamed,
    parameters: { logprobs: true, ...options.parameters },
    ...options,
  });
  const shown: unknown[] = [];
  client.onAny((event, payload) => shown.push(event, payload));
  const folder = await mkdtemp(join(tmpdir(), 'assaykit-canary-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const log = eventLog(join(folder, 'events.jsonl'), { content: true });
  const monitor = new RealTimeMonitor({ intervalMs: 3_600_000 });
  const store = new MemoryResultStore();
  const cache = new MemoryBoundedCache<string, ModelResponse>({ maxBytes: 1_000_000 });
  const processor = new BatchProcessor({
    target: client,
    cache,
    store,
    evaluator: createEvaluator({
      name: 'e',
      version: '1',
      dimensions: { said: ({ output }) => ({ score: 1, reason: output }) },
    }),
  });
  monitor.watch(processor, client, cache);
  log.watch(processor, client);
  processor.onAny((event, payload) => shown.push(event, payload));
  shown.push(await processor.run([{ id: 'c', input: 'x' }], { runId: 'r' }));
  try {
    for await (const event of client.stream({ input: 'y' })) {
      shown.push(event);
      if (event.type === 'text') expect(event.text).not.toBe('');
    }
    const asked = await client.complete({ input: 'z' });
    shown.push(asked);
  } catch (error) {
    shown.push(error, (error as Error).stack, (error as Error).cause);
  }
  // Pieces of a stream are read one after the other.
  const texts = shown.filter((each) => (each as { type?: string } | null)?.type === 'text');
  shown.push(texts.map((each) => (each as { text: string }).text).join(''));
  for await (const result of store.query({ runId: 'r' })) shown.push(result);
  shown.push(await store.manifest?.('r'), client.snapshot(), client.describe(), client, monitor.prometheus());
  await log.close();
  shown.push(await readFile(join(folder, 'events.jsonl'), 'utf8'));
  monitor.stop();
  await client.close({ timeoutMs: 0 });
  return shown
    .map((each) => inspect(each, { depth: 20, maxStringLength: null, maxArrayLength: null }))
    .join('\n');
}

let combinations = 0;

/** As it is and one more, in turn: `CANARY_ALL` tries all, which takes minutes. */
function encodingsFor(
  place: string,
  echo: string,
): readonly (readonly [string, (secret: string) => string])[] {
  const [plain, ...others] = Object.entries(ENCODINGS);
  if (process.env['CANARY_ALL'] !== undefined) return Object.entries(ENCODINGS);
  const turn = Object.keys(PLACES).indexOf(place) + Object.keys(ECHOES).indexOf(echo);
  return [plain!, others[turn % others.length]!];
}

describe.each(Object.entries(PLACES))('a secret given as %s', (_place, place) => {
  it.each(Object.entries(ECHOES))(
    'shows nowhere when it comes back as %s, in whatever encoding',
    async (echo, make) => {
      for (const [name, encode] of encodingsFor(_place, echo)) {
        const text = encode(place.secret);
        if (echo.includes('request id') && /[^\x20-\x7e]/.test(text)) continue;
        const shown = await everythingShown(
          place,
          make(text),
          echo.includes('stream') || echo.includes('event'),
        );
        expect(shown.length).toBeGreaterThan(500);
        expect({ name, leaked: leaked(shown, place.secret) }).toEqual({ name, leaked: [] });
        combinations++;
      }
    },
  );
});

it('was looked for in more than 400 combinations', () => expect(combinations).toBeGreaterThan(400));

it.each<[string, unknown]>([
  ['a header name', { headers: { [PLAIN]: 'x-api-key' } }],
  ['a header name with a space', { headers: { [`Bearer ${PLAIN}`]: 'authorization' } }],
  ['a price', { prices: { m: { inputPerMillion: PLAIN, outputPerMillion: 1 } } }],
  ['a price of its own', { prices: { m: PLAIN } }],
  ['the name of a priced model', { prices: { [PLAIN]: { inputPerMillion: -1, outputPerMillion: 1 } } }],
  ['a parameter', { parameters: { [PLAIN]: 1 } }],
  ['parameters', { parameters: PLAIN }],
  ['a protocol', { protocol: PLAIN }],
  ['a policy', { policy: PLAIN }],
  ['a retry', { retry: PLAIN }],
  ['an unknown option', { [PLAIN]: true }],
  ['an option of an unknown name', { apikey: PLAIN }],
  ['a URL without scheme', { endpoints: [PLAIN] }],
  ['credentials in a URL', { endpoints: [`http://user:${PLAIN}@host/v1`] }],
  ['an option of an endpoint', { endpoints: [{ url: 'http://a', weight: PLAIN }] }],
  ['a key that is a list', { apiKey: [PLAIN] }],
  ['a time limit, and a key too', { apiKey: 'short-pw-x', timeouts: 'short-pw-x' }],
])('an error about options shows nothing of a key that was given as %s', (_what, wrong) => {
  let shown = '';
  try {
    const client = new LoadBalancedClient({ endpoints: ['http://a'], ...(wrong as object) });
    void client.close();
  } catch (error) {
    shown = inspect(error, { depth: 9, showHidden: true });
  }
  expect(shown).toMatch(/ASSAY_INVALID_OPTION/);
  expect(leaked(shown, PLAIN)).toEqual([]);
  expect(shown).not.toContain('short-pw-x');
});

it('leaves answers alone that only hold a word which also serves as a key', async () => {
  const server = await modelServer(send(200, JSON.stringify(chatReply('The list is EMPTY, says ollama.'))));
  for (const apiKey of ['EMPTY', 'ollama', 'none', 'list-is-empty-key-1']) {
    const client = clientFor({ endpoints: [server.url], apiKey });
    expect((await client.complete({ input: 'x' })).text).toBe('The list is EMPTY, says ollama.');
  }
});
