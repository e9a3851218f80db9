import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { ProtocolName } from '../../src/client/protocols/protocol-names.js';
import { clientFor, rawServer } from './model-server.js';

const HEAD = 'HTTP/1.1 200 x\r\ncontent-type: text/event-stream\r\n';
const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const chat = (content: string, reason: string | null): string =>
  data({ choices: [{ index: 0, delta: { content }, finish_reason: reason }] });

/** The last words of a whole streamed answer `ab`, in each protocol. */
const WHOLE: readonly (readonly [what: string, protocol: ProtocolName, events: string])[] = [
  ['[DONE]', 'openai-chat', `${chat('ab', 'stop')}data: [DONE]\n\n`],
  ['its finish reason', 'openai-chat', chat('ab', 'stop')],
  [
    'its finish reason',
    'openai-completions',
    data({ choices: [{ index: 0, text: 'ab', finish_reason: 'stop' }] }),
  ],
  [
    'response.completed',
    'openai-responses',
    data({ type: 'response.output_text.delta', delta: 'ab' }) +
      data({ type: 'response.completed', response: { status: 'completed', output: [] } }),
  ],
  [
    'message_stop',
    'anthropic-messages',
    data({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'ab' } }) +
      data({ type: 'message_delta', delta: { stop_reason: 'end_turn' } }) +
      data({ type: 'message_stop' }),
  ],
  ['done', 'ollama-chat', '{"message":{"content":"ab"},"done":true,"done_reason":"stop"}\n'],
];

describe.each(WHOLE)('a stream that ends with %s (%s)', (_what, protocol, events) => {
  const ask = (url: string) =>
    clientFor({
      endpoints: [url],
      protocol,
      streamForTiming: true,
      retry: { maxRetries: 0 },
      timeouts: { idleMs: 150 },
    }).complete({ input: 'x' });

  test('is a whole answer although its connection stays open, which is closed then', async () => {
    const server = await rawServer((socket) => socket.write(`${HEAD}\r\n${events}`));
    expect(await ask(server.url)).toMatchObject({ text: 'ab', finishReason: 'stop' });
    await expect.poll(() => server.closed()).toBe(1);
  });

  test('is a whole answer although its connection breaks', async () => {
    const length = Buffer.byteLength(events).toString(16);
    const server = await rawServer((socket) =>
      socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\n${length}\r\n${events}\r\n`),
    );
    expect(await ask(server.url)).toMatchObject({ text: 'ab', finishReason: 'stop' });
  });
});

test('a stream that is packed and cut behind its last word is a whole answer', async () => {
  const events = `${chat('ab'.repeat(500), 'stop')}data: [DONE]\n\n`;
  const packed = gzipSync(events);
  const server = await rawServer((socket) => {
    socket.write(`${HEAD}content-encoding: gzip\r\nconnection: close\r\n\r\n`);
    socket.end(packed.subarray(0, -4)); // the length at its end is missing
  });
  const client = clientFor({ endpoints: [server.url], streamForTiming: true, retry: { maxRetries: 0 } });
  expect((await client.complete({ input: 'x' })).text).toBe('ab'.repeat(500));
});

test('pings behind the last word do not hold an answer up', async () => {
  const server = await rawServer((socket) => {
    socket.write(`${HEAD}\r\n${chat('ab', 'stop')}`);
    const timer = setInterval(() => socket.write(': ping\n\n'), 40);
    socket.on('close', () => clearInterval(timer));
  });
  const client = clientFor({
    endpoints: [server.url],
    streamForTiming: true,
    retry: { maxRetries: 0 },
    timeouts: { idleMs: 150, attemptMs: 3000 },
  });
  expect((await client.complete({ input: 'x' })).text).toBe('ab');
});

test('an Ollama that answers in lines although it was asked not to is understood', async () => {
  const lines = [
    { message: { content: 'a' }, done: false },
    { message: { content: 'b' }, done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 2 },
  ];
  const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const server = await rawServer((socket) => socket.end(`${HEAD}connection: close\r\n\r\n${body}`));
  const client = clientFor({ endpoints: [server.url], protocol: 'ollama-chat', retry: { maxRetries: 0 } });
  expect(await client.complete({ input: 'x' })).toMatchObject({
    text: 'ab',
    usage: { inputTokens: 3, outputTokens: 2 },
  });
});

test('a redirect that is refused says where to, without its query', async () => {
  const server = await rawServer((socket) =>
    socket.end(
      'HTTP/1.1 301 x\r\nlocation: https://models.example/v2/chat?token=abc\r\ncontent-length: 0\r\n\r\n',
    ),
  );
  const client = clientFor({ endpoints: [server.url], retry: { maxRetries: 0 } });
  await expect(client.complete({ input: 'x' })).rejects.toThrow(
    /status 301: redirects to https:\/\/models\.example\/v2\/chat$/,
  );
});

test('a stream that has said its last word is not waited for', async () => {
  const server = await rawServer((socket) =>
    socket.write(`${HEAD}\r\n${chat('ab', 'stop')}data: [DONE]\n\n`),
  );
  const client = clientFor({ endpoints: [server.url], streamForTiming: true, retry: { maxRetries: 0 } });
  const begunAt = performance.now();
  expect((await client.complete({ input: 'x' })).text).toBe('ab');
  expect(performance.now() - begunAt).toBeLessThan(1900);
});

test('usage that comes a second behind the finish reason is not lost', async () => {
  const server = await rawServer((socket) => {
    socket.write(`${HEAD}\r\n${chat('ab', 'stop')}`);
    setTimeout(
      () => socket.write(data({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } })),
      1000,
    );
  });
  const client = clientFor({ endpoints: [server.url], streamForTiming: true, retry: { maxRetries: 0 } });
  expect((await client.complete({ input: 'x' })).usage).toEqual({ inputTokens: 3, outputTokens: 2 });
});
