import { assert } from './assertions.js';
import { seededRandom } from '../foundation/seeded-random.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { ResultQuery } from '../stores/result-store.js';
import { awkwardIds, awkwardTexts, erroredResult, scoredResult, unscoredResult } from './sample-results.js';
import { collect, numbered, type StoreTest } from './store-contract-fixtures.js';

/** The part of the contract of result stores that is about queries. */
export function testStoreQueries(test: StoreTest): void {
  const models = ['small', 'large', null];
  const everything = Array.from({ length: 90 }, (_, i): CaseResult => {
    const facts = {
      runId: i % 3 === 0 ? 'run' : 'other',
      caseId: `${i % 2 === 0 ? '100%' : 'math'}_${String(i % 45).padStart(3, '0')}`,
      repetition: i < 45 ? 0 : 1,
      model: models[i % 3] as string | null,
      startedAt: 1_000 + Math.floor(i / 4),
      ...(i % 4 === 0 ? {} : { group: awkwardTexts[i % 5]! }),
    };
    if (i % 7 === 0) return erroredResult(facts);
    if (i % 11 === 0) return unscoredResult(facts);
    return scoredResult({ ...facts, score: (i % 5) / 4 });
  });

  const queries: readonly ResultQuery[] = [
    {},
    { runId: 'run' },
    { runId: 'nobody' },
    { model: 'small' },
    { model: 'nobody' },
    { idPrefix: '' },
    { idPrefix: '100%_' },
    { idPrefix: 'math_01' },
    { idPrefix: '%' },
    { idPrefix: '100' },
    { idPrefix: '100__' },
    { idPrefix: '_' },
    { minScore: 0 },
    { minScore: 0.5 },
    { minScore: 1 },
    { minScore: 1.5 },
    { minScore: -1 },
    { maxScore: 0 },
    { maxScore: 0.5, runId: 'run' },
    { minScore: 0.25, maxScore: 0.75 },
    { minScore: 0.75, maxScore: 0.25 },
    { passed: true },
    { passed: false },
    { passed: false, runId: 'other', model: 'large' },
    { group: awkwardTexts[1]! },
    { group: awkwardTexts[2]!, passed: true },
    { group: 'nobody' },
    { dimension: { name: 'accuracy' } },
    { dimension: { name: 'accuracy', minScore: 0.5 } },
    { dimension: { name: 'accuracy', maxScore: 0.5 }, runId: 'run', limit: 3 },
    { dimension: { name: 'accuracy', minScore: 0.25, maxScore: 0.5 } },
    { dimension: { name: 'style' } },
    { dimension: { name: 'nobody', minScore: 0 } },
    { errorCode: erroredResult().error.code },
    { errorCode: erroredResult().error.code, runId: 'run', outcome: 'errored' },
    { errorCode: erroredResult().error.code, outcome: 'scored' },
    { errorCode: 'nobody' },
    { outcome: 'scored' },
    { outcome: 'unscored' },
    { outcome: 'errored' },
    { from: 1_005 },
    { to: 1_005 },
    { from: 1_005, to: 1_010 },
    { from: 1_010, to: 1_010 },
    { limit: 0 },
    { limit: 1 },
    { limit: 7 },
    { limit: 1_000 },
    { model: 'large', minScore: 0.5, limit: 5 },
    { model: 'large', minScore: 0, idPrefix: '100%', from: 1_001, to: 1_020, limit: 30 },
    { runId: 'other', model: 'large', outcome: 'scored', idPrefix: 'math_' },
    { runId: 'run', outcome: 'errored', limit: 3 },
    { runId: undefined, limit: undefined, order: undefined },
  ];

  test('filters, orders and limits as asked', async (store) => {
    await store.append(everything);
    for (const filter of queries) {
      for (const order of ['oldest-first', 'newest-first', 'lowest-first', 'highest-first'] as const) {
        const query: ResultQuery = { ...filter, order };
        assert.deepEqual(
          (await collect(store.query(query))).map(nameOf),
          reference(everything, query).map(nameOf),
          JSON.stringify(query),
        );
      }
    }
    assert.deepEqual(
      (await collect(store.query())).map(nameOf),
      reference(everything, { order: 'oldest-first' }).map(nameOf),
    );
  });

  test('filters by any combination as a look at each result would', async (store) => {
    const random = seededRandom(7);
    const below = (count: number): number => Math.floor(random() * count);
    const results = Array.from({ length: 300 }, (_, i) => anyResult(i, below));
    await store.append(results);
    for (let round = 0; round < 200; round++) {
      const query = anyQuery(below);
      assert.deepEqual(
        (await collect(store.query(query))).map(nameOf),
        reference(results, query).map(nameOf),
        JSON.stringify(query),
      );
    }
  });

  test('takes wildcards in a prefix literally', async (store) => {
    const ids = ['100%', '100_', '1000', '100%x', 'a_b', 'axb', 'a%b', '%', '_'];
    await store.append(ids.map((caseId, i) => scoredResult({ caseId, startedAt: i })));
    const found = async (idPrefix: string): Promise<string[]> =>
      (await collect(store.query({ idPrefix }))).map((result) => result.caseId);
    assert.deepEqual(await found('100%'), ['100%', '100%x']);
    assert.deepEqual(await found('a_'), ['a_b']);
    assert.deepEqual(await found('%'), ['%']);
    assert.deepEqual(await found('_'), ['_']);
  });

  test('finds prefixes of any text, half characters too', async (store) => {
    const ids = [...awkwardIds, ...awkwardTexts.map((text) => `${text}/tail`)];
    await store.append(ids.map((caseId, i) => scoredResult({ caseId, startedAt: i })));
    for (const id of ids) {
      for (const length of [1, Math.ceil(id.length / 2), id.length]) {
        const idPrefix = id.slice(0, length);
        const expected = ids.filter((each) => each.startsWith(idPrefix));
        const found = (await collect(store.query({ idPrefix }))).map((result) => result.caseId);
        assert.deepEqual(found, expected, JSON.stringify(idPrefix));
        const limited = (await collect(store.query({ idPrefix, limit: 1 }))).map((result) => result.caseId);
        assert.deepEqual(limited, expected.slice(0, 1), JSON.stringify(idPrefix));
      }
    }
  });

  test('orders by start, then case id, then repetition, across many pages of equal times', async (store) => {
    const results = Array.from({ length: 1_500 }, (_, i) =>
      scoredResult({ caseId: `case-${(i * 7) % 500}`, repetition: Math.floor(i / 500), startedAt: 5 }),
    );
    await store.append(results);
    for (const order of ['oldest-first', 'newest-first'] as const) {
      assert.deepEqual(
        (await collect(store.query({ order }))).map(nameOf),
        reference(results, { order }).map(nameOf),
      );
    }
  });

  test('orders by score, then by time, those without a score last, across many pages of equal scores', async (store) => {
    const results = Array.from({ length: 900 }, (_, i): CaseResult => {
      const facts = { caseId: `case-${(i * 7) % 300}`, repetition: Math.floor(i / 300), startedAt: i % 4 };
      if (i % 9 === 0) return unscoredResult(facts);
      return i % 10 === 0 ? erroredResult(facts) : scoredResult({ ...facts, score: (i % 3) / 2 });
    });
    await store.append(results);
    for (const order of ['lowest-first', 'highest-first'] as const) {
      for (const runId of ['run', undefined]) {
        assert.deepEqual(
          (await collect(store.query({ order, runId }))).map(nameOf),
          reference(results, { order }).map(nameOf),
        );
      }
    }
  });

  test('finds a dimension of any name', async (store) => {
    const names = [...awkwardTexts, '"', "'", '$.a', 'a.b', 'a', '__proto__'];
    const results = names.map((name, i) => {
      const result = scoredResult({ caseId: `case-${i}`, startedAt: i });
      const dimensions = [{ name, outcome: 'scored' as const, score: i / 100, durationMs: 0 }];
      return { ...result, evaluation: { ...result.evaluation, dimensions } };
    });
    await store.append(results);
    for (const [i, name] of names.entries()) {
      const found = await collect(store.query({ dimension: { name, minScore: i / 100, maxScore: i / 100 } }));
      assert.deepEqual(found, [results[i]], JSON.stringify(name));
    }
  });

  test('streams while results are being appended', async (store) => {
    const results = numbered(400);
    await store.append(results.slice(0, 200));
    const seen = new Set<string>();
    let appended = 200;
    for await (const result of store.query()) {
      assert.ok(!seen.has(result.caseId), 'no result comes twice');
      seen.add(result.caseId);
      if (seen.size % 20 === 0 && appended < 400) {
        await store.append(results.slice(appended, appended + 20));
        appended += 20;
      }
    }
    for (const result of results.slice(0, 200)) assert.ok(seen.has(result.caseId));
  });

  test('frees a query that is left early', async (store) => {
    await store.append(numbered(1_000));
    for await (const result of store.query()) {
      assert.equal(result.caseId, 'case-00000');
      break;
    }
    await store.append([scoredResult({ caseId: 'later' })]);
  });

  test('answers several queries at once', async (store) => {
    await store.append(numbered(300));
    const answers = await Promise.all([
      collect(store.query()),
      collect(store.query({ order: 'newest-first' })),
      collect(store.query({ idPrefix: 'case-0001' })),
    ]);
    assert.deepEqual(
      answers.map((answer) => answer.length),
      [300, 300, 10],
    );
  });

  test('refuses filters that it does not know or that make no sense', async (store) => {
    const wrong: unknown[] = [
      { minscore: 1 },
      { limit: -1 },
      { limit: 1.5 },
      { order: 'random' },
      { minScore: '0' },
      { maxScore: Number.NaN },
      { passed: 1 },
      { dimension: 'accuracy' },
      { dimension: {} },
      { dimension: { name: 'accuracy', minscore: 1 } },
      { withCase: 'yes' },
    ];
    for (const query of wrong) {
      await assert.rejects(collect(store.query(query as ResultQuery)), { code: 'ASSAY_INVALID_OPTION' });
    }
  });
}

