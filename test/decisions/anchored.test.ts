import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anchored } from '../../src/decisions/anchored/anchored.js';
import type { LabelSet } from '../../src/decisions/anchored/label-set.js';
import { writeLabelSheet } from '../../src/decisions/anchored/label-sheet.js';
import { readLabels } from '../../src/decisions/anchored/read-labels.js';
import type { CaseResult } from '../../src/evaluation/evaluation-types.js';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import { runOf } from './run-of.js';

const random = seededRandom(4);
const truth = Array.from({ length: 1000 }, () => (random() < 0.7 ? 1 : 0));
// passes a third of the wrong ones, fails a twentieth of the right ones
const said = truth.map((label) => (label === 1 ? (random() < 0.95 ? 1 : 0) : random() < 0.35 ? 1 : 0));
const mean = truth.reduce<number>((sum, label) => sum + label, 0) / truth.length;

let folder = '';
let store: MemoryResultStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assaykit-labels-'));
  store = new MemoryResultStore();
  await store.append(runOf(said, { runId: 'judged', group: (i) => (i % 10 === 0 ? 'rare' : 'usual') }));
});
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const truthOf = (caseId: string): number => truth[Number(caseId.slice(5))] as number;
const labelsAt = (
  positions: readonly number[],
  probability: number | null = positions.length / 1000,
): LabelSet => ({
  draw: null,
  unlabelled: 0,
  labels: positions.map((i) => ({
    caseId: `case-${i}`,
    repetition: 0,
    label: truth[i] as number,
    probability,
  })),
});
const firstOf = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Fills in a sheet as a careful person would. */
async function fillIn(path: string, rows = Number.POSITIVE_INFINITY): Promise<void> {
  const text = await readFile(path, 'utf8');
  if (path.endsWith('.csv')) {
    const lines = text.trimEnd().split('\r\n');
    const at = (lines[0] as string).split(',').indexOf('caseId');
    const filled = lines.map((line, i) =>
      i === 0 || i > rows ? line : `${line}${truthOf(line.split(',')[at] as string) === 1 ? 'pass' : 'fail'}`,
    );
    await writeFile(path, filled.join('\n'));
    return;
  }
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { caseId: string; label: unknown });
  await writeFile(
    path,
    lines.map((row, i) => JSON.stringify(i < rows ? { ...row, label: truthOf(row.caseId) } : row)).join('\n'),
  );
}

