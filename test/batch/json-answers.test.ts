import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import type { TargetFunction } from '../../src/batch/batch-options.js';
import { MemoryBoundedCache } from '../../src/cache/memory-bounded-cache.js';
import type { ModelResponse } from '../../src/client/model-client.js';
import { textResponse } from '../../src/evaluation/evaluator.js';
import type { Evaluator } from '../../src/evaluation/evaluator.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { CaseResult, Scorer, ScorerArguments } from '../../src/evaluation/evaluation-types.js';
import { exactMatch } from '../../src/scorers/exact-match.js';
import { jsonMatch } from '../../src/scorers/json/json-match.js';
import { jsonSchema } from '../../src/scorers/json/json-schema.js';
import { jsonValid } from '../../src/scorers/json/json-valid.js';
import { GzipFileResultStore } from '../../src/stores/gzip/gzip-file-result-store.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import type { ResultStore } from '../../src/stores/result-store.js';
import { SqliteResultStore } from '../../src/stores/sqlite/sqlite-result-store.js';

interface City {
  readonly city: string;
}

type Seen = Pick<ScorerArguments<unknown, unknown, unknown, unknown>, 'output' | 'response'>;

/** Runs one case with `target`; gives the result and what the scorer saw. */
async function runOne(target: unknown, store?: ResultStore): Promise<{ result: CaseResult; seen: Seen[] }> {
  const seen: Seen[] = [];
  const spy: Scorer<unknown, unknown, unknown, unknown> = ({ output, response }) => {
    seen.push({ output, response });
    return 1;
  };
  const processor = new BatchProcessor<unknown>({
    target: target as TargetFunction<unknown>,
    evaluator: createEvaluator({ name: 'spy', version: '1', dimensions: { seen: spy } }),
    ...(store === undefined ? {} : { store }),
  });
  let result: CaseResult | undefined;
  for await (const each of processor.stream([{ id: 'a', input: 'x' }], { runId: 'r' })) result = each;
  return { result: result!, seen };
}

