import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runTools, type RunToolsOptions } from '../../src/agents/run-tools.js';
import { ToolRunError } from '../../src/agents/tool-run-error.js';
import { trajectory } from '../../src/agents/trajectory.js';
import { finalState } from '../../src/agents/final-state.js';
import { stepCount } from '../../src/agents/step-count.js';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { fromLanguageModel, type LanguageModel } from '../../src/client/language-model.js';
import { LoadBalancedClient } from '../../src/client/load-balanced-client.js';
import type {
  ChatMessage,
  ModelClient,
  ModelInput,
  ModelRequest,
  ModelResponse,
} from '../../src/client/model-client.js';
import type { ProtocolName } from '../../src/client/protocols/protocol-names.js';
import type { CaseResult } from '../../src/evaluation/evaluation-types.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { textResponse } from '../../src/evaluation/evaluator.js';
import { startFakeModelServer, type FakeModelServer } from '../../src/testing/fake-model-server.js';
import type { FakeModelRequest, FakeReply } from '../../src/testing/fake-options.js';

interface Basket {
  items: Record<string, number>;
}

const shop: RunToolsOptions<Basket> = {
  tools: [
    {
      name: 'price',
      description: 'Price of an item',
      parameters: { type: 'object', properties: { item: { type: 'string' } } },
      execute: ({ item }) => ({ item, price: 3 }),
    },
    {
      name: 'add',
      execute: ({ item, count }, { state }) => {
        if (typeof count !== 'number') throw new TypeError('count must be a number');
        state.items[String(item)] = count;
      },
    },
  ],
  state: () => ({ items: {} }),
};

/** A model that follows a script: turn by turn, whatever it is told. */
function scripted(turns: readonly (Partial<ModelResponse> | Error)[]) {
  const requests: ModelRequest[] = [];
  const client: ModelClient = {
    async complete(request, options) {
      options?.signal?.throwIfAborted();
      requests.push(request);
      const turn = turns[requests.length - 1];
      if (turn instanceof Error) throw turn;
      const usage = { inputTokens: 10, outputTokens: 1 };
      return { ...textResponse('done'), endpoint: 'e', attempts: 1, usage, cost: 0.5, ...turn };
    },
  };
  return { client, requests };
}
const call = (name: string, args: unknown = {}, id = 'c') => ({
  id,
  name,
  arguments: args,
  argumentsText: JSON.stringify(args),
});
const calling = (...toolCalls: NonNullable<ModelResponse['toolCalls']>) => ({ text: '', toolCalls });

