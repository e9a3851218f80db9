import { systemClock } from '../foundation/clock.js';
import type { RunEnd, RunRecord } from '../stores/run-record.js';
import type { ResultStore } from '../stores/result-store.js';
import { leaseOfThisProcess, type RunLease } from '../stores/run-lease.js';
import { keepCase, type CaseContent } from '../stores/kept-case.js';
import { assert } from './assertions.js';
import { awkwardIds, awkwardTexts, erroredResult, scoredResult, unscoredResult } from './sample-results.js';
import { collect, manifestOf, summaryOf, type StoreTest } from './store-contract-fixtures.js';

/** The part of the contract of result stores that is about manifests, ends and batch summaries. */
export function testStoreRuns(test: StoreTest): void {
  test('keeps the first manifest of a run', async (store) => {
    const first = manifestOf('run');
    assert.equal(await store.manifest('run'), undefined);
    assert.deepEqual(await store.begin(first), first);
    assert.deepEqual(await store.begin({ ...first, evaluatorVersion: '2', startedAt: 9 }), first);
    assert.deepEqual(await store.manifest('run'), first);
    assert.equal(await store.manifest('another run'), undefined);
  });

  test('keeps batch summaries, oldest first, one for each batch', async (store) => {
    await store.appendBatchSummary(summaryOf('run', { batchId: 'b', at: 2 }));
    await store.appendBatchSummary(summaryOf('run', { batchId: 'a', at: 1 }));
    await store.appendBatchSummary(summaryOf('other', { batchId: 'a', at: 3 }));
    const replaced = { ...summaryOf('run', { batchId: 'b', at: 2 }), total: 99, averageScore: null };
    await store.appendBatchSummary(replaced);
    assert.deepEqual(await collect(store.summaries('run')), [
      summaryOf('run', { batchId: 'a', at: 1 }),
      replaced,
    ]);
    assert.deepEqual(await collect(store.summaries('other')), [summaryOf('other', { batchId: 'a', at: 3 })]);
    assert.deepEqual(await collect(store.summaries('nobody')), []);
  });

  test('streams many batch summaries', async (store) => {
    const summaries = Array.from({ length: 700 }, (_, i) =>
      summaryOf('run', { batchId: `batch-${i}`, at: 1_000 + i }),
    );
    await Promise.all(summaries.map((summary) => store.appendBatchSummary(summary)));
    assert.deepEqual(await collect(store.summaries('run')), summaries);
  });

  test('lists runs, newest first, with what they came to and how many results they have', async (store) => {
    const begin = async (runId: string, startedAt: number, more: object = {}): Promise<void> => {
      await store.begin({ ...manifestOf(runId), startedAt, ...more });
    };
    await begin('oldest', 1, { tags: ['nightly', 'de'], description: 'first' });
    await begin('newest', 3, { evaluator: 'other' });
    await begin('middle', 2, { target: { client: 'any', models: ['large', 'small'] } });
    await store.append([
      scoredResult({ runId: 'oldest' }),
      unscoredResult({ runId: 'oldest' }),
      erroredResult({ runId: 'oldest', caseId: 'a' }),
      erroredResult({ runId: 'oldest', caseId: 'b' }),
      scoredResult({ runId: 'newest' }),
    ]);
    const end: RunEnd = { ...endOf('oldest'), models: ['tiny'], fingerprint: 'all of them' };
    await store.finish(end);
    await store.finish({ ...endOf('middle'), summary: { stopReason: 'drained' } });
    const records = await collect(store.runs());
    assert.deepEqual(records.map(shortly), [
      ['newest', 'crashed', null],
      ['middle', 'drained', { stopReason: 'drained' }],
      ['oldest', 'ended', end.summary],
    ]);
    assert.deepEqual(records[2]?.end, end);
    assert.deepEqual(records[2]?.results, { scored: 1, unscored: 1, errored: 2 });
    assert.deepEqual(records[1]?.results, { scored: 0, unscored: 0, errored: 0 });
    assert.equal(records[2]?.manifest.fingerprint, 'all of them');
    assert.equal((await store.manifest('oldest'))?.fingerprint, 'all of them');
    const found = async (query: Parameters<ResultStore['runs']>[0]): Promise<string[]> =>
      (await collect(store.runs(query))).map((record) => record.manifest.runId);
    assert.deepEqual(await found({ tag: 'nightly' }), ['oldest']);
    assert.deepEqual(await found({ tag: 'night' }), []);
    assert.deepEqual(await found({ evaluator: 'other' }), ['newest']);
    assert.deepEqual(await found({ model: 'large' }), ['middle']);
    assert.deepEqual(await found({ model: 'tiny' }), ['oldest']);
    assert.deepEqual(await found({ state: 'crashed' }), ['newest']);
    assert.deepEqual(await found({ runId: 'middle' }), ['middle']);
    assert.deepEqual(await found({ runId: 'nobody' }), []);
    assert.deepEqual(await found({ limit: 2 }), ['newest', 'middle']);
    assert.deepEqual(await found({ limit: 1, evaluator: 'contract' }), ['middle']);
    assert.deepEqual(await found({ limit: 0 }), []);
    await assert.rejects(found({ tags: ['nightly'] } as never), { code: 'ASSAY_INVALID_OPTION' });
  });

  test('lists many runs, and runs that began at once, each once', async (store) => {
    const ids = Array.from({ length: 150 }, (_, i) => `run-${String(i).padStart(3, '0')}`);
    for (const [i, runId] of ids.entries())
      await store.begin({ ...manifestOf(runId), startedAt: Math.floor(i / 100) });
    const listed = (await collect(store.runs())).map(({ manifest }) => manifest.runId);
    assert.deepEqual(listed, [...ids.slice(100), ...ids.slice(0, 100)]);
  });

  test('replaces the end of a run by a later one', async (store) => {
    await store.begin(manifestOf('run'));
    await store.finish(endOf('run'));
    await store.finish({ ...endOf('run'), at: 9 });
    const [record] = await collect(store.runs());
    assert.equal(record?.end?.at, 9);
  });
}

