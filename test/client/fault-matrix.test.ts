import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { ProtocolName } from '../../src/client/protocols/protocol-names.js';
import type { EndpointError } from '../../src/client/endpoint-error.js';
import type { ModelResponse } from '../../src/client/model-client.js';
import { clientFor, rawServer } from './model-server.js';

const PROTOCOLS: readonly ProtocolName[] = [
  'openai-chat',
  'openai-completions',
  'openai-responses',
  'anthropic-messages',
  'ollama-chat',
  'ollama-generate',
];
const FORMS = ['whole', 'streamed'] as const;
type Form = (typeof FORMS)[number];

/** A reply as bytes; without a length the connection's end is its end. */
function bytesOf(status: number, body: Buffer | string, headers: Record<string, string> = {}): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} x\r\nconnection: close\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}

interface Outcome {
  readonly response?: ModelResponse;
  readonly error?: EndpointError;
  readonly requests: number;
}

async function ask(bytes: Buffer, protocol: ProtocolName, form: Form): Promise<Outcome> {
  let requests = 0;
  const server = await rawServer((socket) => {
    requests++;
    socket.end(bytes);
  });
  const client = clientFor({
    endpoints: [{ id: 'a', url: server.url }],
    protocol,
    outlierEjection: false,
    streamForTiming: form === 'streamed',
    retry: { maxRetries: 2, initialBackoffMs: 1, maxBackoffMs: 1 },
  });
  const outcome = await client.complete({ input: 'x' }).then(
    (response) => ({ response }),
    (error: unknown) => ({ error: error as EndpointError }),
  );
  return { ...outcome, requests };
}

// What a status means: code, whether the endpoint is to blame, and how often one endpoint is asked.
const STATUSES: readonly (readonly [status: number, code: string, blamed: boolean, requests: number])[] = [
  [302, 'ASSAY_REDIRECT_REFUSED', true, 1],
  [400, 'ASSAY_BAD_REQUEST', false, 1],
  [401, 'ASSAY_AUTHENTICATION', false, 1],
  [402, 'ASSAY_QUOTA_EXCEEDED', false, 1],
  [403, 'ASSAY_AUTHENTICATION', false, 1],
  [404, 'ASSAY_NOT_FOUND', true, 1],
  [405, 'ASSAY_NOT_FOUND', true, 1],
  [407, 'ASSAY_AUTHENTICATION', false, 1],
  [408, 'ASSAY_SERVER', true, 3],
  [409, 'ASSAY_SERVER', true, 3],
  [410, 'ASSAY_NOT_FOUND', true, 1],
  [413, 'ASSAY_BAD_REQUEST', false, 1],
  [418, 'ASSAY_SERVER', true, 1],
  [421, 'ASSAY_SERVER', true, 3],
  [422, 'ASSAY_BAD_REQUEST', false, 1],
  [423, 'ASSAY_SERVER', true, 3],
  [424, 'ASSAY_SERVER', true, 3],
  [425, 'ASSAY_SERVER', true, 3],
  [429, 'ASSAY_RATE_LIMITED', false, 3],
  [449, 'ASSAY_SERVER', true, 3],
  [451, 'ASSAY_SERVER', true, 1],
  [499, 'ASSAY_SERVER', true, 3],
  [500, 'ASSAY_SERVER', true, 3],
  [502, 'ASSAY_SERVER', true, 3],
  [503, 'ASSAY_OVERLOADED', false, 3],
  [504, 'ASSAY_SERVER', true, 3],
  [529, 'ASSAY_OVERLOADED', false, 3],
];

describe.each(STATUSES)('status %i is %s', (status, code, endpointAtFault, requests) => {
  test.each(PROTOCOLS.flatMap((protocol) => FORMS.map((form) => [protocol, form] as const)))(
    'for %s, %s',
    async (protocol, form) => {
      const body = JSON.stringify({ error: { message: 'the words of the server' } });
      const got = await ask(bytesOf(status, body, { 'retry-after-ms': '5' }), protocol, form);
      expect(got.error).toMatchObject({
        code,
        status,
        endpointAtFault,
        retryable: requests > 1,
        message: expect.stringContaining('the words of the server') as unknown,
      });
      expect(got.error?.attempts).toHaveLength(requests);
      expect(got.requests).toBe(requests);
    },
  );
});

