import { describe, expect, it } from 'vitest';
import { gate } from '../../src/decisions/gate/gate.js';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import { onesOf, runOf } from './run-of.js';

const accuracy = (required: object) => ({ accuracy: required });

describe('a gate on a mean', () => {
  it('passes, fails or stays undecided by the whole interval, and says how many cases would decide', async () => {
    const run = (ones: number) => runOf(onesOf(ones, 100));
    const of = async (ones: number, min: number) =>
      (await gate({ run: run(ones), require: accuracy({ min }) })).checks[0];
    expect(await of(95, 0.8)).toMatchObject({ outcome: 'pass', method: 'mid-p', n: 100, value: 0.95 });
    expect(await of(60, 0.8)).toMatchObject({ outcome: 'fail', casesNeeded: null });
    const open = await of(82, 0.8);
    expect(open).toMatchObject({ outcome: 'undecided' });
    expect(open?.casesNeeded).toBeGreaterThan(500);
    expect(open?.reason).toMatch(/would decide/);
  });

  it('of graded scores stays within the scale and has a width also for equal ones', async () => {
    const { checks } = await gate({ run: runOf([0.5, 0.5]), require: accuracy({ min: 0.4 }) });
    expect(checks[0]).toMatchObject({ outcome: 'undecided', method: 'mid-gaffke' });
    expect(checks[0]?.interval?.low).toBeGreaterThan(0.1);
    expect(checks[0]?.interval?.high).toBeLessThan(0.9);
  });

  it('strictly takes the intervals that never err more often than they say', async () => {
    const binary = await gate({ run: runOf(onesOf(40, 50)), require: accuracy({ min: 0.8 }), strict: true });
    expect(binary.checks[0]?.method).toBe('clopper-pearson');
    const graded = await gate({ run: runOf([0.3, 0.8, 0.9]), require: accuracy({ min: 0.8 }), strict: true });
    expect(graded.checks[0]?.method).toBe('gaffke');
  });

  it('at most: for scores of which less is better', async () => {
    const found = await gate({ run: runOf(onesOf(2, 100)), require: accuracy({ max: 0.1 }) });
    expect(found.outcome).toBe('pass');
    expect((await gate({ run: runOf(onesOf(40, 100)), require: accuracy({ max: 0.1 }) })).outcome).toBe(
      'fail',
    );
  });

  it('counts a case once, however often it was repeated', async () => {
    const run = [
      ...runOf(onesOf(3, 4)),
      ...[1, 2, 3, 4, 5].flatMap((repetition) => runOf(onesOf(3, 4), { repetition })),
    ];
    const { checks } = await gate({ run, require: accuracy({ min: 0.3 }) });
    expect(checks[0]).toMatchObject({ n: 4, outcome: 'undecided' });
  });

  it('looks at groups and slices by themselves', async () => {
    const run = runOf(onesOf(50, 100), { group: (i) => (i < 50 ? 'easy' : 'hard') });
    const { checks } = await gate({
      run,
      slices: { even: ({ caseId }) => Number(caseId.slice(5)) % 2 === 0 },
      require: {
        overall: { groups: { easy: { min: 0.9 }, hard: { min: 0.9 } }, slices: { even: { min: 0.2 } } },
      },
    });
    expect(checks.map(({ group, slice, outcome, n }) => [group, slice, outcome, n])).toEqual([
      ['easy', null, 'pass', 50],
      ['hard', null, 'fail', 50],
      [null, 'even', 'pass', 50],
    ]);
  });

  it('of clusters takes their error, and says when they are too few', async () => {
    const scores = onesOf(80, 100);
    const few = await gate({
      run: runOf(scores, { cluster: (i) => `c${i % 4}` }),
      require: accuracy({ min: 0.5 }),
    });
    expect(few.checks[0]).toMatchObject({ outcome: 'undecided', clusters: 4 });
    expect(few.checks[0]?.reason).toMatch(/too few clusters/);
    const many = await gate({
      run: runOf(scores, { cluster: (i) => `c${i % 20}` }),
      require: accuracy({ min: 0.5 }),
    });
    expect(many.checks[0]).toMatchObject({ outcome: 'pass', clusters: 20 });
    const partly = runOf(scores).map((result, i) => (i < 50 ? { ...result, cluster: 'c' } : result));
    await expect(gate({ run: partly, require: accuracy({ min: 0.5 }) })).rejects.toThrow(/all cases or none/);
  });
});

