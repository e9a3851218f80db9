import { describe, expect, it } from 'vitest';
import { AlertManager } from '../../../src/monitor/alerts/alert-manager.js';
import { defaultAlertRules, type DefaultAlertRulesOptions } from '../../../src/monitor/alerts/alert-rules.js';
import type { AlertRule } from '../../../src/monitor/alerts/alert-rule.js';
import type { CaseResult } from '../../../src/evaluation/evaluation-types.js';
import { EventSource, type BaseEventMap } from '../../../src/foundation/event-source.js';
import { RealTimeMonitor } from '../../../src/monitor/real-time-monitor.js';
import type { SystemSampler } from '../../../src/monitor/machine/system-sampler.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { erroredResult, scoredResult } from '../support/event-sources.js';
import { snapshotWith } from '../support/snapshots.js';

/** A source of every event, with a gauge that the test turns. */
class Source extends EventSource<BaseEventMap> {
  activeWorkers: number | null = 1;
  gauges(): { readonly activeWorkers: number | null } {
    return { activeWorkers: this.activeWorkers };
  }
  fire(event: string, payload: object): void {
    (this as unknown as { emit(event: string, payload: object): void }).emit(event, payload);
  }
}

/** A monitor and a manager on one clock; `fired` and `told` grow as rules do. */
function watched(options: {
  readonly rules?: readonly AlertRule[];
  readonly defaults?: DefaultAlertRulesOptions;
  readonly cpu?: () => number;
  readonly intervalMs?: number;
}) {
  const clock = new ManualClock();
  const system: SystemSampler | false =
    options.cpu === undefined
      ? false
      : { sample: () => ({ ...snapshotWith(), cpuPercent: options.cpu!() }), close: () => {} };
  const monitor = new RealTimeMonitor({ clock, system, intervalMs: options.intervalMs ?? 1000 });
  const source = new Source();
  monitor.watch(source);
  const alerts = new AlertManager({ clock, rules: options.rules ?? defaultAlertRules(options.defaults) });
  const told: string[] = [];
  alerts.on('alert:firing', ({ alert }) => void told.push(`${alert.rule} firing`));
  alerts.on('alert:resolved', ({ alert }) => void told.push(`${alert.rule} resolved`));
  alerts.watch(monitor);
  monitor.start();
  const at = (): number => clock.wallTime();
  const start = (): void =>
    source.fire('run:start', { at: at(), runId: 'r', total: null, manifest: {}, resumed: false });
  const end = (): void => source.fire('run:end', { at: at(), runId: 'r', summary: {} });
  const finish = (result: CaseResult = scoredResult()): void =>
    source.fire('case:end', { at: at(), runId: 'r', result });
  /** Calls `each` once in so many milliseconds, for so long. */
  const every = async (ms: number, forMs: number, each: () => void): Promise<void> => {
    for (let passed = 0; passed < forMs; passed += ms) {
      each();
      await clock.advance(ms);
    }
  };
  return { clock, monitor, source, alerts, told, start, end, finish, every };
}