function anyResult(i: number, below: (count: number) => number): CaseResult {
  const facts = {
    runId: `run-${below(3)}`,
    caseId: `${below(2) === 0 ? 'a' : 'b'}-${i}`,
    model: ['small', 'large', null][below(3)]!,
    startedAt: below(40),
    ...(below(3) === 0 ? {} : { group: `group ${below(4)}` }),
  };
  const kind = below(10);
  if (kind === 0) return unscoredResult(facts);
  if (kind < 3) {
    const result = erroredResult(facts);
    return {
      ...result,
      error: { ...result.error, code: kind === 1 ? 'ASSAY_SERVER' : 'ASSAY_CASE_TIMEOUT' },
    };
  }
  const result = scoredResult({ ...facts, score: below(9) / 8 });
  const dimensions = ['accuracy', 'style'].flatMap((name) =>
    below(4) === 0 ? [] : [{ name, outcome: 'scored' as const, score: below(5) / 4, durationMs: 0 }],
  );
  const passed = below(2) === 0; // whatever the score: the evaluator may have said so
  return { ...result, evaluation: { ...result.evaluation, dimensions, passed } };
}

/** A query with each filter in one of three. */
function anyQuery(below: (count: number) => number): ResultQuery {
  const bound = (): number => below(9) / 8;
  const filters: (() => ResultQuery)[] = [
    () => ({ runId: `run-${below(3)}` }),
    () => ({ model: below(2) === 0 ? 'small' : 'large' }),
    () => ({ idPrefix: below(2) === 0 ? 'a-' : 'b-1' }),
    () => ({ minScore: bound() }),
    () => ({ maxScore: bound() }),
    () => ({ passed: below(2) === 0 }),
    () => ({ group: `group ${below(4)}` }),
    () => ({
      dimension: {
        name: below(2) === 0 ? 'accuracy' : 'style',
        ...(below(2) === 0 ? {} : { minScore: bound() }),
        ...(below(2) === 0 ? {} : { maxScore: bound() }),
      },
    }),
    () => ({ outcome: (['scored', 'unscored', 'errored'] as const)[below(3)]! }),
    () => ({ errorCode: below(2) === 0 ? 'ASSAY_SERVER' : 'ASSAY_CASE_TIMEOUT' }),
    () => ({ from: below(40) }),
    () => ({ to: below(40) }),
    () => ({ limit: below(20) }),
  ];
  return Object.assign(
    { order: (['oldest-first', 'newest-first', 'lowest-first', 'highest-first'] as const)[below(4)]! },
    ...filters.filter(() => below(4) === 0).map((make) => make()),
  ) as ResultQuery;
}

