import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bernoulliConfidenceSequence,
  BetaEProcess,
  betaEValue,
} from '../../src/decisions/sequential/beta-e-process.js';
import { BettingSequence, BettingTest } from '../../src/decisions/sequential/betting-sequence.js';
import { combineEValues, eBenjaminiHochberg } from '../../src/decisions/sequential/e-values.js';
import { expectClose } from '../statistics/support.js';
import { referenceCases } from './reference.js';

describe('anytime-valid figures agree with the reference values to 1e-9', () => {
  it('e-values of discordant pairs, both sides and either', () => {
    for (const { wins, losses, a, b, expected } of referenceCases('anytime', 'beta e-value')) {
      const found = betaEValue({ wins, losses, a, b });
      for (const field of ['logE', 'logEUp', 'logEDown'] as const) expectClose(found[field], expected[field]);
    }
  });

  it('the e-process over a stream, with the pair at which it decides', () => {
    for (const each of referenceCases('anytime', 'beta e-process')) {
      const process = new BetaEProcess({ prior: each.a });
      const { at, logE, maxLogE, p, firstAt } = each.expected;
      const reached: Record<string, number | null> = { 0.05: null, 0.01: null };
      for (const [i, outcome] of (each.outcomes as (0 | 1 | null)[]).entries()) {
        process.add(outcome === null ? 0 : outcome === 1 ? 1 : -1);
        const k = at.indexOf(i + 1);
        if (k >= 0) expectClose(process.logE, logE[k]);
        for (const alpha of Object.keys(reached))
          if (process.logE >= -Math.log(Number(alpha))) reached[alpha] ??= i + 1;
      }
      expectClose(process.maxLogE, maxLogE);
      expectClose(process.p, p);
      for (const [alpha, first] of Object.entries(firstAt)) expect(reached[alpha]).toBe(first);
      const whole = betaEValue({ wins: process.wins, losses: process.losses, a: each.a });
      expectClose(process.logE, whole.logE);
    }
  });

  it('the confidence sequence of a proportion', () => {
    for (const { successes, n, a, b, alpha, expected } of referenceCases(
      'anytime',
      'bernoulli confidence sequence',
    )) {
      const found = bernoulliConfidenceSequence({
        successes,
        n,
        a,
        b,
        level: 1 - alpha,
      });
      for (const end of [0, 1]) expectClose(found[end] as number, expected.interval[end]);
    }
  });

  it('the betting confidence sequence, with and without a fixed number of values', () => {
    const cases = [
      ...referenceCases('anytime', 'betting confidence sequence'),
      ...referenceCases('anytime', 'betting interval, fixed n'),
    ];
    expect(cases.length).toBeGreaterThan(20);
    for (const each of cases) {
      const sequence = new BettingSequence({
        alpha: each.alpha,
        maxBet: each.c,
        fixedN: each.fixedN ?? undefined,
      });
      const { at, interval, logCapital } = each.expected;
      for (const [i, x] of (each.values as number[]).entries()) {
        sequence.add(x);
        const found = sequence.interval();
        const expected =
          at === undefined ? i + 1 === each.values.length && interval : interval[at.indexOf(i + 1)];
        if (expected) for (const end of [0, 1]) expectClose(found[end] as number, expected[end]);
      }
      for (const { m, up, down } of logCapital ?? []) {
        expectClose(sequence.logCapital(m).up, up);
        expectClose(sequence.logCapital(m).down, down);
      }
    }
  });

  it('the betting test of paired differences', () => {
    for (const each of referenceCases('anytime', 'betting test of pairs')) {
      const test = new BettingTest({ alpha: each.alpha, maxBet: each.c });
      const { at, logE, logUp, logDown, p, firstAt } = each.expected;
      let first: number | null = null;
      for (const [i, difference] of (each.differences as number[]).entries()) {
        test.add(difference);
        const k = at.indexOf(i + 1);
        if (k >= 0) expectClose(test.logE, logE[k]);
        if (test.logE >= -Math.log(each.alpha)) first ??= i + 1;
      }
      expectClose(test.logCapital.up, logUp);
      expectClose(test.logCapital.down, logDown);
      expectClose(test.p, p);
      expect(first).toBe(firstAt);
    }
  });

  it('several e-values together', () => {
    for (const each of referenceCases('anytime', 'combination')) {
      const { mean, p, eBHRejected } = each.expected;
      const found = combineEValues(each.eValues);
      expectClose(found.mean, mean);
      expectClose(found.p, p);
      expect(eBenjaminiHochberg(each.eValues, each.alpha)).toEqual(eBHRejected);
    }
  });
});

describe('anytime-valid inference', () => {
  it('keeps its digits for counts at which the beta function is no number any more', () => {
    // with a flat prior E = 4^n / ((2n + 1) C(2n, n)), by Stirling √(πn) (1 + 1/8n) / (2n + 1)
    const n = 1e6;
    const expected = Math.log(Math.sqrt(Math.PI * n) * (1 + 1 / (8 * n))) - Math.log(2 * n + 1);
    expectClose(betaEValue({ wins: n, losses: n, a: 1 }).logE, expected, 1e-11);
    expect(betaEValue({ wins: 1e7, losses: 0 }).logE).toBeGreaterThan(6.9e6);
  });

  it('is the same whichever side is called first', () => {
    fc.assert(
      fc.property(fc.nat(400), fc.nat(400), (wins, losses) => {
        const one = betaEValue({ wins, losses });
        const other = betaEValue({ wins: losses, losses: wins });
        expectClose(one.logE, other.logE, 1e-12);
        expectClose(one.logEUp, other.logEDown, 1e-12);
      }),
    );
  });

  it('a sequence never lets its interval grow, and holds a mean that all values have', () => {
    const sequence = new BettingSequence();
    let [low, high] = [0, 1];
    for (let i = 0; i < 200; i++) {
      sequence.add(0.3);
      const next = sequence.interval();
      expect(next[0]).toBeGreaterThanOrEqual(low);
      expect(next[1]).toBeLessThanOrEqual(high);
      [low, high] = next;
    }
    expect(low).toBeLessThan(0.3);
    expect(high).toBeGreaterThan(0.3);
  });

  it('refuses what is no score, naming it', () => {
    expect(() => new BettingSequence().add(1.2)).toThrow(/from 0 to 1/);
    expect(() => new BettingTest().add(Number.NaN)).toThrow(/got NaN/);
    expect(() => new BetaEProcess().add(Number.NaN)).toThrow(/NaN/);
    expect(() => betaEValue({ wins: -1, losses: 0 })).toThrow(/`wins`/);
    expect(() => bernoulliConfidenceSequence({ successes: 3, n: 2 })).toThrow(/3 of 2/);
    expect(() => combineEValues([1, -1])).toThrow(/got -1/);
    expect(() => combineEValues([])).toThrow(/none/);
  });
});
