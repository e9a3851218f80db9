import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import type { TargetFunction } from '../../src/batch/batch-options.js';
import { MemoryBoundedCache } from '../../src/cache/memory-bounded-cache.js';
import { fromLanguageModel, type LanguageModel } from '../../src/client/language-model.js';
import { LoadBalancedClient } from '../../src/client/load-balanced-client.js';
import type { LoadBalancedClientOptions } from '../../src/client/client-options.js';
import type { ModelClient, ModelResponse } from '../../src/client/model-client.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { textResponse } from '../../src/evaluation/evaluator.js';
import type { TestCase } from '../../src/evaluation/evaluation-types.js';

const evaluator = createEvaluator<string>({ name: 'any', version: '1', dimensions: { any: () => 1 } });
const newCache = () => new MemoryBoundedCache<string, ModelResponse>({ maxBytes: 1 << 20 });
type Target = ModelClient | TargetFunction<string>;

async function answersOf(
  target: Target,
  cache: MemoryBoundedCache<string, ModelResponse>,
  cases: readonly TestCase<string>[] = [{ id: 'a', input: 'Name a river.' }],
  cacheIdentity?: string,
): Promise<string[]> {
  const processor = new BatchProcessor<string>({
    target: target as TargetFunction<string>,
    evaluator,
    cache,
    cacheIdentity,
    concurrency: 1,
  });
  const texts: string[] = [];
  for await (const result of processor.stream(cases)) texts.push(result.response!.text);
  return texts;
}

describe('the identity of a target in the response cache', () => {
  it('tells functions apart that bear the same name, or none', async () => {
    const cache = newCache();
    const made =
      (name: string): Target =>
      async () =>
        name;
    const got: string[] = [];
    for (const river of ['Danube', 'Rhine']) {
      got.push(...(await answersOf({ target: async () => river }.target, cache)));
      got.push(...(await answersOf(made(`${river} 2`), cache)));
    }
    expect(got).toEqual(['Danube', 'Danube 2', 'Rhine', 'Rhine 2']);
  });

  it('shares what processors get with the same `cacheIdentity`, and only under the same name', async () => {
    const cache = newCache();
    let asked = 0;
    const named = (name: string): Target =>
      ({ [name]: async (_input: string) => `${name} ${++asked}` })[name] as Target;
    const got = [
      await answersOf(named('v1'), cache, undefined, 'rivers'),
      await answersOf(named('v1'), cache, undefined, 'rivers'),
      await answersOf(named('v2'), cache, undefined, 'rivers'),
      await answersOf(named('v1'), cache, undefined, 'others'),
    ];
    expect(got.flat()).toEqual(['v1 1', 'v1 1', 'v2 2', 'v1 3']);
  });

  it('tells cases apart for a function that looks at them, however it takes its context', async () => {
    const cases = ['en', 'fr', 'de'].map((language) => ({
      id: language,
      input: 'Name it',
      metadata: { language },
    }));
    const languageOf = (context: unknown): string =>
      (context as { testCase: TestCase<string> }).testCase.metadata!['language'] as string;
    const targets: Target[] = [
      async (_input, context) => languageOf(context),
      async (...all: unknown[]) => languageOf(all[1]),
      async (_input: string, ...rest: unknown[]) => languageOf(rest[0]),
    ];
    for (const target of targets) {
      await expect(answersOf(target, newCache(), cases)).resolves.toEqual(['en', 'fr', 'de']);
    }
  });

  it('asks a function that looks at the input only once for equal inputs', async () => {
    let asked = 0;
    const cases = ['a', 'b', 'c'].map((id) => ({ id, input: 'same', metadata: { id } }));
    const got = await answersOf(async (input: string) => `${input} ${++asked}`, newCache(), cases);
    expect(got).toEqual(['same 1', 'same 1', 'same 1']);
  });

  it('never shares the answers of a client that has no identity', async () => {
    const cache = newCache();
    const client = (text: string): ModelClient => ({
      complete: async () => textResponse(text),
      describe: () => ({ client: 'Mine', model: 'm' }),
    });
    expect([await answersOf(client('a'), cache), await answersOf(client('b'), cache)]).toEqual([
      ['a'],
      ['b'],
    ]);
  });

  it('tells clients apart by server, protocol, model, parameters and headers, and not by key or order', () => {
    const identity = (options: Partial<LoadBalancedClientOptions>): string =>
      new LoadBalancedClient({ endpoints: ['http://a:1/v1', 'http://b:1/v1'], model: 'm', ...options })
        .cacheIdentity;
    const plain = identity({});
    const same: Partial<LoadBalancedClientOptions>[] = [
      { endpoints: ['http://b:1/v1', 'http://a:1/v1'] },
      { apiKey: 'k1' },
      { headers: { authorization: 'Bearer x', 'X-Request-Id': '1' } },
      { concurrency: 3, retry: { maxRetries: 1 }, prices: {}, policy: 'round-robin' },
      { endpoints: [{ url: 'http://a:1/v1', model: 'm', id: 'x' }, 'http://b:1'] },
    ];
    for (const options of same) expect(identity(options)).toBe(plain);
    const others: Partial<LoadBalancedClientOptions>[] = [
      { endpoints: ['http://a:1/v1'] },
      { endpoints: ['http://a:1/v1', 'http://c:1/v1'] },
      { endpoints: ['http://a:1/v1?deployment=2', 'http://b:1/v1'] },
      { endpoints: ['http://a:1/v1', { url: 'http://b:1/v1', model: 'other' }] },
      { protocol: 'openai-completions' },
      { model: 'n' },
      { parameters: { temperature: 0 } },
      { parameters: { extraBody: { top_k: 1 } } },
      { headers: { 'X-Model-Version': '2' } },
    ];
    expect(new Set([plain, ...others.map(identity)]).size).toBe(others.length + 1);
    expect([
      identity({ cacheIdentity: 'shared', model: 'n' }),
      identity({ cacheIdentity: 'shared' }),
    ]).toEqual(['shared', 'shared']);
  });

  it('knows an AI SDK model only by what the host says', () => {
    const model = {
      specificationVersion: 'v2',
      provider: 'p',
      modelId: 'm',
      doGenerate: async () => ({}),
    } as LanguageModel;
    expect(fromLanguageModel(model).cacheIdentity).toBeUndefined();
    const said = (cacheIdentity: string) => fromLanguageModel(model, { cacheIdentity }).cacheIdentity;
    expect(said('a')).toBe(said('a'));
    expect(said('a')).not.toBe(said('b'));
  });
});
