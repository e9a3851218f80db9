import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anchored } from '../../src/decisions/anchored/anchored.js';
import { writeLabelSheet } from '../../src/decisions/anchored/label-sheet.js';
import { readLabels } from '../../src/decisions/anchored/read-labels.js';
import { decide } from '../../src/decisions/decide/decide.js';
import { leaderboard } from '../../src/decisions/leaderboard.js';
import { planComparison } from '../../src/decisions/plan-comparison.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { exactMatch } from '../../src/scorers/exact-match.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import { onesOf, runOf } from './run-of.js';

describe('a metric that no result has', () => {
  const run = runOf(onesOf(10, 20));

  it('is a misspelling and no finding, whoever is asked', async () => {
    await expect(
      anchored({ run, metric: 'acuracy', labels: runOf([1, 0]), drawn: 'at-random' }),
    ).rejects.toThrow('Unknown metric "acuracy" of anchored; did you mean `accuracy`?');
    await expect(leaderboard({ a: run, b: run }, { metric: 'acuracy' })).rejects.toThrow(
      'Unknown metric "acuracy" of leaderboard; did you mean `accuracy`?',
    );
    await expect(leaderboard({ a: run, b: run }, { metric: 'truth' })).rejects.toThrow(
      'known are `overall`, `accuracy`',
    );
  });
});

it('a difference in percent is refused by its range', async () => {
  await expect(planComparison({ difference: 10 })).rejects.toThrow(
    'Expected `difference` of planComparison to be a number above 0, at most 1, got 10',
  );
});

describe('a label sheet', () => {
  let folder: string;
  let store: MemoryResultStore;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assaykit-sheet-'));
    store = new MemoryResultStore();
    await store.append(runOf(onesOf(30, 60)));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is never written over, since people may have labelled in it', async () => {
    const path = join(folder, 'kept.csv');
    const options = { runId: 'run', n: 30, seed: 1, path };
    await writeLabelSheet(store, options);
    const written = await readFile(path, 'utf8');
    await expect(writeLabelSheet(store, { ...options, n: 5 })).rejects.toMatchObject({
      code: 'ASSAY_INVALID_OPTION',
      message: expect.stringContaining('to be a new file'),
    });
    expect(await readFile(path, 'utf8')).toBe(written);
  });

  it('is read with the separator of a spreadsheet, which an error names', async () => {
    const path = join(folder, 'excel.csv');
    const long = 'a;long;answer\n'.repeat(20);
    await writeFile(path, `caseId;label;answer\ncase-1;pass;"${long}"\ncase-2;fail;"no"\n`);
    await expect(readLabels(path)).rejects.toThrow(
      'Expected fields separated by ",", got one column "caseId;label;answer"; say `delimiter: ";"` where that separates them',
    );
    const { labels } = await readLabels(path, { delimiter: ';' });
    expect(labels.map(({ caseId, label }) => [caseId, label])).toEqual([
      ['case-1', 1],
      ['case-2', 0],
    ]);
    await expect(readLabels(path, { delimiter: '|' as ';' })).rejects.toThrow('`delimiter`');
  });
});

it('a decision between two that answered nothing says so, and why they failed', async () => {
  const evaluator = createEvaluator<string, string>({
    name: 'same',
    version: '1',
    dimensions: { same: exactMatch() },
  });
  const refused = () => Promise.reject(new Error('401'));
  const cases = Array.from({ length: 60 }, (_, i) => ({ id: `c${i}`, input: 'x', expected: 'x' }));
  const decision = await decide(cases, { a: refused, b: refused, evaluator, plan: { cases: 60 } });
  expect(String(decision).split('\n')[0]).toBe('Undecided: no case has a score on both sides.');
  expect(String(decision)).toContain('errors of b: ASSAY_TARGET_FAILED 60');
});
