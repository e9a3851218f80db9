import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { readJsonl } from '../../src/cases/read-jsonl.js';
import { readSuite } from '../../src/cases/read-suite.js';
import type { RunSummary } from '../../src/batch/summary/run-summary.js';
import { LoadBalancedClient } from '../../src/client/load-balanced-client.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { CaseResult } from '../../src/evaluation/evaluation-types.js';
import { number } from '../../src/scorers/number.js';
import { SqliteResultStore } from '../../src/sqlite.js';
import { startFakeModelServer, type FakeModelServer } from '../../src/testing/index.js';
import { dataPath, describeWithData, readDataJson, readDataLines } from '../support/data.js';

interface Solution {
  readonly id: string;
  readonly model: string;
  readonly solution: string;
  readonly isCorrect: boolean;
}

interface Question {
  readonly id: string;
  readonly question: string;
  readonly answer: string;
}

interface Published {
  readonly models: Readonly<
    Record<
      string,
      { readonly n: number; readonly correct: number; readonly accuracy: number; readonly stderr: number }
    >
  >;
}

describeWithData('GSM8K, recorded answers of two models over the whole path', () => {
  const models = ['6b_finetuning', '6b_verification'] as const;
  const recorded = new Map<string, Solution>();
  const summaries = new Map<string, RunSummary>();
  let folder: string;
  let server: FakeModelServer;
  let store: SqliteResultStore;

  beforeAll(async () => {
    const questions = new Map(
      readDataLines<Question>('gsm8k/test.jsonl').map((each) => [each.id, each.question]),
    );
    for (const each of readDataLines<Solution>('gsm8k/model_solutions_6b.jsonl')) {
      recorded.set(`${each.model} ${questions.get(each.id)}`, each);
    }
    folder = mkdtempSync(join(tmpdir(), 'assaykit-gsm8k-'));
    server = await startFakeModelServer({
      reply: ({ model, prompt }) => recorded.get(`${model} ${prompt}`)?.solution ?? { status: 400 },
    });
    store = new SqliteResultStore(join(folder, 'results.db'));
    for (const model of models) {
      const client = new LoadBalancedClient({ endpoints: [server.url], model });
      const processor = new BatchProcessor({
        target: client,
        evaluator: createEvaluator({
          name: 'gsm8k',
          version: '1',
          dimensions: {
            accuracy: number({ convention: { marker: /^A:/m }, expectedMarker: '####', noMatch: 'wrong' }),
          },
        }),
        store,
        concurrency: 32,
      });
      const cases = readJsonl(dataPath('gsm8k/test.jsonl'), {
        map: (row: Question) => ({ id: row.id, input: row.question, expected: row.answer }),
      });
      summaries.set(model, await processor.run(cases, { runId: model }));
      await client.close();
    }
  });

  afterAll(async () => {
    await store?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['6b_finetuning', 286],
    ['6b_verification', 515],
  ])('counts what was published for %s: %i of 1,319, with its standard error', (model, correct) => {
    const published = readDataJson<Published>('gsm8k/expected.json').models[model]!;
    const summary = summaries.get(model)!;
    expect(summary).toMatchObject({
      submitted: 1319,
      scored: 1319,
      unscored: 0,
      errored: 0,
      skipped: 0,
      stopReason: 'end',
    });
    expect(summary.overall.mean! * summary.scored).toBeCloseTo(correct, 9);
    expect(published.correct).toBe(correct);
    expect(summary.overall.mean).toBeCloseTo(published.accuracy, 12);
    expect(summary.dimensions['accuracy']!.standardError).toBeCloseTo(published.stderr, 12);
  });

  it('agrees with the published verdict on every row, and stores each answer as it was given', async () => {
    const seen = new Set<string>();
    for (const model of models) {
      const byId = new Map(
        [...recorded.values()].filter((each) => each.model === model).map((each) => [each.id, each]),
      );
      for await (const result of store.query({ runId: model })) {
        const solution = byId.get(result.caseId)!;
        expect([result.caseId, result.evaluation?.overallScore]).toEqual([
          result.caseId,
          solution.isCorrect ? 1 : 0,
        ]);
        expect(result.response?.text).toBe(solution.solution);
        expect(result.model).toBe(model);
        seen.add(`${model} ${result.caseId}`);
      }
    }
    expect(seen.size).toBe(2638);
  });

  it('asked the server once for each answer', () => {
    expect(server.stats).toMatchObject({
      requests: 2638,
      answered: 2638,
      refused: 0,
      rateLimited: 0,
      faults: 0,
    });
  });
});

describeWithData('the origin framework’s suites over the whole path', () => {
  it('asks all 642 tests as they stand, with their parameters, and gives each its result', async () => {
    interface Asked {
      readonly messages?: unknown;
      readonly prompt?: unknown;
      readonly max_tokens?: unknown;
    }
    const asked: Asked[] = [];
    const server = await startFakeModelServer({
      reply: ({ body }) => {
        asked.push(body);
        return 'a start, a middle and an end';
      },
    });
    const client = new LoadBalancedClient({ endpoints: [server.url], model: 'any' });
    const processor = new BatchProcessor({
      target: client,
      evaluator: createEvaluator({
        name: 'patterns',
        version: '1',
        dimensions: {
          // what a host would write: which of the expected phrases stand in the answer
          patterns: ({ output, expected }: { output: string; expected: readonly string[] | undefined }) =>
            expected === undefined
              ? { score: null, reason: 'nothing expected' }
              : expected.filter((phrase) => output.includes(phrase)).length / expected.length,
        },
      }),
    });
    const results: CaseResult[] = [];
    processor.on('case:end', ({ result }) => results.push(result));
    const summary = await processor.run(readSuite(dataPath('cognitopo/domains'), { groupBy: 'domain' }));
    await client.close();
    await server.close();
    expect(summary).toMatchObject({ submitted: 642, scored: 12, unscored: 630, errored: 0 });
    expect(new Set(results.map(({ caseId }) => caseId)).size).toBe(642);
    expect(Object.keys(summary.groups!.byName).sort()).toEqual([
      'abstract_reasoning',
      'creativity',
      'integration',
      'knowledge',
      'reasoning',
      'social',
    ]);
    expect(asked).toHaveLength(642);
    const wanted: string[] = [];
    for await (const { input, parameters } of readSuite(dataPath('cognitopo/domains'))) {
      const messages = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
      wanted.push(JSON.stringify([messages, parameters?.maxTokens]));
    }
    expect(asked.map((body) => JSON.stringify([body.messages, body.max_tokens])).sort()).toEqual(
      wanted.sort(),
    );
  });
});
