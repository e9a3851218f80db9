import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { runTools } from '../../src/agents/run-tools.js';
import { LoadBalancedClient } from '../../src/client/load-balanced-client.js';
import { fromLanguageModel, type LanguageModel } from '../../src/client/language-model.js';

type Body = Record<string, unknown>;

/** A server that answers with the bodies in turn, and what it was asked. */
async function answering(bodies: readonly unknown[]) {
  const asked: Body[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      asked.push(JSON.parse(text) as Body);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(bodies[asked.length - 1]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { asked, url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

const tools = [{ name: 'time', execute: () => 'noon' }];

async function secondRequest(
  protocol: 'openai-chat' | 'openai-responses' | 'anthropic-messages' | 'ollama-chat',
  bodies: readonly unknown[],
  streamForTiming = false,
): Promise<Body> {
  const server = await answering(bodies);
  const client = new LoadBalancedClient({ endpoints: [server.url], model: 'm', protocol, streamForTiming });
  await runTools(client, { tools })('What time is it?');
  await client.close();
  server.close();
  return server.asked[1]!;
}

const usage = { input_tokens: 1, output_tokens: 1 };
const THINKING = { type: 'thinking', thinking: 'I must look.', signature: 'c2ln' };
const REDACTED = { type: 'redacted_thinking', data: 'Z2VoZWlt' };
const message = (content: unknown, stop_reason: string) => ({
  type: 'message',
  role: 'assistant',
  id: 'm',
  model: 'm',
  content,
  stop_reason,
  usage,
});
const chat = (said: unknown, finish_reason: string) => ({
  id: 'c',
  model: 'm',
  choices: [{ message: { role: 'assistant', ...(said as object) }, finish_reason }],
});
const CALL = { id: 'call_1', type: 'function', function: { name: 'time', arguments: '{}' } };

describe('what a model reasoned before it called a tool', () => {
  it.each([false, true])(
    'goes back to Anthropic as the very blocks, signed and in order (streamForTiming %s)',
    async (streamForTiming) => {
      const content = [
        THINKING,
        REDACTED,
        { type: 'text', text: '' },
        { type: 'tool_use', id: 'toolu_1', name: 'time', input: {} },
      ];
      const { messages } = await secondRequest(
        'anthropic-messages',
        [message(content, 'tool_use'), message([{ type: 'text', text: 'noon' }], 'end_turn')],
        streamForTiming,
      );
      expect(messages).toEqual([
        { role: 'user', content: 'What time is it?' },
        {
          role: 'assistant',
          content: [THINKING, REDACTED, { type: 'tool_use', id: 'toolu_1', name: 'time', input: {} }],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'noon' }] },
      ]);
    },
  );

  const responses = (item: object, more: object = {}) => [
    {
      id: 'r',
      model: 'm',
      status: 'completed',
      output: [
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'look' }], ...item },
        {
          type: 'function_call',
          id: 'fc_1',
          call_id: 'call_1',
          name: 'time',
          arguments: '{}',
          status: 'completed',
        },
      ],
      usage,
      ...more,
    },
    {
      id: 'r',
      model: 'm',
      status: 'completed',
      output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'noon' }] }],
      usage,
    },
  ];
  const CALLED = [
    { type: 'function_call', call_id: 'call_1', name: 'time', arguments: '{}' },
    { type: 'function_call_output', call_id: 'call_1', output: 'noon' },
  ];

  it('goes back to OpenAI’s responses as items before the call, where the server can know them again', async () => {
    const reasoning = { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'look' }] };
    const encrypted = { encrypted_content: 'Z2VoZWlt' };
    const asked = { role: 'user', content: 'What time is it?' };
    expect(
      (await secondRequest('openai-responses', responses({ ...encrypted, status: null })))['input'],
    ).toEqual([asked, { ...reasoning, ...encrypted }, ...CALLED]);
    expect((await secondRequest('openai-responses', responses({}, { store: true })))['input']).toEqual([
      asked,
      reasoning,
      ...CALLED,
    ]);
    expect((await secondRequest('openai-responses', responses({})))['input']).toEqual([asked, ...CALLED]);
  });

  it.each([
    ['reasoning_content', { reasoning_content: 'look' }],
    ['reasoning', { reasoning: 'look', reasoning_details: [{ type: 'reasoning.encrypted', data: 'eA' }] }],
  ])('goes back to a chat under the name that the server gave it: %s', async (_, members) => {
    const { messages } = await secondRequest('openai-chat', [
      chat({ content: null, tool_calls: [CALL], ...members }, 'tool_calls'),
      chat({ content: 'noon' }, 'stop'),
    ]);
    expect((messages as unknown[]).slice(1)).toEqual([
      { role: 'assistant', content: '', tool_calls: [CALL], ...members },
      { role: 'tool', tool_call_id: 'call_1', content: 'noon' },
    ]);
  });

  it('goes back to a chat with what signs a call, and with its parts', async () => {
    const signed = { ...CALL, extra_content: { google: { thought_signature: 'c2ln' } } };
    const { messages } = await secondRequest('openai-chat', [
      chat({ content: null, tool_calls: [signed] }, 'tool_calls'),
      chat({ content: 'noon' }, 'stop'),
    ]);
    expect((messages as unknown[])[1]).toEqual({ role: 'assistant', content: '', tool_calls: [signed] });
    const parts = [{ type: 'thinking', thinking: [{ type: 'text', text: 'look' }] }];
    const mistral = await secondRequest('openai-chat', [
      chat({ content: parts, tool_calls: [CALL] }, 'tool_calls'),
      chat({ content: 'noon' }, 'stop'),
    ]);
    expect((mistral['messages'] as unknown[])[1]).toEqual({
      role: 'assistant',
      content: parts,
      tool_calls: [CALL],
    });
  });

  it('goes back to Ollama as its thinking', async () => {
    const { messages } = await secondRequest('ollama-chat', [
      {
        model: 'm',
        message: {
          role: 'assistant',
          content: '',
          thinking: 'look',
          tool_calls: [{ function: { name: 'time', arguments: {} } }],
        },
        done: true,
        done_reason: 'stop',
        eval_count: 1,
      },
      {
        model: 'm',
        message: { role: 'assistant', content: 'noon' },
        done: true,
        done_reason: 'stop',
        eval_count: 1,
      },
    ]);
    expect((messages as unknown[]).slice(1)).toEqual([
      {
        role: 'assistant',
        content: '',
        thinking: 'look',
        tool_calls: [{ function: { name: 'time', arguments: {} } }],
      },
      { role: 'tool', tool_name: 'time', content: 'noon' },
    ]);
  });

  it('goes back to a model of the AI SDK with the provider’s own words, those of calls too', async () => {
    const prompts: unknown[] = [];
    const own = { anthropic: { signature: 'c2ln' } };
    const sign = { google: { thoughtSignature: 'c2ln' } };
    const model = {
      specificationVersion: 'v2',
      provider: 'p',
      modelId: 'm',
      supportedUrls: {},
      doGenerate: ({ prompt }: { prompt: unknown }) => {
        prompts.push(prompt);
        const content =
          prompts.length > 1
            ? [{ type: 'text', text: 'noon' }]
            : [
                { type: 'reasoning', text: 'look', providerMetadata: own },
                { type: 'tool-call', toolCallId: 't', toolName: 'time', input: '{}', providerMetadata: sign },
              ];
        return Promise.resolve({ content, finishReason: 'stop', usage: {}, warnings: [] });
      },
    } as unknown as LanguageModel;
    await runTools(fromLanguageModel(model), { tools })('What time is it?');
    expect((prompts[1] as unknown[]).slice(1)).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'look', providerOptions: own },
          { type: 'tool-call', toolCallId: 't', toolName: 'time', input: {}, providerOptions: sign },
        ],
      },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', toolCallId: 't', toolName: 'time', output: { type: 'text', value: 'noon' } },
        ],
      },
    ]);
  });
});
