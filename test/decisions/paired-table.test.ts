import { describe, expect, it } from 'vitest';
import { equivalenceOfMeans } from '../../src/decisions/paired/equivalence-of-means.js';
import {
  mcnemarCases,
  mcnemarDetectableDifference,
  mcnemarPower,
} from '../../src/decisions/paired/mcnemar-power.js';
import {
  equivalenceTest,
  mcnemarMidP,
  newcombeInterval,
  nonInferiorityTest,
  tangoInterval,
} from '../../src/statistics/paired-table.js';
import { mcnemarTest } from '../../src/statistics/paired-tests.js';
import { expectClose } from '../statistics/support.js';
import { referenceCases } from './reference.js';

const expectEnds = (found: readonly number[], expected: readonly number[]): void =>
  expected.forEach((end, i) => expectClose(found[i] as number, end));

describe('paired 0/1 scores agree with the reference values to 1e-9', () => {
  it('intervals, tests and margins of a table', () => {
    for (const { both, onlyFirst, onlySecond, neither, expected } of referenceCases(
      'equivalence',
      'paired table',
    )) {
      const table = { both, onlyFirst, onlySecond, neither };
      for (const percent of [90, 95, 99]) {
        expectEnds(tangoInterval(table, { level: percent / 100 }), expected[`tango${percent}`]);
        expectEnds(newcombeInterval(table, { level: percent / 100 }), expected[`newcombe${percent}`]);
      }
      expectEnds(newcombeInterval(table, { corrected: false }), expected.newcombeUncorrected95);
      expectClose(mcnemarTest(onlyFirst, onlySecond).pValue, expected.mcnemarP);
      expectClose(mcnemarMidP(onlyFirst, onlySecond).p, expected.mcnemarMidP);
      for (const { margin, z, p } of expected.nonInferiority) {
        const found = nonInferiorityTest(table, margin);
        expectClose(found.z, z);
        expectClose(found.p, p);
      }
      for (const { margin, p, equivalent } of expected.equivalence) {
        expectClose(equivalenceTest(table, margin).p, p);
        const [low, high] = tangoInterval(table, { level: 0.9 });
        expect(low > -margin && high < margin).toBe(equivalent);
      }
    }
  });

  it('two one-sided t tests', () => {
    for (const { differences, margin, alpha, expected } of referenceCases('equivalence', 'tost paired t')) {
      const found = equivalenceOfMeans(differences, { margin, alpha });
      expectClose(found.standardError, expected.stderr);
      for (const field of ['mean', 'pLower', 'pUpper', 'p'] as const)
        expectClose(found[field], expected[field]);
      expect(found.equivalent).toBe(expected.equivalent);
      expectEnds(found.interval, expected.interval);
    }
  });

  it('power, cases and detectable differences of McNemar’s tests', () => {
    for (const { n, p10, p01, alpha, expected } of referenceCases('equivalence', 'mcnemar power')) {
      expectClose(mcnemarPower({ n, p10, p01, alpha }), expected.exact);
      expectClose(mcnemarPower({ n, p10, p01, alpha, test: 'mid-p' }), expected.midP);
    }
    for (const { p10, p01, alpha, power, expected } of referenceCases(
      'equivalence',
      'mcnemar cases needed',
    )) {
      const found = mcnemarCases({ p10, p01, alpha, power });
      expect(found).toMatchObject({ first: expected.first, always: expected.always });
      expect(found?.normalApproximation).toBe(expected.normalApproximation);
      expectClose(found?.powerAtFirst as number, expected.powerAtFirst);
    }
    for (const { n, discordant, alpha, power, expected } of referenceCases(
      'equivalence',
      'mcnemar detectable difference',
    )) {
      expectClose(mcnemarDetectableDifference({ n, discordant, alpha, power }), expected.difference);
    }
  });
});

describe('paired 0/1 scores', () => {
  it('an interval has a width also where no pair differs', () => {
    const [low, high] = tangoInterval({ both: 30, onlyFirst: 0, onlySecond: 0, neither: 20 });
    expect(low).toBeLessThan(-0.05);
    expect(high).toBeGreaterThan(0.05);
  });

  it('the power of a test is saw-toothed where all pairs differ, so the first number of pairs is not enough for all more', () => {
    const plan = { p10: 0.7, p01: 0.3 };
    const found = mcnemarCases(plan);
    if (found === null) throw new Error('Expected a number of cases');
    expect(found.always).toBeGreaterThan(found.first);
    for (const n of [found.first - 1, found.always - 1])
      expect(mcnemarPower({ n, ...plan })).toBeLessThan(0.8);
    for (let n = found.always; n < found.always + 60; n++)
      expect(mcnemarPower({ n, ...plan })).toBeGreaterThanOrEqual(0.8);
  });

  it('refuses what cannot be', () => {
    expect(() => tangoInterval({ both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 })).toThrow(/none/);
    expect(() => tangoInterval({ both: 1.5, onlyFirst: 0, onlySecond: 0, neither: 0 })).toThrow(/`both`/);
    expect(() => mcnemarPower({ n: 10, p10: 0.7, p01: 0.6 })).toThrow(/at most 1/);
    expect(() => mcnemarCases({ p10: 0.1, p01: 0.1 })).toThrow(/differ/);
    expect(() => equivalenceOfMeans([0.1], { margin: 0.1 })).toThrow(/two differences/);
    expect(() => nonInferiorityTest({ both: 1, onlyFirst: 0, onlySecond: 0, neither: 0 }, 2)).toThrow(
      /`margin`/,
    );
  });
});
