import { expect, test } from 'vitest';
import type { EndpointError } from '../../src/client/endpoint-error.js';
import { fromLanguageModel } from '../../src/client/language-model.js';
import type { CallOptions, ModelRequest } from '../../src/client/model-client.js';

const failureOf = (call: Promise<unknown>): Promise<EndpointError> =>
  call.then(
    () => Promise.reject(new Error('expected a failure')),
    (error: unknown) => error as EndpointError,
  );

test('reads the failures of an AI SDK model as it reads those of a server', async () => {
  const failing = (error: object) =>
    fromLanguageModel({
      specificationVersion: 'v3',
      provider: 'p',
      modelId: 'm',
      doGenerate: () => Promise.reject(Object.assign(new Error('refused'), error)),
    });
  const limited = failing({
    statusCode: 429,
    responseHeaders: { 'retry-after': '7', 'x-request-id': 'r-9' },
    responseBody: '{"error":{"message":"slow down"}}',
    requestBodyValues: { secret: 'canary' },
  });
  const error = await failureOf(limited.complete({ input: 'x' }));
  expect(error).toMatchObject({
    code: 'ASSAY_RATE_LIMITED',
    retryAfterMs: 7000,
    requestId: 'r-9',
    status: 429,
  });
  expect(error.attempts).toHaveLength(1);
  const quota = failing({ statusCode: 429, data: { error: { code: 'insufficient_quota', message: 'pay' } } });
  expect(await failureOf(quota.complete({ input: 'x' }))).toMatchObject({
    code: 'ASSAY_QUOTA_EXCEEDED',
    retryable: false,
  });
  expect(() => fromLanguageModel('openai/gpt' as never)).toThrow(/doGenerate/);
});

const usedUp = { inputTokens: 3, outputTokens: 9 };
test.each([
  [
    'was broken off',
    { content: [{ type: 'text', text: 'The Da' }], finishReason: 'error' },
    'ASSAY_SERVER',
    true,
  ],
  [
    'was broken off, says version 3',
    {
      content: [{ type: 'text', text: 'The Da' }],
      finishReason: { unified: 'error', raw: 'MALFORMED_RESPONSE' },
    },
    'ASSAY_SERVER',
    true,
  ],
  ['was filtered away', { content: [], finishReason: 'content-filter' }, 'ASSAY_CONTENT_FILTER', false],
  ['holds nothing', { content: [], finishReason: 'stop' }, 'ASSAY_EMPTY_RESPONSE', true],
  [
    'holds only thoughts',
    { content: [{ type: 'reasoning', text: 'hm' }], finishReason: 'stop' },
    'ASSAY_EMPTY_RESPONSE',
    true,
  ],
])(
  'what an AI SDK model gives is no answer when it %s, and is booked',
  async (_what, result, code, retryable) => {
    const model = fromLanguageModel({
      specificationVersion: 'v3',
      provider: 'p',
      modelId: 'm',
      doGenerate: () => Promise.resolve({ ...result, usage: usedUp }),
    });
    const error = await failureOf(model.complete({ input: 'x' }));
    expect(error).toMatchObject({ code, retryable, usage: usedUp });
  },
);
test.each([
  ['cut before its first word', { content: [], finishReason: 'length' }, 'length'],
  ['an empty text', { content: [{ type: 'text', text: '' }], finishReason: 'stop' }, 'stop'],
])('what an AI SDK model gives is an answer when it is %s', async (_what, result, finishReason) => {
  const doGenerate = () => Promise.resolve(result);
  const model = fromLanguageModel({ specificationVersion: 'v2', provider: 'p', modelId: 'm', doGenerate });
  expect(await model.complete({ input: 'x' })).toMatchObject({ text: '', finishReason });
});
test('an AI SDK model whose connection broke may be asked again', async () => {
  const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
  const doGenerate = () => Promise.reject(new TypeError('fetch failed', { cause: reset }));
  const model = fromLanguageModel({ specificationVersion: 'v2', provider: 'p', modelId: 'm', doGenerate });
  expect(await failureOf(model.complete({ input: 'x' }))).toMatchObject({ retryable: true });
});

test('an AI SDK model is asked for good calls only', async () => {
  let asked = 0;
  const model = fromLanguageModel({
    specificationVersion: 'v2',
    provider: 'p',
    modelId: 'm',
    doGenerate: async () => {
      asked++;
      await Promise.resolve();
      return { content: [{ type: 'text', text: 'hi' }] };
    },
  });
  const codes: string[] = [];
  for (const [request, options] of [
    [{}, {}],
    [{ input: 'x' }, { timeoutMs: -1 }],
    [{ input: 'x' }, { signal: 5 }],
    [{ input: 'x' }, { signal: AbortSignal.abort() }],
  ] as unknown as [ModelRequest, CallOptions][]) {
    codes.push((await failureOf(model.complete(request, options))).code);
  }
  const invalid = 'ASSAY_INVALID_OPTION';
  expect([codes, asked]).toEqual([[invalid, invalid, invalid, 'ASSAY_ABORTED'], 0]);
  const thirtyDays = 30 * 86_400_000; // more than a timer can hold
  expect((await model.complete({ input: 'x' }, { timeoutMs: thirtyDays })).text).toBe('hi');
});
