import { describe, expect, test } from 'vitest';
import type { ModelParameters } from '../../../src/client/model-client.js';
import { PROTOCOLS, type ProtocolName } from '../../../src/client/protocols/protocol-names.js';
import type { Protocol } from '../../../src/client/protocols/protocol.js';
import { chat, clientFor, json, modelServer, streamOf } from '../model-server.js';

const input = [
  { role: 'system', content: 'be brief' },
  { role: 'user', content: 'hi' },
];
const parameters: ModelParameters = { maxTokens: 9, temperature: 0, topP: 1, seed: 4, stop: 'END' };
const bodyOf = (name: ProtocolName): unknown =>
  JSON.parse(JSON.stringify(PROTOCOLS[name].body({ input, model: 'm', parameters, stream: false })));
describe('request bodies', () => {
  test('openai-chat', () => {
    expect(bodyOf('openai-chat')).toEqual({
      model: 'm',
      messages: input,
      max_tokens: 9,
      temperature: 0,
      top_p: 1,
      seed: 4,
      stop: 'END',
    });
  });
  test('openai-completions writes a chat as a prompt', () => {
    expect(bodyOf('openai-completions')).toMatchObject({
      prompt: 'system: be brief\nuser: hi\nassistant:',
      max_tokens: 9,
    });
  });
  test('openai-responses', () => {
    expect(bodyOf('openai-responses')).toEqual({
      model: 'm',
      input,
      max_output_tokens: 9,
      temperature: 0,
      top_p: 1,
      store: false,
    });
  });
  test('anthropic-messages moves the system message and always sends max_tokens', () => {
    expect(bodyOf('anthropic-messages')).toEqual({
      model: 'm',
      system: 'be brief',
      messages: [{ role: 'user', content: 'hi' }],
      max_tokens: 9,
      temperature: 0,
      top_p: 1,
      stop_sequences: ['END'],
    });
    expect(
      PROTOCOLS['anthropic-messages'].body({ input: 'x', model: 'm', parameters: {}, stream: true }),
    ).toMatchObject({ max_tokens: 4096, stream: true });
  });
  test('ollama turns streaming off unless asked', () => {
    expect(bodyOf('ollama-chat')).toEqual({
      model: 'm',
      messages: input,
      options: { num_predict: 9, temperature: 0, top_p: 1, seed: 4, stop: ['END'] },
      stream: false,
    });
    expect(bodyOf('ollama-generate')).toMatchObject({
      prompt: 'system: be brief\nuser: hi\nassistant:',
      stream: false,
    });
  });
});

