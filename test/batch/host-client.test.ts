import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { LoadBalancedClient } from '../../src/client/load-balanced-client.js';
import type { CallOptions, ModelClient, ModelRequest, ModelResponse } from '../../src/client/model-client.js';
import { AssayError } from '../../src/errors.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { textResponse } from '../../src/evaluation/evaluator.js';
import type { CaseResult } from '../../src/evaluation/evaluation-types.js';
import { exactMatch } from '../../src/scorers/exact-match.js';
import { ManualClock, startFakeModelServer } from '../../src/testing/index.js';

const evaluator = createEvaluator({ name: 'e', version: '1', dimensions: { accuracy: exactMatch() } });

/** Runs one case against a client and says what came of it. */
async function runOne(target: ModelClient): Promise<CaseResult> {
  const results: CaseResult[] = [];
  const processor = new BatchProcessor({ target, evaluator, caseTimeoutMs: 50 });
  processor.on('case:end', ({ result }) => void results.push(result));
  await processor.run([{ id: 'a', input: 'q', expected: 'a' }]);
  return results[0]!;
}

describe("a host's own client as target", () => {
  it('is given a signal that aborts when the time of its case is up', async () => {
    let given: CallOptions | undefined;
    const result = await runOne({
      complete: (_request, options) => {
        given = options;
        return new Promise<ModelResponse>(() => {});
      },
      async *stream() {},
    });
    expect(result).toMatchObject({ outcome: 'errored', error: { code: 'ASSAY_CASE_TIMEOUT' } });
    expect(Object.keys(given!).sort()).toEqual(['signal', 'timeoutMs']);
    expect(given?.signal).toBeInstanceOf(AbortSignal);
    expect(given?.signal?.aborted).toBe(true);
  });

  it('that says its time is up a moment before the case does ends the case with the same code, a shorter one of its own not', async () => {
    const clock = new ManualClock();
    const codeAfter = async (waitMs: number): Promise<string | undefined> => {
      const processor = new BatchProcessor({
        target: {
          complete: () =>
            new Promise<ModelResponse>((_, reject) => {
              clock.schedule(() => reject(new AssayError('ASSAY_DEADLINE', 'time is up')), waitMs);
            }),
          async *stream() {},
        },
        evaluator,
        clock,
        caseTimeoutMs: 50,
      });
      const run = processor.run([{ id: 'a', input: 'q', expected: 'a' }]);
      await clock.advance(100);
      return Object.keys((await run).errorsByCode)[0];
    };
    expect(await codeAfter(49.5)).toBe('ASSAY_CASE_TIMEOUT');
    expect(await codeAfter(20)).toBe('ASSAY_DEADLINE');
  });

  it('that derives from the package’s may change the options and is cancelled all the same', async () => {
    const server = await startFakeModelServer({ reply: () => new Promise<string>(() => {}) });
    const signals: (AbortSignal | undefined)[] = [];
    class Tagging extends LoadBalancedClient {
      override complete(request: ModelRequest, options?: CallOptions): Promise<ModelResponse> {
        signals.push(options?.signal);
        return super.complete(request, { ...options, timeoutMs: 10_000 });
      }
    }
    const client = new Tagging({ endpoints: [server.url], model: 'm' });
    try {
      expect(await runOne(client)).toMatchObject({ error: { code: 'ASSAY_CASE_TIMEOUT' } });
      expect(signals[0]?.aborted).toBe(true);
      await expect.poll(() => client.snapshot().inFlight).toBe(0);
    } finally {
      await client.close();
      await server.close();
    }
  });

  it('is asked with the processor’s parameters where a case leaves one undefined', async () => {
    const asked: ModelRequest[] = [];
    const processor = new BatchProcessor({
      target: {
        complete: (request) => {
          asked.push(request);
          return Promise.resolve(textResponse('a'));
        },
        async *stream() {},
      },
      evaluator,
      parameters: { temperature: 0, maxTokens: 7 },
    });
    await processor.run([
      { id: 'a', input: 'q', expected: 'a', parameters: { temperature: undefined, maxTokens: 9 } },
    ]);
    expect(asked[0]?.parameters).toEqual({ temperature: 0, maxTokens: 9 });
  });
});
