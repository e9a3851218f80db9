import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { MemoryBoundedCache } from '../../src/cache/memory-bounded-cache.js';
import { cachedEvaluator } from '../../src/evaluation/cached-evaluator.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { Evaluation } from '../../src/evaluation/evaluation-types.js';
import { exactMatch } from '../../src/scorers/exact-match.js';
import { SqliteResultStore } from '../../src/sqlite.js';
import { compareRuns } from '../../src/statistics/compare-runs.js';

const NAMES = ['constructor', 'toString', '__proto__', 'hasOwnProperty', '0'];
const dimensions = Object.fromEntries(NAMES.map((name) => [name, exactMatch()]));

describe('a dimension may be called like a member of every object', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'assaykit-names-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('on its whole way: weights, cache, store, summary and comparison', async () => {
    const weights = Object.fromEntries(NAMES.map((name, i) => [name, i + 1]));
    const evaluator = createEvaluator({ name: 'e', version: '1', dimensions, weights });
    expect(Object.keys(evaluator.conventions ?? {}).sort()).toEqual([...NAMES].sort());
    const store = new SqliteResultStore(join(folder, 'results.db'));
    const cache = new MemoryBoundedCache<string, Evaluation>({ maxBytes: 1 << 20 });
    const processor = new BatchProcessor({
      target: async (input) => String(input),
      evaluator: cachedEvaluator(evaluator, cache),
      store,
    });
    const cases = [
      { id: 'right', input: 'Paris', expected: 'Paris' },
      { id: 'wrong', input: 'Lyon', expected: 'Paris' },
    ];
    try {
      for (const runId of ['a', 'b']) {
        const summary = await processor.run(cases, { runId });
        expect(summary.scored).toBe(2);
        expect(Object.keys(summary.dimensions).sort()).toEqual([...NAMES].sort());
        expect(Object.values(summary.dimensions).map(({ mean }) => mean)).toEqual(NAMES.map(() => 0.5));
        expect(summary.toString()).toContain('__proto__');
      }
      const { metrics } = await compareRuns({ store, runId: 'a' }, { store, runId: 'b' });
      expect(metrics.map(({ name }) => name).sort()).toEqual(['overall', ...NAMES].sort());
    } finally {
      await processor.close();
      await store.close();
    }
  });

  it('and weighs 1 where no weight is given', () => {
    const evaluator = createEvaluator({ name: 'e', version: '1', dimensions, weights: {} });
    expect(Object.values(evaluator.configuration?.['weights'] as object)).toEqual(NAMES.map(() => 1));
  });

  it('and a convention that only one run has is told apart from a member of every object', async () => {
    const runOf = async (store: SqliteResultStore, name: string): Promise<void> => {
      const evaluator = createEvaluator({
        name: 'e',
        version: '1',
        dimensions: { ['constructor']: name === 'a' ? exactMatch() : () => 1 },
      });
      const processor = new BatchProcessor({ target: async (input) => String(input), evaluator, store });
      await processor.run([{ id: 'x', input: 'x', expected: 'x' }], { runId: name });
      await processor.close();
    };
    const store = new SqliteResultStore(join(folder, 'results.db'));
    try {
      await runOf(store, 'a');
      await runOf(store, 'b');
      await expect(compareRuns({ store, runId: 'a' }, { store, runId: 'b' })).rejects.toThrow(
        /convention of constructor: exact.* in a, none in b/,
      );
    } finally {
      await store.close();
    }
  });
});