describe('an answer that is no text', () => {
  it('reaches the scorers as it is, and the result together with its JSON', async () => {
    const values: readonly unknown[] = [
      { city: 'Paris' },
      ['a', 1],
      42,
      0,
      true,
      false,
      {},
      [],
      { text: undefined, output: 1 },
    ];
    for (const value of values.slice(0, 8)) {
      for (const given of [value, { output: value }]) {
        const { result, seen } = await runOne(() => given);
        expect(result.outcome).toBe('scored');
        expect(seen[0]!.output).toEqual(value);
        expect(result.response).toMatchObject({ output: value, text: JSON.stringify(value) });
      }
    }
    const explicit = await runOne(() => ({ output: null }));
    expect([explicit.result.outcome, explicit.seen[0]!.output]).toEqual(['scored', null]);
  });

  it('a text in `output` is a text', async () => {
    const { result, seen } = await runOne(() => ({ output: 'Paris', cost: 1 }));
    expect(seen[0]!.output).toBe('Paris');
    expect(result).toMatchObject({ response: { text: 'Paris' }, cost: 1 });
    expect('output' in result.response!).toBe(false);
  });

  it('comes with all that a target knows of it', async () => {
    const given = {
      output: { city: 'Paris' },
      contexts: ['a passage', { id: 'd1', text: 'another', score: 0.5 }],
      toolCalls: [
        { name: 'search', arguments: { q: 'x' } },
        { id: 'z', function: { name: 'open', arguments: '{"n":1}' } },
        { toolCallId: 's', toolName: 'sdk', input: '{' },
      ],
      metadata: { route: 'a' },
      usage: { inputTokens: 3, outputTokens: 4 },
      cost: 0.5,
      reasoning: 'because',
    };
    const toolCalls = [
      { id: 'call_0', name: 'search', arguments: { q: 'x' }, argumentsText: '{"q":"x"}' },
      { id: 'z', name: 'open', arguments: { n: 1 }, argumentsText: '{"n":1}' },
      { id: 's', name: 'sdk', arguments: null, argumentsText: '{', invalid: true },
    ];
    const { result, seen } = await runOne(async () => given);
    expect(seen[0]!.response).toMatchObject({ ...given, toolCalls });
    expect(result).toMatchObject({
      usage: given.usage,
      cost: 0.5,
      response: {
        output: given.output,
        contexts: given.contexts,
        toolCalls,
        metadata: given.metadata,
        reasoning: 'because',
      },
    });
  });

  it.each([
    ['an object', { name: 'f', arguments: { n: 1 }, argumentsText: '{"n":1}' }, { arguments: { n: 1 } }],
    ['the JSON of one', { name: 'f', arguments: '{"n":1}' }, { arguments: { n: 1 } }],
    ['text alone', { name: 'f', argumentsText: '{"n":1}' }, { arguments: { n: 1 } }],
    ['unreadable', { name: 'f', arguments: '{"n":' }, { arguments: null, invalid: true }],
    ['a text by design', { name: 'f', arguments: 'ls', argumentsText: 'ls' }, { arguments: 'ls' }],
  ])('has its calls read where it is a whole response, too: arguments as %s', async (_, call, read) => {
    const { seen } = await runOne(() => ({ ...textResponse('x'), toolCalls: [call] as never }));
    expect(seen[0]!.response.toolCalls).toMatchObject([{ name: 'f', ...read }]);
  });

  it('is told apart from no answer and from what is no JSON', async () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const wrong: readonly (readonly [unknown, string, RegExp])[] = [
      [undefined, 'ASSAY_EMPTY_RESPONSE', /a text, a JSON value/],
      [null, 'ASSAY_EMPTY_RESPONSE', /got null/],
      [{ output: undefined }, 'ASSAY_EMPTY_RESPONSE', /`output`/],
      [{ text: null }, 'ASSAY_EMPTY_RESPONSE', /`text`.*got null/],
      [{ text: 5 }, 'ASSAY_TARGET_FAILED', /`text`.*got 5/],
      [{ text: undefined }, 'ASSAY_EMPTY_RESPONSE', /got/],
      [cyclic, 'ASSAY_TARGET_FAILED', /JSON value/],
      [{ output: 1n }, 'ASSAY_TARGET_FAILED', /JSON value/],
      [new Map([['a', 1]]), 'ASSAY_TARGET_FAILED', /JSON value/],
      [new Response('x'), 'ASSAY_TARGET_FAILED', /`text`.*a function/],
      [{ output: 1, toolCalls: 'x' }, 'ASSAY_TARGET_FAILED', /`toolCalls`.*a list/],
      [{ output: 1, contexts: {} }, 'ASSAY_TARGET_FAILED', /`contexts`.*a list/],
      [{ output: 1, metadata: 'x' }, 'ASSAY_TARGET_FAILED', /`metadata`.*an object/],
      [{ output: 1, cost: -1 }, 'ASSAY_TARGET_FAILED', /`cost`/],
    ];
    for (const [given, code, message] of wrong) {
      const { result, seen } = await runOne(() => given);
      expect(result.error).toMatchObject({ code, message: expect.stringMatching(message) as string });
      expect(seen).toEqual([]);
    }
  });

  it('scorers of texts say what they need, scorers of JSON take it', async () => {
    const evaluator = createEvaluator({
      name: 'all',
      version: '1',
      dimensions: {
        text: exactMatch(),
        match: jsonMatch(),
        valid: jsonValid(),
        schema: jsonSchema({ type: 'object', required: ['city'] }),
      },
    });
    const processor = new BatchProcessor<unknown>({
      target: () => ({ city: 'Paris' }),
      evaluator: evaluator as Evaluator,
    });
    let result: CaseResult | undefined;
    for await (const each of processor.stream([{ id: 'a', input: 'x', expected: { city: 'Paris' } }]))
      result = each;
    const [text, ...json] = result!.evaluation!.dimensions;
    expect(text).toMatchObject({
      outcome: 'errored',
      error: {
        code: 'ASSAY_INVALID_CASE',
        message: expect.stringContaining('`output` to be a text') as string,
      },
    });
    expect(json.map(({ name, score }) => [name, score])).toEqual([
      ['match', 1],
      ['valid', 1],
      ['schema', 1],
    ]);
  });

  it('is typed for scorers', async () => {
    const inParis: Scorer<string, City, unknown, City> = ({ output, expected }) =>
      output.city === expected.city;
    const evaluator = createEvaluator({ name: 'typed', version: '1', dimensions: { inParis } });
    const processor = new BatchProcessor<string, City>({
      target: async (): Promise<City> => ({ city: 'Paris' }),
      evaluator,
    });
    const summary = await processor.run([{ id: 'a', input: 'x', expected: { city: 'Paris' } }]);
    expect(summary.overall.mean).toBe(1);
  });

  it('is kept by every store, with what came along', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'assaykit-json-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const stores: ResultStore[] = [
      new MemoryResultStore(),
      new GzipFileResultStore(join(directory, 'gz')),
      new SqliteResultStore(join(directory, 'r.db')),
    ];
    const given = {
      output: { city: 'Paris', at: [1, { n: null }] },
      contexts: ['p', { id: 'd' }],
      metadata: { route: 'a' },
      toolCalls: [{ name: 'f' }],
    };
    for (const store of stores) {
      const { result } = await runOne(() => given, store);
      const stored: CaseResult[] = [];
      for await (const each of store.query({ runId: 'r' })) stored.push(each);
      expect(stored[0]!.response).toEqual(result.response);
      expect(stored[0]!.response).toMatchObject({ ...given, text: JSON.stringify(given.output) });
      await store.close();
    }
  });

  it('comes from the cache as it was', async () => {
    const cache = new MemoryBoundedCache<string, ModelResponse>({ maxBytes: 1 << 20 });
    let asked = 0;
    const processor = new BatchProcessor<string>({
      target: async (_input: string) => ({ n: ++asked }),
      evaluator: createEvaluator({ name: 'any', version: '1', dimensions: { any: () => 1 } }),
      cache,
      concurrency: 1,
    });
    const outputs: unknown[] = [];
    for await (const { response } of processor.stream(['a', 'b'].map((id) => ({ id, input: 'x' }))))
      outputs.push(response!.output);
    expect(outputs).toEqual([{ n: 1 }, { n: 1 }]);
  });
});
