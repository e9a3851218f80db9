import { assert } from './assertions.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import { AssayError } from '../errors.js';
import type { ResultKey, ResultStore } from '../stores/result-store.js';
import { leaseOfThisProcess } from '../stores/run-lease.js';
import { awkwardIds, awkwardTexts, erroredResult, scoredResult, unscoredResult } from './sample-results.js';
import { collect, manifestOf, numbered, summaryOf, type StoreTest } from './store-contract-fixtures.js';
import { testStoreQueries } from './store-query-contract.js';
import { testStoreCases, testStoreLeases, testStoreRuns } from './store-run-contract.js';

/** The part of a test runner's `it` that {@link testResultStore} needs: that of vitest, jest or node:test. */
export type TestFunction = (title: string, body: () => Promise<void>) => unknown;

/** What {@link testResultStore} may know about a store. */
export interface ResultStoreTestOptions {
  /**
   * Closes a store and opens another one on the same place. With it the suite also tests that results outlive
   * the store; leave it out for a store in memory.
   */
  readonly reopen?: ((store: ResultStore) => Promise<ResultStore>) | undefined;
  /** Results in the largest batch that is tried, for stores that take long for each. @default 10_000 */
  readonly largestBatch?: number | undefined;
}

/**
 * The contract of {@link ResultStore} as tests: run it on a store of your own.
 *
 * `it` is the `it` of your test runner (vitest, jest, node:test); `createStore` makes a new, empty store for
 * each test, which the test closes. Failures are those of `node:assert`.
 *
 * @example
 * import { describe, it } from 'node:test';
 * import { testResultStore } from 'assaykit/testing';
 *
 * describe('MyResultStore', () => testResultStore(it, () => new MyResultStore(newFolder())));
 */
export function testResultStore(
  it: TestFunction,
  createStore: () => ResultStore | Promise<ResultStore>,
  options: ResultStoreTestOptions = {},
): void {
  const test = (title: string, body: (store: ResultStore) => Promise<void>): void => {
    it(title, async () => {
      const store = await createStore();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });
  };
  testRoundTrip(test, options.largestBatch ?? 10_000);
  testKeys(test);
  testStoreQueries(test);
  testStoreRuns(test);
  testStoreLeases(test);
  testStoreCases(test);
  testLifecycle(it, createStore);
  const { reopen } = options;
  if (reopen !== undefined) testReopening(it, createStore, reopen);
}

