import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import type { BatchProcessorOptions } from '../../src/batch/batch-options.js';
import { rescore } from '../../src/batch/rescore.js';
import { summarize } from '../../src/batch/summarize.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { CaseResult, TestCase } from '../../src/evaluation/evaluation-types.js';
import { bleu } from '../../src/scorers/text-metrics/bleu.js';
import { compareRuns } from '../../src/statistics/compare-runs.js';
import { formatComparison } from '../../src/statistics/format-comparison.js';
import { convertResults } from '../../src/stores/convert-results.js';
import { GzipFileResultStore } from '../../src/stores/gzip/gzip-file-result-store.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import type { QueriedResult, ResultStore } from '../../src/stores/result-store.js';
import { SqliteResultStore } from '../../src/sqlite.js';
import { temporaryFolders } from '../stores/temporary-folder.js';

type Case = TestCase<string, string>;

const cases = (n: number, change: (testCase: Case, i: number) => Case = (each) => each): Case[] =>
  Array.from({ length: n }, (_, i) =>
    change(
      {
        id: `case-${i}`,
        input: `ask ${i}`,
        expected: `the answer of ${i % 3} is here`,
        metadata: { row: i },
        group: `g${i % 2}`,
      },
      i,
    ),
  );

const lenient = createEvaluator<string, string>({
  name: 'lenient',
  version: '1',
  passThreshold: 0.5,
  dimensions: {
    same: ({ output, expected }) => (output === expected ? 1 : 0.25),
    bleu: bleu(),
  },
});

const strict = createEvaluator<string, string>({
  name: 'strict',
  version: '1',
  dimensions: { same: ({ output, expected }) => output === expected, has: ({ input }) => input.length > 0 },
});

