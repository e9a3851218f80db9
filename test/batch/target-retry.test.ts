import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import type { BatchProcessorOptions, TargetFunction } from '../../src/batch/batch-options.js';
import { fromLanguageModel, type LanguageModel } from '../../src/client/language-model.js';
import { LoadBalancedClient } from '../../src/client/load-balanced-client.js';
import { AssayError } from '../../src/errors.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { CaseResult, TestCase } from '../../src/evaluation/evaluation-types.js';
import { MemoryBoundedCache } from '../../src/cache/memory-bounded-cache.js';
import type { ModelResponse } from '../../src/client/model-client.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { json, modelServer } from '../client/model-server.js';

const evaluator = createEvaluator<string>({ name: 'any', version: '1', dimensions: { any: () => 1 } });
const cases = (n: number): TestCase<string>[] =>
  Array.from({ length: n }, (_, i) => ({ id: `c${i}`, input: `q${i}` }));
const failWith = (members: object): Error => Object.assign(new Error('no luck'), members);

/** Runs a target that fails with `error` the first `times` times. */
async function runFailing(
  error: unknown,
  times: number,
  more: Partial<BatchProcessorOptions<string>> = {},
): Promise<{ asked: number; result: CaseResult; waits: number[] }> {
  let asked = 0;
  const waits: number[] = [];
  const target: TargetFunction<string> = async (input) => {
    if (++asked <= times) throw error;
    return input;
  };
  const processor = new BatchProcessor<string>({
    target,
    evaluator,
    retry: { initialBackoffMs: 0 },
    ...more,
  } as BatchProcessorOptions<string>);
  processor.on('target:retry', ({ delayMs }) => waits.push(delayMs));
  const results: CaseResult[] = [];
  for await (const result of processor.stream(cases(1))) results.push(result);
  return { asked, result: results[0]!, waits };
}

