import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  JsonLines,
  LineSplitter,
  ServerSentEvents,
  type StreamSink,
} from '../../src/client/http/server-sent-events.js';
import type { ModelStreamEvent } from '../../src/client/model-client.js';
import { chat, chatEvents, clientFor, json, modelServer } from './model-server.js';

/** Who notes the data of events, and what does not belong into a stream. */
const noting = (seen: string[]): StreamSink => ({
  data: (data, failed) => void seen.push(failed ? `failed: ${data}` : data),
  stray: (text, failed) => void seen.push(`${failed ? 'failed' : 'stray'}: ${text}`),
});

const cut = (bytes: Buffer, at: readonly number[]): Buffer[] => {
  const places = [...new Set(at.map((each) => each % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...places, bytes.length].map((end, index) => bytes.subarray(places[index - 1] ?? 0, end));
};

test('reads the same events wherever the pieces end, with any line break and any character', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ unit: 'binary', maxLength: 20 }).filter((text) => !/[\r\n]/.test(text)),
        { maxLength: 6 },
      ),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.nat(), { maxLength: 12 }),
      (texts, eol, at) => {
        const clean = texts.map((text) => Buffer.from(text).toString());
        const stream = clean.map((text) => `: ping${eol}event: x${eol}data: ${text}${eol}${eol}`).join('');
        const seen: string[] = [];
        const events = new ServerSentEvents(1 << 20, noting(seen));
        for (const piece of cut(Buffer.from(stream), at)) events.push(piece);
        events.end();
        expect(seen).toEqual(clean);
      },
    ),
  );
});

test('joins the data lines of one event, and reads one JSON value a line', () => {
  const seen: string[] = [];
  const events = new ServerSentEvents(1000, noting(seen));
  events.push(Buffer.from('data:a\ndata: b\n\ndata: c'));
  events.end();
  const lines = new JsonLines(1000, noting(seen));
  lines.push(Buffer.from('{"a":1}\n\n{"b"'));
  lines.push(Buffer.from(':2}'));
  lines.end();
  expect(seen).toEqual(['a\nb', 'c', '{"a":1}', '{"b":2}']);
});

test('refuses bytes that are not UTF-8 and lines without end', () => {
  expect(() => new LineSplitter(100).push(Buffer.from([0xff, 10]), () => {})).toThrow(TypeError);
  expect(() => new LineSplitter(100).push(Buffer.alloc(101), () => {})).toThrow(RangeError);
});

const collect = async (stream: AsyncIterable<ModelStreamEvent>): Promise<ModelStreamEvent[]> => {
  const events: ModelStreamEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
};

test('streams text as it comes, then the whole response with usage and time to the first token', async () => {
  const bytes = Buffer.from(chatEvents(['Gr', 'üße', ' 👋']));
  const server = await modelServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7)); // cuts characters
    response.end();
  });
  const client = clientFor({ endpoints: [server.url] });
  const first: number[] = [];
  client.on('stream:first-token', ({ afterMs }) => first.push(afterMs));
  const events = await collect(client.stream({ input: 'x' }));
  expect(events.filter((each) => each.type === 'text').map((each) => each.text)).toEqual([
    'Gr',
    'üße',
    ' 👋',
  ]);
  const last = events.at(-1);
  expect(last).toMatchObject({
    type: 'end',
    response: {
      text: 'Grüße 👋',
      finishReason: 'stop',
      usage: { inputTokens: 7, outputTokens: 3 },
      model: 'm-2026',
    },
  });
  expect(last?.type === 'end' && last.response.timeToFirstTokenMs).toBeGreaterThan(0);
  expect(first).toHaveLength(1);
  expect(server.requests[0]?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
});

test('tries again before the first token, never after it', async () => {
  const server = await modelServer((_request, response, index) => {
    if (index === 0) return json(response, 500, {});
    response.writeHead(200);
    response.write('data: {"choices":[{"delta":{"content":"half"}}]}\n\n');
    setTimeout(() => response.destroy(), 20);
  });
  const client = clientFor({ endpoints: [server.url], retry: { initialBackoffMs: 1 } });
  const texts: string[] = [];
  const read = async (): Promise<void> => {
    for await (const event of client.stream({ input: 'x' }))
      if (event.type === 'text') texts.push(event.text);
  };
  await expect(read()).rejects.toMatchObject({ endpointAtFault: true });
  expect(texts).toEqual(['half']);
  expect(server.requests).toHaveLength(2);
});