function testRoundTrip(test: StoreTest, largestBatch: number): void {
  test('gives results back deeply equal to what was appended', async (store) => {
    const results = [
      scoredResult(),
      scoredResult({ caseId: 'bare', model: null, endpoint: null, usage: null, cost: null }),
      scoredResult({ caseId: 'rich', cluster: 'document 7', group: 'history', cost: 0.00012, cached: true }),
      scoredResult({ caseId: 'zero', score: 0 }),
      unscoredResult(),
      erroredResult(),
      erroredResult({ caseId: 'evaluator failed', withResponse: true }),
    ];
    await store.append(results);
    assert.deepEqual(byCase(await collect(store.query())), byCase(results));
  });

  test('keeps metadata of every kind of value', async (store) => {
    const metadata = {
      text: 'é',
      nothing: null,
      yes: true,
      no: false,
      list: [1, 'two', [3], { four: 4 }],
      nested: { deep: { deeper: { deepest: 0.1 + 0.2 } } },
      date: new Date('2024-02-29T12:00:00.123Z'),
      notANumber: Number.NaN,
      infinite: Number.NEGATIVE_INFINITY,
      minusZero: -0,
      large: 2n ** 80n,
      map: new Map<unknown, unknown>([['a', new Date(0)]]),
      set: new Set([1, 2]),
      bytes: new Uint8Array([0, 255]),
      $date: 'looks like a tag',
      tagLike: { $number: 'NaN' },
      tagged: { $tagged: { $map: [] } },
      hole: [undefined, 1],
    };
    const results = [
      scoredResult({ caseId: 'plain', metadata: { a: 1, b: [true, null] } }),
      scoredResult({ caseId: 'exotic', metadata }),
      scoredResult({
        caseId: 'own prototype',
        metadata: JSON.parse('{"__proto__":{"polluted":1}}') as object,
      }),
      scoredResult({ caseId: 'empty', metadata: {} }),
    ];
    await store.append(results);
    assert.deepEqual(byCase(await collect(store.query())), byCase(results));
    assert.equal(({} as { polluted?: number }).polluted, undefined);
  });

  test('keeps numbers that no column holds (NaN, infinite) and fractions of a millisecond', async (store) => {
    const results = [
      scoredResult({ caseId: 'a', cost: Number.NaN, startedAt: 1_700_000_000_000.25 }),
      scoredResult({ caseId: 'b', cost: Number.POSITIVE_INFINITY, startedAt: 1_700_000_000_001 }),
      scoredResult({
        caseId: 'c',
        usage: { inputTokens: Number.NaN, outputTokens: -0 },
        startedAt: 1_700_000_000_002,
      }),
    ];
    await store.append(results);
    assert.deepEqual(await collect(store.query()), results);
  });

  test('keeps any text: NUL, lone surrogates, bidi controls, four-byte characters, line breaks', async (store) => {
    const long = awkwardTexts.filter((text) => text !== '').map((text) => text.repeat(500)); // may be kept apart
    const texts = [...awkwardTexts, ...long];
    const results = texts.map((text, i) =>
      scoredResult({ caseId: `text-${i}`, text, model: text, startedAt: i, metadata: { [text]: text } }),
    );
    await store.append(results);
    assert.deepEqual(await collect(store.query()), results);
    for (const [i, text] of texts.entries()) {
      assert.deepEqual(await collect(store.query({ model: text })), [results[i]], JSON.stringify(text));
    }
  });

  test('takes any id: paths, 300 characters, NUL, half characters', async (store) => {
    const results = awkwardIds.map((id, i) => scoredResult({ runId: id, caseId: id, startedAt: i }));
    await store.append(results);
    assert.deepEqual(await collect(store.query()), results);
    for (const [i, id] of awkwardIds.entries()) {
      assert.deepEqual(await store.finishedKeys(id, [{ caseId: id, repetition: 0 }]), ['scored']);
      assert.deepEqual(await collect(store.query({ runId: id })), [results[i]], JSON.stringify(id));
      await store.appendBatchSummary(summaryOf(id, { batchId: id }));
      assert.deepEqual(await collect(store.summaries(id)), [summaryOf(id, { batchId: id })]);
      assert.deepEqual(await store.begin(manifestOf(id)), manifestOf(id));
    }
  });

  test('stores responses of 1 MB', async (store) => {
    const text = 'Lorem ipsum ✓ '.repeat(75_000);
    const results = [0, 1, 2].map((i) => scoredResult({ caseId: `long-${i}`, startedAt: i, text: text + i }));
    await store.append(results);
    assert.deepEqual(await collect(store.query()), results);
  });

  test(`stores batches of ${largestBatch}`, async (store) => {
    const results = numbered(largestBatch);
    await store.append(results);
    let next = 0;
    for await (const result of store.query({ runId: 'run' })) assert.deepEqual(result, results[next++]);
    assert.equal(next, largestBatch);
  });

  test('does not change with the objects of the host', async (store) => {
    const metadata = { label: 'before' };
    const appended = store.append([scoredResult({ metadata })]);
    await appended;
    metadata.label = 'after';
    const [first] = await collect(store.query());
    assert.deepEqual(first?.metadata, { label: 'before' });
    (first as { metadata: Record<string, unknown> }).metadata['label'] = 'mine';
    const [second] = await collect(store.query());
    assert.deepEqual(second?.metadata, { label: 'before' });
  });
}

