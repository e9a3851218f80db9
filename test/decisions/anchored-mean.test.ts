import { describe, expect, it } from 'vitest';
import { anchoredMean, rareDisagreementMean } from '../../src/decisions/anchored/anchored-mean.js';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import { expectClose } from '../statistics/support.js';
import { referenceCases } from './reference.js';

describe('an anchored mean', () => {
  it('with rare disagreements agrees with the reference values to 1e-9', () => {
    for (const { alpha, labels, judge, unlabelledJudge, expected } of referenceCases(
      'anchored',
      'rare residuals',
    )) {
      const found = rareDisagreementMean({ labels, judge, unlabelledJudge }, 1 - alpha);
      expect(found.form.endsWith(expected.form.toLowerCase())).toBe(true);
      for (const field of ['lambda', 'mean', 'rectifier'] as const)
        expectClose(found[field], expected[field]);
      for (const end of [0, 1]) {
        expectClose(found.rectifierInterval[end] as number, expected.rectifierInterval[end]);
        expectClose(found.interval[end] as number, expected.interval[end]);
      }
    }
  });

  it('takes the labels alone below 20 of them, without other items and with a judge that knows nothing', () => {
    const few = anchoredMean({ labels: [1, 0, 1], judge: [1, 0, 1], unlabelledJudge: [1, 1] }, 0.95);
    expect(few).toMatchObject({
      form: 'labels-only',
      lambda: 0,
      reason: expect.stringMatching(/fewer than 20/),
    });
    const labels = Array.from({ length: 30 }, (_, i) => i % 2);
    expect(anchoredMean({ labels, judge: labels, unlabelledJudge: [] }, 0.95).reason).toMatch(/every item/);
    const blind = anchoredMean({ labels, judge: labels.map(() => 1), unlabelledJudge: [1, 1, 1] }, 0.95);
    expect(blind).toMatchObject({ form: 'labels-only', mean: 0.5, reason: expect.stringMatching(/nothing/) });
  });

  it('never leaves the scale', () => {
    const labels = Array.from({ length: 25 }, () => 1);
    const judge = labels.map((_, i) => (i < 2 ? 0 : 1));
    const { interval, mean } = anchoredMean({ labels, judge, unlabelledJudge: [...judge, ...judge] }, 0.95);
    expect(mean).toBeLessThanOrEqual(1);
    expect(interval[1]).toBeLessThanOrEqual(1);
    expect(interval[0]).toBeLessThan(1);
  });

  it('covers the truth about as often as it says, for judges that rarely or often disagree', () => {
    const random = seededRandom(7);
    for (const { agrees, n } of [
      { agrees: 0.85, n: 50 },
      { agrees: 0.6, n: 100 },
      { agrees: 0.97, n: 30 },
    ]) {
      let covered = 0;
      const draws = 400;
      for (let draw = 0; draw < draws; draw++) {
        const truth = Array.from({ length: 600 + n }, () => (random() < 0.7 ? 1 : 0));
        const says = truth.map((label) => (random() < agrees ? label : 1 - label));
        const { interval } = anchoredMean(
          { labels: truth.slice(0, n), judge: says.slice(0, n), unlabelledJudge: says.slice(n) },
          0.95,
        );
        if (interval[0] <= 0.7 && interval[1] >= 0.7) covered++;
      }
      expect(covered / draws, `${agrees} ${n}`).toBeGreaterThan(0.92);
    }
  });
});