describe('the default rules, on a trickle', () => {
  it.each([1200, 2000, 20_000, 59_000])('tell a case every %d ms as a low rate, once', async (ms) => {
    const { start, finish, every, told } = watched({});
    start();
    await every(ms, 300_000, () => finish());
    expect(told.filter((each) => each.startsWith('low_evaluation_rate'))).toEqual([
      'low_evaluation_rate firing',
    ]);
  });

  it('tell it also where the workers are idle at every other look', async () => {
    const { start, finish, every, told, source } = watched({});
    start();
    let turn = 0;
    await every(1000, 300_000, () => {
      source.activeWorkers = turn % 2;
      if (turn++ % 2 === 0) finish();
    });
    expect(told).toEqual(['low_evaluation_rate firing']);
  });

  it('tell it of a source that has a gauge and no runs', async () => {
    const { finish, every, told, source } = watched({});
    let turn = 0;
    await every(1000, 300_000, () => {
      source.activeWorkers = turn % 2;
      if (turn++ % 4 === 0) finish();
    });
    expect(told).toEqual(['low_evaluation_rate firing']);
  });

  it('are silent about a good rate that comes in bursts, a run that begins, one that is over and one that is slow to end', async () => {
    const { start, end, finish, every, told, source, clock } = watched({});
    source.activeWorkers = 0;
    await clock.advance(300_000); // nothing goes on
    for (let run = 0; run < 3; run++) {
      source.activeWorkers = 4;
      start();
      await every(20_000, 300_000, () => {
        for (let n = 0; n < 25; n++) finish(); // 1.25 a second
      });
      await clock.advance(5000); // its last case takes a while
      finish();
      end();
      source.activeWorkers = 0;
      await clock.advance(300_000);
    }
    expect(told).toEqual([]);
  });

  it.each<readonly [string, number, number]>([
    ['300 misses without a hit, in a burst', 1, 300],
    ['300 misses without a hit, two a second', 500, 300],
    ['100 misses without a hit, one every three seconds', 3000, 100],
    ['20 misses without a hit, one every 90 s', 90_000, 20],
  ])('tell %s', async (_what, ms, misses) => {
    const { start, every, told, source, clock } = watched({});
    start();
    source.activeWorkers = null;
    await clock.advance(2000);
    await every(ms, misses * ms, () => source.fire('cache:miss', { at: clock.wallTime(), key: 'k' }));
    await clock.advance(61_000);
    expect(told.filter((each) => each.startsWith('low_cache'))).toEqual(['low_cache_hit_rate firing']);
  });

  it('tell misses of a cache that is used without a run', async () => {
    const { every, told, source } = watched({});
    source.activeWorkers = null;
    await every(2500, 200_000, () => source.fire('cache:miss', { at: 0, key: 'k' }));
    expect(told).toEqual(['low_cache_hit_rate firing']);
  });

  it('are silent about a cache that is read now and then, and mostly hits', async () => {
    const { start, every, told, source, finish } = watched({});
    start();
    let turn = 0;
    await every(2000, 600_000, () => {
      finish();
      finish();
      source.fire(turn++ % 3 === 2 ? 'cache:miss' : 'cache:hit', { at: 0, key: 'k' });
    });
    expect(told).toEqual([]);
  });

  it.each([10_000, 45_000, 100_000])('tell cases that all fail, one every %d ms', async (ms) => {
    const { start, every, told, finish } = watched({});
    start();
    await every(ms, 25 * ms, () => finish(erroredResult()));
    expect(told.filter((each) => each.startsWith('high_error'))).toEqual(['high_error_rate firing']);
  });

  it('tell that errors are over when the run is', async () => {
    const { start, end, every, told, finish, source, clock } = watched({});
    start();
    await every(10_000, 300_000, () => finish(erroredResult()));
    end();
    source.activeWorkers = 0;
    await clock.advance(120_000);
    expect(told.filter((each) => each.startsWith('high_error'))).toEqual([
      'high_error_rate firing',
      'high_error_rate resolved',
    ]);
  });

  it('tell requests that are all answered with 429, one every 8 s', async () => {
    const { every, told, source } = watched({});
    source.activeWorkers = null;
    await every(8000, 240_000, () =>
      source.fire('attempt:end', {
        at: 0,
        callId: 1,
        attempt: 1,
        endpoint: 'a',
        durationMs: 1,
        outcome: 'error',
        status: 429,
        error: { code: 'ASSAY_RATE_LIMITED', message: 'own', retryable: true },
      }),
    );
    expect(told).toEqual(['rate_limited firing']);
  });

  it('tell a CPU that is over 90 % on average although not at every look', async () => {
    let look = 0;
    const { clock, told, source } = watched({ cpu: () => (look++ % 5 === 4 ? 70 : 100) });
    source.activeWorkers = 0;
    await clock.advance(120_000);
    expect(told).toEqual(['high_cpu_usage firing']);
  });

  it('tell an endpoint that is ejected and restored between two looks', async () => {
    const { clock, source, told } = watched({});
    source.fire('endpoint:eject', { at: 0, endpoint: 'a', reason: 'failures', forMs: 10 });
    source.fire('endpoint:restore', { at: 0, endpoint: 'a', ejectedForMs: 10 });
    await clock.advance(5000);
    expect(told).toEqual(['endpoint_ejected firing', 'endpoint_ejected resolved']);
  });

  it('take another window by option, and say it', async () => {
    const { clock, finish, every, start, alerts } = watched({ defaults: { windowMs: 10_000 } });
    const messages: string[] = [];
    alerts.on('alert:firing', ({ alert }) => void messages.push(alert.message));
    start();
    await every(2000, 60_000, () => finish());
    await clock.advance(1000);
    expect(messages).toEqual(['Low evaluation rate: 0.5/s over the last 10 s with 1.0 active workers']);
  });
});