function testKeys(test: StoreTest): void {
  test('stores one result a key, however often it is appended', async (store) => {
    const result = scoredResult();
    await store.append([result, result]);
    await store.append([result]);
    assert.deepEqual(await collect(store.query()), [result]);
  });

  test('tells results apart by run, case and repetition', async (store) => {
    const results = [
      scoredResult({ runId: 'a', caseId: 'x', repetition: 0, startedAt: 1 }),
      scoredResult({ runId: 'a', caseId: 'x', repetition: 1, startedAt: 2 }),
      scoredResult({ runId: 'a', caseId: 'x1', repetition: 0, startedAt: 3 }),
      scoredResult({ runId: 'ax', caseId: '', repetition: 0, startedAt: 4 }),
      scoredResult({ runId: 'b', caseId: 'x', repetition: 10, startedAt: 5 }),
    ];
    await store.append(results);
    assert.deepEqual(await collect(store.query()), results);
  });

  test('never replaces a result by one of lower worth', async (store) => {
    const ranked = [
      erroredResult({ caseId: 'case' }),
      unscoredResult({ caseId: 'case' }),
      scoredResult({ caseId: 'case' }),
    ];
    for (const [i, first] of ranked.entries()) {
      for (const [j, second] of ranked.entries()) {
        const runId = `run ${i} ${j}`;
        await store.append([{ ...first, runId }]);
        await store.append([{ ...second, runId }]);
        const stands = j >= i ? second : first;
        assert.deepEqual(await collect(store.query({ runId })), [{ ...stands, runId }], runId);
        assert.deepEqual(await store.finishedKeys(runId, [stands]), [stands.outcome], runId);
      }
    }
  });

  test('keeps to the ranks within one append', async (store) => {
    const scored = scoredResult({ caseId: 'case' });
    await store.append([erroredResult({ caseId: 'case' }), scored, unscoredResult({ caseId: 'case' })]);
    assert.deepEqual(await collect(store.query()), [scored]);
  });

  test('replaces a result by a newer one of the same worth', async (store) => {
    await store.append([scoredResult({ score: 0.25, startedAt: 1, text: 'first' })]);
    const newer = scoredResult({ score: 1, startedAt: 2, text: 'second' });
    await store.append([newer]);
    assert.deepEqual(await collect(store.query()), [newer]);
    assert.deepEqual(await collect(store.query({ to: 2 })), []);
  });

  test('says of each key what is stored', async (store) => {
    await store.append([
      scoredResult({ caseId: 'scored' }),
      unscoredResult({ caseId: 'unscored' }),
      erroredResult({ caseId: 'errored', repetition: 2 }),
    ]);
    const keys: ResultKey[] = [
      { caseId: 'errored', repetition: 2 },
      { caseId: 'scored', repetition: 0 },
      { caseId: 'scored', repetition: 1 },
      { caseId: 'unscored', repetition: 0 },
      { caseId: 'nobody', repetition: 0 },
      { caseId: 'scored', repetition: 0 },
    ];
    const found = await store.finishedKeys('run', keys);
    assert.deepEqual(found, ['errored', 'scored', undefined, 'unscored', undefined, 'scored']);
    assert.deepEqual(await store.finishedKeys('another run', keys.slice(0, 1)), [undefined]);
    assert.deepEqual(await store.finishedKeys('run', []), []);
  });

  test('stores what is appended at the same time', async (store) => {
    const results = numbered(600);
    const appends: Promise<void>[] = [];
    for (let i = 0; i < 300; i++) appends.push(store.append([results[i] as CaseResult]));
    for (let i = 300; i < 600; i += 50) appends.push(store.append(results.slice(i, i + 50)));
    await Promise.all(appends);
    assert.deepEqual(await collect(store.query()), results);
  });

  test('takes an empty append', async (store) => {
    await store.append([]);
    assert.deepEqual(await collect(store.query()), []);
  });

  test('rejects a result that cannot be stored, and stores its neighbours', async (store) => {
    const cyclic: Record<string, unknown> = {};
    cyclic['itself'] = cyclic;
    const good = scoredResult({ caseId: 'good' });
    const [bad, fine] = await Promise.allSettled([
      store.append([scoredResult({ caseId: 'before' }), scoredResult({ caseId: 'bad', metadata: cyclic })]),
      store.append([good]),
    ]);
    assert.equal(bad.status, 'rejected');
    assert.ok(AssayError.is(bad.reason) && bad.reason.code === 'ASSAY_STORE_FAILED', String(bad.reason));
    assert.match(bad.reason.message, /bad/);
    assert.equal(fine.status, 'fulfilled');
    assert.deepEqual(await collect(store.query()), [good]);
  });
}

