import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import type { RunBudget } from '../../src/batch/batch-options.js';
import { LoadBalancedClient } from '../../src/client/load-balanced-client.js';
import type { ModelClient, ModelResponse } from '../../src/client/model-client.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { textResponse } from '../../src/evaluation/evaluator.js';
import type { CaseResult, TestCase } from '../../src/evaluation/evaluation-types.js';
import { judge } from '../../src/scorers/judges/judge.js';
import { chat, modelServer } from '../client/model-server.js';

const evaluator = createEvaluator({ name: 'any', version: '1', dimensions: { any: () => 1 } });
const cases = (n: number): TestCase[] =>
  Array.from({ length: n }, (_, i) => ({ id: `c${i}`, input: 'x'.repeat(396) })); // 100 tokens

/** A client whose answers of 400 characters (100 tokens) carry what `more` says. */
function clientOf(more: Partial<ModelResponse>, priced?: ModelClient['estimateCost']): ModelClient {
  return {
    complete: async () => ({ ...textResponse('y'.repeat(400)), model: 'm', ...more }),
    ...(priced === undefined ? {} : { estimateCost: priced }),
  };
}

async function run(target: ModelClient | ((input: string) => string), budget: RunBudget) {
  const events: unknown[] = [];
  const processor = new BatchProcessor({ target: target as ModelClient, evaluator, budget, concurrency: 1 });
  processor.on('budget:blind', ({ at: _at, runId: _runId, ...blind }) => events.push(blind));
  processor.on('budget:exhausted', ({ estimated }) => events.push({ estimated }));
  return { summary: await processor.run(cases(100)), events };
}

const thinking = { inputTokens: 1000, outputTokens: 9000 };