describe('whole answers', () => {
  test('openai-chat reads tools, logprobs, refusals and cached tokens', () => {
    const { parse } = PROTOCOLS['openai-chat'];
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
    expect(
      parse({
        choices: [
          {
            message: { content: null, tool_calls: [call] },
            finish_reason: 'tool_calls',
            logprobs: { content: [1] },
          },
        ],
        usage: { prompt_tokens: 5, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4 } },
      }),
    ).toMatchObject({
      text: '',
      finishReason: 'tool-calls',
      toolCalls: [{ id: 'c', name: 'f', arguments: {}, argumentsText: '{}' }],
      logprobs: { content: [1] },
      usage: { inputTokens: 5, outputTokens: 2, cachedInputTokens: 4 },
    });
    expect(
      parse({ choices: [{ message: { content: null, refusal: 'no' }, finish_reason: 'stop' }] }),
    ).toMatchObject({ text: 'no', usage: null });
    expect(() => parse({ choices: [{}] })).toThrow('choices[0].message');
    expect(() => parse({ choices: [] })).toThrow('no choices');
  });
  test('openai-responses reads text, tool calls and why it stopped', () => {
    const { parse } = PROTOCOLS['openai-responses'];
    expect(
      parse({
        id: 'resp_1',
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [
          { type: 'reasoning' },
          {
            type: 'message',
            content: [
              { type: 'output_text', text: 'a' },
              { type: 'output_text', text: 'b' },
            ],
          },
        ],
        usage: { input_tokens: 1, output_tokens: 2, input_tokens_details: { cached_tokens: 1 } },
      }),
    ).toMatchObject({
      text: 'ab',
      id: 'resp_1',
      finishReason: 'length',
      usage: { inputTokens: 1, outputTokens: 2, cachedInputTokens: 1 },
    });
    expect(parse({ status: 'completed', output: [{ type: 'function_call', name: 'f' }] })).toMatchObject({
      finishReason: 'tool-calls',
      toolCalls: [{ name: 'f' }],
    });
  });
  test('anthropic-messages counts cached tokens as input', () => {
    expect(
      PROTOCOLS['anthropic-messages'].parse({
        id: 'msg',
        model: 'c',
        stop_reason: 'max_tokens',
        content: [
          { type: 'text', text: 'a' },
          { type: 'tool_use', id: 't', name: 'f', input: {} },
        ],
        usage: {
          input_tokens: 1,
          cache_read_input_tokens: 2,
          cache_creation_input_tokens: 3,
          output_tokens: 4,
        },
      }),
    ).toMatchObject({
      text: 'a',
      finishReason: 'length',
      usage: { inputTokens: 6, outputTokens: 4, cachedInputTokens: 2 },
      toolCalls: [{ name: 'f' }],
    });
  });
  test('ollama', () => {
    expect(
      PROTOCOLS['ollama-chat'].parse({
        model: 'q',
        message: { content: 'a' },
        done: true,
        done_reason: 'length',
        prompt_eval_count: 3,
        eval_count: 4,
      }),
    ).toMatchObject({
      text: 'a',
      finishReason: 'length',
      usage: { inputTokens: 3, outputTokens: 4 },
    });
    expect(PROTOCOLS['ollama-generate'].parse({ response: 'b', done: true, eval_count: 1 })).toMatchObject({
      text: 'b',
      finishReason: 'stop',
    });
    expect(() => PROTOCOLS['ollama-generate'].parse({})).toThrow('response');
  });
  test.each(Object.keys(PROTOCOLS) as ProtocolName[])('%s refuses what is not an answer', (name) => {
    for (const body of [null, 1, 'x', [], {}, { choices: [null] }])
      expect(() => PROTOCOLS[name].parse(body)).toThrow();
  });
});

describe('streamed answers', () => {
  test('openai-chat puts tool calls together', () => {
    const delta = (content: unknown, finish: string | null = null) => ({
      choices: [{ delta: content, finish_reason: finish }],
    });
    const { reply, done } = streamOf(PROTOCOLS['openai-chat'], [
      delta({ tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '{"a"' } }] }),
      delta({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }),
      delta({}, 'tool_calls'),
      { choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } },
    ]);
    expect(done).toBe(true);
    expect(reply).toMatchObject({
      toolCalls: [{ id: 'c', name: 'f', arguments: { a: 1 }, argumentsText: '{"a":1}' }],
      usage: { outputTokens: 2 },
    });
  });
  test('openai-completions', () => {
    const { texts, reply } = streamOf(PROTOCOLS['openai-completions'], [
      { choices: [{ text: 'a' }] },
      { choices: [{ text: 'b', finish_reason: 'length' }] },
    ]);
    expect(texts).toEqual(['a', 'b']);
    expect(reply).toMatchObject({ text: 'ab', finishReason: 'length' });
  });
  test('openai-responses', () => {
    const { texts, reply, done } = streamOf(PROTOCOLS['openai-responses'], [
      { type: 'response.created' },
      { type: 'response.output_text.delta', delta: 'a' },
      {
        type: 'response.completed',
        response: {
          status: 'completed',
          output: [{ type: 'message', content: [{ type: 'output_text', text: 'a' }] }],
        },
      },
    ]);
    expect([texts, done, reply.text]).toEqual([['a'], true, 'a']);
    expect(() =>
      PROTOCOLS['openai-responses']
        .stream()
        .read({ type: 'response.failed', response: { error: { message: 'boo' } } }),
    ).toThrow('boo');
  });
  test('anthropic-messages', () => {
    const { texts, reply, done } = streamOf(PROTOCOLS['anthropic-messages'], [
      {
        type: 'message_start',
        message: { id: 'm1', model: 'c', usage: { input_tokens: 3, output_tokens: 1 } },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'ping' },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hi' } },
      {
        type: 'content_block_start',
        index: 1,
        content_block: { type: 'tool_use', id: 't', name: 'f', input: {} },
      },
      { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"a":1}' } },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } },
      { type: 'message_stop' },
    ]);
    expect([texts, done]).toEqual([['hi'], true]);
    expect(reply).toMatchObject({
      id: 'm1',
      finishReason: 'tool-calls',
      usage: { inputTokens: 3, outputTokens: 9 },
      toolCalls: [{ id: 't', name: 'f', arguments: { a: 1 }, argumentsText: '{"a":1}' }],
    });
    expect(() =>
      PROTOCOLS['anthropic-messages'].stream().read({ type: 'error', error: { message: 'Overloaded' } }),
    ).toThrow('Overloaded');
  });
  test('ollama', () => {
    const { texts, reply } = streamOf(PROTOCOLS['ollama-chat'], [
      { model: 'q', message: { content: 'a' } },
      {
        model: 'q',
        message: { content: '' },
        done: true,
        done_reason: 'stop',
        prompt_eval_count: 1,
        eval_count: 2,
      },
    ]);
    expect(texts).toEqual(['a']);
    expect(reply).toMatchObject({ text: 'a', model: 'q', usage: { inputTokens: 1, outputTokens: 2 } });
  });
});