describe('runTools over every protocol that carries tools', () => {
  let server: FakeModelServer;
  /** Looks the price up, adds what it was told, and says so: by what stands in the conversation, in any protocol. */
  const reply = ({ body }: FakeModelRequest): FakeReply => {
    const said = JSON.stringify(body);
    if (said.includes('Error:')) return { text: 'I am sorry' };
    if (said.includes('\\"price\\":3')) {
      if (/"(?:content|output)":"ok"/.test(said) || said.includes('"text":"ok"'))
        return { text: 'Two apples are in.' };
      return {
        reasoning: 'now add',
        toolCalls: [{ id: 'b', name: 'add', arguments: { item: 'apple', count: 2 } }],
      };
    }
    return { text: 'One moment', toolCalls: [{ id: 'a', name: 'price', arguments: { item: 'apple' } }] };
  };
  beforeAll(async () => {
    server = await startFakeModelServer({ reply });
  });
  afterAll(() => server.close());

  const protocols: readonly ProtocolName[] = [
    'openai-chat',
    'openai-responses',
    'anthropic-messages',
    'ollama-chat',
  ];
  for (const protocol of protocols) {
    for (const stream of [false, true]) {
      it(`answers calls until there is an answer: ${protocol}${stream ? ', streamed' : ''}`, async () => {
        const before = server.stats;
        const client = new LoadBalancedClient({
          endpoints: [server.origin],
          protocol,
          model: 'm',
          streamForTiming: stream,
          prices: { m: { inputPerMillion: 1000, outputPerMillion: 2000 } },
        });
        const run = await runTools(client, shop)('Two apples, please');
        await client.close();
        expect(run).toMatchObject({
          output: 'Two apples are in.',
          finishReason: 'stop',
          attempts: 3,
          toolCalls: [
            { name: 'price', arguments: { item: 'apple' } },
            { name: 'add', arguments: { item: 'apple', count: 2 } },
          ],
          metadata: {
            stopReason: 'answer',
            turns: 3,
            state: { items: { apple: 2 } },
            steps: [
              { turn: 1, name: 'price', outcome: 'ok', result: '{"item":"apple","price":3}' },
              { turn: 2, name: 'add', outcome: 'ok', result: 'ok' },
            ],
          },
        });
        const { inputTokens, outputTokens } = server.stats;
        expect(run.usage).toMatchObject({
          inputTokens: inputTokens - before.inputTokens,
          outputTokens: outputTokens - before.outputTokens,
        });
        expect(run.cost).toBeCloseTo(
          (run.usage!.inputTokens * 1000 + run.usage!.outputTokens * 2000) / 1e6,
          12,
        );
        expect(new Set(run.toolCalls.map(({ id }) => id)).size).toBe(2); // Ollama's calls have no ids of their own
      });
    }
  }

  it('works with a model of the AI SDK', async () => {
    const turns = [
      [{ type: 'tool-call', toolCallId: 'a', toolName: 'price', input: '{"item":"apple"}' }],
      [{ type: 'text', text: 'It is 3.' }],
    ];
    const prompts: unknown[] = [];
    const model = {
      specificationVersion: 'v2',
      provider: 'p',
      modelId: 'm',
      doGenerate: async ({ prompt }: Record<string, unknown>) => {
        prompts.push(prompt);
        return {
          content: turns[prompts.length - 1],
          finishReason: 'stop',
          usage: { inputTokens: 5, outputTokens: 2 },
        };
      },
    };
    const run = await runTools(fromLanguageModel(model as unknown as LanguageModel), shop)('apples?');
    expect(run).toMatchObject({
      output: 'It is 3.',
      usage: { inputTokens: 10, outputTokens: 4 },
      metadata: { turns: 2 },
    });
    expect(JSON.stringify(prompts[1])).toContain('tool-result');
  });

  it('is refused by name by protocols that carry no tools', async () => {
    const client = new LoadBalancedClient({
      endpoints: [server.origin],
      protocol: 'openai-completions',
      model: 'm',
    });
    await expect(runTools(client, shop)('hi')).rejects.toThrow(/cannot carry tools/);
    await client.close();
  });

  it('is a target: each turn is booked once, and scorers see the way', async () => {
    const client = new LoadBalancedClient({
      endpoints: [server.origin],
      protocol: 'openai-chat',
      model: 'm',
    });
    const before = server.stats;
    const evaluator = createEvaluator<ModelInput>({
      name: 'shop',
      version: '1',
      dimensions: {
        way: trajectory({ expected: 'expected.calls' }),
        basket: finalState({ expected: 'expected.state' }),
        steps: stepCount({ max: 2 }),
        turns: stepCount({ max: 2, of: 'turns' }),
      },
    });
    const expected = {
      calls: ['price', { name: 'add', arguments: { count: 2, item: 'apple' } }],
      state: { items: { apple: 2 } },
    };
    const processor = new BatchProcessor({ target: runTools(client, shop), evaluator });
    const results: CaseResult[] = [];
    processor.on('case:end', ({ result }) => results.push(result));
    const summary = await processor.run([
      { id: 'a', input: 'Two apples', expected },
      { id: 'b', input: 'Two apples again', expected },
    ]);
    await client.close();
    expect(summary.toString()).toContain('2 scored');
    const means = Object.entries(summary.dimensions).map(([name, { mean }]) => [name, mean]);
    expect(Object.fromEntries(means)).toEqual({ way: 1, basket: 1, steps: 1, turns: 0 });
    expect(summary.tokens.input).toBe(server.stats.inputTokens - before.inputTokens);
    expect(results[0]).toMatchObject({
      model: 'm',
      attempts: 3,
      response: { text: 'Two apples are in.', metadata: { turns: 3 } },
    });
  });
});