/** The part of the contract of result stores that is about the one writer of a run. */
export function testStoreLeases(test: StoreTest): void {
  test('gives a run to one writer at a time, and names it to the others', async (store) => {
    const first = leaseOf('first');
    const second = leaseOf('second');
    await store.begin(manifestOf('run'), { lease: first });
    await assert.rejects(store.begin(manifestOf('run'), { lease: second }), {
      code: 'ASSAY_RUN_ACTIVE',
      message: new RegExp(`process ${process.pid} on .* began it \\d+\\.\\d s ago`),
    });
    await store.append([scoredResult()], { lease: first });
    const [record] = await collect(store.runs());
    assert.equal(record?.state, 'running');
    assert.equal(record?.writer?.pid, process.pid);
    assert.ok(Math.abs((record?.writer?.since ?? 0) - systemClock.wallTime()) < 60_000, 'since');
    await store.begin(manifestOf('another run'), { lease: leaseOf('third', { runId: 'another run' }) });
    await store.finish(endOf('run'), { lease: first });
    await store.release(first);
    await store.release(first);
    const [ended] = await collect(store.runs({ runId: 'run' }));
    assert.equal(ended?.state, 'ended');
    assert.equal(ended?.writer, null);
    await store.begin(manifestOf('run'), { lease: second });
    const [again] = await collect(store.runs({ runId: 'run' }));
    assert.equal(again?.state, 'running');
    await store.release(second);
    const [crashed] = await collect(store.runs({ runId: 'run' }));
    assert.deepEqual([crashed?.state, crashed?.end], ['crashed', null]);
  });

  test('takes a lease that is held already as renewed', async (store) => {
    const lease = leaseOf('first');
    await store.begin(manifestOf('run'), { lease });
    await store.begin(manifestOf('run'), { lease });
    await store.renew(lease);
    await store.append([scoredResult()], { lease });
  });

  test('hands a run over when its lease has expired, and stores no more for the one that lost it', async (store) => {
    const slow = leaseOf('slow', { durationMs: 1 });
    const next = leaseOf('next');
    await store.begin(manifestOf('run'), { lease: slow });
    await store.append([scoredResult({ caseId: 'before' })], { lease: slow });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await store.begin(manifestOf('run'), { lease: next });
    const lost = { code: 'ASSAY_LEASE_LOST' };
    const [late, own] = await Promise.allSettled([
      store.append([scoredResult({ caseId: 'late' })], { lease: slow }),
      store.append([scoredResult({ caseId: 'own' })], { lease: next }),
    ]);
    assert.equal(late.status === 'rejected' && (late.reason as { code: string }).code, 'ASSAY_LEASE_LOST');
    assert.equal(own.status, 'fulfilled');
    await assert.rejects(store.renew(slow), lost);
    await assert.rejects(store.finish(endOf('run'), { lease: slow }), lost);
    await store.release(slow); // is not that of the next one
    await store.renew(next);
    assert.deepEqual(await store.finishedKeys('run', [{ caseId: 'late', repetition: 0 }]), [undefined]);
    await assert.rejects(store.begin(manifestOf('run'), { lease: slow }), { code: 'ASSAY_RUN_ACTIVE' });
  });

  test('hands a run over at once when the process that wrote it is dead', async (store) => {
    const own = leaseOf('any');
    const dead = { ...own, id: 'dead', holder: { ...own.holder, pid: 2 ** 22 - 1 } };
    await store.begin(manifestOf('run'), { lease: dead });
    await store.begin(manifestOf('run'), { lease: own });
    await assert.rejects(store.renew(dead), { code: 'ASSAY_LEASE_LOST' });
  });

  test('waits for the time of a process whose life cannot be seen from here', async (store) => {
    const own = leaseOf('any');
    const holder = { ...own.holder, pid: 2 ** 22 - 1, pidNamespace: 'pid:[1]' };
    await store.begin(manifestOf('run'), { lease: { ...own, id: 'elsewhere', holder } });
    await assert.rejects(store.begin(manifestOf('run'), { lease: own }), { code: 'ASSAY_RUN_ACTIVE' });
  });

  test('lets parts of a run be written side by side, but not beside the whole', async (store) => {
    const [a, b, whole] = [leaseOf('a', { part: 'a' }), leaseOf('b', { part: 'b' }), leaseOf('whole')];
    await store.begin(manifestOf('run'), { lease: a });
    await store.begin(manifestOf('run'), { lease: b });
    const active = { code: 'ASSAY_RUN_ACTIVE' };
    await assert.rejects(store.begin(manifestOf('run'), { lease: leaseOf('c', { part: 'a' }) }), active);
    await assert.rejects(store.begin(manifestOf('run'), { lease: whole }), active);
    await store.append([scoredResult({ caseId: 'a' })], { lease: a });
    await store.append([scoredResult({ caseId: 'b' })], { lease: b });
    await store.release(a);
    await store.release(b);
    await store.begin(manifestOf('run'), { lease: whole });
    await assert.rejects(store.begin(manifestOf('run'), { lease: a }), active);
  });

  test('knows leases of any run and part', async (store) => {
    for (const [i, name] of awkwardIds.entries()) {
      const lease = leaseOf(`lease ${i}`, { runId: name, part: name });
      await store.begin(manifestOf(name), { lease });
      await store.append([scoredResult({ runId: name })], { lease });
      await store.renew(lease);
      await store.release(lease);
    }
  });
}

