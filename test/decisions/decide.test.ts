import { describe, expect, it } from 'vitest';
import { decide } from '../../src/decisions/decide/decide.js';
import { DecisionProcessor } from '../../src/decisions/decide/decision-processor.js';
import type { DecideOptions } from '../../src/decisions/decide/decision-options.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';

interface Numbered {
  readonly id: string;
  readonly input: number;
  readonly cluster?: string;
}

const evaluator = createEvaluator<number, unknown, unknown>({
  name: 'said',
  version: '1',
  dimensions: { accuracy: ({ output }) => Number(output) },
});

const casesOf = (n: number, cluster?: (i: number) => string): Numbered[] =>
  Array.from({ length: n }, (_, i) => ({
    id: `case-${i}`,
    input: i,
    ...(cluster === undefined ? {} : { cluster: cluster(i) }),
  }));

/** A side that is right with a chance, the same for the same case in whatever order cases are asked. */
const right = (chance: number, seed: number) => (input: number) =>
  seededRandom(seed * 100_003 + input)() < chance ? '1' : '0';

const options = (more: Partial<DecideOptions<number>> = {}): DecideOptions<number> => ({
  a: right(0.5, 1),
  b: right(0.8, 2),
  evaluator,
  metric: 'accuracy',
  concurrency: 8,
  ...more,
});

describe('a planned decision', () => {
  it('names the better side after a part of the cases, with interval, p and what was saved', async () => {
    const d = await decide(casesOf(1000), options({ plan: { cases: 1000 } }));
    expect(d).toMatchObject({ outcome: 'b', stopReason: 'settled', mode: 'plan', method: 'stage-wise' });
    expect(d.cases).toBeLessThanOrEqual(500);
    expect(d.cases % 100).toBe(0);
    expect(d.interval?.[1]).toBeLessThan(0);
    expect(d.interval?.[0]).toBeGreaterThan(-0.6);
    expect(d.p).toBeLessThan(0.05);
    expect(d.callsSaved).toBe(2000 - d.calls);
    expect(d.calls).toBeLessThan(2 * d.cases + 80);
    expect(String(d)).toMatch(/^b is better\.\n {2}accuracy: a 0\.\d+, b 0\.\d+; a - b between/);
    expect(JSON.parse(JSON.stringify(d))).toEqual({ ...d });
  });

  it('asks all cases when there is nothing to find, and ends undecided', async () => {
    const d = await decide(casesOf(200), options({ b: right(0.5, 2), plan: { cases: 200, looks: 5 } }));
    expect(d).toMatchObject({ outcome: 'undecided', stopReason: 'end', cases: 200, callsSaved: 0 });
    expect(d.looks.map(({ cases, fraction }) => [cases, fraction])).toEqual([
      [40, 0.2],
      [80, 0.4],
      [120, 0.6],
      [160, 0.8],
      [200, 1],
    ]);
    expect(d.interval?.[0]).toBeLessThan(0);
    expect(d.interval?.[1]).toBeGreaterThan(0);
    expect(d.p).toBeGreaterThan(0.05);
  });

  it('spends the rest at the real end of fewer cases, and takes no more than were planned', async () => {
    const short = await decide(casesOf(70), options({ plan: { cases: 1000 } }));
    expect(short.looks.at(-1)).toMatchObject({ cases: 70, fraction: 1 });
    const long = await decide(casesOf(500), options({ b: right(0.5, 2), plan: { cases: 100, looks: 2 } }));
    expect(long).toMatchObject({ cases: 100, calls: 200 });
  });

  it('shows that two are equivalent', async () => {
    const almost = (input: number) => (input % 50 === 0 ? '0' : right(0.7, 1)(input));
    const d = await decide(
      casesOf(2000),
      options({ a: right(0.7, 1), b: almost, plan: { cases: 2000 }, equivalence: 0.05 }),
    );
    expect(d).toMatchObject({ outcome: 'equivalent', intervalLevel: 0.9 });
    expect(d.interval?.[0]).toBeGreaterThan(-0.05);
    expect(d.interval?.[1]).toBeLessThan(0.05);
    expect(d.cases).toBeLessThan(2000);
    expect(String(d)).toMatch(/less than 5 points/);
  });

  it('compares graded scores by t, not before 30 pairs', async () => {
    const graded = (mean: number, seed: number) => (input: number) =>
      String(mean + 0.3 * seededRandom(seed * 7919 + input)());
    const d = await decide(
      casesOf(400),
      options({ a: graded(0.6, 1), b: graded(0.5, 2), plan: { cases: 400, looks: 20 } }),
    );
    expect(d.outcome).toBe('a');
    expect(d.looks[0]?.pairs).toBe(40);
  });

  it('keeps clusters whole and their error clustered', async () => {
    const cases = casesOf(400, (i) => `doc-${Math.floor(i / 7)}`);
    const d = await decide(cases, options({ plan: { cases: 400, looks: 8 } }));
    expect(d.outcome).toBe('b');
    for (const look of d.looks)
      expect(look.cases % 7 === 0 || look.cases === 400 || look.cases % 7 === 1).toBe(true);
  });
});