describe('runTools', () => {
  it('tells the model of unknown tools, of arguments that are none and of tools that throw, and goes on', async () => {
    const broken = {
      id: 'x',
      name: 'price',
      arguments: null,
      argumentsText: '{"item":',
      invalid: true,
    } as const;
    const { client, requests } = scripted([
      calling(call('prise', {}, '1'), broken, call('add', { item: 'a', count: 'two' }, '3')),
      calling({ id: '4', name: '', arguments: {}, argumentsText: '', invalid: true }),
    ]);
    const run = await runTools(client, shop)('hi');
    expect(run.metadata.steps.map(({ outcome, result }) => [outcome, result])).toEqual([
      ['unknown-tool', 'Error: there is no tool "prise"; there is price, add'],
      ['invalid-arguments', 'Error: the arguments are not a JSON object: {"item":'],
      ['failed', 'Error: count must be a number'],
      ['unknown-tool', 'Error: there is no tool ""; there is price, add'],
    ]);
    expect(run.toolCalls[1]).toMatchObject({ invalid: true, argumentsText: '{"item":' });
    // what goes back to a server is JSON, and every call has its answer
    const told = requests[2]!.input as readonly ChatMessage[];
    const sent = told.flatMap(({ toolCalls = [] }) => toolCalls);
    expect(sent.map(({ argumentsText }) => argumentsText)).toEqual([
      '{}',
      '{}',
      '{"item":"a","count":"two"}',
      '{}',
    ]);
    expect(sent.at(-1)!.name).toBe('unnamed');
    expect(told.filter(({ role }) => role === 'tool')).toHaveLength(4);
  });

  it('sends arguments that are nothing, or quoted twice, as the object that they are', async () => {
    const { client, requests } = scripted([
      calling(
        { id: '1', name: 'price', arguments: {}, argumentsText: '' },
        { id: '2', name: 'price', arguments: { item: 'a' }, argumentsText: '"{\\"item\\":\\"a\\"}"' },
        {
          id: '3',
          name: 'price',
          arguments: { n: 2 ** 64 },
          argumentsText: '{"n":18446744073709551617}',
        },
      ),
    ]);
    await runTools(client, shop)('hi');
    const [, assistant] = requests[1]!.input as readonly ChatMessage[];
    expect(assistant!.toolCalls!.map(({ argumentsText }) => argumentsText)).toEqual([
      '{}',
      '{"item":"a"}',
      '{"n":18446744073709551617}',
    ]);
  });

  it('checks arguments by a Standard Schema and gives the tool what that makes of them', async () => {
    const seen: unknown[] = [];
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: async (value: unknown) => {
          const { n } = value as { n?: unknown };
          return typeof n === 'number'
            ? { value: { n, unit: 'm' } }
            : { issues: [{ message: 'must be a number', path: ['n'] }] };
        },
      },
    };
    const { client } = scripted([calling(call('f', { n: 1 }, '1'), call('f', { n: '1' }, '2'))]);
    const run = await runTools(client, {
      tools: [{ name: 'f', schema, execute: (args) => void seen.push(args) }],
    })('hi');
    expect(seen).toEqual([{ n: 1, unit: 'm' }]);
    expect(run.metadata.steps[1]).toMatchObject({
      outcome: 'invalid-arguments',
      result: 'Error: /n: must be a number',
    });
  });

  it('ends at maxTurns with a stated reason, and does not run what nobody would read the result of', async () => {
    let runs = 0;
    const { client, requests } = scripted(Array.from({ length: 9 }, (_, i) => calling(call('f', { i }))));
    const run = await runTools(client, { maxTurns: 3, tools: [{ name: 'f', execute: () => ++runs }] })('hi');
    expect([runs, requests.length]).toEqual([2, 3]);
    expect(run).toMatchObject({ output: '', usage: { inputTokens: 30, outputTokens: 3 }, cost: 1.5 });
    expect(run.metadata).toMatchObject({ stopReason: 'max-turns', turns: 3 });
    expect(run.metadata.steps.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'not-run']);
    expect(run.toolCalls.map(({ id }) => id)).toEqual(['c', 'c_2', 'c_3']);
  });

  it('ends when its turns have cost enough', async () => {
    const tools = [{ name: 'f', execute: () => 1 }];
    for (const budget of [{ maxCost: 1 }, { maxTokens: 20 }]) {
      const { client, requests } = scripted(Array.from({ length: 9 }, () => calling(call('f'))));
      const { metadata } = await runTools(client, { tools, budget })('hi');
      expect([metadata.stopReason, requests.length]).toEqual(['budget', 2]);
    }
  });

  it('tells what all turns have used when one fails, and does not ask for a repetition that the client has made', async () => {
    const failure = Object.assign(new Error('boom'), {
      usage: { inputTokens: 7, outputTokens: 0 },
      cost: 0.25,
    });
    const { client } = scripted([calling(call('price')), failure]);
    const error = await runTools(client, shop)('hi').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ToolRunError);
    expect(error).toMatchObject({
      code: 'ASSAY_TARGET_FAILED',
      turn: 2,
      usage: { inputTokens: 17, outputTokens: 1 },
      cost: 0.75,
      steps: [{ name: 'price', outcome: 'ok' }],
      retryable: false,
    });
    const server = await startFakeModelServer({
      reply: ({ index }) =>
        index === 0 ? { toolCalls: [{ name: 'price' }] } : { status: 500, text: 'down' },
    });
    const balanced = new LoadBalancedClient({
      endpoints: [server.url],
      model: 'm',
      retry: { maxRetries: 1, initialBackoffMs: 1 },
    });
    const evaluator = createEvaluator<ModelInput>({
      name: 'e',
      version: '1',
      dimensions: { steps: stepCount({ max: 1 }) },
    });
    const processor = new BatchProcessor({ target: runTools(balanced, shop), evaluator });
    const results: CaseResult[] = [];
    processor.on('case:end', ({ result }) => results.push(result));
    await processor.run([{ id: 'a', input: 'hi' }]);
    await balanced.close();
    await server.close();
    expect(server.stats.requests).toBe(3); // one turn, then a call with one retry: the run is not begun again
    expect(results[0]).toMatchObject({ outcome: 'errored', error: { code: 'ASSAY_SERVER', status: 500 } });
    expect(results[0]!.usage?.inputTokens).toBe(server.stats.inputTokens);
  });

  it('ends at once when it is aborted, while a tool hangs, too', async () => {
    const controller = new AbortController();
    const { client } = scripted([calling(call('f'))]);
    const hangs = {
      name: 'f',
      execute: () => {
        setTimeout(() => controller.abort(new Error('enough')), 1);
        return new Promise(() => {});
      },
    };
    const run = runTools(client, { tools: [hangs] })('hi', { signal: controller.signal });
    await expect(run).rejects.toMatchObject({ code: 'ASSAY_ABORTED', usage: { inputTokens: 10 } });
  });

  it('tells the model `ok` for nothing, and of a result that is no JSON', async () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const results = [undefined, '', 0, null, cycle, () => 1];
    const { client } = scripted([calling(...results.map((_, i) => call('f', { i }, `${i}`)))]);
    const run = await runTools(client, { tools: [{ name: 'f', execute: ({ i }) => results[i as number] }] })(
      'hi',
    );
    expect(run.metadata.steps.map(({ result }) => result)).toEqual([
      'ok',
      '',
      '0',
      'null',
      expect.stringMatching(/^Error: .*circular/),
      expect.stringMatching(/^Error: .*no JSON/),
    ]);
  });

  it('gives tools the case, and begins each run with a state of its own', async () => {
    const tools = [{ name: 'f', execute: (_: unknown, { state }: { state: string[] }) => state.push('x') }];
    const agent = (client: ModelClient) =>
      runTools<string[]>(client, { tools, system: 'Be brief.', state: (testCase) => [String(testCase?.id)] });
    const first = scripted([calling(call('f'))]);
    const testCase = { id: 'a', input: 'hi', parameters: { seed: 7 } };
    const run = await agent(first.client)('hi', { testCase });
    expect(run.metadata.state).toEqual(['a', 'x']);
    expect(first.requests[0]).toMatchObject({
      input: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'hi' },
      ],
      parameters: { seed: 7, tools: [{ name: 'f' }] },
    });
    expect((await agent(scripted([]).client)('hi')).metadata.state).toEqual(['undefined']);
  });

  it('refuses bad options and inputs', async () => {
    const { client } = scripted([]);
    const tool = { name: 'f', execute: () => 1 };
    expect(() => runTools({} as ModelClient, { tools: [tool] })).toThrow(
      'Expected a ModelClient to run tools for',
    );
    expect(() => runTools(client, { tools: [] })).toThrow('to hold a tool');
    expect(() => runTools(client, { tools: [tool, tool] })).toThrow('tools with different names, got "f"');
    expect(() => runTools(client, { tools: [{ name: 'f' } as never] })).toThrow(
      'tools with a name and `execute`',
    );
    expect(() => runTools(client, { tools: [tool], maxTurns: 0 })).toThrow('`maxTurns` of runTools');
    expect(() => runTools(client, { tools: [tool], budget: { maxCost: 0 } })).toThrow(
      '`maxCost` of runTools.budget',
    );
    await expect(runTools(client, { tools: [tool] })({} as never)).rejects.toMatchObject({
      code: 'ASSAY_INVALID_CASE',
    });
  });
});
