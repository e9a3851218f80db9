import { describe, expect, it } from 'vitest';
import { classificationReport } from '../../src/statistics/classification.js';
import {
  auroc,
  averagePrecision,
  brierScore,
  calibration,
  logLoss,
  type Happened,
} from '../../src/statistics/probability-scores.js';
import { readReference } from '../support/reference.js';
import { expectClose } from './support.js';

interface ClassificationCase {
  readonly id: number;
  readonly kind: 'labels' | 'probabilities';
  readonly gold: number[];
  readonly pred: number[];
  readonly labels: number[];
  readonly y: Happened[];
  readonly p: number[];
  readonly expected: Readonly<Record<string, number>> & {
    readonly precision: number[];
    readonly recall: number[];
    readonly f1: number[];
    readonly confusion: number[][];
  };
}

describe('reference cases of classification', () => {
  const { cases } = readReference<{ cases: ClassificationCase[] }>('classification');

  it.each(cases.filter(({ kind }) => kind === 'labels'))(
    'labels, case $id',
    ({ gold, pred, labels, expected }) => {
      const report = classificationReport(gold, pred, { labels });
      if (report === null) throw new Error('expected a report');
      expect(report.confusion).toEqual(expected.confusion);
      report.classes.forEach((figures, i) => {
        expectClose(figures.precision, expected.precision[i] as number);
        expectClose(figures.recall, expected.recall[i] as number);
        expectClose(figures.f1, expected.f1[i] as number);
      });
      expectClose(report.accuracy, expected['accuracy'] as number);
      expectClose(report.f1.macro, expected['macroF1'] as number);
      expectClose(report.f1.micro, expected['microF1'] as number);
      expectClose(report.f1.weighted, expected['weightedF1'] as number);
      expectClose(report.balancedAccuracy, expected['balancedAccuracy'] as number);
      expectClose(report.matthews, expected['mcc'] as number);
    },
  );

  it.each(cases.filter(({ kind }) => kind === 'probabilities'))(
    'probabilities, case $id',
    ({ y, p, expected }) => {
      expectClose(auroc(y, p), expected['auroc'] as number);
      expectClose(averagePrecision(y, p), expected['averagePrecision'] as number);
      expectClose(brierScore(y, p), expected['brier'] as number);
      expectClose(logLoss(y, p), expected['logLossClip1e15'] as number);
      expectClose(calibration(y, p).expectedCalibrationError, expected['ece10'] as number);
    },
  );
});

describe('classificationReport', () => {
  it('takes text labels and sorts them', () => {
    const report = classificationReport(['b', 'a', 'b'], ['b', 'b', 'b']);
    expect(report?.labels).toEqual(['a', 'b']);
    expect(report?.confusion).toEqual([
      [0, 1],
      [0, 2],
    ]);
    expect(report?.matthews).toBe(0);
  });

  it('has nothing to report on no cases and refuses unknown labels', () => {
    expect(classificationReport([], [])).toBeNull();
    expect(() => classificationReport(['a'], ['c'], { labels: ['a', 'b'] })).toThrow(/given labels/);
  });
});

describe('scores of probabilities', () => {
  it('are not defined where there is nothing to compare', () => {
    expect(auroc([1, 1], [0.1, 0.9])).toBeNull();
    expect(averagePrecision([0, 0], [0.1, 0.9])).toBeNull();
    expect(brierScore([], [])).toBeNull();
    expect(logLoss([], [])).toBeNull();
    expect(calibration([], []).expectedCalibrationError).toBeNull();
  });

  it('count a tie as half and a perfect ranking as 1', () => {
    expect(auroc([true, false], [0.5, 0.5])).toBe(0.5);
    expect(auroc([true, true, false], [0.9, 0.8, 0.1])).toBe(1);
  });

  it('put every probability in the bin whose edges hold it', () => {
    for (const bins of [7, 10, 100]) {
      for (let i = 0; i <= bins; i++) {
        const found = calibration([1], [i / bins], bins).bins.findIndex(({ n }) => n === 1);
        expect(found).toBe(Math.min(i, bins - 1));
      }
    }
  });

  it('refuse what is no probability', () => {
    expect(() => brierScore([1], [1.1])).toThrow(/0 to 1/);
    expect(() => auroc([1], [Number.NaN])).toThrow(/NaN/);
    expect(() => calibration([1], [0.5], 0)).toThrow(/bins/);
  });
});