describe('how many cases would decide', () => {
  it('do decide, with few cases too', async () => {
    for (const { scores, min, strict } of [
      { scores: [1], min: 0.5, strict: false },
      { scores: [1, 1, 1], min: 0.5, strict: false },
      { scores: [1, 1], min: 0.2, strict: true },
      { scores: [1, 1, 1, 1, 1, 0], min: 0.9, strict: false },
      { scores: [0.25], min: 0.05, strict: false },
    ]) {
      const of = async (run: number[]) =>
        (await gate({ run: runOf(run), strict, require: accuracy({ min }) })).checks[0];
      const open = await of(scores);
      expect(open?.outcome).toBe('undecided');
      const whole = Math.ceil((open?.casesNeeded ?? 0) / scores.length);
      const longer = await of(Array.from({ length: whole }, () => scores).flat());
      expect([scores, longer?.outcome]).not.toContain('undecided');
    }
  });
});

describe('a gate on a comparison', () => {
  const baseline = runOf(onesOf(80, 100), { runId: 'main' });

  it('passes an unchanged run and says which drop it would have found', async () => {
    const { outcome, checks, exitCode } = await gate({
      run: runOf(onesOf(79, 100)),
      baseline,
      require: accuracy({ noWorse: true }),
    });
    expect({ outcome, exitCode }).toEqual({ outcome: 'pass', exitCode: 0 });
    expect(checks[0]).toMatchObject({ method: 'mcnemar-unconditional', baseline: 0.8, discordant: 0.01 });
    expect(checks[0]?.value).toBeCloseTo(-0.01, 12);
    expect(checks[0]?.detectable).toBeGreaterThan(0.01);
  });

  it('fails a run that is worse by more than chance', async () => {
    const { outcome, exitCode, checks } = await gate({
      run: runOf(onesOf(65, 100)),
      baseline,
      require: accuracy({ noWorse: true }),
    });
    expect({ outcome, exitCode }).toEqual({ outcome: 'fail', exitCode: 1 });
    expect(checks[0]?.p).toBeLessThan(0.001);
  });

  it('of graded scores flips signs, of clusters those of whole clusters', async () => {
    const random = seededRandom(3);
    const scores = Array.from({ length: 60 }, () => random());
    const lower = scores.map((score) => Math.max(0, score - 0.05));
    const graded = await gate({
      run: runOf(lower),
      baseline: runOf(scores),
      require: accuracy({ noWorse: true }),
    });
    expect(graded.checks[0]).toMatchObject({ outcome: 'fail', method: 'sign-flip' });
    const cluster = (i: number) => `c${i % 4}`;
    const few = await gate({
      run: runOf(lower, { cluster }),
      baseline: runOf(scores, { cluster }),
      require: accuracy({ noWorse: true }),
    });
    expect(few.checks[0]).toMatchObject({ outcome: 'undecided', clusters: 4 });
  });

  it('a drop is ruled out only by enough cases', async () => {
    const of = async (n: number, maxDrop: number) => {
      const [run, old] = [runOf(onesOf(0.8 * n, n)), runOf(onesOf(0.8 * n, n).reverse())];
      return (await gate({ run, baseline: old, require: accuracy({ maxDrop }) })).checks[0];
    };
    const open = await of(50, 0.1);
    expect(open).toMatchObject({ outcome: 'undecided', method: 'tango' });
    expect(open?.casesNeeded).toBeGreaterThan(50);
    expect(await of(2000, 0.1)).toMatchObject({ outcome: 'pass' });
    const fallen = await gate({ run: runOf(onesOf(20, 100)), baseline, require: accuracy({ maxDrop: 0.1 }) });
    expect(fallen.outcome).toBe('fail');
  });

  it('turns round for scores of which less is better', async () => {
    const [run, old] = [runOf(onesOf(40, 100)), runOf(onesOf(20, 100))];
    const found = await gate({ run, baseline: old, require: accuracy({ noWorse: true, better: 'lower' }) });
    expect(found.checks[0]).toMatchObject({ outcome: 'fail', value: 0.2 });
    expect(found.checks[0]?.interval?.low).toBeGreaterThan(0);
  });

  it('with so few cases that no drop could be seen is undecided, not passed', async () => {
    const found = await gate({
      run: runOf([1, 1]),
      baseline: runOf([1, 1]),
      require: accuracy({ noWorse: true }),
      undecided: 'fail',
    });
    expect(found).toMatchObject({ outcome: 'undecided', exitCode: 2 });
    const warned = await gate({
      run: runOf([1, 1]),
      baseline: runOf([1, 1]),
      require: accuracy({ noWorse: true }),
    });
    expect(warned.exitCode).toBe(0);
  });

  it('corrects failing for the number of checks, but passes only when all pass', async () => {
    const groups = (i: number) => `g${Math.floor(i / 20)}`;
    const run = runOf(
      onesOf(80, 100).map((score, i) => (i < 5 ? 0 : score)),
      { group: groups },
    );
    const old = runOf(onesOf(80, 100), { group: groups });
    const one = await gate({
      run,
      baseline: old,
      require: { accuracy: { groups: { g0: { noWorse: true } } } },
    });
    expect(one.outcome).toBe('fail');
    const many = Object.fromEntries(
      ['g0', 'g1', 'g2', 'g3', 'g4'].map((group) => [group, { noWorse: true }]),
    );
    const all = await gate({ run, baseline: old, require: { accuracy: { groups: many } } });
    expect(all.checks[0]?.p).toBe(one.checks[0]?.p);
    expect(all.checks[0]?.adjustedP).toBeGreaterThan(0.05);
    expect(all.outcome).toBe('pass');
  });
});

