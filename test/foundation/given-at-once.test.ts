import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { onlyCases } from '../../src/cases/only-cases.js';
import { readCsv } from '../../src/cases/read-csv.js';
import { readJsonl } from '../../src/cases/read-jsonl.js';
import { writeLabelSheet } from '../../src/decisions/anchored/label-sheet.js';
import { createEvaluator, type CreateEvaluatorOptions } from '../../src/evaluation/create-evaluator.js';
import { writeHtmlReport } from '../../src/report/write-html-report.js';
import { choice } from '../../src/scorers/choice.js';
import { exactMatch } from '../../src/scorers/exact-match.js';
import { dropF1 } from '../../src/scorers/text-metrics/drop-f1.js';
import { bootstrap } from '../../src/statistics/bootstrap.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import { temporaryFolders } from '../stores/temporary-folder.js';

/** What a host's function must not be where its answer is taken at once. Each of its calls rejects. */
const asynchronous = (async () => {
  throw new Error('nobody listens');
}) as never;

const CASES = [{ id: 'a', input: 'A', expected: 'A' }];
const all = async (cases: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of cases);
};
const folder = temporaryFolders();

const withEvaluator = async (given: Partial<CreateEvaluatorOptions<string, string>>): Promise<string> => {
  const evaluator = createEvaluator<string, string>({
    name: 'any',
    version: '1',
    dimensions: { any: exactMatch() },
    ...given,
  });
  const store = new MemoryResultStore();
  await new BatchProcessor<string, string>({ target: (input) => input, evaluator, store }).run(CASES, {
    runId: 'run',
  });
  for await (const result of store.query()) return JSON.stringify(result);
  return '';
};

const stored = async (): Promise<MemoryResultStore> => {
  const store = new MemoryResultStore();
  const evaluator = createEvaluator<string, string>({
    name: 'any',
    version: '1',
    dimensions: { any: exactMatch() },
  });
  await new BatchProcessor<string, string>({ target: (input) => input, evaluator, store }).run(CASES, {
    runId: 'run',
  });
  return store;
};

const PLACES: Readonly<Record<string, () => Promise<unknown>>> = {
  '`map` of readCsv': () => all(readCsv([Buffer.from('id\na\n')], { map: asynchronous })),
  '`map` of readJsonl': () => all(readJsonl([Buffer.from('{}\n')], { map: asynchronous })),
  '`where` of onlyCases': () => all(onlyCases(CASES, { where: asynchronous })),
  keepCases: async () => {
    const evaluator = createEvaluator<string>({ name: 'any', version: '1', dimensions: { any: () => 1 } });
    const store = new MemoryResultStore();
    const options = { target: (input: string) => input, evaluator, store, keepCases: asynchronous };
    return (await new BatchProcessor<string>(options).run(CASES, { runId: 'run' })).warnings.join();
  },
  'an aggregate': () => withEvaluator({ aggregate: asynchronous }),
  culturalContext: () => withEvaluator({ culturalContext: asynchronous }),
  '`options` of choice': () => withEvaluator({ dimensions: { any: choice({ options: asynchronous }) } }),
  '`spans` of dropF1': () => withEvaluator({ dimensions: { any: dropF1({ spans: asynchronous }) } }),
  '`statistic` of bootstrap': () => bootstrap([1, 2, 3], { statistic: asynchronous }),
  'a slice of a report': async () =>
    writeHtmlReport(await stored(), {
      runId: 'run',
      path: join(folder(), 'report.html'),
      slices: { part: asynchronous },
    }),
  '`strata` of writeLabelSheet': async () =>
    writeLabelSheet(await stored(), {
      runId: 'run',
      path: join(folder(), 'labels.jsonl'),
      n: 1,
      seed: 1,
      strata: asynchronous,
    } as never),
};

describe('A function whose answer is taken at once', () => {
  const unheard: unknown[] = [];
  const note = (error: unknown): void => void unheard.push(error);
  beforeEach(() => void process.on('unhandledRejection', note));
  afterEach(() => void process.off('unhandledRejection', note));

  it.each(Object.entries(PLACES))(
    'must not be async: %s says so, and nothing is left unheard',
    async (_name, call) => {
      const told = await call().catch((error: unknown) => String(error));
      expect(JSON.stringify(told)).toContain('to give its answer at once, got a promise');
      await new Promise((resolve) => setImmediate(resolve));
      expect(unheard).toEqual([]);
    },
  );
});