const WORDS = 'seven days are used up';
const WORDINGS: Readonly<Record<string, string>> = {
  'an error member': JSON.stringify({ error: { type: 'rate_limit_error', message: WORDS } }),
  'a list of errors': JSON.stringify({ errors: [{ code: 1, msg: WORDS }] }),
  'a detail': JSON.stringify({ detail: [{ loc: ['body'], msg: WORDS }] }),
  'a fault': JSON.stringify({ fault: { faultstring: WORDS, detail: { errorcode: 'x.y' } } }),
  'a problem': JSON.stringify({ title: WORDS, status: 429 }),
  text: WORDS,
  'a page': `<!doctype html><html><head><title>${WORDS}</title></head><body><h1>${WORDS}</h1></body></html>`,
  XML: `<?xml version="1.0"?><Error><Code>Throttled</Code><Message>${WORDS}</Message></Error>`,
  'JSON that was cut': `{"error":{"message":"${WORDS}","ty`,
};
const PACKED: Readonly<
  Record<string, readonly [encoding: string | undefined, pack: (body: Buffer) => Buffer, readable: boolean]>
> = {
  plain: [undefined, (body) => body, true],
  gzip: ['gzip', (body) => gzipSync(body), true],
  brotli: ['br', (body) => brotliCompressSync(body), true],
  deflate: ['deflate', (body) => deflateSync(body), true],
  'a name only': ['gzip', (body) => body, true],
  'a gzip that was cut': ['gzip', (body) => gzipSync(body).subarray(0, 12), false],
  'an unknown encoding': ['snappy', () => Buffer.from('ff060000734e6150705900', 'hex'), false],
};

describe.each(Object.keys(WORDINGS))('a refusal that says why in %s', (wording) => {
  test.each(Object.keys(PACKED))('packed by %s, keeps its status and its time', async (packing) => {
    const [encoding, pack, readable] = PACKED[packing]!;
    const headers = {
      'retry-after': '9',
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    };
    const server = await rawServer((socket) =>
      socket.end(bytesOf(429, pack(Buffer.from(WORDINGS[wording]!)), headers)),
    );
    const client = clientFor({ endpoints: [server.url], retry: { maxRetries: 0 } });
    const error = await client.complete({ input: 'x' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ASSAY_RATE_LIMITED', retryAfterMs: 9000, endpointAtFault: false });
    if (readable) expect((error as Error).message).toContain(WORDS);
  });
});

const usage = { prompt_tokens: 3, completion_tokens: 2 };
const data = (value: unknown, event = ''): string => `${event}data: ${JSON.stringify(value)}\n\n`;
const line = (value: unknown): string => `${JSON.stringify(value)}\n`;

/** How each protocol writes an answer, whole and in pieces. */
const ANSWERS: Readonly<
  Record<
    ProtocolName,
    {
      whole(reason: string | null): unknown;
      begun: string;
      ended(reason: string | null): string;
      over: string;
    }
  >
> = {
  'openai-chat': {
    whole: (reason) => ({ choices: [{ message: { content: 'ab' }, finish_reason: reason }], usage }),
    begun: data({ choices: [{ delta: { content: 'ab' } }] }),
    ended: (reason) => data({ choices: [{ delta: {}, finish_reason: reason }] }),
    over: 'data: [DONE]\n\n',
  },
  'openai-completions': {
    whole: (reason) => ({ choices: [{ text: 'ab', finish_reason: reason }], usage }),
    begun: data({ choices: [{ text: 'ab' }] }),
    ended: (reason) => data({ choices: [{ text: '', finish_reason: reason }] }),
    over: 'data: [DONE]\n\n',
  },
  'openai-responses': {
    whole: () => ({
      status: 'completed',
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'ab' }] }],
    }),
    begun: data({ type: 'response.output_text.delta', delta: 'ab' }),
    ended: () => data({ type: 'response.completed', response: { status: 'completed', output: [] } }),
    over: '',
  },
  'anthropic-messages': {
    whole: (reason) => ({ content: [{ type: 'text', text: 'ab' }], stop_reason: reason }),
    begun: data({ type: 'content_block_delta', delta: { type: 'text_delta', text: 'ab' } }),
    ended: (reason) =>
      data({ type: 'message_delta', delta: { stop_reason: reason } }) + data({ type: 'message_stop' }),
    over: '',
  },
  'ollama-chat': {
    whole: (reason) => ({ message: { content: 'ab' }, done: true, ...(reason && { done_reason: reason }) }),
    begun: line({ message: { content: 'ab' }, done: false }),
    ended: (reason) => line({ message: { content: '' }, done: true, ...(reason && { done_reason: reason }) }),
    over: '',
  },
  'ollama-generate': {
    whole: (reason) => ({ response: 'ab', done: true, ...(reason && { done_reason: reason }) }),
    begun: line({ response: 'ab', done: false }),
    ended: (reason) => line({ response: '', done: true, ...(reason && { done_reason: reason }) }),
    over: '',
  },
};
const bodyOf = (protocol: ProtocolName, form: Form, reason: string | null = 'stop'): string => {
  const { whole, begun, ended, over } = ANSWERS[protocol];
  return form === 'whole' ? JSON.stringify(whole(reason)) : begun + ended(reason) + over;
};

