import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FinishReason, ModelResponse } from '../../../src/client/model-client.js';
import { LoadBalancedClient } from '../../../src/client/load-balanced-client.js';
import type { ProtocolName } from '../../../src/client/protocols/protocol-names.js';

// Every protocol that aimock speaks, a server that others wrote from the vendors' own descriptions.

/** What aimock has of a protocol. It has no legacy completions, and of Ollama neither usage nor reasoning nor an answer cut off. */
interface Spoken {
  /** Below the server's address. */
  readonly path: string;
  readonly tools: boolean;
  /** How an answer that was cut off ends; the Responses API says why in `incomplete_details`, which aimock leaves out. */
  readonly cutOff?: FinishReason;
}
const SPOKEN: Partial<Record<ProtocolName, Spoken>> = {
  'openai-chat': { path: '/v1', tools: true, cutOff: 'length' },
  'openai-responses': { path: '/v1', tools: true, cutOff: 'other' },
  'anthropic-messages': { path: '/v1', tools: true, cutOff: 'length' },
  'ollama-chat': { path: '', tools: true },
  'ollama-generate': { path: '', tools: false },
};
const tools = [
  {
    name: 'weather',
    description: 'The weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
];
const USAGE = { prompt_tokens: 12, input_tokens: 12, completion_tokens: 7, output_tokens: 7 };
const TEXT = 'Paris is the capital. „Größe“ 日本 🙂';

describe.each(Object.entries(SPOKEN) as [ProtocolName, Spoken][])('%s against aimock', (protocol, spoken) => {
  const server = new LLMock({ port: 0, strict: true, logLevel: 'silent' });
  let url = '';
  let client: LoadBalancedClient;
  const newClient = (): LoadBalancedClient =>
    new LoadBalancedClient({ endpoints: [url], protocol, model: 'any', retry: { maxRetries: 0 } });
  beforeAll(async () => {
    server
      .onMessage('capital', { content: TEXT })
      .onMessage('counted', { content: 'Yes.', usage: USAGE })
      .onMessage('cut', { content: 'Once upon', finishReason: 'length' })
      .onMessage('thinking', { content: '4', reasoning: 'Two and two.' })
      .onMessage('weather', { toolCalls: [{ id: 'call_7', name: 'weather', arguments: '{"city":"Lima"}' }] })
      .onMessage('both', {
        content: 'Let me see.',
        toolCalls: [
          { name: 'weather', arguments: '{"city":"Lima"}' },
          { name: 'weather', arguments: '{"city":"Rome"}' },
        ],
      })
      .onMessage('busy', { error: { message: 'Rate limit reached', type: 'rate_limit_error' }, status: 429 })
      .onMessage('broken', {
        error: { message: 'The server had an error', type: 'server_error' },
        status: 500,
      })
      .onMessage('wrong', {
        error: { message: 'No such model', type: 'invalid_request_error' },
        status: 400,
      });
    const origin = await server.start();
    url = `${origin}${spoken.path}`;
    client = newClient();
  });
  afterAll(async () => {
    await client?.close();
    await server.stop();
  });

  /** The answer asked for at once, and as it comes in pieces, with the pieces' own text. */
  async function both(input: string, given: object = {}): Promise<[ModelResponse, ModelResponse, string]> {
    const whole = await client.complete({ input, ...given });
    let text = '';
    let streamed: ModelResponse | undefined;
    for await (const event of client.stream({ input, ...given })) {
      if (event.type === 'text') text += event.text;
      if (event.type === 'end') streamed = event.response;
    }
    return [whole, streamed!, text];
  }

  it('reads a text, whole and in pieces', async () => {
    const [whole, streamed, pieces] = await both('capital');
    for (const answer of [whole, streamed]) {
      expect(answer).toMatchObject({ text: TEXT, finishReason: 'stop' });
      expect(answer.toolCalls).toBeUndefined();
    }
    expect(pieces).toBe(TEXT);
  });

  it.runIf(spoken.cutOff !== undefined)('reads usage, and that an answer was cut off', async () => {
    for (const { usage } of (await both('counted')).slice(0, 2) as ModelResponse[])
      expect(usage).toMatchObject({ inputTokens: 12, outputTokens: 7 });
    for (const answer of (await both('cut')).slice(0, 2))
      expect(answer).toMatchObject({ text: 'Once upon', finishReason: spoken.cutOff });
  });

  it.runIf(spoken.cutOff !== undefined)('keeps reasoning apart from the answer', async () => {
    const [whole, streamed, pieces] = await both('thinking');
    for (const answer of [whole, streamed])
      expect(answer).toMatchObject({ text: '4', reasoning: 'Two and two.' });
    expect(pieces).toBe('4');
  });

  it.runIf(spoken.tools)('reads tool calls, alone and after a text', async () => {
    const parameters = { tools };
    for (const answer of (await both('weather', { parameters })).slice(0, 2) as ModelResponse[]) {
      expect(answer).toMatchObject({
        finishReason: 'tool-calls',
        toolCalls: [{ name: 'weather', arguments: { city: 'Lima' } }],
      });
    }
    for (const answer of (await both('both', { parameters })).slice(0, 2) as ModelResponse[]) {
      expect(answer.text).toBe('Let me see.');
      expect(answer.toolCalls?.map(({ arguments: given }) => given)).toEqual([
        { city: 'Lima' },
        { city: 'Rome' },
      ]);
    }
  });

  it.each([
    ['busy', 429, 'ASSAY_RATE_LIMITED', true],
    ['broken', 500, 'ASSAY_SERVER', true],
    ['wrong', 400, 'ASSAY_BAD_REQUEST', false],
  ])('takes a server that is %s (%i) for %s, whole and in pieces', async (input, status, code, retryable) => {
    const expected = { code, status, retryable };
    const asked = newClient();
    await expect(asked.complete({ input })).rejects.toMatchObject(expected);
    await asked.close();
    const streaming = newClient(); // the endpoint of the other one rests after its failure
    const read = async (): Promise<void> => {
      for await (const event of streaming.stream({ input })) void event;
    };
    await expect(read()).rejects.toMatchObject(expected);
    await streaming.close();
  });
});
