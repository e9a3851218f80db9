import { describe, expect, it } from 'vitest';
import { checkAlertRule } from '../../../src/monitor/alerts/alert-rule.js';
import { defaultAlertRules, type DefaultAlertRulesOptions } from '../../../src/monitor/alerts/alert-rules.js';
import type { PerformanceSnapshot } from '../../../src/monitor/performance-snapshot.js';
import { snapshotWith } from '../support/snapshots.js';

const ruleNamed = (name: string, options: DefaultAlertRulesOptions = {}) => {
  const rule = defaultAlertRules(options).find((each) => each.name === name);
  if (rule === undefined) throw new Error(`no rule ${name}`);
  const { condition, resolve, message } = checkAlertRule(rule);
  return {
    condition: (snapshot: PerformanceSnapshot): boolean => condition(snapshot, snapshot),
    resolve: (snapshot: PerformanceSnapshot): boolean => resolve(snapshot, snapshot),
    message,
  };
};

const holds = (name: string, snapshot: Partial<PerformanceSnapshot>): boolean =>
  ruleNamed(name).condition(snapshotWith(snapshot));

describe('the default rules', () => {
  it('keep the names, severities and cooldowns of the original four', () => {
    const kept = defaultAlertRules()
      .slice(0, 4)
      .map(({ name, severity, cooldownMs }) => [name, severity, cooldownMs]);
    expect(kept).toEqual([
      ['high_cpu_usage', 'warning', 300_000],
      ['high_memory_usage', 'critical', 180_000],
      ['low_evaluation_rate', 'warning', 600_000],
      ['low_cache_hit_rate', 'info', 900_000],
    ]);
  });

  it('keep the thresholds of the original four', () => {
    expect(holds('high_cpu_usage', { cpuPercent: 90 })).toBe(false);
    expect(holds('high_cpu_usage', { cpuPercent: 90.1 })).toBe(true);
    expect(holds('high_memory_usage', { memoryPercent: 85 })).toBe(false);
    expect(holds('high_memory_usage', { memoryPercent: 85.1 })).toBe(true);
    expect(holds('low_evaluation_rate', { evaluationsPerSecond: 0.9, activeWorkers: 1 })).toBe(true);
    expect(holds('low_evaluation_rate', { evaluationsPerSecond: 1, activeWorkers: 1 })).toBe(false);
    expect(holds('low_evaluation_rate', { evaluationsPerSecond: 0, activeWorkers: 0 })).toBe(false);
    expect(holds('low_cache_hit_rate', { cacheHitRate: 0.29 })).toBe(true);
    expect(holds('low_cache_hit_rate', { cacheHitRate: 0.3 })).toBe(false);
  });

  it('are silent about what is not known', () => {
    for (const rule of defaultAlertRules({ maxCost: 1 })) {
      expect([rule.name, rule.condition(snapshotWith(), snapshotWith())]).toEqual([rule.name, false]);
    }
  });

  it('look at errors over a minute and only with enough cases', () => {
    const rule = ruleNamed('high_error_rate', { minSamples: 20 });
    const after = (scored: number, errored: number): PerformanceSnapshot =>
      snapshotWith({ totals: { scored, errored } });
    expect(rule.condition(after(0, 0))).toBe(false);
    expect(rule.condition(after(14, 5))).toBe(false); // 19 cases
    expect(rule.condition(after(15, 5))).toBe(true); // 5 of 20
    const firing = after(15, 5);
    expect(rule.message(firing)).toBe('25.0% of the cases of the last minute errored');
    expect(rule.resolve(after(50, 5))).toBe(false); // 5 of 55: under the threshold, over half of it
    expect(rule.resolve(after(150, 5))).toBe(true);
  });

  it('forget what is older than a minute', () => {
    const rule = ruleNamed('high_error_rate', { minSamples: 1 });
    rule.condition(snapshotWith());
    expect(rule.condition(snapshotWith({ totals: { errored: 50 } }))).toBe(true);
    for (let second = 0; second < 60; second++) {
      rule.condition(snapshotWith({ totals: { errored: 50, scored: second } }));
    }
    expect(rule.condition(snapshotWith({ totals: { errored: 50, scored: 61 } }))).toBe(false);
  });

  it('begin anew when the counts do', () => {
    const rule = ruleNamed('rate_limited', { minSamples: 10 });
    rule.condition(snapshotWith({ totals: { requests: 1000 } }));
    expect(rule.condition(snapshotWith({ totals: { requests: 20, rateLimited: 10 } }))).toBe(true);
  });

  it('tell a budget that is used up, and a run that is going to cost too much', () => {
    const exhausted = ruleNamed('budget_burn');
    const running = { totalCases: 100, doneCases: 50 };
    expect(exhausted.condition(snapshotWith({ ...running, totals: { budgetsExhausted: 1 } }))).toBe(true);
    expect(exhausted.message(snapshotWith({ totals: { budgetsExhausted: 1 } }))).toContain('used up');
    expect(exhausted.resolve(snapshotWith({ ...running, totals: { budgetsExhausted: 1 } }))).toBe(false);
    expect(exhausted.resolve(snapshotWith({ totals: { budgetsExhausted: 1 } }))).toBe(true);
    expect(exhausted.condition(snapshotWith({ totals: { budgetsExhausted: 1 } }))).toBe(false);
    const burning = ruleNamed('budget_burn', { maxCost: 10 });
    expect(burning.condition(snapshotWith({ projectedCost: 10 }))).toBe(false);
    expect(burning.condition(snapshotWith({ projectedCost: 12.5 }))).toBe(true);
    expect(burning.message(snapshotWith({ projectedCost: 12.5 }))).toBe(
      'The run is going to cost 12.50, more than 10',
    );
    expect(
      ruleNamed('budget_burn', { maxCost: 0.001 }).message(snapshotWith({ projectedCost: 0.0042 })),
    ).toBe('The run is going to cost 0.0042, more than 0.001');
  });

  it('name ejected endpoints without what a URL may hide', () => {
    const ejected = { state: 'ejected' } as PerformanceSnapshot['endpoints'][string];
    const rule = ruleNamed('endpoint_ejected');
    const snapshot = snapshotWith({
      ejectedEndpoints: 2,
      endpoints: { 'https://user:pass@host:8000/v1?api_key=sk-canary#x': ejected, 'gpu-2': ejected },
    });
    expect(rule.condition(snapshot)).toBe(true);
    expect(rule.message(snapshot)).toBe('2 endpoints get no calls: https://host:8000/v1, gpu-2');
  });

  it('call a run stalled only while cases are worked on', () => {
    expect(holds('stalled_run', { sinceLastCaseMs: 60_000, activeWorkers: 3 })).toBe(true);
    expect(holds('stalled_run', { sinceLastCaseMs: 60_000, activeWorkers: null })).toBe(true);
    expect(holds('stalled_run', { sinceLastCaseMs: 60_000, activeWorkers: 0 })).toBe(false);
    expect(holds('stalled_run', { sinceLastCaseMs: 59_999, activeWorkers: 3 })).toBe(false);
  });

  it('call a store healthy again only when it has stored something', () => {
    const rule = ruleNamed('store_failing');
    expect(rule.condition(snapshotWith({ storeErrors: 1 }))).toBe(true);
    expect(rule.resolve(snapshotWith({ storeErrors: 0, storedPerSecond: 0, sinceLastCaseMs: 5 }))).toBe(
      false,
    );
    expect(rule.resolve(snapshotWith({ storeErrors: 0, storedPerSecond: 10, sinceLastCaseMs: 5 }))).toBe(
      true,
    );
    expect(rule.resolve(snapshotWith({ storeErrors: 0, storedPerSecond: 0, sinceLastCaseMs: null }))).toBe(
      true,
    );
  });
});