describe('retries of a target that is not a client', () => {
  it('asks again after failures that say that they may pass', async () => {
    const passing: unknown[] = [
      new AssayError('ASSAY_TARGET_FAILED', 'later', { retryable: true }),
      failWith({ retryable: true }),
      failWith({ isRetryable: true, statusCode: 400 }),
      ...[408, 409, 425, 429, 500, 502, 503, 529].flatMap((status) => [
        failWith({ status }),
        failWith({ statusCode: status }),
      ]),
      ...['ECONNRESET', 'ECONNREFUSED', 'EAI_AGAIN', 'ETIMEDOUT', 'UND_ERR_SOCKET'].flatMap((code) => [
        failWith({ code }),
        new TypeError('fetch failed', { cause: failWith({ code }) }),
      ]),
      new DOMException('The operation was aborted due to timeout', 'TimeoutError'),
      failWith({ code: 'ERR_BAD_RESPONSE', response: { status: 503 } }), // axios
      failWith({ name: 'ThrottlingException', $metadata: { httpStatusCode: 429 } }), // AWS
      failWith({ name: 'ThrottlingException', $retryable: { throttling: true } }),
      failWith({ name: 'AI_RetryError', lastError: failWith({ isRetryable: true }) }), // AI SDK
      new Error('the model failed', { cause: failWith({ status: 500 }) }),
    ];
    for (const error of passing) {
      const { asked, result } = await runFailing(error, 2);
      expect([asked, result.outcome, result.attempts]).toEqual([3, 'scored', 3]);
    }
  });

  it('asks once after a failure that says nothing, or that it will not pass', async () => {
    const lasting: unknown[] = [
      new Error('a fault in the function'),
      new AssayError('ASSAY_TARGET_FAILED', 'never'),
      failWith({ isRetryable: false, statusCode: 503 }),
      ...[400, 401, 403, 404, 422].map((status) => failWith({ status })),
      ...['ENOENT', 'ERR_INVALID_ARG_TYPE'].map((code) => failWith({ code })),
      new Error('the model failed', { cause: failWith({ status: 400, cause: failWith({ status: 500 }) }) }),
      new DOMException('aborted', 'AbortError'),
      (() => {
        const endless = failWith({});
        endless.cause = endless;
        return endless;
      })(),
      'a string',
      null,
      undefined,
      Object.defineProperty({}, 'status', {
        get() {
          throw new Error('unreadable');
        },
      }),
    ];
    for (const error of lasting) {
      const { asked, result } = await runFailing(error, 2);
      expect([asked, result.outcome, result.attempts]).toEqual([1, 'errored', 1]);
    }
  });

  it('refuses wrong options at once', () => {
    expect(
      () => new BatchProcessor({ target: () => 'x', evaluator, retry: { maxRetry: 1 } as never }),
    ).toThrow(/maxRetries/);
    expect(() => new BatchProcessor({ target: () => 'x', evaluator, retry: true as never })).toThrow(
      /`retry`/,
    );
  });

  it('stops after `maxRetries`, and makes none with `retry: false`', async () => {
    const error = failWith({ status: 503 });
    const limited = await runFailing(error, 9, { retry: { maxRetries: 2, initialBackoffMs: 0 } });
    expect([limited.asked, limited.result.outcome, limited.result.attempts]).toEqual([3, 'errored', 3]);
    await expect(runFailing(error, 9, { retry: false })).resolves.toMatchObject({ asked: 1 });
  });

  it('keeps the wait that a server asked for, by field, by headers of an SDK, by Headers', async () => {
    for (const members of [
      { retryable: true, retryAfterMs: 20 },
      { isRetryable: true, responseHeaders: { 'Retry-After-Ms': '20' } },
      { status: 429, headers: new Headers({ 'retry-after-ms': '20' }) },
      { response: { status: 429, headers: { 'retry-after-ms': '20' } } },
    ]) {
      const { waits, result } = await runFailing(failWith(members), 1);
      expect(result.outcome).toBe('scored');
      expect(waits[0]).toBeGreaterThanOrEqual(20);
      expect(waits[0]).toBeLessThanOrEqual(22);
    }
    const long = await runFailing(failWith({ status: 429, retryAfterMs: 600_000 }), 1);
    expect([long.asked, long.result.outcome]).toEqual([1, 'errored']);
  });

  it('does not wait past the time of the case', async () => {
    const error = failWith({ status: 429, retryAfterMs: 5000 });
    const { asked, result } = await runFailing(error, 1, { caseTimeoutMs: 1000 });
    expect([asked, result.error?.code]).toEqual([1, 'ASSAY_TARGET_FAILED']);
  });

  it('ends a wait when the run is aborted', async () => {
    const controller = new AbortController();
    const processor = new BatchProcessor<string>({
      target: async () => Promise.reject(failWith({ status: 429, retryAfterMs: 60_000 })),
      evaluator,
    });
    processor.on('target:retry', () => controller.abort());
    await expect(processor.run(cases(1), { signal: controller.signal })).rejects.toMatchObject({
      code: 'ASSAY_ABORTED',
    });
  });

  it('spreads its waits with full jitter, doubling', async () => {
    const waits: number[][] = [[], [], []];
    const clock = new ManualClock();
    const processor = new BatchProcessor<string>({
      target: async () => Promise.reject(failWith({ status: 503 })),
      evaluator,
      clock,
      concurrency: 50,
      caseTimeoutMs: 1e9,
    });
    processor.on('target:retry', ({ attempt, delayMs }) => waits[attempt - 1]!.push(delayMs));
    let over = false;
    const run = processor.run(cases(50)).finally(() => (over = true));
    while (!over) {
      await clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await run;
    for (const [i, some] of waits.entries()) {
      expect(some).toHaveLength(50);
      expect(Math.max(...some)).toBeLessThanOrEqual(500 * 2 ** i);
      expect(Math.max(...some)).toBeGreaterThan(300 * 2 ** i);
      expect(Math.min(...some)).toBeLessThan(150 * 2 ** i);
    }
  });

  it('answers all of 100 cases although 30 % of the calls are refused, cached or not', async () => {
    for (const cache of [undefined, new MemoryBoundedCache<string, ModelResponse>({ maxBytes: 1 << 20 })]) {
      let calls = 0;
      const model = {
        specificationVersion: 'v2',
        provider: 'p',
        modelId: 'm',
        doGenerate: async () => {
          if (calls++ % 10 < 3) {
            throw failWith({
              statusCode: 429,
              isRetryable: true,
              responseHeaders: { 'retry-after-ms': '1' },
            });
          }
          return { content: [{ type: 'text', text: 'ok' }], finishReason: 'stop', usage: {} };
        },
      } as LanguageModel;
      const processor = new BatchProcessor<string>({
        target: fromLanguageModel(model) as never,
        evaluator,
        cache,
        concurrency: 8,
        retry: { maxRetries: 14, initialBackoffMs: 5 },
      });
      await expect(processor.run(cases(100))).resolves.toMatchObject({ scored: 100, errored: 0 });
    }
  });

  it('leaves a client alone that retries by itself, and tells of its retries', async () => {
    const server = await modelServer((_request, response) => json(response, 503, {}));
    const client = new LoadBalancedClient({
      endpoints: [{ id: 'a', url: server.url }],
      retry: { maxRetries: 1, initialBackoffMs: 0 },
    });
    const processor = new BatchProcessor({
      target: client,
      evaluator: createEvaluator({ name: 'any', version: '1', dimensions: { any: () => 1 } }),
      retry: { maxRetries: 5 },
    });
    const told: unknown[] = [];
    processor.on('target:retry', ({ caseId, endpoint, attempt, error }) =>
      told.push([caseId, endpoint, attempt, error.status]),
    );
    await processor.run([{ id: 'x', input: 'x' }]);
    expect(server.requests).toHaveLength(2);
    expect(told).toEqual([[null, 'a', 1, 503]]);
    await processor.run([{ id: 'x', input: 'x' }]);
    expect(told).toHaveLength(2);
    await client.close();
  });

  it('adds up what tries have used', async () => {
    const usage = { inputTokens: 10, outputTokens: 1 };
    const { result } = await runFailing(failWith({ status: 503, usage, cost: 0.5 }), 2);
    expect(result).toMatchObject({ usage: { inputTokens: 20, outputTokens: 2 }, cost: 1, attempts: 3 });
    const failed = await runFailing(failWith({ status: 503, usage, cost: 0.5 }), 9, {
      retry: { maxRetries: 1, initialBackoffMs: 0 },
    });
    expect(failed.result).toMatchObject({
      usage: { inputTokens: 20, outputTokens: 2 },
      cost: 1,
      attempts: 2,
    });
  });
});
