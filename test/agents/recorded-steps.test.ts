import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { SpanStatusCode } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { fromAiSdk } from '../../src/agents/from-ai-sdk.js';
import { fromOpenAIAgents } from '../../src/agents/from-openai-agents.js';
import { fromSpans } from '../../src/agents/from-spans.js';
import { responseOf } from '../../src/batch/whole-response.js';
import { stepCount } from '../../src/agents/step-count.js';
import { trajectory } from '../../src/agents/trajectory.js';
import { scoreCalls } from './call-scoring.js';

const search = { name: 'search', arguments: { q: 'Zürich 🏔' } };
const book = { name: 'book', arguments: { seats: 2 } };
const told = {
  toolCalls: [
    { id: 'a', ...search, argumentsText: '{"q":"Zürich 🏔"}' },
    { id: 'b', ...book, argumentsText: '{"seats":2}' },
  ],
  metadata: {
    turns: 3,
    steps: [
      { turn: 1, id: 'a', ...search, outcome: 'ok', result: '{"found":1}' },
      { turn: 2, id: 'b', ...book, outcome: 'failed', result: 'sold out' },
    ],
  },
};

describe('steps of other frameworks', () => {
  const aiSdk = [
    {
      content: [
        { type: 'text', text: 'Let me see' },
        { type: 'tool-call', toolCallId: 'a', toolName: 'search', input: search.arguments },
        { type: 'tool-result', toolCallId: 'a', toolName: 'search', output: { found: 1 } },
      ],
    },
    {
      content: [
        { type: 'tool-call', toolCallId: 'b', toolName: 'book', input: book.arguments },
        { type: 'tool-error', toolCallId: 'b', toolName: 'book', error: new Error('sold out') },
      ],
    },
    { content: [{ type: 'text', text: 'Sorry' }] },
  ];

  it('of the AI SDK come in one shape, from a result or its steps', () => {
    expect(fromAiSdk({ steps: aiSdk })).toEqual(told);
    expect(fromAiSdk(aiSdk)).toEqual(told);
  });

  it('of version 4 of the AI SDK, whose calls have args and results', () => {
    const steps = [
      {
        toolCalls: [{ type: 'tool-call', toolCallId: 'a', toolName: 'search', args: search.arguments }],
        toolResults: [{ type: 'tool-result', toolCallId: 'a', result: { found: 1 } }],
      },
    ];
    expect(fromAiSdk(steps).toolCalls).toEqual([told.toolCalls[0]]);
    expect(fromAiSdk(steps).metadata.steps).toEqual([told.metadata.steps[0]]);
  });

  it('of the AI SDK that are a promise still are refused with a hint', () => {
    expect(() => fromAiSdk({ steps: Promise.resolve([]) })).toThrow('a promise: await `steps` first');
    expect(() => fromAiSdk({} as never)).toThrow(
      'Expected the steps of the AI SDK to be a list, got undefined',
    );
  });

  const items = [
    { type: 'reasoning_item', rawItem: { type: 'reasoning', content: [] } },
    {
      type: 'tool_call_item',
      rawItem: {
        type: 'function_call',
        callId: 'a',
        name: 'search',
        arguments: JSON.stringify(search.arguments),
      },
    },
    {
      type: 'tool_call_output_item',
      rawItem: { type: 'function_call_result', callId: 'a', output: { type: 'text', text: '{"found":1}' } },
      output: '{"found":1}',
    },
    {
      type: 'tool_call_item',
      rawItem: { type: 'function_call', callId: 'b', name: 'book', arguments: '{"seats":2}' },
    },
    {
      type: 'tool_call_output_item',
      rawItem: {
        type: 'function_call_result',
        callId: 'b',
        status: 'incomplete',
        output: { type: 'text', text: 'sold out' },
      },
    },
    { type: 'message_output_item', rawItem: { type: 'message', role: 'assistant', content: [] } },
  ];

  it('of the OpenAI Agents SDK come in one shape, from a result, its items or its history', () => {
    expect(fromOpenAIAgents({ newItems: items })).toEqual(told);
    expect(fromOpenAIAgents(items)).toEqual(told);
    const history = [
      { type: 'message', role: 'user', content: 'hi' },
      ...items.map(({ rawItem }) => rawItem),
    ];
    expect(fromOpenAIAgents(history)).toEqual(told);
    expect(() => fromOpenAIAgents({} as never)).toThrow(
      'Expected the items of the OpenAI Agents SDK to be a list',
    );
  });

  it('of the OpenAI Agents SDK in Python, with calls side by side, handoffs and tools of the server', () => {
    const read = fromOpenAIAgents({
      new_items: [
        { raw_item: { type: 'function_call', call_id: '1', name: 'search', arguments: '{}' } },
        { raw_item: { type: 'function_call', call_id: '2', name: 'transfer_to_refunds', arguments: '{}' } },
        { raw_item: { type: 'function_call_output', call_id: '1', output: 'x' } },
        { raw_item: { type: 'web_search_call', id: 'ws', action: { query: 'q' }, status: 'completed' } },
      ],
    });
    expect(read.metadata.steps.map(({ turn, name, outcome }) => [turn, name, outcome])).toEqual([
      [1, 'search', 'ok'],
      [1, 'transfer_to_refunds', 'not-run'],
      [2, 'web_search', 'ok'],
    ]);
  });

  it('of OpenTelemetry are read from spans of its SDK, whatever order they ended in', () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const tracer = provider.getTracer('t');
    const at = (second: number): [number, number] => [1_700_000_000 + second, 5];
    const span = (name: string, second: number, attributes: Record<string, string>) =>
      tracer.startSpan(name, { startTime: at(second), attributes });
    const tool = (second: number, name: string, id: string, args: object, result: string) =>
      span(`execute_tool ${name}`, second, {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': name,
        'gen_ai.tool.call.id': id,
        'gen_ai.tool.call.arguments': JSON.stringify(args),
        'gen_ai.tool.call.result': result,
      });
    const chat = (second: number) => span('chat m', second, { 'gen_ai.operation.name': 'chat' });
    const agent = span('invoke_agent', 0, { 'gen_ai.operation.name': 'invoke_agent' });
    const spans = [
      chat(0),
      tool(1, 'search', 'a', search.arguments, '{"found":1}'),
      chat(2),
      tool(3, 'book', 'b', book.arguments, 'sold out'),
      chat(4),
    ];
    spans[3]!.setStatus({ code: SpanStatusCode.ERROR });
    for (const each of spans.toReversed()) each.end(at(9));
    agent.end();
    const finished = exporter.getFinishedSpans();
    expect(fromSpans(finished)).toEqual(told);

    // and from OTLP's JSON of the same
    const otlp = finished.map((each) => ({
      startTimeUnixNano: String(BigInt(each.startTime[0]) * 1_000_000_000n + BigInt(each.startTime[1])),
      status: { code: each.status.code === SpanStatusCode.ERROR ? 'STATUS_CODE_ERROR' : 0 },
      attributes: Object.entries(each.attributes).map(([key, value]) => ({
        key,
        value: { stringValue: value },
      })),
    }));
    expect(fromSpans(otlp)).toEqual(told);
  });

  it('of the AI SDK and OpenInference are read from their spans; a call that two tell counts once', () => {
    const spans = [
      { startTime: [1, 0], attributes: { 'ai.operationId': 'ai.generateText.doGenerate' } },
      {
        startTime: [2, 0],
        attributes: {
          'ai.operationId': 'ai.toolCall',
          'ai.toolCall.id': 'a',
          'ai.toolCall.name': 'search',
          'ai.toolCall.args': JSON.stringify(search.arguments),
          'ai.toolCall.result': '{"found":1}',
        },
      },
      {
        startTime: [2, 1],
        attributes: {
          'gen_ai.operation.name': 'execute_tool',
          'gen_ai.tool.call.id': 'a',
          'gen_ai.tool.name': 'search',
        },
      },
      { startTime: [3, 0], attributes: { 'openinference.span.kind': 'LLM' } },
      {
        startTime: [4, 0],
        status: { code: 2 },
        attributes: {
          'openinference.span.kind': 'TOOL',
          'tool.id': 'b',
          'tool.name': 'book',
          'input.value': '{"seats":2}',
          'output.value': 'sold out',
        },
      },
      { startTime: [5, 0], attributes: { 'openinference.span.kind': 'LLM' } },
      { attributes: { 'http.method': 'GET' } },
    ];
    expect(fromSpans(spans)).toEqual(told);
    expect(fromSpans([])).toEqual({ toolCalls: [], metadata: { turns: 0, steps: [] } });
    expect(() => fromSpans([null])).toThrow('Expected a list of spans, got null in it');
    expect(() => fromSpans('spans' as never)).toThrow('Expected a list of spans');
  });

  it('can be spread into what a function target returns, and scored', async () => {
    const response = responseOf({ output: { sorry: true }, ...fromAiSdk(aiSdk) });
    expect(await scoreCalls(trajectory(), undefined, [search, book], response)).toMatchObject({ score: 1 });
    expect(await scoreCalls(stepCount({ max: 2, of: 'turns' }), undefined, null, response)).toEqual({
      score: 0,
      reason: '3 turns, more than 2',
      metadata: { steps: 3 },
    });
  });
});