describe('a rule of the host', () => {
  it('that looks over a time gets rates, shares and means of it, whatever the interval', async () => {
    const seen: Record<string, readonly (number | null)[]> = {};
    for (const intervalMs of [250, 1000, 5000]) {
      const rule: AlertRule = {
        name: 'own',
        severity: 'info',
        message: 'own',
        overMs: 30_000,
        condition: ({ evaluationsPerSecond, errorRate, cacheHitRate, activeWorkers }) => {
          seen[intervalMs] = [evaluationsPerSecond, errorRate, cacheHitRate, activeWorkers];
          return false;
        },
      };
      const { start, every, finish, source } = watched({ rules: [rule], intervalMs });
      start();
      let turn = 0;
      await every(500, 120_000, () => {
        if (turn % 2 === 0) finish(turn % 8 === 0 ? erroredResult() : scoredResult());
        if (turn % 4 === 0) source.fire(turn % 20 === 0 ? 'cache:hit' : 'cache:miss', { at: 0, key: 'k' });
        turn++;
      });
    }
    for (const [rate, errors, hits, active] of Object.values(seen)) {
      expect(rate).toBeCloseTo(1, 1);
      expect(errors).toBeCloseTo(0.25, 1);
      expect(hits).toBeCloseTo(0.2, 1);
      expect(active).toBe(1);
    }
  });

  it('keeps a bounded memory of a long time', async () => {
    const rule: AlertRule = {
      name: 'own',
      severity: 'info',
      message: 'own',
      overMs: 3_600_000,
      condition: () => false,
    };
    const manager = new AlertManager({ rules: [rule] });
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 20_000; n++) manager.check(snapshotWith({ elapsedMs: 100 }));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
  });
});

it('two monitors do not mix in what a rule sees', async () => {
  const rates: number[] = [];
  const clock = new ManualClock();
  const alerts = new AlertManager({
    clock,
    rules: [
      {
        name: 'own',
        severity: 'info',
        message: 'own',
        overMs: 10_000,
        condition: ({ evaluationsPerSecond }) => rates.push(evaluationsPerSecond) < 0,
      },
    ],
  });
  for (const perSecond of [1, 9]) {
    const monitor = new RealTimeMonitor({ clock, system: false });
    const source = new Source();
    monitor.watch(source);
    alerts.watch(monitor);
    monitor.start();
    source.fire('run:start', { at: 0, runId: 'r', total: null, manifest: {}, resumed: false });
    const tick = (): void => {
      for (let n = 0; n < perSecond; n++)
        source.fire('case:end', { at: 0, runId: 'r', result: scoredResult() });
      clock.schedule(tick, 1000);
    };
    clock.schedule(tick, 500);
  }
  await clock.advance(30_000);
  expect(rates.slice(-2).map(Math.round).sort()).toEqual([1, 9]);
});
