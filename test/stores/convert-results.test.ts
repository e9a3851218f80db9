import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CaseResult } from '../../src/evaluation/evaluation-types.js';
import { convertResults } from '../../src/stores/convert-results.js';
import { GzipFileResultStore } from '../../src/stores/gzip/gzip-file-result-store.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import type { BatchSummary, ResultStore } from '../../src/stores/result-store.js';
import type { RunManifest } from '../../src/stores/run-manifest.js';
import { SqliteResultStore } from '../../src/stores/sqlite/sqlite-result-store.js';
import {
  awkwardTexts,
  erroredResult,
  scoredResult,
  unscoredResult,
} from '../../src/testing/sample-results.js';
import { temporaryFolders } from './temporary-folder.js';

const manifest: RunManifest = {
  runId: 'run',
  evaluator: 'e',
  evaluatorVersion: '1',
  configurationHash: 'abc',
  conventions: {},
  target: {},
  repetitions: 1,
  startedAt: 5,
  packageVersion: '0',
};
const summary: BatchSummary = {
  runId: 'run',
  batchId: 'a',
  at: 9,
  total: 1,
  scored: 1,
  unscored: 0,
  errored: 0,
  averageScore: 0.5,
  durationMs: 3,
};
const results: CaseResult[] = [
  ...awkwardTexts.map((text, i) =>
    scoredResult({ caseId: text || 'empty', startedAt: i, text, metadata: { date: new Date(i), text } }),
  ),
  ...Array.from({ length: 40 }, (_, i) => scoredResult({ caseId: `n${i}`, startedAt: 100 + i })),
  unscoredResult({ startedAt: 200 }),
  erroredResult({ startedAt: 201, withResponse: true }),
];

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function fill(store: ResultStore): Promise<void> {
  await store.begin(manifest);
  await store.append(results);
  await store.append([scoredResult({ runId: 'another run', caseId: 'not copied' })]);
  await store.appendBatchSummary(summary);
}

describe('convertResults', () => {
  const newFolder = temporaryFolders();
  const makers: Record<string, () => ResultStore> = {
    memory: () => new MemoryResultStore(),
    gzip: () => new GzipFileResultStore(join(newFolder(), 'results')),
    files: () => new GzipFileResultStore(join(newFolder(), 'files'), { layout: 'file-per-result' }),
    sqlite: () => new SqliteResultStore(join(newFolder(), 'results.db')),
  };

  for (const from of Object.keys(makers)) {
    for (const to of Object.keys(makers)) {
      it(`copies a run from ${from} to ${to} and loses nothing`, async () => {
        const source = (makers[from] as () => ResultStore)();
        const goal = (makers[to] as () => ResultStore)();
        await fill(source);
        for (let round = 0; round < 2; round++) {
          expect(await convertResults(source, goal, { runId: 'run', batchSize: 16 })).toEqual({
            results: results.length,
            summaries: 1,
            manifest: true,
          });
        }
        expect(await collect(goal.query())).toEqual(results);
        expect(await goal.manifest('run')).toEqual(manifest);
        expect(await collect(goal.summaries('run'))).toEqual([summary]);
        await source.close();
        await goal.close();
      });
    }
  }

  it('keeps what is worth more in the store that is copied to', async () => {
    const source = new MemoryResultStore();
    const goal = new MemoryResultStore();
    await source.append([erroredResult({ caseId: 'case' })]);
    await goal.append([scoredResult({ caseId: 'case' })]);
    await convertResults(source, goal, { runId: 'run' });
    expect((await collect(goal.query())).map((result) => result.outcome)).toEqual(['scored']);
  });

  it('refuses to mix two runs of one name', async () => {
    const source = new MemoryResultStore();
    const goal = new MemoryResultStore();
    await fill(source);
    await goal.begin({ ...manifest, configurationHash: 'other' });
    await expect(convertResults(source, goal, { runId: 'run' })).rejects.toMatchObject({
      code: 'ASSAY_MANIFEST_MISMATCH',
    });
    expect(await collect(goal.query())).toEqual([]);
  });

  it('ends when it is told to, and refuses bad options', async () => {
    const source = new MemoryResultStore();
    await fill(source);
    const signal = AbortSignal.abort();
    await expect(
      convertResults(source, new MemoryResultStore(), { runId: 'run', signal }),
    ).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
    await expect(convertResults(source, source, {} as { runId: string })).rejects.toMatchObject({
      code: 'ASSAY_INVALID_OPTION',
    });
  });

  it('copies nothing of a run that is not there', async () => {
    expect(await convertResults(new MemoryResultStore(), new MemoryResultStore(), { runId: 'run' })).toEqual({
      results: 0,
      summaries: 0,
      manifest: false,
    });
  });
});