function testLifecycle(it: TestFunction, createStore: () => ResultStore | Promise<ResultStore>): void {
  it('rejects everything after close, and closes twice', async () => {
    for (const use of [true, false]) {
      const store = await createStore();
      if (use) await store.append([scoredResult()]);
      await store.close();
      await store.close();
      const closed = { code: 'ASSAY_CLOSED' };
      await assert.rejects(store.append([scoredResult()]), closed);
      await assert.rejects(store.begin(manifestOf('run')), closed);
      await assert.rejects(store.manifest('run'), closed);
      await assert.rejects(store.appendBatchSummary(summaryOf('run', { batchId: 'a' })), closed);
      await assert.rejects(store.finishedKeys('run', [{ caseId: 'case', repetition: 0 }]), closed);
      await assert.rejects(collect(store.query()), closed);
      await assert.rejects(collect(store.summaries('run')), closed);
      await assert.rejects(collect(store.runs()), closed);
      const lease = leaseOfThisProcess({ runId: 'run', id: 'a', part: '', durationMs: 1000 });
      await assert.rejects(store.begin(manifestOf('run'), { lease }), closed);
      await assert.rejects(store.renew(lease), closed);
      await assert.rejects(store.release(lease), closed);
      await assert.rejects(store.finish({ runId: 'run', at: 1, models: [], summary: {} }), closed);
    }
  });

  it('stores what was appended before close', async () => {
    const store = await createStore();
    const appended = [
      store.append([scoredResult({ caseId: 'a' })]),
      store.append([scoredResult({ caseId: 'b' })]),
    ];
    await store.close();
    assert.deepEqual(
      (await Promise.allSettled(appended)).map((each) => each.status),
      ['fulfilled', 'fulfilled'],
    );
  });

  it('ends a query that is being read when the store is closed', async () => {
    const store = await createStore();
    await store.append(numbered(1_000));
    const query = store.query()[Symbol.asyncIterator]();
    await query.next();
    await store.close();
    await assert.rejects(
      (async () => {
        while ((await query.next()).done !== true);
      })(),
      { code: 'ASSAY_CLOSED' },
    );
  });
}

function testReopening(
  it: TestFunction,
  createStore: () => ResultStore | Promise<ResultStore>,
  reopen: (store: ResultStore) => Promise<ResultStore>,
): void {
  it('finds everything again after it was closed and opened', async () => {
    let store = await createStore();
    try {
      const results = numbered(300);
      await store.begin(manifestOf('run'));
      await store.append(results.slice(0, 200));
      await store.appendBatchSummary(summaryOf('run', { batchId: 'a', at: 1 }));
      store = await reopen(store);
      await store.append([...results.slice(200), erroredResult({ caseId: 'case-00000' })]);
      await store.appendBatchSummary(summaryOf('run', { batchId: 'b', at: 2 }));
      store = await reopen(store);
      assert.deepEqual(await collect(store.query()), results);
      assert.deepEqual(await store.manifest('run'), manifestOf('run'));
      assert.deepEqual(await collect(store.summaries('run')), [
        summaryOf('run', { batchId: 'a', at: 1 }),
        summaryOf('run', { batchId: 'b', at: 2 }),
      ]);
      assert.deepEqual(await store.finishedKeys('run', results.slice(0, 1)), ['scored']);
    } finally {
      await store.close();
    }
  });

  it('knows after opening again which results outrank others', async () => {
    let store = await createStore();
    try {
      await store.append([scoredResult({ caseId: 'a' }), erroredResult({ caseId: 'b' })]);
      store = await reopen(store);
      await store.append([erroredResult({ caseId: 'a' }), scoredResult({ caseId: 'b' })]);
      store = await reopen(store);
      const keys = [
        { caseId: 'a', repetition: 0 },
        { caseId: 'b', repetition: 0 },
      ];
      assert.deepEqual(await store.finishedKeys('run', keys), ['scored', 'scored']);
      assert.equal((await collect(store.query({ outcome: 'errored' }))).length, 0);
      assert.equal((await collect(store.query())).length, 2);
    } finally {
      await store.close();
    }
  });

  it('opens an empty place again', async () => {
    let store = await createStore();
    try {
      store = await reopen(store);
      assert.deepEqual(await collect(store.query()), []);
      assert.deepEqual(await store.finishedKeys('run', [{ caseId: 'a', repetition: 0 }]), [undefined]);
    } finally {
      await store.close();
    }
  });
}

const byCase = (results: readonly CaseResult[]): CaseResult[] =>
  [...results].sort((a, b) => (a.caseId < b.caseId ? -1 : 1));