test("sends an Anthropic key in its own header, and calls Ollama's path on a bare origin", async () => {
  const server = await modelServer((request, response) =>
    request.path.startsWith('/api')
      ? json(response, 200, { message: { content: 'o' }, done: true })
      : json(response, 200, { content: [{ type: 'text', text: 'a' }] }),
  );
  const claude = clientFor({ endpoints: [{ url: server.url, apiKey: 'k', protocol: 'anthropic-messages' }] });
  const ollama = clientFor({ endpoints: [server.url], protocol: 'ollama-chat' });
  expect([
    (await claude.complete({ input: 'x' })).text,
    (await ollama.complete({ input: 'x' })).text,
  ]).toEqual(['a', 'o']);
  expect(server.requests.map((each) => each.path)).toEqual(['/v1/messages', '/api/chat']);
  expect(server.requests[0]?.headers).toMatchObject({ 'x-api-key': 'k', 'anthropic-version': '2023-06-01' });
  expect(server.requests[0]?.headers.authorization).toBeUndefined();
});

test('speaks a protocol of the host', async () => {
  const server = await modelServer((_request, response) => json(response, 200, { generated_text: 'own' }));
  const tgi: Protocol = {
    ...PROTOCOLS['openai-completions'],
    name: 'tgi-generate',
    path: '/generate',
    prefix: '',
    body: ({ input: prompt, parameters: { maxTokens } }) => ({
      inputs: prompt,
      parameters: { max_new_tokens: maxTokens },
    }),
    parse: (body) => ({
      text: (body as { generated_text: string }).generated_text,
      model: undefined,
      finishReason: 'stop',
      usage: null,
      id: undefined,
      toolCalls: undefined,
      logprobs: undefined,
    }),
  };
  const client = clientFor({ endpoints: [server.url], protocol: tgi });
  expect(await client.complete({ input: 'p', parameters: { maxTokens: 3 } })).toMatchObject({
    text: 'own',
    model: 'm',
  });
  expect(server.requests[0]).toMatchObject({
    path: '/generate',
    body: { inputs: 'p', parameters: { max_new_tokens: 3 } },
  });
});

test('mixes protocols and models in one fleet', async () => {
  const server = await modelServer((request, response) =>
    request.path === '/api/chat' ? json(response, 200, { message: { content: 'o' } }) : chat(response, 'c'),
  );
  const client = clientFor({
    endpoints: [
      { id: 'o', url: server.url, protocol: 'ollama-chat', model: 'local' },
      { id: 'c', url: server.url },
    ],
    policy: 'round-robin',
  });
  await client.complete({ input: '1' });
  await client.complete({ input: '2' });
  expect(new Set(server.requests.map((each) => `${each.path} ${String(each.body['model'])}`))).toEqual(
    new Set(['/api/chat local', '/v1/chat/completions m']),
  );
});
