import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromLanguageModel, type LanguageModel } from '../../../src/client/language-model.js';
import { LoadBalancedClient } from '../../../src/client/load-balanced-client.js';
import type { ModelRequest } from '../../../src/client/model-client.js';
import { JsonLines, ServerSentEvents } from '../../../src/client/http/server-sent-events.js';
import { PROTOCOLS, type ProtocolName } from '../../../src/client/protocols/protocol-names.js';
import { openaiChat } from '../../../src/client/protocols/openai-chat.js';
import { toolCallOf } from '../../../src/client/protocols/read-tool-call.js';
import { contentOf } from '../../../src/testing/fake-answer.js';
import { wireStream } from '../../../src/testing/fake-protocol.js';
import { startFakeModelServer, type FakeModelServer } from '../../../src/testing/fake-model-server.js';
import type { FakeModelRequest } from '../../../src/testing/fake-options.js';

const calls = [
  { id: 'call_a', name: 'book', arguments: { city: 'Zürich 🏔', seats: 2, tags: ['x', { y: null }] } },
  { id: 'call_b', name: 'now' },
];
const wanted = [
  {
    id: 'call_a',
    name: 'book',
    arguments: calls[0]!.arguments,
    argumentsText: JSON.stringify(calls[0]!.arguments),
  },
  { id: 'call_b', name: 'now', arguments: {} },
];
const tool = {
  name: 'book',
  description: 'Books seats',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
};
const conversation: ModelRequest['input'] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Two seats to Zürich' },
  {
    role: 'assistant',
    content: 'One moment.',
    toolCalls: wanted.map((call) => ({ argumentsText: '{}', ...call })),
  },
  { role: 'tool', toolCallId: 'call_a', content: 'booked' },
  { role: 'tool', toolCallId: 'call_b', content: 'noon' },
];
const TOOL_PROTOCOLS: readonly ProtocolName[] = [
  'openai-chat',
  'openai-responses',
  'anthropic-messages',
  'ollama-chat',
];
const ALL: readonly ProtocolName[] = [...TOOL_PROTOCOLS, 'openai-completions', 'ollama-generate'];

const FAKE: Partial<Record<ProtocolName, FakeModelRequest['protocol']>> = {
  'openai-chat': 'chat',
  'openai-responses': 'responses',
  'anthropic-messages': 'messages',
  'ollama-chat': 'ollama-chat',
};

let server: FakeModelServer;
let seen: FakeModelRequest[] = [];
beforeAll(async () => {
  server = await startFakeModelServer({
    charactersPerPiece: 1,
    reply: (request) => {
      seen.push(request);
      const { prompt } = request;
      if (prompt.includes('broken')) return { toolCalls: [{ id: 'c', name: 'f', arguments: '{"a":' }] };
      if (prompt.includes('plain')) return { text: 'Straße 🏔', reasoning: 'hm, hm' };
      return { text: 'calling', toolCalls: calls };
    },
  });
});
afterAll(() => server.close());

function ask(protocol: ProtocolName, request: ModelRequest, stream = false) {
  seen = [];
  const client = new LoadBalancedClient({
    endpoints: [server.origin],
    protocol,
    model: 'm',
    streamForTiming: stream,
    retry: { maxRetries: 0 },
  });
  return client.complete(request).finally(() => client.close());
}

