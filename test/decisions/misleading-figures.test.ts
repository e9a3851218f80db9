import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { exactMatch } from '../../src/scorers/exact-match.js';
import { anchored } from '../../src/decisions/anchored/anchored.js';
import { gate } from '../../src/decisions/gate/gate.js';
import { planComparison } from '../../src/decisions/plan-comparison.js';
import { onesOf, runOf } from './run-of.js';

const half = Array.from({ length: 50 }, (_, i) => i % 2);

describe('an anchored mean', () => {
  it('does not take full agreement of a few labels for a kappa without width', async () => {
    const found = await anchored({
      run: runOf(half),
      metric: 'accuracy',
      labels: runOf(half.slice(0, 4), { runId: 'labels' }),
      drawn: 'at-random',
    });
    expect(found.agreement?.kappa?.value).toBe(1);
    expect(found.agreement?.kappa?.interval[0]).toBeLessThan(0.1);
  });

  it('calls a bias of 0 not shown, rather than none', async () => {
    const found = await anchored({
      run: runOf(Array.from({ length: 50 }, () => 0.5)),
      metric: 'accuracy',
      labels: runOf([1, 0], { runId: 'labels' }),
      drawn: 'at-random',
    });
    expect(String(found)).toMatch(/not shown to be too high or too low \(between -0\.8\d+ and 0\.8\d+\)/);
  });

  it('knows nothing from one cluster, and less of bias from clusters than from cases', async () => {
    const of = (clusters: number, labels = 30) =>
      anchored({
        run: runOf(half, { cluster: (i) => `c${i % clusters}` }),
        metric: 'accuracy',
        labels: runOf(half.map((x, i) => (i % 5 === 0 ? 1 - x : x)).slice(0, labels), { runId: 'labels' }),
        drawn: 'at-random',
      });
    await expect(of(1, 6)).rejects.toThrow('Expected labels in at least two clusters, got 1');
    const width = ({ judgeBias: { interval } }: Awaited<ReturnType<typeof of>>) => interval[1] - interval[0];
    expect(width(await of(5))).toBeGreaterThan(width(await of(50)));
  });
});

it('a gate refuses a group that no case has, as it does a metric', async () => {
  const run = runOf(onesOf(30, 40), { group: (i) => (i % 2 === 0 ? 'easy' : 'hard') });
  await expect(
    gate({ run, require: { accuracy: { groups: { hrad: { min: 0.5 } } } } }),
  ).rejects.toMatchObject({
    code: 'ASSAY_INVALID_OPTION',
    message: 'Unknown option `hrad` of gate.require.accuracy.groups; did you mean `hard`?',
  });
});

describe('a gate of a run in which nothing was scored', () => {
  const broken = runOf([null, null, null]);

  it('does not pass by silence, whatever is required', async () => {
    for (const asked of [
      { require: { accuracy: { min: 0.5 } } },
      { require: { overall: { max: 0.5 } } },
      { maxCost: 5 },
      { maxLatencyP95Ms: 1000 },
    ]) {
      const { outcome, exitCode } = await gate({ run: broken, ...asked });
      expect([asked, outcome, exitCode]).toEqual([asked, 'not-comparable', 3]);
    }
    expect((await gate({ run: broken, maxErrorRate: 1 })).outcome).toBe('pass');
  });

  it('says how many errored, of the baseline too', async () => {
    const alone = String(await gate({ run: broken, require: { accuracy: { min: 0.5 } } }));
    expect(alone).toContain('No case has this score: 3 of 3 results errored.');
    const baseline = runOf([1, null, 1], { runId: 'main' });
    const both = await gate({ run: baseline, baseline, require: { accuracy: { noWorse: true } } });
    expect(String(both)).toContain('baseline main: 3 cases, 1 of 3 results errored');
  });

  it('refuses what the summary of a run does not have, as it does for results', async () => {
    const processor = new BatchProcessor<string, string>({
      target: async (input) => input,
      evaluator: createEvaluator({ name: 'same', version: '1', dimensions: { same: exactMatch() } }),
    });
    const cases = [{ id: 'a', input: 'x', expected: 'x', group: 'one' }];
    const summary = await processor.run(cases);
    await expect(gate({ run: summary, require: { smae: { min: 0.5 } } })).rejects.toThrow(
      'Unknown option `smae` of gate.require; did you mean `same`?',
    );
    await expect(
      gate({ run: summary, require: { overall: { groups: { on: { min: 0.5 } } } } }),
    ).rejects.toThrow('Unknown option `on` of gate.require.overall.groups; did you mean `one`?');
    const failing = new BatchProcessor<string, string>({
      target: () => Promise.reject(new Error('401')),
      evaluator: createEvaluator({ name: 'same', version: '1', dimensions: { same: exactMatch() } }),
    });
    const none = await gate({ run: await failing.run(cases), require: { same: { min: 0.5 } } });
    expect([none.outcome, none.checks[0]?.reason]).toEqual([
      'not-comparable',
      'no case has this score: 1 of 1 results errored',
    ]);
  });
});

it('an anchored mean refuses labels with several chances where cases come in clusters', async () => {
  const run = runOf(onesOf(60, 100), { cluster: (i) => `c${i % 10}` });
  const labels = Array.from({ length: 40 }, (_, i) => ({
    caseId: `case-${i}`,
    repetition: 0,
    label: i % 2,
    probability: i < 20 ? 0.5 : 0.25,
  }));
  const given = { run, metric: 'accuracy', labels: { draw: null, labels, unlabelled: 0 } } as const;
  await expect(anchored(given)).rejects.toThrow(
    /^Expected labels with one chance for all where cases come in clusters/,
  );
  expect((await anchored({ ...given, clusters: 'ignore' })).form).toBe('prediction-powered-weighted');
});

it('a gate refuses scores that are none, and names the case', async () => {
  await expect(
    gate({ run: runOf([1, Number.NaN, 0]), require: { accuracy: { min: 0.5 } } }),
  ).rejects.toMatchObject({
    code: 'ASSAY_INVALID_INPUT',
    message: 'Expected scores from 0 to 1 in run, got NaN as "accuracy" of case "case-1"',
  });
});

it('a gate over pairs that are all the same does not say that no drop would be found', async () => {
  const verdict = await gate({
    run: runOf(Array.from({ length: 60 }, () => 0.1 + 0.2)),
    baseline: runOf(
      Array.from({ length: 60 }, () => 0.3),
      { runId: 'main' },
    ),
    require: { accuracy: { noWorse: true } },
  });
  expect(String(verdict)).toContain('without a pair that differs nobody can say which drop would be found');
});

it('a plan does not round a small difference to none, nor a power to certainty', async () => {
  const tiny = String(await planComparison({ difference: 1e-6, discordance: 0.5 }));
  expect(tiny).toContain('A difference of 0.0001 points takes more than 200,000 cases');
  expect(tiny).not.toContain('about more than');
  const sure = await planComparison({ difference: 0.2, discordance: 0.3, power: 0.999999 });
  expect(String(sure)).toContain('found with 99.9999 %');
  expect(String(await planComparison({ difference: 0.05, baseline: runOf(onesOf(70, 100)) }))).toContain(
    'A difference of 5 points',
  );
});
