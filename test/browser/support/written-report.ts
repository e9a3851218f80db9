import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll } from 'vitest';
import { BatchProcessor } from '../../../src/batch/batch-processor.js';
import { createEvaluator } from '../../../src/evaluation/create-evaluator.js';
import type { Scorer, TestCase } from '../../../src/evaluation/evaluation-types.js';
import { writeHtmlReport, type HtmlReportOptions } from '../../../src/report/write-html-report.js';
import type { ResultStore } from '../../../src/stores/result-store.js';

/** A run to be stored. */
export interface SampleRun {
  readonly runId: string;
  readonly cases: readonly TestCase<unknown, string>[];
  readonly dimensions: Readonly<Record<string, Scorer<unknown, string>>>;
  readonly answer: (input: unknown) => unknown;
  readonly description?: string;
}

/** Runs the cases into a store. */
export async function storeRun(store: ResultStore, sample: SampleRun): Promise<void> {
  const { runId, cases, dimensions, answer, description } = sample;
  const processor = new BatchProcessor<unknown, string>({
    store,
    target: (input) => answer(input) as string,
    evaluator: createEvaluator<unknown, string>({
      name: 'sample',
      version: '1',
      passThreshold: 0.5,
      dimensions,
    }),
  });
  await processor.run(cases, { runId, description });
  await processor.close();
}

/** Reports written into a folder that goes away after the tests of a file. */
export function useReports(): {
  readonly folder: Promise<string>;
  write(store: ResultStore, options: Omit<HtmlReportOptions, 'path'>): Promise<string>;
} {
  const folder = mkdtemp(join(tmpdir(), 'assaykit-report-'));
  let reports = 0;
  afterAll(async () => rm(await folder, { recursive: true, force: true }));
  return {
    folder,
    async write(store, options) {
      const path = join(await folder, `report-${reports++}.html`);
      await writeHtmlReport(store, { ...options, path });
      return pathToFileURL(path).href;
    },
  };
}