describe('tool calls', () => {
  for (const protocol of TOOL_PROTOCOLS) {
    for (const stream of [false, true]) {
      it(`have one shape: ${protocol}, ${stream ? 'in pieces of one character' : 'whole'}`, async () => {
        const got = await ask(protocol, { input: 'hi', parameters: { tools: [tool] } }, stream);
        const named =
          protocol === 'ollama-chat' ? wanted.map((call, i) => ({ ...call, id: `call_${i}` })) : wanted;
        expect(got).toMatchObject({ text: 'calling', finishReason: 'tool-calls', toolCalls: named });
        expect(got.toolCalls!.every((call) => !('invalid' in call))).toBe(true);
        expect(JSON.parse(got.toolCalls![0]!.argumentsText)).toEqual(calls[0]!.arguments);
      });
    }
  }

  it('have one shape in a stream that comes byte by byte', () => {
    for (const protocol of TOOL_PROTOCOLS) {
      const request = { protocol: FAKE[protocol], index: 0, model: 'm', body: {} } as FakeModelRequest;
      const { pieces } = wireStream(
        contentOf(request, { text: 'Zürich', toolCalls: calls }, { inputTokens: 1, charactersPerPiece: 3 }),
      );
      const { stream, streamFormat } = PROTOCOLS[protocol];
      const reader = stream();
      const read = (data: string): void => {
        if (data !== '' && data !== '[DONE]') reader.read(JSON.parse(data));
      };
      const sink = { data: read, stray: (text: string) => expect.fail(text) };
      const lines = streamFormat === 'sse' ? new ServerSentEvents(1e6, sink) : new JsonLines(1e6, sink);
      for (const byte of Buffer.from(pieces.map((piece) => piece.text).join('')))
        lines.push(Buffer.from([byte]));
      lines.end();
      const named =
        protocol === 'ollama-chat' ? wanted.map((call, i) => ({ ...call, id: `call_${i}` })) : wanted;
      expect(reader.reply()).toMatchObject({ text: 'Zürich', toolCalls: named });
    }
  });

  it('are marked when their arguments are broken off, and keep what came', async () => {
    for (const protocol of ['openai-chat', 'openai-responses'] as const) {
      for (const stream of [false, true]) {
        const { toolCalls } = await ask(protocol, { input: 'broken' }, stream);
        expect(toolCalls).toEqual([
          { id: 'c', name: 'f', arguments: null, argumentsText: '{"a":', invalid: true },
        ]);
      }
    }
  });

  it('come from an AI SDK model in the same shape', async () => {
    const options: Record<string, unknown>[] = [];
    const model = {
      specificationVersion: 'v2',
      provider: 'p',
      modelId: 'm',
      doGenerate: async (given: Record<string, unknown>) => {
        options.push(given);
        return {
          content: [
            { type: 'text', text: 'calling' },
            ...calls.map(({ id, name, arguments: input }) => ({
              type: 'tool-call',
              toolCallId: id,
              toolName: name,
              input: input === undefined ? '' : JSON.stringify(input),
            })),
          ],
          finishReason: 'tool-calls',
          usage: { inputTokens: 1, outputTokens: 1 },
          warnings: [
            { type: 'unsupported-setting', setting: 'seed', details: 'not here' },
            { type: 'unsupported', feature: 'topK' },
            { type: 'other', message: 'careful' },
          ],
        };
      },
    };
    const client = fromLanguageModel(model as unknown as LanguageModel);
    const got = await client.complete({ input: conversation, parameters: { tools: [tool], logprobs: true } });
    expect(got).toMatchObject({ text: 'calling', finishReason: 'tool-calls', toolCalls: wanted });
    expect(got.warnings).toEqual([
      '`logprobs` was not sent: an AI SDK model has no such parameter',
      'unsupported-setting `seed`: not here',
      'unsupported `topK`',
      'careful',
    ]);
    expect(options[0]).toMatchObject({
      tools: [{ type: 'function', name: 'book', inputSchema: tool.parameters }],
      prompt: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'Two seats to Zürich' }] },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'One moment.' },
            { type: 'tool-call', toolCallId: 'call_a', toolName: 'book', input: calls[0]!.arguments },
            { type: 'tool-call', toolCallId: 'call_b', toolName: 'now', input: {} },
          ],
        },
        {
          role: 'tool',
          content: [
            { type: 'tool-result', toolCallId: 'call_a', toolName: 'book', output: { value: 'booked' } },
          ],
        },
        { role: 'tool', content: [{ toolName: 'now' }] },
      ],
    });
  });

  it('are read from whatever a server calls arguments', () => {
    const read = (given: unknown): unknown => {
      const { arguments: parsed, invalid = false } = toolCallOf(0, { id: 'i', name: 'f', given });
      return [parsed, invalid];
    };
    expect(read('{"a":1}')).toEqual([{ a: 1 }, false]);
    expect(read({ a: 1 })).toEqual([{ a: 1 }, false]);
    expect(read(JSON.stringify('{"a":1}'))).toEqual([{ a: 1 }, false]);
    for (const nothing of ['', ' ', null, undefined, '{}']) expect(read(nothing)).toEqual([{}, false]);
    for (const broken of ['{', '[1]', '1', 'null', '"x"', [1], 3]) expect(read(broken)).toEqual([null, true]);
    expect(toolCallOf(3, { id: '', given: '{}' })).toEqual({
      id: 'call_3',
      name: '',
      arguments: {},
      argumentsText: '{}',
      invalid: true,
    });
  });

  it('are put together however a server cuts them', () => {
    const read = (...deltas: unknown[]) => {
      const reader = openaiChat.stream();
      for (const each of deltas) reader.read({ choices: [{ delta: { tool_calls: [each] } }] });
      reader.read({ choices: [{ delta: {}, finish_reason: 'tool_calls' }] });
      return reader.reply().toolCalls?.map(({ id, name, argumentsText }) => [id, name, argumentsText]);
    };
    const fn = (name: string | undefined, args?: string) => ({ function: { name, arguments: args } });
    // the name in pieces, and said again with every piece
    expect(
      read(
        { index: 0, id: 'a', ...fn('get_') },
        { index: 0, ...fn('weather') },
        { index: 0, ...fn(undefined, '{}') },
      ),
    ).toEqual([['a', 'get_weather', '{}']]);
    expect(
      read(
        { index: 0, id: 'a', ...fn('f', '') },
        { index: 0, id: 'a', ...fn('f', '{') },
        { index: 0, id: 'a', ...fn('f', '}') },
      ),
    ).toEqual([['a', 'f', '{}']]);
    // without an index
    expect(read({ id: 'a', ...fn('f', '{') }, fn(undefined, '}'), { id: 'b', ...fn('g', '{}') })).toEqual([
      ['a', 'f', '{}'],
      ['b', 'g', '{}'],
    ]);
    // all with one index and without ids (LiteLLM, servers compatible with Gemini): a call is over once it has its arguments
    expect(
      read(
        { index: 0, ...fn('f', '{"x":1}') },
        { index: 0, ...fn('f', '{"x":2}') },
        { index: 0, ...fn('g', '{"x"') },
        { index: 0, ...fn('g', ':3}') },
        { index: 0, ...fn('g', '') },
      ),
    ).toEqual([
      ['call_0', 'f', '{"x":1}'],
      ['call_1', 'f', '{"x":2}'],
      ['call_2', 'g', '{"x":3}'],
    ]);
    // with an index that goes on while the call does not (Nebius, Cerebras)
    expect(
      read(
        { index: 0, id: 'a', ...fn('f', '{"x"') },
        { index: 1, ...fn(undefined, ':1') },
        { index: 2, ...fn(undefined, '}') },
        { index: 3, id: 'b', ...fn('g', '{}') },
      ),
    ).toEqual([
      ['a', 'f', '{"x":1}'],
      ['b', 'g', '{}'],
    ]);
  });
});