describe('an open decision', () => {
  it('stops at any time', async () => {
    const d = await decide(casesOf(1000), options({ open: true }));
    expect(d).toMatchObject({ outcome: 'b', stopReason: 'settled', mode: 'open' });
    expect(d.cases).toBeLessThan(150);
    expect(d.p).toBeLessThanOrEqual(0.05);
    expect(d.interval?.[0]).toBeLessThan(-0.1);
  });

  it('takes a stream in the order that is said to be random', async () => {
    async function* stream() {
      yield* casesOf(5000);
    }
    await expect(decide(stream(), options({ open: true }))).rejects.toThrow(/`order`/);
    const d = await decide(stream(), options({ open: true, order: 'as-given' }));
    expect(d).toMatchObject({ outcome: 'b', callsSaved: null });
  });

  it('ends undecided when the cases do', async () => {
    const d = await decide(casesOf(60), options({ b: right(0.5, 2), open: true }));
    expect(d).toMatchObject({ outcome: 'undecided', stopReason: 'end', cases: 60 });
  });
});

describe('a decision', () => {
  it('judges complete cases of the submission order: how long answers take changes nothing', async () => {
    const random = seededRandom(5);
    const slow = (answer: (input: number) => string) => async (input: number) => {
      const text = answer(input);
      // failures take longer: what finishes first would flatter
      await new Promise((resolve) => setTimeout(resolve, text === '0' ? 6 * random() : random()));
      return text;
    };
    const [a, b] = [right(0.55, 3), right(0.7, 4)];
    const plan = { cases: 300, looks: 6 };
    const quick = await decide(casesOf(300), options({ a, b, plan, concurrency: 1 }));
    const slowed = await decide(casesOf(300), options({ a: slow(a), b: slow(b), plan, concurrency: 32 }));
    const told = ({ outcome, cases, looks, interval, p }: typeof quick) => ({
      outcome,
      cases,
      looks,
      interval,
      p,
    });
    expect(told(slowed)).toEqual(told(quick));
  });

  it('is drained and resumed to the same verdict, without a case asked twice', async () => {
    const whole = await decide(casesOf(400), options({ plan: { cases: 400 } }));
    const store = new MemoryResultStore();
    const asked: number[] = [];
    const counting = (answer: (input: number) => string) => (input: number) => {
      asked.push(input);
      return answer(input);
    };
    const sides = { a: counting(right(0.5, 1)), b: counting(right(0.8, 2)), store, runId: 'd' };
    const first = new DecisionProcessor<number>(options({ ...sides, plan: { cases: 400 } }));
    first.on('case:end', () => {
      if (asked.length > 60) void first.drain();
    });
    const drained = await first.run(casesOf(400));
    expect(drained).toMatchObject({ outcome: 'undecided', stopReason: 'drained' });
    await first.close();
    const resumed = await decide(casesOf(400), options({ ...sides, plan: { cases: 400 }, resume: true }));
    const told = ({ outcome, cases, looks, interval, p }: typeof whole) => ({
      outcome,
      cases,
      looks,
      interval,
      p,
    });
    expect(told(resumed)).toEqual(told(whole));
    expect(asked.length).toBe(resumed.calls);
    expect(new Set(asked).size * 2).toBeGreaterThanOrEqual(asked.length);
    const before = asked.length;
    const again = await decide(casesOf(400), options({ ...sides, plan: { cases: 400 }, resume: true }));
    expect(told(again)).toEqual(told(whole));
    expect(asked.length).toBe(before);
    await expect(
      decide(casesOf(400), options({ ...sides, plan: { cases: 400 }, level: 0.9, resume: true })),
    ).rejects.toMatchObject({ code: 'ASSAY_MANIFEST_MISMATCH' });
    await store.close();
  });

  it('ends at its budget, undecided', async () => {
    const priced = (answer: (input: number) => string) => (input: number) => ({
      text: answer(input),
      cost: 1,
    });
    const d = await decide(
      casesOf(400),
      options({
        a: priced(right(0.5, 1)),
        b: priced(right(0.5, 2)),
        plan: { cases: 400 },
        budget: { maxCost: 100 },
      }),
    );
    expect(d).toMatchObject({ outcome: 'undecided', stopReason: 'budget' });
    expect(d.calls).toBeGreaterThanOrEqual(100);
    expect(d.calls).toBeLessThan(140);
    expect(d.costSaved).toBe(800 - d.calls);
    expect(String(d)).toMatch(/can be resumed/);
  });

  it('counts errors neither way, and refuses when one side fails far more often', async () => {
    const failing = (share: number, answer: (input: number) => string) => (input: number) => {
      if (seededRandom(input + 17)() < share) throw new Error('down');
      return answer(input);
    };
    const few = await decide(
      casesOf(400),
      options({ a: failing(0.02, right(0.5, 1)), plan: { cases: 400 } }),
    );
    expect(few.outcome).toBe('b');
    expect(few.pairs).toBeLessThan(few.cases + 1);
    const many = await decide(
      casesOf(400),
      options({ a: failing(0.3, right(0.5, 1)), plan: { cases: 400 } }),
    );
    expect(many).toMatchObject({ outcome: 'undecided', stopReason: 'unequal-errors' });
    expect(String(many)).toMatch(/failed far more often/);
    const down = await decide(
      casesOf(60),
      options({ a: failing(1, right(0.5, 1)), plan: { cases: 60, looks: 2 } }),
    );
    expect(down).toMatchObject({
      outcome: 'undecided',
      stopReason: 'unequal-errors',
      pairs: 0,
      interval: null,
    });
  });

  it('tells its looks, and everything that both runs tell', async () => {
    const processor = new DecisionProcessor<number>(
      options({ plan: { cases: 100, looks: 2 }, b: right(0.5, 2), runId: 'told' }),
    );
    const looks: number[] = [];
    const runs = new Set<string>();
    const ends: string[] = [];
    processor.on('decision:look', ({ look }) => looks.push(look.cases));
    processor.on('case:end', ({ runId }) => runs.add(runId));
    processor.on('decision:end', ({ decision }) => ends.push(decision.outcome));
    await processor.run(casesOf(100));
    expect({ looks, runs: [...runs].sort(), ends }).toEqual({
      looks: [50, 100],
      runs: ['told-a', 'told-b'],
      ends: ['undecided'],
    });
    expect(processor.gauges()).toEqual({ activeWorkers: 0, queueDepth: 0 });
    await processor.close();
    await expect(processor.run(casesOf(100))).rejects.toMatchObject({ code: 'ASSAY_CLOSED' });
  });

  it('rejects when it is aborted or a case is broken, and leaves neither side running', async () => {
    const abort = new AbortController();
    let asked = 0;
    const a = (input: number) => {
      if (++asked === 20) abort.abort();
      return right(0.5, 1)(input);
    };
    await expect(
      decide(casesOf(400), options({ a, plan: { cases: 400 }, signal: abort.signal })),
    ).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
    const broken = [...casesOf(60), { id: 'case-3', input: 1 }];
    await expect(decide(broken, options({ b: right(0.5, 2), plan: { cases: 100 } }))).rejects.toMatchObject({
      code: 'ASSAY_DUPLICATE_CASE',
    });
    await expect(decide([], options({ plan: { cases: 100 } }))).rejects.toMatchObject({
      code: 'ASSAY_EMPTY_INPUT',
    });
  });

  it('refuses what must not be asked, naming it', async () => {
    const of = (more: object) => decide(casesOf(10), options(more));
    await expect(of({})).rejects.toThrow(/`plan` or `open: true`/);
    await expect(of({ open: true, plan: { cases: 100 } })).rejects.toThrow(/not both/);
    await expect(of({ plan: { cases: 20 } })).rejects.toThrow(/`cases` of decide.plan/);
    await expect(of({ plan: { cases: 100, looks: 0 } })).rejects.toThrow(/`looks`/);
    await expect(of({ open: true, repetitions: 3 })).rejects.toThrow(/`repetitions`/);
    await expect(of({ open: true, equivalence: 2 })).rejects.toThrow(/`equivalence`/);
    await expect(of({ open: true, order: { sed: 1 } })).rejects.toThrow(/did you mean `seed`/);
    await expect(of({ open: true, concurrency: 0 })).rejects.toThrow(/`concurrency`/);
    await expect(of({ open: true, metric: 'acuracy' })).rejects.toThrow(/did you mean `accuracy`/);
    await expect(of({ open: true, a: undefined })).rejects.toThrow(/`a` of decide/);
  });
});
