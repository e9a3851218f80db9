import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import type { BatchProcessorOptions } from '../../src/batch/batch-options.js';
import { rescore } from '../../src/batch/rescore.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { TestCase } from '../../src/evaluation/evaluation-types.js';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import type { CaseDetail, CaseTableHead } from '../../src/page/case-data.js';
import type { ReportData } from '../../src/page/report-data.js';
import type { EmbeddedRow } from '../../src/report/embedded-cases.js';
import type { ReportStore } from '../../src/report/read-runs.js';
import { writeHtmlReport, type HtmlReportOptions } from '../../src/report/write-html-report.js';
import { GzipFileResultStore } from '../../src/stores/gzip/gzip-file-result-store.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import type { ResultStore } from '../../src/stores/result-store.js';
import { temporaryFolders } from '../stores/temporary-folder.js';

const folder = temporaryFolders();

type Case = TestCase<string, string>;

const cases = (n: number): Case[] =>
  Array.from({ length: n }, (_, i) => ({
    id: `case-${i}`,
    input: `ask ${i}`,
    expected: `${i % 3}`,
    group: `g${i % 2}`,
  }));

const evaluator = createEvaluator<string, string>({
  name: 'digits',
  version: '1',
  passThreshold: 0.5,
  dimensions: {
    same: ({ output, expected }) => output === expected,
    length: ({ output }) => output.length / 4,
  },
});

const answering =
  (divisor: number) =>
  (input: string): string => {
    const i = Number(input.slice(4));
    if (i % 17 === 16) throw new Error(`no luck with ${i}`);
    return String(i % divisor === 0 ? i % 3 : 9);
  };

async function run(
  store: ResultStore,
  runId: string,
  options: Partial<BatchProcessorOptions<string, string>> & {
    readonly n?: number;
    readonly divisor?: number;
  } = {},
): Promise<void> {
  const { n = 60, divisor = 1, ...rest } = options;
  const processor = new BatchProcessor<string, string>({
    store,
    evaluator,
    target: answering(divisor),
    ...rest,
  });
  await processor.run(cases(n), { runId });
  await processor.close();
}

interface ReadReport {
  readonly html: string;
  readonly report: ReportData;
  readonly head: CaseTableHead;
  readonly rows: readonly EmbeddedRow[];
  readonly details: readonly (readonly CaseDetail[])[];
}

/** Writes a report and reads it back as the page does. */
async function reported(store: ResultStore, options: Omit<HtmlReportOptions, 'path'>): Promise<ReadReport> {
  const path = join(folder(), 'report.html');
  const written = await writeHtmlReport(store, { ...options, path });
  const html = readFileSync(path, 'utf8');
  expect(written.bytes).toBe(Buffer.byteLength(html));
  const blocks = (attribute: RegExp): unknown[] =>
    [...html.matchAll(attribute)].map(([, data]) =>
      JSON.parse(inflateRawSync(Buffer.from(data!, 'base64')).toString('utf8')),
    );
  const data = /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(html)![1]!;
  const rows = blocks(/data-rows>(.*?)<\/script>/gs).flat() as EmbeddedRow[];
  expect(written.cases).toBe(rows.length);
  return {
    html,
    ...(JSON.parse(data) as Pick<ReadReport, 'report' | 'head'>),
    rows,
    details: blocks(/data-details="\d+">(.*?)<\/script>/gs) as CaseDetail[][],
  };
}