describe('runs that cannot be compared', () => {
  const require = accuracy({ noWorse: true });
  const run = runOf(onesOf(80, 100));

  it('are those over other cases, listed, unless the shared ones will do', async () => {
    const other = runOf(onesOf(80, 90));
    const found = await gate({ run, baseline: other, require });
    expect(found).toMatchObject({ outcome: 'not-comparable', exitCode: 3 });
    expect(found.differences).toEqual([expect.stringMatching(/only the run has: 10 \("case-90"/)]);
    expect((await gate({ run, baseline: other, require, unmatched: 'ignore' })).outcome).toBe('pass');
  });

  it('are those whose cases were changed, with the same ids', async () => {
    const hashed = (mark: string) =>
      run.map((result, i) => ({ ...result, caseHash: i === 7 ? mark : 'same' }));
    const found = await gate({ run: hashed('new'), baseline: hashed('old'), require });
    expect(found.differences).toEqual([expect.stringMatching(/content has changed: 1 \("case-7"\)/)]);
  });

  it('are those scored by other evaluators, versions or conventions', async () => {
    const other = run.map((result) => ({
      ...result,
      evaluation: { ...result.evaluation!, version: '2' },
    })) as typeof run;
    expect((await gate({ run, baseline: other, require })).differences[0]).toMatch(
      /evaluator: sample 1 in the run, sample 2/,
    );
    const store = new MemoryResultStore();
    for (const [runId, convention] of [
      ['new', 'exact-match(case=fold)'],
      ['old', 'exact-match'],
    ] as const) {
      await store.begin({
        runId,
        evaluator: 'sample',
        evaluatorVersion: '1',
        configurationHash: convention,
        conventions: { accuracy: convention },
        target: {},
        repetitions: 1,
        startedAt: 0,
        packageVersion: '0',
      });
      await store.append(runOf(onesOf(8, 10), { runId }));
    }
    const found = await gate({ run: { store, runId: 'new' }, baseline: { store, runId: 'old' }, require });
    expect(found.differences[0]).toMatch(/convention of accuracy/);
    await store.close();
  });

  it('are those of which one errored far more often: errors are no losses', async () => {
    const errored = runOf(onesOf(80, 100).map((score, i) => (i < 20 ? null : score)));
    const found = await gate({ run: errored, baseline: run, require });
    expect(found.outcome).toBe('not-comparable');
    expect(found.differences[0]).toMatch(
      /error rates: 20 of 100 cases errored in the run, 0 in the baseline/,
    );
    const few = runOf(onesOf(80, 100).map((score, i) => (i < 2 ? null : score)));
    expect(await gate({ run: few, baseline: run, require })).toMatchObject({
      outcome: 'pass',
      checks: [{ n: 98 }],
    });
  });

  it('do not keep a check of the run alone from being made', async () => {
    const found = await gate({
      run,
      baseline: runOf(onesOf(8, 10)),
      require: accuracy({ noWorse: true, min: 0.95 }),
    });
    expect(found.outcome).toBe('not-comparable');
    expect(found.checks.map(({ outcome }) => outcome)).toEqual(['fail', 'not-comparable']);
    expect(String(found)).toMatch(/Failed besides: accuracy at least 0.95/);
  });
});

describe('a gate', () => {
  it('holds limits of errors, cost and time as they were seen', async () => {
    const run = runOf([1, 1, null, 1]);
    const found = await gate({ run, maxErrorRate: 0.2, maxCost: 1, maxLatencyP95Ms: 1e6 });
    expect(found.checks.map(({ kind, outcome }) => [kind, outcome])).toEqual([
      ['maxErrorRate', 'fail'],
      ['maxCost', 'pass'],
      ['maxLatencyP95Ms', 'pass'],
    ]);
    const unpriced = runOf([1, 1]).map((result) => ({ ...result, cost: null }));
    expect((await gate({ run: unpriced, maxCost: 1 })).checks[0]).toMatchObject({ outcome: 'undecided' });
  });

  it('is plain data that reads like a sentence', async () => {
    const verdict = await gate({
      run: runOf(onesOf(82, 100)),
      baseline: runOf(onesOf(80, 100)),
      require: accuracy({ min: 0.8, noWorse: true, maxDrop: 0.05 }),
    });
    expect(JSON.parse(JSON.stringify(verdict))).toEqual({ ...verdict });
    expect(String(verdict)).toMatchInlineSnapshot(`
      "Undecided: accuracy at least 0.8.

        accuracy at least 0.8: undecided. Mean 0.82 (0.7355 to 0.8862, mid-p) over 100 cases; about 1,785 cases would decide (1,685 more cases).
        accuracy no worse than the baseline: pass. 2 points higher (-1.8 to +7 points, tango) over 100 cases, 2 % of the pairs differ; one-sided p 1; a drop of 5.4 points would be found with a chance of 80 %.
        accuracy drop below 0.05: pass. 2 points higher (-1.8 to +7 points, tango) over 100 cases, 2 % of the pairs differ.

        run run: 100 cases
        baseline run: 100 cases
        intervals hold with 95 %; a false alarm over all checks has a chance of at most about 5 %"
    `);
  });

  it('carries the worst cases: what fell first, then the lowest', async () => {
    const { worst } = await gate({
      run: runOf([0.5, 0.2, 1, 0.4, null]),
      baseline: runOf([0.5, 0.2, 1, 1, 1]),
      require: accuracy({ min: 0.1 }),
      worstCases: 3,
    });
    expect(worst.map(({ caseId, score, baselineScore }) => [caseId, score, baselineScore])).toEqual([
      ['case-3', 0.4, 1],
      ['case-1', 0.2, 0.2],
      ['case-0', 0.5, 0.5],
    ]);
    expect(worst[0]?.answer).toBe('answer 3');
  });

  it('refuses what cannot be asked, naming it', async () => {
    const run = runOf([1, 0]);
    await expect(gate({ run })).rejects.toThrow(/ask for something/);
    await expect(gate({ run, require: accuracy({}) })).rejects.toThrow(/gate.require.accuracy/);
    await expect(gate({ run, require: accuracy({ mim: 1 }) })).rejects.toThrow(/did you mean `min`/);
    await expect(gate({ run, require: accuracy({ min: 80 }) })).rejects.toThrow(/from 0 to 1, got 80/);
    await expect(gate({ run, require: accuracy({ noWorse: true }) })).rejects.toThrow(/`baseline`/);
    await expect(gate({ run, require: { acuracy: { min: 0.5 } } })).rejects.toThrow(
      /did you mean `accuracy`/,
    );
    await expect(gate({ run, require: accuracy({ slices: { long: { min: 1 } } }) })).rejects.toThrow(
      /"long"/,
    );
    await expect(gate({ run: [], require: accuracy({ min: 1 }) })).rejects.toMatchObject({
      code: 'ASSAY_EMPTY_INPUT',
    });
    await expect(gate({ run: [...run, ...run], require: accuracy({ min: 1 }) })).rejects.toMatchObject({
      code: 'ASSAY_DUPLICATE_CASE',
    });
    await expect(gate({ run: { length: 3 } as never, require: accuracy({ min: 1 }) })).rejects.toThrow(
      /`run` of gate/,
    );
    await expect(
      gate({ run, require: accuracy({ min: 1 }), signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
  });
});