describe('the budget of a run', () => {
  for (const stream of [false, true]) {
    it(`counts attempts that were paid for without an answer, ${stream ? 'streamed' : 'whole'}`, async () => {
      const usage = { prompt_tokens: 1000, completion_tokens: 9000 };
      const server = await modelServer((_request, response) => {
        if (stream) {
          response.setHeader('content-type', 'text/event-stream');
          const chunk = { choices: [{ delta: {}, finish_reason: 'stop' }], usage };
          response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
        } else {
          response.setHeader('content-type', 'application/json');
          response.end(
            JSON.stringify({ choices: [{ message: { content: null }, finish_reason: 'stop' }], usage }),
          );
        }
      });
      const client = new LoadBalancedClient({
        endpoints: [server.url],
        model: 'm',
        retry: { initialBackoffMs: 0 },
        streamForTiming: stream,
        prices: { m: { inputPerMillion: 10, outputPerMillion: 10 } },
      });
      const results: CaseResult[] = [];
      const processor = new BatchProcessor({
        target: client,
        evaluator,
        concurrency: 1,
        budget: { maxTokens: 100_000 },
      });
      processor.on('case:end', ({ result }) => results.push(result));
      const summary = await processor.run(cases(60));
      const sent = server.requests.length;
      expect(sent).toBeLessThanOrEqual(14);
      expect(summary).toMatchObject({
        stopReason: 'budget',
        tokens: { input: sent * 1000, output: sent * 9000 },
        budget: { tokens: sent * 10_000, estimatedTokens: 0, blind: [] },
      });
      expect(summary.cost).toBeCloseTo(sent * 0.1, 9);
      expect(results[0]).toMatchObject({ outcome: 'errored', attempts: 4 });
      expect(results[0]!.usage).toEqual({ inputTokens: 4000, outputTokens: 36_000 });
      await client.close();
    });
  }

  it('books failed attempts with the answer that came after them, and in the events of the client', async () => {
    const server = await modelServer((_request, response, index) => {
      if (index > 0) return chat(response, 'good');
      response.setHeader('content-type', 'application/json');
      const usage = { prompt_tokens: 1000, completion_tokens: 9000 };
      response.end(JSON.stringify({ choices: [{ message: { content: null } }], usage }));
    });
    const client = new LoadBalancedClient({ endpoints: [server.url], retry: { initialBackoffMs: 0 } });
    const ends: unknown[] = [];
    client.on('call:end', ({ usage }) => ends.push(usage));
    const { usage, attempts } = await client.complete({ input: 'x' });
    const alone = await client.complete({ input: 'x' });
    expect(attempts).toBe(2);
    expect(usage).toEqual({
      inputTokens: alone.usage!.inputTokens + thinking.inputTokens,
      outputTokens: alone.usage!.outputTokens + thinking.outputTokens,
    });
    expect(ends).toEqual([usage, alone.usage]);
    await client.close();
  });

  it('books what a case used whose time was up', async () => {
    const server = await modelServer((_request, response, index) => {
      if (index > 0) return; // never answered
      response.setHeader('content-type', 'application/json');
      const usage = { prompt_tokens: 1000, completion_tokens: 9000 };
      response.end(JSON.stringify({ choices: [{ message: { content: null } }], usage }));
    });
    const client = new LoadBalancedClient({ endpoints: [server.url], retry: { initialBackoffMs: 0 } });
    const processor = new BatchProcessor({ target: client, evaluator, caseTimeoutMs: 300 });
    const summary = await processor.run(cases(1));
    expect(summary).toMatchObject({
      errorsByCode: { ASSAY_CASE_TIMEOUT: 1 },
      tokens: { input: 1000, output: 9000 },
    });
    await client.close();
  });

  it('estimates tokens from the text where replies carry none, and says so once', async () => {
    const { summary, events } = await run(clientOf({}), { maxTokens: 1000 });
    expect(summary).toMatchObject({ stopReason: 'budget', submitted: 5, tokens: { input: 0, output: 0 } });
    expect(events).toEqual([
      { budget: 'maxTokens', reason: 'no-usage', model: 'm', estimated: true },
      { estimated: true },
    ]);
    expect(summary.budget).toMatchObject({ tokens: 1000, estimatedTokens: 1000 });
    expect(summary.toString()).toContain(
      'maxTokens counts estimates (1,000 of 1,000): replies of m carry no token counts',
    );
  });

  it('estimates for a function that says nothing of tokens', async () => {
    const { summary, events } = await run(() => 'y'.repeat(400), { maxTokens: 1000 });
    expect([summary.submitted, events.length]).toEqual([5, 2]);
  });

  it('takes the price of what was not reported from the client', async () => {
    const price = ({ inputTokens, outputTokens }: { inputTokens: number; outputTokens: number }): number =>
      (inputTokens + outputTokens) / 100;
    const { summary, events } = await run(clientOf({}, price), { maxCost: 10 });
    expect(summary).toMatchObject({ stopReason: 'budget', submitted: 5, cost: null });
    expect(events[0]).toEqual({ budget: 'maxCost', reason: 'no-usage', model: 'm', estimated: true });
    expect(summary.toString()).toContain('maxCost counts estimates (10.0000 of 10.0000)');
  });

  it('says that it cannot keep a limit of money where nobody knows a price', async () => {
    const usage = { inputTokens: 1, outputTokens: 1 };
    const { summary, events } = await run(clientOf({ usage }), { maxCost: 10 });
    expect(summary).toMatchObject({ stopReason: 'end', scored: 100 });
    expect(events).toEqual([{ budget: 'maxCost', reason: 'no-price', model: 'm', estimated: false }]);
    expect(summary.toString()).toContain('maxCost was not enforced: there is no price for tokens of m');
  });

  it('counts a model without a price as the dearest of the table', async () => {
    const server = await modelServer();
    const price = (perMillion: number) => ({ inputPerMillion: perMillion, outputPerMillion: perMillion });
    const client = new LoadBalancedClient({
      endpoints: [server.url],
      model: 'unpriced',
      prices: { cheap: price(1), dear: price(5) },
    });
    expect(client.estimateCost({ inputTokens: 500_000, outputTokens: 500_000 })).toBe(5);
    expect(client.estimateCost({ inputTokens: 500_000, outputTokens: 500_000 }, 'cheap')).toBe(1);
    await client.close();
  });

  it('counts what judges cost', async () => {
    const judgeUsage = { calls: 1, inputTokens: 100, outputTokens: 100, cost: 1, models: ['judge'] };
    const processor = new BatchProcessor({
      target: () => ({ text: 'x', cost: 1, usage: { inputTokens: 1, outputTokens: 1 } }),
      evaluator: createEvaluator({
        name: 'judged',
        version: '1',
        dimensions: { any: () => ({ score: 1, metadata: { judge: judgeUsage } }) },
      }),
      concurrency: 1,
      budget: { maxCost: 10 },
    });
    await expect(processor.run(cases(100))).resolves.toMatchObject({ submitted: 5, cost: 5 });
  });

  it('counts what a judge used that gave no verdict', async () => {
    const server = await modelServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      const usage = { prompt_tokens: 1000, completion_tokens: 9000 };
      response.end(JSON.stringify({ choices: [{ message: { content: null } }], usage }));
    });
    const client = new LoadBalancedClient({
      endpoints: [server.url],
      model: 'm',
      retry: { maxRetries: 1, initialBackoffMs: 0 },
      prices: { m: { inputPerMillion: 10, outputPerMillion: 10 } },
    });
    const processor = new BatchProcessor({
      target: () => ({ text: 'x', usage: { inputTokens: 0, outputTokens: 0 }, cost: 0 }),
      evaluator: createEvaluator({
        name: 'judged',
        version: '1',
        dimensions: { good: judge({ client, rubric: 'Is it good?' }) },
      }),
      concurrency: 1,
      budget: { maxTokens: 50_000 },
    });
    const summary = await processor.run(cases(60));
    expect(summary).toMatchObject({ errored: 3, stopReason: 'budget' });
    expect(summary.judges).toMatchObject({ calls: 0, inputTokens: 6000, outputTokens: 54_000 });
    expect(summary.judges!.cost).toBeCloseTo(0.6, 9);
    await client.close();
  });

  it('estimates what streams had written that broke off without a word of what they used', async () => {
    const piece = { choices: [{ delta: { content: 'y'.repeat(4000) } }] };
    for (const usage of [undefined, { prompt_tokens: 100, completion_tokens: 1 }]) {
      const server = await modelServer((_request, response) => {
        response.setHeader('content-type', 'text/event-stream');
        response.write(`data: ${JSON.stringify({ ...piece, usage })}\n\n`, () => response.destroy());
      });
      const client = new LoadBalancedClient({
        endpoints: [server.url],
        streamForTiming: true,
        retry: { maxRetries: 1, initialBackoffMs: 0 },
        outlierEjection: false,
        waitForHealthyMs: 1,
      });
      const processor = new BatchProcessor({
        target: client,
        evaluator,
        concurrency: 1,
        budget: { maxTokens: 5000 },
      });
      const summary = await processor.run(cases(60));
      const sent = server.requests.length;
      expect(sent).toBeLessThanOrEqual(20);
      expect(summary).toMatchObject({ stopReason: 'budget' });
      expect(summary.budget!.tokens).toBeGreaterThanOrEqual(sent * 1095);
      expect(summary.budget!.tokens).toBeLessThanOrEqual(sent * 1105);
      await client.close();
    }
  });

  it('is silent where everything is reported', async () => {
    const usage = { inputTokens: 1, outputTokens: 1 };
    const { summary, events } = await run(clientOf({ usage, cost: 0.1 }), { maxCost: 1000, maxTokens: 1000 });
    expect([events, summary.budget?.blind]).toEqual([[], []]);
    expect(summary.toString()).not.toContain('budget');
  });
});