const ENCODINGS: readonly (readonly [header: string | undefined, pack: (body: Buffer) => Buffer])[] = [
  [undefined, (body) => body],
  ['Identity', (body) => body],
  ['UTF-8', (body) => body],
  ['none', (body) => body],
  ['made-up', (body) => body],
  ['br', (body) => body],
  ['GZIP', (body) => gzipSync(body)],
  ['x-gzip', (body) => gzipSync(body)],
  [undefined, (body) => gzipSync(body)],
  ['identity, gzip', (body) => gzipSync(body)],
  ['gzip, gzip', (body) => gzipSync(gzipSync(body))],
  ['gzip, br', (body) => brotliCompressSync(gzipSync(body))],
  ['deflate', (body) => deflateSync(body)],
  ['deflate', (body) => deflateRawSync(body)],
  ['br', (body) => brotliCompressSync(body)],
];

describe.each(PROTOCOLS.flatMap((protocol) => FORMS.map((form) => [protocol, form] as const)))(
  'an answer in %s, %s',
  (protocol, form) => {
    test.each(ENCODINGS)('is read with content-encoding %s', async (header, pack) => {
      const headers = header === undefined ? {} : { 'content-encoding': header };
      const got = await ask(bytesOf(200, pack(Buffer.from(bodyOf(protocol, form))), headers), protocol, form);
      expect(got).toMatchObject({ response: { text: 'ab', finishReason: 'stop' }, requests: 1 });
    });
  },
);

const failed = { code: 500, message: 'slot 3 ran out of memory', type: 'server_error' };
const TORSOS: Readonly<Record<string, string>> = {
  'an end without a sign': '',
  'an error as a message': data({ error: failed }),
  'an event named error': data(failed, 'event: error\n'),
  'an event named error that is text': 'event: error\ndata: slot 3 ran out of memory\n\n',
  'an error as a line': `error: ${JSON.stringify(failed)}\n\n`,
  'an error without a frame': `${JSON.stringify({ error: failed })}\n\n`,
  'an error behind a comment': `: ${JSON.stringify({ error: failed })}\n\n`,
  'an error as a message with other words': data({ detail: failed.message }),
  'a list of errors': data({ success: false, errors: [failed] }),
  'a message beside its code': data({ code: 500, message: failed.message }),
  'a message beside a status': data({ status: 'error', msg: failed.message }),
  'words without a frame': 'slot 3 ran out of memory\n\n',
};
describe.each(PROTOCOLS)('a streamed answer in %s that breaks off', (protocol) => {
  test.each(Object.keys(TORSOS))('with %s is no answer, and says why', async (torso) => {
    const { begun, over } = ANSWERS[protocol];
    const got = await ask(bytesOf(200, begun + TORSOS[torso]! + over), protocol, 'streamed');
    const told = torso !== 'an end without a sign';
    const reported = told && torso !== 'words without a frame';
    expect(got.error?.code).toBe(reported ? 'ASSAY_SERVER' : 'ASSAY_INCOMPLETE_RESPONSE');
    if (told) expect(got.error?.message).toContain('slot 3 ran out of memory');
    expect(got.requests).toBe(3);
  });
});