describe('the report of a run', () => {
  it('says how the run scored, with its interval, and holds every case', async () => {
    const store = new MemoryResultStore();
    await run(store, 'one', { divisor: 3 });
    const { report, rows, details, head } = await reported(store, { runId: 'one' });
    expect(report.verdict.sentence).toMatch(
      /^The mean score is 0\.\d{3} \(95 % interval 0\.\d{3} to 0\.\d{3}\), over 57 scored answers: 19 passed, 38 did not; 3 errored\.$/,
    );
    expect(report.counts).toEqual({ results: 60, scored: 57, unscored: 0, errored: 3, passed: 19 });
    expect(head).toEqual({
      dimensions: ['length', 'same'],
      groups: ['g0', 'g1'],
      compared: false,
      total: 60,
      available: 60,
    });
    expect(rows.slice(0, 4).map(({ outcome, passed }) => [outcome, passed])).toEqual([
      ['errored', null],
      ['errored', null],
      ['errored', null],
      ['scored', false],
    ]);
    for (const row of rows) {
      const detail = details[row.portion]![row.position]!;
      expect(detail.messages[0]!.content.text).toBe(row.question);
      expect(detail.score).toBe(row.score);
      expect(detail.expected?.text).toBe(String(Number(row.caseId.slice(5)) % 3));
    }
    expect(report.errors).toMatchObject([
      {
        code: 'ASSAY_TARGET_FAILED',
        dimension: '',
        count: 3,
        examples: [{ message: { text: 'no luck with 16' } }, {}, {}],
      },
    ]);
    expect(
      report.histograms.map(({ name, bins }) => [name, bins.reduce((sum, value) => sum + value)]),
    ).toEqual([
      ['Overall', 57],
      ['length', 57],
      ['same', 57],
    ]);
    expect(report.groups.map(({ name, scored }) => [name, scored])).toEqual([
      ['g0', 28],
      ['g1', 29],
    ]);
  });

  it('compares with a baseline: what flipped comes first, with both answers', async () => {
    const store = new MemoryResultStore();
    await run(store, 'old');
    await run(store, 'new', { divisor: 2 });
    const { report, rows, details } = await reported(store, {
      runId: 'new',
      baselineRunId: 'old',
      slices: { first: ({ caseId }) => caseId.length === 6 },
    });
    expect(report.verdict.tone).toBe('worse');
    expect(report.verdict.sentence).toMatch(
      /^The run scores lower than old: −0\.\d+ .* Worse in same \(−0\.\d+\)\.$/,
    );
    expect(report.changes).toEqual({
      'to-fail': 29,
      'to-pass': 0,
      lower: 0,
      higher: 0,
      lost: 0,
      gained: 0,
      same: 31,
    });
    expect(rows.slice(0, 29).every(({ change }) => change === 'to-fail')).toBe(true);
    expect(rows[29]!.outcome).toBe('errored');
    const first = details[rows[0]!.portion]![rows[0]!.position]!;
    expect([first.text?.text, first.baseline?.text?.text]).toEqual([
      '9',
      String(Number(rows[0]!.caseId.slice(5)) % 3),
    ]);
    expect(report.slices).toMatchObject([{ name: 'first', scored: 10 }]);
    expect(report.slices[0]!.baselineMean).toBeGreaterThan(report.slices[0]!.mean!);
    expect(report.differences.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['Overall', 'worse'],
      ['length', 'none'],
      ['same', 'worse'],
    ]);
  });

  it('has the same bytes whenever it is written', async () => {
    const store = new MemoryResultStore();
    await run(store, 'old', { concurrency: 8 });
    await run(store, 'new', { divisor: 2, concurrency: 3 });
    const options = { runId: 'new', baselineRunId: 'old', maxCases: 20 };
    const { html } = await reported(store, options);
    expect((await reported(store, options)).html).toBe(html);
  });

  it('holds only so many cases, the worst news and those to be labelled first', async () => {
    const store = new MemoryResultStore();
    await run(store, 'one', { n: 400, divisor: 40 });
    const { rows, head, report } = await reported(store, { runId: 'one', maxCases: 130 });
    expect(rows).toHaveLength(130);
    expect(head).toMatchObject({ total: 400, available: 130 });
    expect(report.counts.results).toBe(400);
    const labelled = rows.filter(({ label }) => label !== undefined);
    expect(labelled.map(({ label }) => label).sort((a, b) => a! - b!)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
    expect(rows.filter(({ outcome, label }) => outcome === 'errored' && label === undefined)).toHaveLength(
      23,
    );
    const none = await reported(store, { runId: 'one', maxCases: 0 });
    expect(none.rows).toEqual([]);
    expect(none.report.draw).toBeNull();
  });

  it('does without cases that the store has not kept', async () => {
    const store = new MemoryResultStore();
    await run(store, 'one', { keepCases: false });
    const { rows, details } = await reported(store, { runId: 'one' });
    expect(rows.every(({ question }) => question === '')).toBe(true);
    expect(details.flat().every(({ messages, expected }) => messages.length === 0 && expected === null)).toBe(
      true,
    );
  });

  it('tells a run without results, one without a score, and one that nobody knows', async () => {
    const store = new MemoryResultStore();
    await run(store, 'good');
    await store.begin({ ...(await store.manifest('good'))!, runId: 'empty' });
    expect((await reported(store, { runId: 'empty' })).report.verdict).toMatchObject({
      tone: 'unknown',
      sentence: 'The run has no results.',
    });
    await run(store, 'failed', {
      target: () => {
        throw new Error('down');
      },
    });
    const failed = await reported(store, { runId: 'failed', baselineRunId: 'failed' });
    expect(failed.report.verdict.sentence).toBe('The run and failed have no case with a score in both.');
    expect((await reported(store, { runId: 'failed' })).report.verdict.sentence).toBe(
      'None of 60 results has a score: 60 errored, 0 unscored; most often ASSAY_TARGET_FAILED.',
    );
    const against = await reported(store, { runId: 'good', baselineRunId: 'empty' });
    expect(against.report.changes).toBeNull();
    expect(against.report.verdict.notes.join()).toContain('Expected results of run b');
    expect(against.rows).toHaveLength(60);
    await expect(reported(store, { runId: 'nobody' })).rejects.toMatchObject({ code: 'ASSAY_EMPTY_INPUT' });
  });

  it('reports a run that is still going on, as far as it is stored', async () => {
    const store = new MemoryResultStore();
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const processor = new BatchProcessor<string, string>({
      store,
      evaluator,
      batchSize: 5,
      concurrency: 1,
      target: async (input) => {
        if (input === 'ask 12') await held;
        return answering(1)(input);
      },
    });
    const batches = new Promise<void>((resolve) => {
      let ended = 0;
      processor.on('batch:end', () => ++ended === 2 && resolve());
    });
    const running = processor.run(cases(30), { runId: 'live' });
    await batches;
    const { report, rows } = await reported(store, { runId: 'live' });
    expect(rows).toHaveLength(10);
    expect(report.verdict.notes.join()).toContain('still going on');
    expect(report.run.state).toBe('running');
    goOn();
    await running;
    await processor.close();
  });

  it('takes a run that was resumed, one that was judged again, and repetitions', async () => {
    const store = new MemoryResultStore();
    const aborted = new BatchProcessor<string, string>({
      store,
      evaluator,
      target: answering(2),
      batchSize: 10,
      budget: { maxDurationMs: 1 },
    });
    await aborted.run(cases(40), { runId: 'resumed' });
    await aborted.close();
    const processor = new BatchProcessor<string, string>({ store, evaluator, target: answering(2) });
    await processor.run(cases(40), { runId: 'resumed', resume: true });
    await processor.close();
    const resumed = await reported(store, { runId: 'resumed' });
    expect(resumed.report.counts.results).toBe(40);
    expect(resumed.report.metrics[0]).toMatchObject({ scored: 38, errored: 2 });

    const stricter = createEvaluator<string, string>({
      name: 'stricter',
      version: '2',
      dimensions: { same: () => 0 },
    });
    await rescore(store, { runId: 'resumed', evaluator: stricter, as: 'again' });
    const again = await reported(store, { runId: 'again', baselineRunId: 'resumed' });
    expect(again.report.verdict.tone).toBe('unknown');
    expect(again.report.verdict.sentence).toMatch(/^Not scored alike/);
    expect(again.report.run.facts).toContainEqual(['Judged again from', 'resumed']);

    await run(store, 'repeated', { repetitions: 3, n: 10 });
    const repeated = await reported(store, { runId: 'repeated', baselineRunId: 'repeated' });
    expect(repeated.rows).toHaveLength(30);
    expect(new Set(repeated.rows.map(({ caseId, repetition }) => `${caseId}#${repetition}`)).size).toBe(30);
    expect(repeated.report.metrics[0]!.clusters).toBe(10);
    expect(repeated.report.changes?.same).toBe(30);
  });

  it('keeps names that mean something to JavaScript, and dimensions that only some results have', async () => {
    const store = new MemoryResultStore();
    const odd = createEvaluator<string, string>({
      name: 'odd',
      version: '1',
      dimensions: Object.fromEntries([
        ['__proto__', () => 0.25],
        ['constructor', ({ input }: { readonly input: string }) => (input === 'ask 1' ? null : 1)],
        ['toString', () => 1],
      ]),
    });
    await run(store, 'a', { evaluator: odd, n: 4 });
    await run(store, 'b', { evaluator: odd, n: 4 });
    const { head, rows, report, details } = await reported(store, { runId: 'a', baselineRunId: 'b' });
    expect(head.dimensions).toEqual(['__proto__', 'constructor', 'toString']);
    expect(rows.find(({ caseId }) => caseId === 'case-2')?.scores).toEqual([0.25, 1, 1]);
    expect(rows.find(({ caseId }) => caseId === 'case-1')?.scores).toEqual([0.25, null, 1]);
    expect(report.metrics.map(({ name }) => name)).toEqual([
      'Overall',
      '__proto__',
      'constructor',
      'toString',
    ]);
    expect(details.flat()[0]!.dimensions.map(({ name }) => name)).toContain('__proto__');
  });

  it('says when cases changed, or are only in one of the runs', async () => {
    const store = new MemoryResultStore();
    await run(store, 'old', { n: 40 });
    const processor = new BatchProcessor<string, string>({ store, evaluator, target: () => '1' });
    await processor.run(
      cases(30).map((each, i) => (i < 2 ? { ...each, expected: '1' } : each)),
      { runId: 'new' },
    );
    await processor.close();
    const { report } = await reported(store, { runId: 'new', baselineRunId: 'old' });
    const notes = report.verdict.notes.join('\n');
    expect(notes).toContain('1 case has another content than in the baseline (case-0)');
    expect(notes).toContain('10 results of the baseline are not in the run');
  });

  it('compares without clusters where only some cases carry one', async () => {
    const store = new MemoryResultStore();
    for (const runId of ['a', 'b']) {
      const processor = new BatchProcessor<string, string>({ store, evaluator, target: answering(2) });
      await processor.run(
        cases(20).map((each, i) => (i % 2 === 0 ? { ...each, cluster: 'c' } : each)),
        { runId },
      );
      await processor.close();
    }
    const { report } = await reported(store, { runId: 'a', baselineRunId: 'b' });
    expect(report.changes?.same).toBe(20);
    expect(report.verdict.notes.join()).toContain('the comparison goes without clusters');
  });

  it('reads any store', async () => {
    const store = new GzipFileResultStore(folder());
    await run(store, 'old', { n: 100 });
    await run(store, 'new', { n: 100, divisor: 2 });
    const { rows, report } = await reported(store, { runId: 'new', baselineRunId: 'old' });
    expect(rows).toHaveLength(100);
    expect(report.changes!['to-fail']).toBeGreaterThan(20);
    await store.close();
  });

  it('leaves nothing behind when it is aborted or cannot be written, and does not touch what was there', async () => {
    const store = new MemoryResultStore();
    await run(store, 'one');
    const place = folder();
    const path = join(place, 'kept.html');
    await writeFile(path, 'before');
    const abort = AbortSignal.abort(new Error('enough'));
    await expect(writeHtmlReport(store, { runId: 'one', path, signal: abort })).rejects.toMatchObject({
      code: 'ASSAY_ABORTED',
    });
    const failing: ReportStore = {
      manifest: (runId) => store.manifest(runId),
      runs: (query) => store.runs(query),
      query: (query) => {
        if (query?.withCase === true) throw new Error('the disk is gone');
        return store.query(query);
      },
    };
    await expect(writeHtmlReport(failing, { runId: 'one', path })).rejects.toThrow('the disk is gone');
    expect(readFileSync(path, 'utf8')).toBe('before');
    await expect(
      writeHtmlReport(store, { runId: 'one', path: join(path, 'below.html') }),
    ).rejects.toMatchObject({
      code: 'ASSAY_INVALID_OPTION',
      message: expect.stringContaining('`path` of writeHtmlReport'),
    });
    expect(readdirSync(place)).toEqual(['kept.html']);
    expect(existsSync(join(place, 'below.html'))).toBe(false);
  });

  it.skipIf(process.platform === 'win32')(
    'goes where a link leads, and takes the place of no folder, pipe or device',
    async () => {
      const store = new MemoryResultStore();
      await run(store, 'one');
      const place = folder();
      const [page, link] = [join(place, 'page.html'), join(place, 'link.html')];
      await writeFile(page, 'before');
      symlinkSync(page, link);
      await writeHtmlReport(store, { runId: 'one', path: link });
      expect(lstatSync(link).isSymbolicLink()).toBe(true);
      expect(readFileSync(page, 'utf8')).toContain('<!doctype html>');
      const device = join(place, 'device.html');
      symlinkSync('/dev/null', device);
      for (const [path, kind] of [
        [device, 'pipe, socket or device'],
        [place, 'folder'],
      ] as const)
        await expect(writeHtmlReport(store, { runId: 'one', path })).rejects.toMatchObject({
          code: 'ASSAY_INVALID_OPTION',
          message: expect.stringContaining(`there is a ${kind}`) as string,
        });
      expect(lstatSync(device).isSymbolicLink()).toBe(true);
      expect(readdirSync(place).sort()).toEqual(['device.html', 'link.html', 'page.html']);
    },
  );

  it('rejects with what the labels reject with, and not past its promise', async () => {
    const store = new MemoryResultStore();
    await run(store, 'one');
    const labels = Promise.reject(new Error('no such file'));
    await expect(reported(store, { runId: 'one', labels })).rejects.toThrow('no such file');
  });

  it.each([
    [{ runId: '' }, 'runId'],
    [{ runId: 'one', maxCases: -1 }, 'maxCases'],
    [{ runId: 'one', maxCases: 1e6 }, 'maxCases'],
    [{ runId: 'one', slices: { odd: 1 } }, 'odd'],
    [{ runId: 'one', baseline: 'x' }, 'baseline'],
    [{}, 'runId'],
  ])('refuses %j by name', async (options, name) => {
    const store = new MemoryResultStore();
    await expect(
      writeHtmlReport(store, { path: join(folder(), 'x.html'), ...options } as HtmlReportOptions),
    ).rejects.toMatchObject({
      code: 'ASSAY_INVALID_OPTION',
      message: expect.stringContaining(`\`${name}\``),
    });
  });

  it('draws the answers to be labelled at random', async () => {
    const times = new Map<string, number>();
    const random = seededRandom(3);
    for (let round = 0; round < 40; round++) {
      const store = new MemoryResultStore();
      // The draw has one seed, so that the bytes are the same: chance comes from the order of the cases here.
      const shuffled = cases(200)
        .map((each) => ({ each, key: random() }))
        .sort((a, b) => a.key - b.key)
        .map(({ each }) => each);
      const processor = new BatchProcessor<string, string>({
        store,
        evaluator,
        target: () => '1',
        concurrency: 1,
      });
      await processor.run(shuffled, { runId: 'one' });
      await processor.close();
      const { rows } = await reported(store, { runId: 'one', maxCases: 100 });
      for (const { caseId } of rows) times.set(caseId, (times.get(caseId) ?? 0) + 1);
    }
    expect(times.size).toBe(200);
    // Each is drawn 20 times of 40 on average, with a standard deviation of 3.2.
    for (const n of times.values()) expect(Math.abs(n - 20)).toBeLessThanOrEqual(15);
  });
});