describe('a label sheet', () => {
  it.each(['labels.jsonl', 'labels.csv'])(
    'is drawn at random, filled in and read back (%s)',
    async (name) => {
      const path = join(folder, name);
      const draw = await writeLabelSheet(store, { runId: 'judged', n: 200, seed: 1, path });
      expect(draw).toMatchObject({ runId: 'judged', n: 200, population: 1000, seed: 1, purpose: 'anchor' });
      await fillIn(path);
      const set = await readLabels(path);
      expect(set.draw).toEqual(draw);
      expect(set.labels).toHaveLength(200);
      expect(set.labels.every(({ probability }) => probability === 0.2)).toBe(true);
      const found = await anchored({
        run: { store, runId: 'judged' },
        metric: 'accuracy',
        labels: readLabels(path),
      });
      expect(found.interval[0]).toBeLessThan(mean);
      expect(found.interval[1]).toBeGreaterThan(mean);
      expect(found.interval[1] - found.interval[0]).toBeLessThan(0.14);
      expect(found.judgeMean).toBeGreaterThan(mean + 0.04);
      expect(found.judgeBias.interval[0]).toBeGreaterThan(0);
      expect(found.labelsSaved).toBeGreaterThan(20);
      expect(found.agreement?.trueNegativeRate?.value).toBeLessThan(0.85);
      expect(found.agreement?.kappa?.interval[0]).toBeGreaterThan(0.3);
      expect(String(found)).toMatch(/too high on average/);
      expect(JSON.parse(JSON.stringify(found))).toEqual({ ...found });
    },
  );

  it('is the same for the same seed, says nothing of the judge, and stands in random order', async () => {
    const [one, two, three] = ['one.jsonl', 'two.jsonl', 'three.jsonl'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeLabelSheet(store, { runId: 'judged', n: 50, seed: 5, path: one });
    await writeLabelSheet(store, { runId: 'judged', n: 50, seed: 5, path: two });
    await writeLabelSheet(store, { runId: 'judged', n: 50, seed: 6, path: three });
    const text = await readFile(one, 'utf8');
    expect(await readFile(two, 'utf8')).toBe(text);
    expect(await readFile(three, 'utf8')).not.toBe(text);
    expect(text).not.toMatch(/"score"|accuracy/);
    const ids = text
      .trimEnd()
      .split('\n')
      .map((line) => Number((JSON.parse(line) as { caseId: string }).caseId.slice(5)));
    expect(ids).not.toEqual([...ids].sort((a, b) => a - b));
  });

  it('draws the same number of each stratum, with the chance of each, and the mean is still right', async () => {
    const path = join(folder, 'strata.jsonl');
    await writeLabelSheet(store, {
      runId: 'judged',
      n: 160,
      seed: 2,
      path,
      strata: ({ group }) => group ?? 'none',
    });
    await fillIn(path);
    const { labels } = await readLabels(path);
    expect(new Set(labels.map(({ probability }) => probability))).toEqual(new Set([0.8, 80 / 900]));
    const found = await anchored({
      run: { store, runId: 'judged' },
      metric: 'accuracy',
      labels: readLabels(path),
    });
    expect(found.form).toBe('prediction-powered-weighted');
    expect(Math.abs(found.mean - mean)).toBeLessThan(0.12);
    expect(found.interval[0]).toBeLessThan(mean);
    expect(found.interval[1]).toBeGreaterThan(mean);
  });

  it('by strata weighs the bias of the judge back', async () => {
    // The judge fails every rare answer, a tenth of all, and is right about the others: it is 0.1 too low, not 0.5.
    const results = new MemoryResultStore();
    const judged = runOf(
      firstOf(1000).map((i) => (i % 10 === 0 ? 0 : (truth[i] as number))),
      { runId: 'fails-rare' },
    );
    await results.append(judged);
    const even = firstOf(1000).filter((i) => i % 10 === 0 || i % 10 === 5);
    const labels = even.slice(0, 160).map((i) => ({
      caseId: `case-${i}`,
      repetition: 0,
      label: i % 10 === 0 ? 1 : (truth[i] as number),
      probability: i % 10 === 0 ? 0.8 : 80 / 900,
    }));
    const found = await anchored({
      run: { store: results, runId: 'fails-rare' },
      metric: 'accuracy',
      labels: { draw: null, unlabelled: 0, labels },
    });
    expect(found.judgeBias.value).toBeCloseTo(-0.1, 9);
    expect(found.judgeBias.interval[0]).toBeGreaterThan(-0.13);
    expect(found.judgeBias.interval[1]).toBeLessThan(-0.07);
    await results.close();
  });

  it('may be left after some rows, but not with gaps', async () => {
    const path = join(folder, 'part.jsonl');
    await writeLabelSheet(store, { runId: 'judged', n: 100, seed: 3, path });
    await fillIn(path, 40);
    expect(await readLabels(path)).toMatchObject({ unlabelled: 60, labels: { length: 40 } });
    const rows = (await readFile(path, 'utf8')).split('\n');
    await writeFile(path, [...rows.slice(1, 40).reverse(), ...rows.slice(60, 62), rows[0]].join('\n'));
    await expect(readLabels(path)).rejects.toThrow(/without gaps/);
  });

  it('keeps formulas of models inert in a spreadsheet', async () => {
    const own = new MemoryResultStore();
    await own.append(
      runOf([1, 0], { runId: 'r' }).map(
        (result) =>
          ({ ...result, response: { ...result.response!, text: '=HYPERLINK("x"),1\n2' } }) as CaseResult,
      ),
    );
    const path = join(folder, 'formula.csv');
    await writeLabelSheet(own, { runId: 'r', n: 2, seed: 1, path });
    expect(await readFile(path, 'utf8')).toContain(`"'=HYPERLINK(""x""),1\n2"`);
    await own.close();
  });

  it('refuses what it cannot draw or read', async () => {
    const path = join(folder, 'bad.jsonl');
    await expect(writeLabelSheet(store, { runId: 'judged', n: 2000, seed: 1, path })).rejects.toThrow(
      /at most the 1000 answers/,
    );
    await expect(writeLabelSheet(store, { runId: 'nobody', n: 2, seed: 1, path })).rejects.toMatchObject({
      code: 'ASSAY_EMPTY_INPUT',
    });
    await expect(writeLabelSheet(store, { runId: 'judged', n: 2, path } as never)).rejects.toThrow(/`seed`/);
    const reading = (rows: object[]) =>
      readLabels([`${rows.map((row) => JSON.stringify(row)).join('\n')}\n`], { format: 'jsonl' });
    await expect(reading([{ caseId: 'a', label: 'perhaps' }])).rejects.toThrow(/row 1 .*"perhaps"/);
    await expect(reading([{ label: 1 }])).rejects.toThrow(/`caseId` of row 1/);
    await expect(
      reading([
        { caseId: 'a', label: 1 },
        { caseId: 'a', label: 0 },
      ]),
    ).rejects.toMatchObject({ code: 'ASSAY_DUPLICATE_CASE' });
    await expect(reading([{ caseId: 'a', label: null }])).rejects.toMatchObject({
      code: 'ASSAY_EMPTY_INPUT',
    });
    await expect(
      reading([
        { caseId: 'a', label: 1, sheet: 'x' },
        { caseId: 'b', label: 1, sheet: 'y' },
      ]),
    ).rejects.toThrow(/one sheet/);
    const rated = await readLabels(['{"id":"a","label":"4","probability":1}\n'], {
      format: 'jsonl',
      scale: [1, 5],
    });
    expect(rated.labels[0]?.label).toBe(0.75);
  });
});

describe('an anchored mean of a run', () => {
  const run = runOf(said);

  it('is refused for labels that were not drawn at random, or that tuned the judge', async () => {
    await expect(anchored({ run, labels: labelsAt(firstOf(50), null) })).rejects.toThrow(/drawn at random/);
    expect((await anchored({ run, labels: labelsAt(firstOf(50), null), drawn: 'at-random' })).labels).toBe(
      50,
    );
    await expect(anchored({ run, labels: labelsAt(firstOf(50)), tunedOn: ['case-7'] })).rejects.toThrow(
      /case "case-7": split/,
    );
    const path = join(folder, 'tune.jsonl');
    await writeLabelSheet(store, { runId: 'judged', n: 50, seed: 1, path, purpose: 'tune' });
    await fillIn(path);
    await expect(anchored({ run: { store, runId: 'judged' }, labels: readLabels(path) })).rejects.toThrow(
      /drawn to tune it/,
    );
    const rest = join(folder, 'rest.jsonl');
    const { labels } = await readLabels(path);
    await writeLabelSheet(store, {
      runId: 'judged',
      n: 950,
      seed: 1,
      path: rest,
      exclude: labels.map(({ caseId }) => caseId),
    });
    await fillIn(rest);
    expect(
      (await readLabels(rest)).labels.some(({ caseId }) => labels.some((each) => each.caseId === caseId)),
    ).toBe(false);
  });

  it('is refused for labels of other answers', async () => {
    const other = {
      ...labelsAt(firstOf(50)),
      draw: { sheet: 's', runId: 'another', purpose: 'anchor', n: 50, population: 1000, seed: 1 },
    } as const;
    await expect(anchored({ run, labels: other })).rejects.toThrow(/sheet of run "another"/);
    const strangers: LabelSet = {
      draw: null,
      unlabelled: 0,
      labels: [{ caseId: 'x', repetition: 0, label: 1, probability: 1 }],
    };
    await expect(anchored({ run, labels: strangers })).rejects.toThrow(/got 1 of 1 that it does not have/);
    await expect(anchored({ run, labels: labelsAt([1]) })).rejects.toThrow(/at least two/);
  });

  it('takes the labels alone below twenty, and says so', async () => {
    const found = await anchored({ run, labels: labelsAt(firstOf(12)) });
    expect(found).toMatchObject({ form: 'labels-only', labelsSaved: 0, lambda: 0 });
    expect(String(found)).toMatch(/labels alone: fewer than 20/);
  });

  it('anchors a cheap judge by a strong one, which must say that its cases were drawn', async () => {
    const strong = runOf(truth, { runId: 'strong' }).slice(0, 100);
    await expect(anchored({ run, labels: strong })).rejects.toThrow(/drawn at random/);
    const found = await anchored({ run, labels: strong, drawn: 'at-random' });
    expect(found).toMatchObject({ labels: 100, items: 1000 });
    expect(Math.abs(found.mean - mean)).toBeLessThan(0.1);
  });

  it('of clusters takes their error, and needs labels in two of them', async () => {
    const clustered = runOf(said, { cluster: (i) => `doc-${Math.floor(i / 5)}` });
    const found = await anchored({ run: clustered, labels: labelsAt(firstOf(200)) });
    expect(found).toMatchObject({ form: 'prediction-powered-clustered', clusters: 200 });
    const one = runOf(said, { cluster: (i) => (i < 60 ? 'doc' : `doc-${i}`) });
    await expect(anchored({ run: one, labels: labelsAt(firstOf(50)) })).rejects.toThrow(/two clusters/);
    await expect(anchored({ run: one, labels: labelsAt(firstOf(12)) })).rejects.toThrow(
      /two clusters, got 1/,
    );
    expect(
      (await anchored({ run: one, labels: labelsAt(firstOf(50)), clusters: 'ignore' })).clusters,
    ).toBeNull();
  });

  it('of a pair is of their difference', async () => {
    const better = truth.map((label, i) => (i % 5 === 0 ? 1 : label));
    const difference = better.reduce<number>((sum, label, i) => sum + label - (truth[i] as number), 0) / 1000;
    const betterSaid = said.map((score, i) => (i % 5 === 0 ? 1 : score));
    const betterLabels: LabelSet = {
      ...labelsAt(firstOf(300)),
      labels: firstOf(300).map((i) => ({
        caseId: `case-${i}`,
        repetition: 0,
        label: better[i] as number,
        probability: 0.3,
      })),
    };
    const found = await anchored({
      run: runOf(betterSaid),
      labels: betterLabels,
      baseline: run,
      baselineLabels: labelsAt(firstOf(300)),
    });
    expect(found.paired).toBe(true);
    expect(Math.abs(found.mean - difference)).toBeLessThan(0.04);
    expect(found.interval[0]).toBeLessThan(difference);
    expect(found.interval[1]).toBeGreaterThan(difference);
    await expect(anchored({ run, labels: betterLabels, baseline: run })).rejects.toThrow(/together/);
    await expect(
      anchored({ run, labels: betterLabels, baseline: run, baselineLabels: labelsAt(firstOf(200)) }),
    ).rejects.toThrow(/one side alone/);
  });
});

describe('labels of answers', () => {
  it('that the run does not have are refused, however few', async () => {
    const labels = labelsAt(firstOf(60));
    const strange = {
      ...labels,
      labels: labels.labels.map((each, i) => (i > 1 ? each : { ...each, caseId: `?${i}` })),
    };
    await expect(anchored({ run: runOf(said), labels: strange })).rejects.toMatchObject({
      code: 'ASSAY_INVALID_INPUT',
      message: expect.stringMatching(/2 of 60 that it does not have, such as "\?0", "\?1"/) as unknown,
    });
  });

  it('that the judge has not scored are left out, counted and told', async () => {
    const run = runOf(said.map((score, i) => (i < 3 ? null : score)));
    const found = await anchored({ run, labels: labelsAt(firstOf(60)) });
    expect(found).toMatchObject({ labels: 57, labelsSkipped: 3, items: 997 });
    expect(String(found)).toMatch(/left out: 3 labels of answers that the judge has not scored/);
    expect(await anchored({ run: runOf(said), labels: labelsAt(firstOf(60)) })).toMatchObject({
      labelsSkipped: 0,
    });
  });
});