/** The part of the contract of result stores that is about the cases of results. */
export function testStoreCases(test: StoreTest): void {
  test('gives a result its case, which it keeps once for all that refer to it', async (store) => {
    const contents: CaseContent[] = [
      { input: 'What is 6 times 7?', expected: '42', metadata: { topic: 'maths' }, group: 'a', cluster: 'b' },
      { input: [{ role: 'user', content: 'Hello' }] },
      { input: { at: new Date(5), n: 2n ** 70n, nothing: null }, metadata: { not: Number.NaN } },
      ...awkwardTexts.map((text) => ({ input: text, metadata: { [text]: text } })),
    ];
    const cases = contents.map((content) => keepCase({ ...NOTHING, ...content }));
    const results = cases.flatMap(({ hash }, i) =>
      [0, 1].map((repetition) =>
        scoredResult({ caseId: `case-${i}`, repetition, caseHash: hash, startedAt: 2 * i + repetition }),
      ),
    );
    await store.append(results.slice(0, 4), { cases });
    await store.append(results.slice(4), { cases: [...cases, cases[0]!] });
    await store.append([scoredResult({ caseId: 'of no case', startedAt: 1e6 })]);
    await store.append([scoredResult({ caseId: 'lost', startedAt: 1e6 + 1, caseHash: 'unknown' })]);
    const withCases = await collect(store.query({ withCase: true }));
    assert.deepEqual(
      withCases.map(({ testCase }) => testCase),
      [...contents.flatMap((content) => [content, content]), undefined, undefined],
    );
    const plain = await collect(store.query());
    assert.deepEqual(plain.slice(0, results.length), results);
    const [one] = await collect(store.query({ withCase: true, idPrefix: 'case-1', limit: 1 }));
    assert.deepEqual(one, { ...results[2], testCase: contents[1] });
  });

  test('keeps cases without results, and results of another run find them', async (store) => {
    const kept = keepCase({ ...NOTHING, input: 'alone' });
    await store.append([], { cases: [kept] });
    await store.append([scoredResult({ runId: 'later', caseHash: kept.hash })]);
    const [result] = await collect(store.query({ runId: 'later', withCase: true }));
    assert.deepEqual(result?.testCase, { input: 'alone' });
  });

  test('keeps many and large cases', async (store) => {
    const cases = Array.from({ length: 300 }, (_, i) =>
      keepCase({ ...NOTHING, input: `${i} ${i % 100 === 0 ? 'long '.repeat(100_000) : ''}` }),
    );
    const results = cases.map(({ hash }, i) =>
      scoredResult({ caseId: `c${i}`, caseHash: hash, startedAt: i }),
    );
    await Promise.all(results.map((result, i) => store.append([result], { cases: [cases[i]!] })));
    let i = 0;
    for await (const { testCase } of store.query({ withCase: true }))
      assert.ok(String(testCase?.input).startsWith(`${i++} `));
    assert.equal(i, 300);
  });
}

const NOTHING = {
  input: undefined,
  expected: undefined,
  metadata: undefined,
  group: undefined,
  cluster: undefined,
};

const leaseOf = (id: string, more: Partial<RunLease> = {}): RunLease =>
  leaseOfThisProcess({ runId: 'run', id, part: '', durationMs: 60_000, ...more });

const endOf = (runId: string): RunEnd => ({
  runId,
  at: 5,
  models: [],
  summary: { stopReason: 'end', overall: { mean: 0.1 + 0.2 }, note: 'ünïcode' },
});

const shortly = ({ manifest, state, end }: RunRecord): unknown[] => [
  manifest.runId,
  state,
  end?.summary ?? null,
];
