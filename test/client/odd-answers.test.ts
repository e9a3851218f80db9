import { expect, test } from 'vitest';
import { PROTOCOLS, type ProtocolName } from '../../src/client/protocols/protocol-names.js';
import { chatReply, clientFor, modelServer, streamOf } from './model-server.js';

const chatBody = (message: object, choice: object = {}) => ({
  choices: [{ index: 0, message, finish_reason: 'stop', ...choice }],
});
const chunk = (delta: object, choice: object = {}) => ({ choices: [{ index: 0, delta, ...choice }] });
const thinking = [
  { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
  { type: 'text', text: 'a' },
  { type: 'text', text: 'b' },
];

test('content in parts is its text, whole and streamed', () => {
  expect(PROTOCOLS['openai-chat'].parse(chatBody({ content: thinking })).text).toBe('ab');
  const { texts, reply } = streamOf(PROTOCOLS['openai-chat'], [
    chunk({ content: thinking.slice(0, 2) }),
    chunk({ content: thinking.slice(2) }, { finish_reason: 'stop' }),
  ]);
  expect([texts, reply.text]).toEqual([['a', 'b'], 'ab']);
});
test('a refusal is the text, as a member or as a part, and the reason', () => {
  const refused = { text: 'no', finishReason: 'content-filter' };
  const { parse } = PROTOCOLS['openai-chat'];
  expect(parse(chatBody({ content: '', refusal: 'no' }))).toMatchObject(refused);
  expect(parse(chatBody({ content: [{ type: 'refusal', refusal: 'no' }] }))).toMatchObject(refused);
  const { texts, reply } = streamOf(PROTOCOLS['openai-chat'], [
    chunk({ role: 'assistant', content: '' }),
    chunk({ refusal: 'n' }),
    chunk({ refusal: 'o' }, { finish_reason: 'stop' }),
  ]);
  expect(texts).toEqual(['n', 'o']);
  expect(reply).toMatchObject(refused);
});
test('of several choices one is read, whole and streamed', () => {
  const { parse } = PROTOCOLS['openai-chat'];
  const second = { index: 1, message: { content: 'B' }, finish_reason: 'length' };
  expect(parse({ choices: [second, ...chatBody({ content: 'A' }).choices] })).toMatchObject({ text: 'A' });
  expect(parse({ choices: [second] })).toMatchObject({ text: 'B' });
  const { reply } = streamOf(PROTOCOLS['openai-chat'], [
    chunk({ content: 'A' }),
    chunk({ content: 'B' }, { index: 1, finish_reason: 'length' }),
    {
      choices: [
        { index: 1, delta: { content: 'B' } },
        { index: 0, delta: { content: 'a' }, finish_reason: 'stop' },
      ],
    },
  ]);
  expect(reply).toMatchObject({ text: 'Aa', finishReason: 'stop' });
  const completions = streamOf(PROTOCOLS['openai-completions'], [
    { choices: [{ index: 1, text: 'B' }] },
    { choices: [{ index: 0, text: 'A', finish_reason: 'stop' }] },
  ]);
  expect(completions).toMatchObject({ done: false, reply: { text: 'B' } });
});
test('an empty finish reason ends nothing', () => {
  const reader = PROTOCOLS['openai-chat'].stream();
  reader.read(chunk({ content: 'a' }, { finish_reason: '' }));
  expect(reader.done).toBe(false);
  reader.read(chunk({ content: 'b' }, { finish_reason: 'stop' }));
  reader.read(chunk({}, { finish_reason: '' }));
  expect([reader.done, reader.reply()]).toMatchObject([true, { text: 'ab', finishReason: 'stop' }]);
});
test.each([
  [
    'in the last choice',
    chunk({}, { finish_reason: 'stop', usage: { prompt_tokens: 3, completion_tokens: 4 } }),
  ],
  [
    "among a vendor's members",
    {
      ...chunk({}, { finish_reason: 'stop' }),
      x_groq: { usage: { prompt_tokens: 3, completion_tokens: 4 } },
    },
  ],
  ['without the generated ones', { ...chunk({}), usage: { prompt_tokens: 3, completion_tokens: null } }],
  ['before the end', { ...chunk({ content: 'a' }), usage: { prompt_tokens: 3, completion_tokens: 4 } }],
])('finds the tokens of a stream %s', (_where, last) => {
  const { reply } = streamOf(PROTOCOLS['openai-chat'], [
    chunk({ content: 'a' }, { usage: null }),
    last,
    { choices: [], usage: null },
  ]);
  expect(reply.usage?.inputTokens).toBe(3);
});
test('a stream of whole tool calls is as many calls, without an index or all with one', () => {
  const call = (id: string, index: object = {}) =>
    chunk({ tool_calls: [{ id, ...index, function: { name: 'f', arguments: `{"${id}":1}` } }] });
  for (const index of [{}, { index: 0 }]) {
    const { reply } = streamOf(PROTOCOLS['openai-chat'], [
      call('a', index),
      call('b', index),
      chunk({}, { finish_reason: 'tool_calls' }),
    ]);
    expect(reply.toolCalls).toMatchObject([
      { id: 'a', arguments: { a: 1 } },
      { id: 'b', arguments: { b: 1 } },
    ]);
  }
});
test.each<[ProtocolName, readonly unknown[]]>([
  ['openai-chat', [chunk({ role: 'assistant', content: null }), chunk({}, { finish_reason: 'stop' })]],
  ['openai-completions', [{ choices: [] }]],
  ['openai-responses', [{ type: 'response.completed', response: { status: 'completed', output: [] } }]],
])('%s: a stream that holds nothing at all is no answer', (name, messages) => {
  expect(() => streamOf(PROTOCOLS[name], messages)).toThrow(/no answer/);
});
test('openai-responses: one that has not ended, or failed in silence, is no answer', () => {
  const { parse } = PROTOCOLS['openai-responses'];
  for (const status of ['queued', 'in_progress', 'failed', 'cancelled'])
    expect(() => parse({ status, error: null, output: [] })).toThrow(status);
  expect(() => parse({ status: 'completed', output: [{ type: 'reasoning' }] })).toThrow('no answer');
});
test('openai-responses: the text of a stream counts where the end does not repeat it', () => {
  const { reply } = streamOf(PROTOCOLS['openai-responses'], [
    { type: 'response.output_text.delta', delta: 'a' },
    { type: 'response.output_text.delta', delta: 'b' },
    { type: 'response.completed', response: { status: 'completed', output: [] } },
  ]);
  expect(reply).toMatchObject({ text: 'ab', finishReason: 'stop' });
});
test('anthropic-messages: counts that the end leaves open stay, and a call that was cut off stays as it came', () => {
  const { reply } = streamOf(PROTOCOLS['anthropic-messages'], [
    { type: 'message_start', message: { usage: { input_tokens: 3, output_tokens: 1 } } },
    {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'tool_use', id: 't', name: 'f', input: {} },
    },
    { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"a":' } },
    {
      type: 'message_delta',
      delta: { stop_reason: 'max_tokens' },
      usage: { input_tokens: null, cache_read_input_tokens: null, output_tokens: 9 },
    },
    { type: 'message_stop' },
  ]);
  expect(reply).toMatchObject({
    finishReason: 'length',
    usage: { inputTokens: 3, outputTokens: 9 },
    toolCalls: [{ id: 't', name: 'f', arguments: null, argumentsText: '{"a":', invalid: true }],
  });
});

const events = (...data: readonly unknown[]): string =>
  data.map((each) => `data: ${typeof each === 'string' ? each : JSON.stringify(each)}\n\n`).join('');
const jsonLines = (...values: readonly unknown[]): string =>
  values.map((each) => `${JSON.stringify(each)}\n`).join('');
const answered = { choices: [{ index: 0, delta: { content: 'a' }, finish_reason: 'stop' }] };

test.each<[string, string, string]>([
  ['events without data, and space behind [DONE]', `data:\n\ndata\n\n${events(answered, '[DONE] ')}`, 'a'],
  ['members for errors that are empty', events({ ...answered, error: '' }, '[DONE]'), 'a'],
  ['a whole answer', `\r\n ${JSON.stringify(chatReply('a'))}`, 'a'],
  ['a whole answer after a byte order mark', `\uFEFF${JSON.stringify(chatReply('a'))}`, 'a'],
  ['an error as a whole', JSON.stringify({ error: { code: 429, message: 'slow' } }), 'ASSAY_RATE_LIMITED'],
  ['an error of another form', events({ object: 'error', code: 400, message: 'no' }), 'ASSAY_BAD_REQUEST'],
  [
    'an error in the choice',
    events({ choices: [{ error: { code: 402, message: 'pay' } }] }),
    'ASSAY_QUOTA_EXCEEDED',
  ],
  [
    'an answer that the server broke off',
    events({ choices: [{ delta: { content: 'a' }, finish_reason: 'error' }] }, '[DONE]'),
    'ASSAY_SERVER',
  ],
  ['nothing but the end', events('[DONE]'), 'ASSAY_EMPTY_RESPONSE'],
  [
    "a failure only in the provider's own word",
    events({
      choices: [{ delta: { content: '' }, finish_reason: 'stop', native_finish_reason: 'network_error' }],
    }),
    'ASSAY_SERVER',
  ],
  [
    'a whole answer and the last word of a stream',
    `${JSON.stringify(chatReply('a'))}\n\ndata: [DONE]\n\n`,
    'a',
  ],
  ['lines of JSON', jsonLines(chunk({ content: 'a' }), chunk({}, { finish_reason: 'stop' })), 'a'],
  ['lines of JSON and the last word', `${jsonLines(answered)}[DONE]\n`, 'a'],
  [
    'lines of JSON that break off',
    jsonLines(chunk({ content: 'a' }), chunk({})),
    'ASSAY_INCOMPLETE_RESPONSE',
  ],
  [
    'an error in lines of JSON',
    jsonLines(chunk({}), { error: { code: 429, message: 'slow' } }),
    'ASSAY_RATE_LIMITED',
  ],
  ['a reply without choices', JSON.stringify({ choices: [], usage: {} }), 'ASSAY_EMPTY_RESPONSE'],
  ['events framed twice', events(answered, '[DONE]').replaceAll('data: ', 'data: data: '), 'a'],
  ['events without empty lines between', events(answered, {}, '[DONE]').replaceAll('\n\n', '\n'), 'a'],
  [
    'an error among events without empty lines between',
    events(answered, { error: { code: 429, message: 'slow' } }).replaceAll('\n\n', '\n'),
    'ASSAY_RATE_LIMITED',
  ],
  [
    'numbers as Python writes them',
    events(answered, '[DONE]').replace('"delta"', '"logprobs":{"content":[{"logprob":-Infinity}]},"delta"'),
    'a',
  ],
  ['words that only look like numbers', events('{"choices": NaNa}'), 'ASSAY_MALFORMED_RESPONSE'],
])('reads, where a stream was asked for: %s', async (_what, body, outcome) => {
  const server = await modelServer((_request, response) => response.end(body));
  const client = clientFor({ endpoints: [server.url], retry: { maxRetries: 0 } });
  let text = '';
  const seen = await (async () => {
    for await (const event of client.stream({ input: 'x' })) {
      if (event.type === 'end') return event.response.text;
      text += event.text;
    }
    return 'no end';
  })().catch((error: unknown) => (error as { code: string }).code);
  expect(seen).toBe(outcome);
  if (outcome === 'a') expect(text).toBe('a');
});

test('lines of JSON are read as they come, and where no stream was asked for, too', async () => {
  const first = jsonLines(chunk({ content: 'a' }));
  const server = await modelServer((request, response) => {
    response.write(request.body['stream'] === true ? first : first.slice(0, 1));
    const rest = request.body['stream'] === true ? '' : first.slice(1);
    setTimeout(() => response.end(rest + jsonLines(chunk({ content: 'b' }, { finish_reason: 'stop' }))), 60);
  });
  const client = clientFor({ endpoints: [server.url], retry: { maxRetries: 0 } });
  expect((await client.complete({ input: 'x' })).text).toBe('ab');
  const streamed = await clientFor({
    endpoints: [server.url],
    streamForTiming: true,
    retry: { maxRetries: 0 },
  }).complete({ input: 'x' });
  expect(streamed.text).toBe('ab');
  expect(streamed.latencyMs - streamed.timeToFirstTokenMs!).toBeGreaterThan(30);
});

test('an Ollama stream that gives a reason and no `done` is whole; one without either is not', () => {
  const line = (more: object) => ({ message: { content: 'a' }, ...more });
  const ended = streamOf(PROTOCOLS['ollama-chat'], [
    line({}),
    line({ done_reason: 'length', eval_count: 2 }),
  ]);
  expect(ended).toMatchObject({ done: true, reply: { text: 'aa', finishReason: 'length' } });
  const reader = PROTOCOLS['ollama-generate'].stream();
  reader.read({ response: 'a' });
  reader.read({ response: 'a', done: false, done_reason: 'stop' });
  expect(reader.done).toBe(false);
});

test('a stream of responses that ends without its last event is no answer', async () => {
  const body = events({ type: 'response.output_text.delta', delta: 'a' }, '[DONE]');
  const server = await modelServer((_request, response) => response.end(body));
  const client = clientFor({
    endpoints: [server.url],
    protocol: 'openai-responses',
    streamForTiming: true,
    retry: { maxRetries: 0 },
  });
  await expect(client.complete({ input: 'x' })).rejects.toMatchObject({ code: 'ASSAY_INCOMPLETE_RESPONSE' });
});