test('complete() can stream underneath, and then retries a stream that broke', async () => {
  const server = await modelServer((_request, response, index) => {
    response.writeHead(200);
    if (index > 0) return void response.end(chatEvents(['a', 'b']));
    response.write('data: {"choices":[{"delta":{"content":"half"}}]}\n\n');
    setTimeout(() => response.destroy(), 5);
  });
  const client = clientFor({
    endpoints: [server.url],
    streamForTiming: true,
    retry: { initialBackoffMs: 1 },
  });
  const response = await client.complete({ input: 'x' });
  expect(response).toMatchObject({ text: 'ab', attempts: 2 });
  expect(response.timeToFirstTokenMs).not.toBeNull();
});

test('takes a stream that ends before the answer does for incomplete, and blames the server', async () => {
  const server = await modelServer((_request, response) => {
    response.writeHead(200);
    response.end('data: {"choices":[{"delta":{"content":"half"}}]}\n\n');
  });
  const client = clientFor({ endpoints: [server.url], streamForTiming: true, retry: { maxRetries: 0 } });
  await expect(client.complete({ input: 'x' })).rejects.toMatchObject({
    code: 'ASSAY_INCOMPLETE_RESPONSE',
    endpointAtFault: true,
  });
});

test('hears what does not belong into a stream: failures without a frame, under a name, behind a comment', () => {
  const seen: string[] = [];
  const events = new ServerSentEvents(1000, noting(seen));
  events.push(
    Buffer.from('event: error\ndata: a\n\nerror: b\n\n: {"c":1}\n\n: keep-alive\nid: 1\nretry: 2\n{"d":1}\n'),
  );
  events.end();
  const lines = new JsonLines(1000, noting(seen));
  lines.push(Buffer.from('error: e\nInternal error\ndata: {"f":1}\n'));
  lines.end();
  expect(seen).toEqual([
    'failed: a',
    'failed: b',
    'stray: {"c":1}',
    'stray: {"d":1}',
    'failed: e',
    'stray: Internal error',
    '{"f":1}',
  ]);
});

test('frees the slot when the reader leaves the loop', async () => {
  const server = await modelServer((request, response) => {
    if (request.body['stream'] !== true) return chat(response, 'next');
    response.writeHead(200);
    response.write('data: {"choices":[{"delta":{"content":"one"}}]}\n\n'); // and never ends
  });
  const client = clientFor({ endpoints: [{ url: server.url, concurrency: 1 }] });
  for await (const event of client.stream({ input: 'x' })) {
    expect(event).toEqual({ type: 'text', text: 'one' });
    break;
  }
  expect(client.snapshot().inFlight).toBe(0);
  expect((await client.complete({ input: 'y' })).text).toBe('next');
});

test('slows a server down whose reader is slow, and loses nothing', async () => {
  const pieces = Array.from({ length: 3000 }, (_, index) => `${index} ${'x'.repeat(200)}`);
  const server = await modelServer((_request, response) => {
    response.writeHead(200);
    response.end(chatEvents(pieces));
  });
  const client = clientFor({ endpoints: [server.url] });
  const seen: string[] = [];
  for await (const event of client.stream({ input: 'x' })) {
    if (event.type === 'text') seen.push(event.text);
    if (seen.length % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(seen).toEqual(pieces);
});

test('tells reasoning in the text apart, also when it comes byte for byte', async () => {
  const answers = ['<think>Rome?</think>Paris', 'Rome?</think>Paris'];
  const server = await modelServer((_request, response) => {
    response.writeHead(200);
    response.end(chatEvents([...answers.shift()!]));
  });
  const client = clientFor({ endpoints: [server.url] });
  const events: ModelStreamEvent[] = [];
  for await (const event of client.stream({ input: 'x' })) events.push(event);
  const textOf = (type: 'text' | 'reasoning'): string =>
    events.flatMap((event) => (event.type === type ? [event.text] : [])).join('');
  expect(textOf('text')).toBe('Paris');
  expect(textOf('reasoning')).toBe('Rome?');
  expect(events.at(-1)).toMatchObject({ type: 'end', response: { text: 'Paris', reasoning: 'Rome?' } });

  let shown = '';
  for await (const event of client.stream({ input: 'x' })) {
    if (event.type === 'text') shown += event.text;
    if (event.type === 'reasoning' && event.retracts) shown = '';
  }
  expect(shown).toBe('Paris');
});