/** What a query must give, written as plainly as possible. */
function reference(results: readonly CaseResult[], query: ResultQuery): CaseResult[] {
  const score = (result: CaseResult): number | null => result.evaluation?.overallScore ?? null;
  const found = results.filter((result) => {
    const own = score(result);
    if (query.runId !== undefined && result.runId !== query.runId) return false;
    if (query.model !== undefined && result.model !== query.model) return false;
    if (query.idPrefix !== undefined && !result.caseId.startsWith(query.idPrefix)) return false;
    if (query.outcome !== undefined && result.outcome !== query.outcome) return false;
    if (query.minScore !== undefined && (own === null || own < query.minScore)) return false;
    if (query.maxScore !== undefined && (own === null || own > query.maxScore)) return false;
    if (query.passed !== undefined && (own === null || result.evaluation?.passed !== query.passed))
      return false;
    if (query.group !== undefined && result.group !== query.group) return false;
    if (query.errorCode !== undefined && result.error?.code !== query.errorCode) return false;
    if (query.dimension !== undefined) {
      const { name, minScore = -1, maxScore = 2 } = query.dimension;
      const measured = result.evaluation?.dimensions.find((each) => each.name === name)?.score ?? null;
      if (measured === null || measured < minScore || measured > maxScore) return false;
    }
    if (query.from !== undefined && result.startedAt < query.from) return false;
    return query.to === undefined || result.startedAt < query.to;
  });
  const byTime = (a: CaseResult, b: CaseResult): number => {
    if (a.startedAt !== b.startedAt) return a.startedAt - b.startedAt;
    if (a.caseId !== b.caseId) return a.caseId < b.caseId ? -1 : 1;
    return a.repetition - b.repetition;
  };
  found.sort(byTime);
  if (query.order === 'newest-first') found.reverse();
  if (query.order === 'lowest-first' || query.order === 'highest-first') {
    const scored = found.filter((result) => score(result) !== null);
    if (query.order === 'highest-first') scored.reverse();
    scored.sort((a, b) => (score(a)! - score(b)!) * (query.order === 'lowest-first' ? 1 : -1)); // stable
    found.splice(0, found.length, ...scored, ...found.filter((result) => score(result) === null));
  }
  return found.slice(0, query.limit ?? found.length);
}

const nameOf = (result: CaseResult): string =>
  `${result.startedAt} ${result.runId} ${result.caseId} ${result.repetition} ${result.outcome}`;