const processorOf = (
  store: ResultStore,
  options: Partial<BatchProcessorOptions<string, string>> = {},
): BatchProcessor<string, string> =>
  new BatchProcessor<string, string>({
    target: async (input) => {
      const i = Number(input.slice(4));
      if (i % 7 === 6) throw new Error('no luck');
      return {
        text: `the answer of ${i % 4} is here`,
        model: `model-${i % 2}`,
        usage: { inputTokens: 3, outputTokens: 1 },
        cost: 0.1,
      };
    },
    evaluator: lenient,
    store,
    retry: false,
    batchSize: 9,
    ...options,
  });

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('A stored run', () => {
  const newFolder = temporaryFolders();
  const stores: Record<string, (place: string) => ResultStore> = {
    SQLite: (place) => new SqliteResultStore(`${place}/results.db`),
    gzip: (place) => new GzipFileResultStore(place),
  };

  it.each(Object.keys(stores))('is summed up after its process as the run itself did: %s', async (kind) => {
    const place = newFolder();
    const store = stores[kind]!(place);
    const summary = await processorOf(store, { repetitions: 3, confidenceLevel: 0.9 }).run(cases(40), {
      runId: 'run',
      tags: ['nightly'],
      description: 'about answers',
    });
    expect(summary.passed).toBeGreaterThan(0);
    await store.close();
    const opened = stores[kind]!(place);
    const found = await summarize(opened, 'run');
    expect(plain(found)).toEqual(plain(summary));
    expect(found.toString()).toBe(summary.toString());
    const recomputed = await summarize(opened, 'run', { recompute: true, evaluator: lenient });
    expect(plain(recomputed)).toEqual({
      ...(plain(summary) as object),
      warnings: [...summary.warnings, 'summed up from the stored results of a run that is ended'],
    });
    const [record] = await collect(opened.runs({ tag: 'nightly' }));
    expect(record).toMatchObject({
      state: 'ended',
      writer: null,
      manifest: {
        tags: ['nightly'],
        description: 'about answers',
        fingerprint: expect.stringMatching(/-40$/) as string,
      },
      end: { models: ['model-0', 'model-1'] },
      results: { scored: summary.scored, unscored: summary.unscored, errored: summary.errored },
    });
    const copy = new MemoryResultStore();
    await convertResults(opened, copy, { runId: 'run' });
    expect(plain(await summarize(copy, 'run'))).toEqual(plain(summary));
    const inOrder = (results: QueriedResult[]): unknown => results.map(plain);
    expect(inOrder(await collect(copy.query({ withCase: true })))).toEqual(
      inOrder(await collect(opened.query({ withCase: true }))),
    );
    await opened.close();
  });

  it('that crashed is summed up from its results, and says so', async () => {
    const store = new MemoryResultStore();
    const summary = await processorOf(store).run(cases(30), { runId: 'run' });
    const lost = new MemoryResultStore();
    await lost.begin((await store.manifest('run'))!);
    await lost.append(await collect(store.query()));
    const found = await summarize(lost, 'run', { evaluator: lenient });
    expect(found).toMatchObject({ scored: summary.scored, errored: summary.errored, passed: summary.passed });
    for (const part of [
      'overall',
      'dimensions',
      'groups',
      'corpus',
      'tokens',
      'cost',
      'errorsByCode',
    ] as const)
      expect(found[part]).toEqual(summary[part]);
    expect(found.warnings).toContain('summed up from the stored results of a run that is without an end');
    await expect(summarize(lost, 'nobody')).rejects.toMatchObject({ code: 'ASSAY_EMPTY_INPUT' });
    await expect(summarize(lost, 'run', { fresh: true } as never)).rejects.toMatchObject({
      code: 'ASSAY_INVALID_OPTION',
    });
  });

  it('that was drained, aborted or could not begin says how it ended', async () => {
    const store = new MemoryResultStore();
    const drained = processorOf(store, { concurrency: 1 });
    drained.once('case:end', () => void drained.drain());
    await drained.run(cases(5), { runId: 'drained' });
    const controller = new AbortController();
    const aborted = processorOf(store, { concurrency: 1 });
    aborted.once('case:end', () => controller.abort());
    await expect(
      aborted.run(cases(5), { runId: 'aborted', signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
    await expect(processorOf(store).run([], { runId: 'empty' })).rejects.toMatchObject({
      code: 'ASSAY_EMPTY_INPUT',
    });
    const records = await collect(store.runs());
    const states = records.map(({ manifest, state, end }) => [
      manifest.runId,
      state,
      end?.summary['stopReason'],
    ]);
    expect(Object.fromEntries(states.map(([id, ...rest]) => [id, rest]))).toEqual({
      drained: ['drained', 'drained'],
      aborted: ['ended', 'aborted'],
      empty: ['ended', 'input-error'],
    });
    for (const { manifest } of records) expect(manifest.fingerprint).toBeUndefined();
    const summary = await processorOf(store).run(cases(5), { runId: 'drained', resume: true });
    expect(plain(await summarize(store, 'drained'))).toEqual(plain(summary));
  });

  it('gives each result its case, whatever the run did with it', async () => {
    const store = new MemoryResultStore();
    await processorOf(store).run(cases(20), { runId: 'run' });
    for (const { caseId, testCase } of await collect(store.query({ withCase: true }))) {
      const { id: _id, ...content } = cases(20).find(({ id }) => id === caseId)!;
      expect(testCase).toEqual(content);
    }
  });

  it('keeps of the cases what the host lets it keep', async () => {
    const secret = cases(6, (each, i) => ({ ...each, input: `ask ${i} of Jane` }));
    const kept = async (
      keepCases: BatchProcessorOptions<string, string>['keepCases'],
    ): Promise<{ warnings: readonly string[]; results: QueriedResult[] }> => {
      const store = new MemoryResultStore();
      const target = (input: string): string => input.slice(0, 1);
      const { warnings } = await processorOf(store, { keepCases, target, concurrency: 1 }).run(secret);
      return { warnings, results: await collect(store.query({ withCase: true })) };
    };
    const none = await kept(false);
    expect(
      none.results.every(({ testCase, caseHash }) => testCase === undefined && caseHash !== undefined),
    ).toBe(true);
    const redacted = await kept(({ input, ...rest }) => ({ ...rest, input: input.replace('Jane', '***') }));
    expect(redacted.results[0]?.testCase).toMatchObject({ input: 'ask 0 of ***', group: 'g0' });
    expect(JSON.stringify(redacted.results)).not.toContain('Jane');
    expect(redacted.warnings).toEqual([]);
    const some = await kept((testCase) => {
      if (testCase.id === 'case-1') throw new Error('cannot');
      return testCase.id === 'case-2' ? null : { input: '?' };
    });
    expect(some.results.map(({ testCase }) => testCase?.input)).toEqual([
      '?',
      undefined,
      undefined,
      '?',
      '?',
      '?',
    ]);
    expect(some.results.every(({ outcome }) => outcome === 'scored')).toBe(true);
    expect(some.warnings).toEqual(['1 cases were not kept in the store; the first was "case-1": cannot']);
    const async_ = await kept((async () => ({ input: 'x' })) as never);
    expect(async_.warnings[0]).toMatch(
      /^6 cases were not kept .* Expected keepCases to give its answer at once/,
    );
  });

  it('keeps of the metadata what the host lets it keep, in results too', async () => {
    const secret = cases(6, (each) => ({ ...each, metadata: { who: 'Jane', level: 3 } }));
    const metadata = async (
      keepCases: BatchProcessorOptions<string, string>['keepCases'],
    ): Promise<readonly unknown[]> => {
      const store = new MemoryResultStore();
      const target = (input: string): string => {
        if (input === secret[0]!.input) throw new Error('gone');
        return 'a';
      };
      await processorOf(store, { keepCases, target }).run(secret);
      return (await collect(store.query())).map((result) => result.metadata);
    };
    expect(await metadata(true)).toEqual(secret.map((each) => each.metadata));
    expect(await metadata(false)).toEqual(secret.map(() => undefined));
    const level = ({ metadata: given }: { readonly metadata?: unknown }): object => ({
      metadata: { level: (given as { readonly level: number }).level },
    });
    expect(await metadata(level as never)).toEqual(secret.map(() => ({ level: 3 })));
    expect(await metadata(() => null)).toEqual(secret.map(() => undefined));
  });

  it('has a fingerprint that tells other cases, and not another order of them', async () => {
    const fingerprintOf = async (given: Case[], options: object = {}): Promise<string | undefined> => {
      const store = new MemoryResultStore();
      await processorOf(store, options).run(given, { runId: 'run' });
      return (await store.manifest('run'))?.fingerprint;
    };
    const all = await fingerprintOf(cases(20));
    expect(await fingerprintOf(cases(20).reverse(), { concurrency: 3 })).toBe(all);
    expect(await fingerprintOf(cases(20), { repetitions: 2, keepCases: false })).toBe(all);
    const swapped = cases(20).map((each, i, every) => ({ ...each, input: every[i < 2 ? 1 - i : i]!.input }));
    const others = [
      cases(19),
      cases(20, (each, i) => (i === 3 ? { ...each, expected: 'other' } : each)),
      cases(20, (each, i) => (i === 3 ? { ...each, id: 'renamed' } : each)),
      swapped,
    ];
    const found = await Promise.all(others.map((given) => fingerprintOf(given)));
    expect(new Set([all, ...found]).size).toBe(5);
  });

  it('warns when it is resumed with other cases', async () => {
    const store = new MemoryResultStore();
    const first = await processorOf(store).run(cases(10), { runId: 'run' });
    expect(first.warnings).toEqual([]);
    const same = await processorOf(store).run(cases(10), { runId: 'run', resume: true });
    expect(same.warnings).toEqual([]);
    const changed = cases(10, (each, i) => (i === 3 ? { ...each, expected: 'other' } : each));
    const other = await processorOf(store).run(changed, { runId: 'run', resume: true });
    expect(other.warnings).toEqual(['the cases are not those that an earlier start of this run had']);
  });

  it('names cases whose content changed when it is compared', async () => {
    const store = new MemoryResultStore();
    await processorOf(store).run(cases(30), { runId: 'a' });
    const changed = cases(30, (each, i) => (i % 10 === 3 ? { ...each, expected: 'other' } : each));
    await processorOf(store).run(changed, { runId: 'b' });
    const compared = await compareRuns({ store, runId: 'a' }, { store, runId: 'b' }, { unmatchedLimit: 2 });
    expect(compared.changedCases).toEqual({ count: 3, ids: ['case-13', 'case-23'] });
    expect(formatComparison(compared)).toContain(
      'cases whose content changed: 3 ("case-13", "case-23", 1 more)',
    );
    const same = await compareRuns({ store, runId: 'a' }, { store, runId: 'a' });
    expect(same.changedCases).toEqual({ count: 0, ids: [] });
  });

  it.each([1, 3])('is judged again without asking a model, with %s repetitions', async (repetitions) => {
    const store = new SqliteResultStore(`${newFolder()}/results.db`);
    const first = await processorOf(store, { repetitions }).run(cases(25), { runId: 'run' });
    const summary = await rescore(store, { runId: 'run', evaluator: strict, as: 'again', tags: ['strict'] });
    expect(summary).toMatchObject({
      submitted: 25 * repetitions,
      scored: first.scored,
      errored: first.errored,
      cost: 0,
      tokens: { input: 0, output: 0 },
      cacheHits: first.scored,
    });
    expect(Object.keys(summary.dimensions)).toEqual(['has', 'same']);
    const key = ({ caseId, repetition }: CaseResult): string => `${caseId}#${repetition}`;
    const before = new Map((await collect(store.query({ runId: 'run' }))).map((each) => [key(each), each]));
    for (const result of await collect(store.query({ runId: 'again' }))) {
      const { response, model, caseHash, error } = before.get(key(result))!;
      expect(result).toMatchObject({ model: response === undefined ? null : model, caseHash });
      expect(result.response).toEqual(response);
      expect(result.error?.message).toBe(error?.message);
    }
    const manifest = await store.manifest('again');
    const original = await store.manifest('run');
    expect(manifest).toMatchObject({ origin: { runId: 'run' }, evaluator: 'strict', tags: ['strict'] });
    expect([manifest?.target, manifest?.fingerprint]).toEqual([original?.target, original?.fingerprint]);
    const again = await rescore(store, { runId: 'run', evaluator: strict, as: 'again' });
    expect(again).toMatchObject({ skipped: first.scored, scored: 0, overall: summary.overall });
    await expect(rescore(store, { runId: 'nobody', evaluator: strict, as: 'x' })).rejects.toMatchObject({
      code: 'ASSAY_EMPTY_INPUT',
    });
    await expect(rescore(store, { runId: 'run', as: 'x' } as never)).rejects.toMatchObject({
      code: 'ASSAY_INVALID_OPTION',
    });
    await store.close();
  });

  it('is judged again with the cases of the host when none were kept', async () => {
    const store = new MemoryResultStore();
    const first = await processorOf(store, { keepCases: false }).run(cases(20), { runId: 'run' });
    await expect(rescore(store, { runId: 'run', evaluator: strict, as: 'a' })).rejects.toMatchObject({
      code: 'ASSAY_INVALID_INPUT',
      message: expect.stringContaining('pass `cases`') as string,
    });
    const summary = await rescore(store, { runId: 'run', evaluator: strict, as: 'b', cases: cases(20) });
    expect(summary).toMatchObject({ scored: first.scored, errored: first.errored });
  });
});