const REASONS: readonly (readonly [reason: string, outcome: string])[] = [
  ['STOP', 'stop'],
  ['FINISH_REASON_STOP', 'stop'],
  ['eos', 'stop'],
  ['end_turn', 'stop'],
  ['EndTurn', 'stop'],
  ['FinishReason.STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['MaxTokens', 'length'],
  ['max_tokens_reached', 'length'],
  ['max-output-tokens', 'length'],
  ['SAFETY', 'content-filter'],
  ['RECITATION', 'content-filter'],
  ['PROHIBITED_CONTENT', 'content-filter'],
  ['cancelled', 'ASSAY_SERVER'],
  ['timeout', 'ASSAY_SERVER'],
  ['ERROR', 'ASSAY_SERVER'],
  ['upstream_error', 'ASSAY_SERVER'],
  ['RequestCancelled', 'ASSAY_SERVER'],
];
const WITH_REASONS = PROTOCOLS.filter((protocol) => protocol !== 'openai-responses');
describe.each(WITH_REASONS.flatMap((protocol) => FORMS.map((form) => [protocol, form] as const)))(
  'in %s, %s,',
  (protocol, form) => {
    test.each(REASONS)('the finish reason %s means %s', async (reason, outcome) => {
      const got = await ask(bytesOf(200, bodyOf(protocol, form, reason)), protocol, form);
      expect(got.response?.finishReason ?? got.error?.code).toBe(outcome);
      expect(got.requests).toBe(outcome === 'ASSAY_SERVER' ? 3 : 1);
    });

    test('an answer without a finish reason is complete when it is whole, or ended by its protocol', async () => {
      const got = await ask(bytesOf(200, bodyOf(protocol, form, null)), protocol, form);
      const complete = form === 'whole' || protocol.startsWith('ollama');
      expect(got.response?.text ?? got.error?.code).toBe(complete ? 'ab' : 'ASSAY_INCOMPLETE_RESPONSE');
    });
  },
);

test.each([
  ['openai-chat', { choices: [{ message: { role: 'assistant' }, finish_reason: 'SAFETY' }] }],
  ['openai-completions', { choices: [{ finish_reason: 'content_filter' }] }],
  [
    'openai-responses',
    { status: 'incomplete', incomplete_details: { reason: 'content_filter' }, output: [] },
  ],
  ['anthropic-messages', { content: [], stop_reason: 'refusal' }],
  ['ollama-chat', { message: { content: '' }, done: true, done_reason: 'safety' }],
  ['ollama-generate', { response: '', done: true, done_reason: 'safety' }],
] as const)('%s: what was filtered before its first word is asked once', async (protocol, body) => {
  const got = await ask(bytesOf(200, JSON.stringify(body)), protocol, 'whole');
  expect(got.error).toMatchObject({ code: 'ASSAY_CONTENT_FILTER', retryable: false, endpointAtFault: false });
  expect(got.requests).toBe(1);
});

test.each([
  ['reset', (socket: import('node:net').Socket) => setTimeout(() => socket.resetAndDestroy(), 20)],
  ['hung', () => {}],
])('a refusal whose body is %s tells its status soon', async (_what, end) => {
  const server = await rawServer((socket) => {
    socket.write(
      'HTTP/1.1 429 x\r\nretry-after: 9\r\ncontent-length: 100\r\n\r\n{"error":{"message":"slow down"',
    );
    end(socket);
  });
  const client = clientFor({ endpoints: [server.url], retry: { maxRetries: 0 } });
  const begun = performance.now();
  await expect(client.complete({ input: 'x' })).rejects.toMatchObject({
    code: 'ASSAY_RATE_LIMITED',
    retryAfterMs: 9000,
    message: expect.stringContaining('slow down') as unknown,
  });
  expect(performance.now() - begun).toBeLessThan(10_000);
});

describe.each(PROTOCOLS.flatMap((protocol) => FORMS.map((form) => [protocol, form] as const)))(
  'an answer in %s, %s,',
  (protocol, form) => {
    test.each(['whole', 'streamed'] as const)(
      'is read in the form %s, whatever its first piece holds',
      async (told) => {
        const body = bodyOf(protocol, told);
        if (told === 'streamed' && protocol.startsWith('ollama')) return; // lines of JSON are never sent unasked
        for (const first of ['\n', ' \r\n', body.slice(0, 1)]) {
          const rest = first.trim() === '' ? body : body.slice(1);
          const server = await rawServer((socket) => {
            socket.write(`HTTP/1.1 200 x\r\nconnection: close\r\n\r\n${first}`);
            setTimeout(() => socket.end(rest), 15);
          });
          const client = clientFor({
            endpoints: [server.url],
            protocol,
            streamForTiming: form === 'streamed',
            retry: { maxRetries: 0 },
          });
          expect(await client.complete({ input: 'x' })).toMatchObject({ text: 'ab', finishReason: 'stop' });
        }
      },
    );
  },
);

test.each([
  ['failed', 'ASSAY_SERVER'],
  ['FAILED', 'ASSAY_SERVER'],
  ['expired', 'ASSAY_SERVER'],
  ['Canceled', 'ASSAY_SERVER'],
  ['IN_PROGRESS', 'ASSAY_INCOMPLETE_RESPONSE'],
  ['INCOMPLETE', 'length'],
])('openai-responses: what the status %s means', async (status, outcome) => {
  const body = {
    status,
    incomplete_details: { reason: 'max_output_tokens' },
    output: [{ type: 'message', content: [{ type: 'output_text', text: 'ab' }] }],
  };
  const got = await ask(bytesOf(200, JSON.stringify(body)), 'openai-responses', 'whole');
  expect(got.response?.finishReason ?? got.error?.code).toBe(outcome);
});

test.each([
  [{ errors: { model: ['is not served'] } }, 'is not served'],
  [{ error: 'invalid', error_description: 'is not served' }, 'invalid: is not served'],
  [{ base_resp: { status_code: 1004, status_msg: 'is not served' } }, 'is not served'],
  [{ result: { cause: 'is not served' } }, 'is not served'],
])('what a person needs of %j is in the error', async (body, words) => {
  const got = await ask(bytesOf(400, JSON.stringify(body)), 'openai-chat', 'whole');
  expect(got.error?.message).toContain(words);
});