describe('a conversation with tools', () => {
  const bodies: Partial<Record<ProtocolName, object>> = {
    'openai-chat': {
      tools: [{ type: 'function', function: { name: 'book', parameters: tool.parameters } }],
      messages: [
        { role: 'system' },
        { role: 'user' },
        {
          role: 'assistant',
          content: 'One moment.',
          tool_calls: [
            {
              id: 'call_a',
              type: 'function',
              function: { name: 'book', arguments: wanted[0]!.argumentsText },
            },
            { id: 'call_b', type: 'function', function: { name: 'now', arguments: '{}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_a', content: 'booked' },
        { role: 'tool', tool_call_id: 'call_b', content: 'noon' },
      ],
    },
    'openai-responses': {
      tools: [{ type: 'function', name: 'book', parameters: tool.parameters, strict: false }],
      input: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user' },
        { role: 'assistant', content: 'One moment.' },
        { type: 'function_call', call_id: 'call_a', name: 'book', arguments: wanted[0]!.argumentsText },
        { type: 'function_call', call_id: 'call_b', name: 'now', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_a', output: 'booked' },
        { type: 'function_call_output', call_id: 'call_b', output: 'noon' },
      ],
    },
    'anthropic-messages': {
      system: 'Be brief.',
      tools: [{ name: 'book', description: 'Books seats', input_schema: tool.parameters }],
      messages: [
        { role: 'user', content: 'Two seats to Zürich' },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'One moment.' },
            { type: 'tool_use', id: 'call_a', name: 'book', input: calls[0]!.arguments },
            { type: 'tool_use', id: 'call_b', name: 'now', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'call_a', content: 'booked' },
            { type: 'tool_result', tool_use_id: 'call_b', content: 'noon' },
          ],
        },
      ],
    },
    'ollama-chat': {
      tools: [{ type: 'function', function: { name: 'book' } }],
      messages: [
        { role: 'system' },
        { role: 'user' },
        {
          role: 'assistant',
          tool_calls: [{ function: { name: 'book', arguments: calls[0]!.arguments } }, {}],
        },
        { role: 'tool', tool_name: 'book', content: 'booked' },
        { role: 'tool', tool_name: 'now', content: 'noon' },
      ],
    },
  };
  for (const protocol of TOOL_PROTOCOLS) {
    it(`is written as ${protocol} has it`, async () => {
      await ask(protocol, { input: conversation, parameters: { tools: [tool] } });
      expect(seen[0]!.body).toMatchObject(bodies[protocol]!);
    });

    it(`takes tools in the shape of any protocol: ${protocol}`, async () => {
      const shapes = [
        { type: 'function', function: tool },
        { type: 'function', ...tool },
        { name: 'book', description: tool.description, input_schema: tool.parameters },
      ];
      for (const shape of shapes) {
        await ask(protocol, { input: 'x', parameters: { tools: [shape] } });
        const [sent] = seen[0]!.body['tools'] as Record<string, unknown>[];
        const fn = (sent!['function'] ?? sent) as Record<string, unknown>;
        expect(fn).toMatchObject({ name: 'book', description: 'Books seats' });
        expect(fn['parameters'] ?? fn['input_schema']).toEqual(tool.parameters);
      }
    });
  }

  it('is refused by a protocol of plain prompts, naming what and who can', async () => {
    for (const protocol of ['openai-completions', 'ollama-generate'] as const) {
      const others = /; openai-chat, openai-responses, anthropic-messages, ollama-chat can$/;
      for (const [request, what] of [
        [{ input: 'x', parameters: { tools: [tool] } }, 'tools'],
        [{ input: conversation }, 'tool messages'],
        [
          { input: [{ role: 'user', content: [{ type: 'image', data: 'aGk=', mediaType: 'image/png' }] }] },
          'images',
        ],
      ] as const) {
        const error = await ask(protocol, request as ModelRequest).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: 'ASSAY_BAD_REQUEST', retryable: false });
        expect((error as Error).message).toContain(`${protocol} cannot carry ${what}`);
        expect((error as Error).message).toMatch(others);
        expect(seen).toEqual([]);
      }
    }
  });
});

describe('a fake model server', () => {
  for (const protocol of ALL) {
    for (const stream of [false, true]) {
      it(`speaks ${protocol}, ${stream ? 'streamed' : 'whole'}`, async () => {
        const got = await ask(protocol, { input: 'plain' }, stream);
        expect(got).toMatchObject({ text: 'Straße 🏔', finishReason: 'stop', model: 'm' });
        expect(got.usage!.outputTokens).toBeGreaterThan(1);
        expect(got.timeToFirstTokenMs === null).toBe(!stream);
      });
    }
  }
});
