import { describe, expect, it } from 'vitest';
import { AssayError } from '../../../src/errors.js';
import type { Alert } from '../../../src/monitor/alerts/alert.js';
import type { AlertHandler } from '../../../src/monitor/alerts/alert-handler.js';
import { AlertManager } from '../../../src/monitor/alerts/alert-manager.js';
import type { AlertManagerOptions } from '../../../src/monitor/alerts/alert-options.js';
import type { AlertRule } from '../../../src/monitor/alerts/alert-rule.js';
import { messageTemplate } from '../../../src/monitor/alerts/alert-rule.js';
import { RealTimeMonitor } from '../../../src/monitor/real-time-monitor.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { snapshotWith } from '../support/snapshots.js';

const hot: AlertRule = {
  name: 'hot',
  condition: ({ cpuPercent }) => (cpuPercent ?? 0) > 90,
  severity: 'warning',
  message: 'CPU at {cpuPercent}%',
  cooldownMs: 0,
};

function setup(rule: Partial<AlertRule> = {}, options: AlertManagerOptions = {}) {
  const clock = new ManualClock();
  const told: Alert[] = [];
  const alerts = new AlertManager({
    rules: [{ ...hot, ...rule }],
    handlers: [(alert) => void told.push(alert)],
    clock,
    ...options,
  });
  const log: string[] = [];
  for (const event of ['alert:pending', 'alert:firing', 'alert:resolved'] as const) {
    alerts.on(event, ({ alert }) => log.push(`${alert.rule} ${alert.status}`));
  }
  /** One snapshot a second, with the CPU at these values. */
  const cpu = async (...values: readonly number[]): Promise<void> => {
    for (const cpuPercent of values) {
      await clock.advance(1000);
      alerts.check(snapshotWith({ cpuPercent }));
    }
    await clock.advance(0);
  };
  return { alerts, clock, told, log, cpu };
}

describe('AlertManager', () => {
  it('fires once while a condition holds and resolves when it no longer does', async () => {
    const { log, told, cpu } = setup();
    await cpu(50, 95, 96, 97, 50, 50);
    expect(log).toEqual(['hot firing', 'hot resolved']);
    expect(told.map(({ status, message }) => [status, message])).toEqual([
      ['firing', 'CPU at 95%'],
      ['resolved', 'CPU at 95%'],
    ]);
    expect(told[1]).toMatchObject({ durationMs: 3000, metrics: { cpuPercent: 50 } });
    expect(told[1]?.dedupKey).toBe(told[0]?.dedupKey);
  });

  it('stays pending until the condition has held for forMs, and forgets it when it does not', async () => {
    const { log, alerts, cpu } = setup({ forMs: 3000 });
    await cpu(95, 95, 50);
    expect(log).toEqual(['hot pending']);
    await cpu(95);
    expect(alerts.states()).toEqual([{ rule: 'hot', state: 'pending', since: expect.any(Number) }]);
    await cpu(95, 95, 95);
    expect(log).toEqual(['hot pending', 'hot pending', 'hot firing']);
    expect(alerts.states()[0]?.state).toBe('firing');
  });

  it('does not fire again before the cooldown is over, then does if it is still wrong', async () => {
    const { log, cpu } = setup({ cooldownMs: 5000 });
    await cpu(95, 50, 95, 95);
    expect(log).toEqual(['hot firing', 'hot resolved', 'hot pending']);
    await cpu(95, 95);
    expect(log.at(-1)).toBe('hot firing');
  });

  it('repeats a firing alert when asked to', async () => {
    const { log, cpu } = setup({ repeatMs: 3000 });
    await cpu(95, 95, 95, 95, 95, 95, 95, 50);
    expect(log).toEqual(['hot firing', 'hot firing', 'hot firing', 'hot resolved']);
  });

  it('resolves by its own rule when there is one', async () => {
    const { log, cpu } = setup({ resolve: ({ cpuPercent }) => (cpuPercent ?? 0) < 60 });
    await cpu(95, 80, 95, 80, 59);
    expect(log).toEqual(['hot firing', 'hot resolved']);
  });

  it('measures on the monotonic clock, whatever the wall clock does', async () => {
    const { log, clock, cpu } = setup({ forMs: 3000 });
    await cpu(95);
    clock.jumpWallTime(3_600_000);
    await cpu(95);
    expect(log).toEqual(['hot pending']);
    clock.jumpWallTime(-7_200_000);
    await cpu(95, 95);
    expect(log).toEqual(['hot pending', 'hot firing']);
  });

  it('reports a condition that throws once, and goes on with the other rules', async () => {
    const { alerts, log, cpu } = setup();
    const errors: string[] = [];
    alerts.on('alert:error', ({ rule }) => errors.push(rule));
    alerts.addRule({
      ...hot,
      name: 'broken',
      condition: () => {
        throw new Error('bug');
      },
    });
    alerts.addRule({ ...hot, name: 'last' });
    await cpu(95, 95);
    expect(errors).toEqual(['broken']);
    expect(log).toEqual(['hot firing', 'last firing']);
  });

  it('tells an alert whose message cannot be made by the name of its rule', async () => {
    const { told, cpu } = setup({
      message: () => {
        throw new Error('bug');
      },
    });
    await cpu(95);
    expect(told[0]?.message).toBe('hot');
  });

  it('checks the snapshots of a monitor until it is told to stop', async () => {
    const { alerts, clock, log } = setup({ condition: () => true });
    const monitor = new RealTimeMonitor({ clock, system: false });
    const unwatch = alerts.watch(monitor);
    unwatch();
    monitor.sample();
    expect(log).toEqual([]);
    alerts.watch(monitor);
    monitor.sample();
    expect(log).toEqual(['hot firing']);
  });

  it('checks a snapshot once, however often its monitor is watched', async () => {
    let checks = 0;
    const { alerts, clock } = setup({ condition: () => (checks += 1) < 0 });
    const monitor = new RealTimeMonitor({ clock, system: false });
    alerts.watch(monitor);
    const unwatch = alerts.watch(monitor);
    monitor.sample();
    expect(checks).toBe(1);
    unwatch();
    monitor.sample();
    expect(checks).toBe(1);
    await alerts.close();
  });

  it('removes rules, and refuses a name that is taken', () => {
    const { alerts } = setup();
    expect(() => alerts.addRule(hot)).toThrow('Expected a new rule name, got "hot" again');
    alerts.removeRule('hot');
    alerts.addRule(hot);
    expect(alerts.states()).toHaveLength(1);
  });

  it('refuses a bad rule and names what is wrong with it', () => {
    const { alerts } = setup();
    expect(() => alerts.addRule({ ...hot, name: 'b', severity: 'fatal' as never })).toThrow('got "fatal"');
    expect(() => alerts.addRule({ ...hot, name: 'c', message: '{cpuPercentage}' })).toThrow(
      'did you mean `cpuPercent`?',
    );
    expect(() => alerts.addRule({ name: 'd' } as never)).toThrow('`condition`');
    expect(() => alerts.addHandler({} as never)).toThrow('alert handler with `send`');
    expect(() => alerts.watch({} as never)).toThrow('Expected a monitor with `on` to watch, got an object');
    expect(() => new AlertManager({ handlers: { send: () => {} } as never })).toThrow(
      '`handlers` of AlertManager to be an array',
    );
    expect(() => new AlertManager({ rules: {} as never })).toThrow('`rules` of AlertManager to be an array');
  });

  it('keeps the key of an alert within 255 characters', async () => {
    const { told, cpu } = setup({}, { source: 'x'.repeat(400), rules: [hot], handlers: [] });
    expect(told).toEqual([]);
    const clock = new ManualClock();
    const keys: string[] = [];
    const long = new AlertManager({ rules: [hot], source: 'x'.repeat(400), clock });
    long.on('alert:firing', ({ alert }) => keys.push(alert.dedupKey));
    long.check(snapshotWith({ cpuPercent: 95 }));
    await cpu(50);
    expect(keys[0]?.length).toBeLessThanOrEqual(255);
  });
});

describe('a message template', () => {
  it('fills in metrics, decimals, percentages, time and what is not known', () => {
    const message = messageTemplate(
      '{cpuPercent:1} {cpuPercent} {cacheHitRate:percent} {queueDepth} {at} {x}'.replace(' {x}', ''),
    );
    expect(message(snapshotWith({ at: 0, cpuPercent: 91.256, cacheHitRate: 0.1234 }))).toBe(
      '91.3 91.26 12.3% unknown 1970-01-01T00:00:00.000Z',
    );
  });
});

describe('delivery', () => {
  const failing = (times: number, told: number[]): AlertHandler => ({
    name: 'failing',
    send: (_alert, { attempt }) => {
      told.push(attempt);
      if (attempt <= times) throw new Error('down');
    },
  });

  it('reports an async condition instead of taking its promise for true', () => {
    const manager = new AlertManager({
      rules: [
        {
          name: 'async',
          condition: (async () => Promise.reject(new Error('late'))) as never,
          severity: 'info',
          message: 'x',
        },
      ],
    });
    const errors: string[] = [];
    manager.on('alert:error', ({ error }) => errors.push((error as Error).message));
    manager.check(snapshotWith());
    expect(errors).toEqual([
      'Expected `condition` to give its answer at once, got a promise: it must not be async',
    ]);
    expect(manager.states()[0]?.state).toBe('inactive');
  });

  it.each([undefined, '', ' ', 7])(
    'says the name of the rule where its message gives %j',
    async (message) => {
      const told: string[] = [];
      const manager = new AlertManager({
        rules: [{ name: 'odd', condition: () => true, severity: 'info', message: () => message as never }],
        handlers: [(alert) => void told.push(alert.message)],
      });
      let errors = 0;
      manager.on('alert:error', () => (errors += 1));
      manager.check(snapshotWith());
      await manager.close();
      expect([told, errors]).toEqual([['odd'], 1]);
    },
  );

  it('tries again with doubling waits, and reports what it could not tell', async () => {
    const attempts: number[] = [];
    const { alerts, clock, cpu } = setup(
      {},
      { handlers: [failing(99, attempts)], retryDelayMs: 1000, attempts: 3 },
    );
    const undelivered: number[] = [];
    alerts.on('alert:undelivered', (event) => undelivered.push(event.attempts));
    await cpu(95);
    expect(attempts).toEqual([1]);
    await clock.advance(999);
    expect(attempts).toEqual([1]);
    await clock.advance(1);
    await clock.advance(2000);
    expect(attempts).toEqual([1, 2, 3]);
    expect(undelivered).toEqual([3]);
    await alerts.idle();
  });

  it('does not try again what cannot succeed', async () => {
    let attempts = 0;
    const { cpu, clock } = setup(
      {},
      {
        handlers: [
          () => {
            attempts += 1;
            throw new AssayError('ASSAY_SERVER', 'no such channel');
          },
        ],
      },
    );
    await cpu(95);
    await clock.advance(60_000);
    expect(attempts).toBe(1);
  });

  it('waits as long as the receiver asks', async () => {
    const times: number[] = [];
    const { cpu, clock } = setup(
      {},
      {
        handlers: [
          (_alert, { attempt }) => {
            times.push(clock.now());
            if (attempt === 1) throw Object.assign(new Error('slow down'), { retryAfterMs: 7000 });
          },
        ],
      },
    );
    await cpu(95);
    await clock.advance(7000);
    expect(times).toEqual([1000, 8000]);
  });

  it('lets a handler that never settles delay nobody but itself', async () => {
    const told: string[] = [];
    const signals: AbortSignal[] = [];
    const never: AlertHandler = {
      name: 'never',
      send: (_alert, { signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    };
    const undelivered: string[] = [];
    const { alerts, cpu, clock } = setup(
      {},
      {
        handlers: [never, (alert) => void told.push(alert.status)],
        timeoutMs: 5000,
        attempts: 2,
        retryDelayMs: 0,
      },
    );
    alerts.on('alert:undelivered', ({ error }) => undelivered.push((error as AssayError).code));
    await cpu(95, 50);
    expect(told).toEqual(['firing', 'resolved']);
    expect(signals).toHaveLength(1);
    await clock.advance(10_000);
    expect(signals[0]?.aborted).toBe(true);
    expect(undelivered).toEqual(['ASSAY_DEADLINE']);
    expect(signals).toHaveLength(3);
  });

  it('tells alerts of one handler in order, one after the other', async () => {
    const order: string[] = [];
    let running = 0;
    const { cpu, clock } = setup(
      {},
      {
        handlers: [
          async ({ status }) => {
            running += 1;
            order.push(`${status} ${running}`);
            await new Promise<void>((resolve) => clock.schedule(resolve, 1500));
            running -= 1;
          },
        ],
      },
    );
    await cpu(95, 50, 95, 50);
    await clock.advance(10_000);
    expect(order).toEqual(['firing 1', 'resolved 1', 'firing 1', 'resolved 1']);
  });

  it('keeps to the least time between two tellings', async () => {
    const times: number[] = [];
    const { cpu, clock } = setup(
      {},
      {
        handlers: [{ name: 'slow lane', minIntervalMs: 5000, send: () => void times.push(clock.now()) }],
      },
    );
    await cpu(95, 50, 95);
    await clock.advance(20_000);
    expect(times).toEqual([1000, 6000, 11_000]);
  });

  it('drops the oldest when too much waits, and counts it', async () => {
    const statuses: string[] = [];
    let release: () => void = () => {};
    const { alerts, cpu } = setup(
      {},
      {
        queueSize: 2,
        timeoutMs: Number.POSITIVE_INFINITY,
        handlers: [
          async ({ status, startedAt }) => {
            statuses.push(`${status} ${startedAt % 100_000}`);
            if (statuses.length === 1) await new Promise<void>((resolve) => (release = resolve));
          },
        ],
      },
    );
    const dropped: number[] = [];
    alerts.on('alert:dropped', (event) => dropped.push(event.dropped));
    await cpu(95, 50, 95, 50, 95, 50);
    expect(dropped).toEqual([1, 2, 3]);
    expect(alerts.dropped).toBe(3);
    release();
    await alerts.idle();
    expect(statuses).toEqual(['firing 1000', 'firing 5000', 'resolved 5000']);
  });

  it('says of every alert that it gives up at close', async () => {
    const { alerts, cpu, clock } = setup(
      {},
      {
        retryDelayMs: 60_000,
        handlers: [
          { name: 'slow lane', minIntervalMs: 60_000, send: () => {} },
          { name: 'down', send: () => Promise.reject(new Error('down')) },
        ],
      },
    );
    const given: string[] = [];
    alerts.on('alert:dropped', ({ handler, alert }) => given.push(`${handler} dropped ${alert.status}`));
    alerts.on('alert:undelivered', ({ handler, alert, attempts, error }) =>
      given.push(`${handler} undelivered ${alert.status} ${attempts} ${(error as Error).message}`),
    );
    await cpu(95, 50, 95);
    const closed = alerts.close({ timeoutMs: 1000 });
    await clock.advance(1000);
    await closed;
    expect(given.toSorted()).toEqual([
      'down dropped firing',
      'down dropped resolved',
      'down undelivered firing 1 down',
      'slow lane dropped firing',
      'slow lane dropped resolved',
    ]);
    expect(alerts.dropped).toBe(4);
    expect(clock.pendingTimers).toBe(0);
  });

  it('waits at close for what is being told, but not for ever', async () => {
    const told: string[] = [];
    const { alerts, cpu, clock } = setup(
      {},
      {
        handlers: [
          async ({ status }) => {
            await new Promise<void>((resolve) => clock.schedule(resolve, 2000));
            told.push(status);
          },
          { name: 'never', send: () => new Promise(() => {}) },
        ],
        timeoutMs: Number.POSITIVE_INFINITY,
      },
    );
    const given: unknown[] = [];
    alerts.on('alert:undelivered', ({ handler, error }) => given.push([handler, error]));
    await cpu(95);
    const closed = alerts.close({ timeoutMs: 4000 });
    await clock.advance(4000);
    await closed;
    await alerts.close();
    expect(told).toEqual(['firing']);
    expect(given).toEqual([['never', expect.objectContaining({ code: 'ASSAY_CLOSED' })]]);
    expect(clock.pendingTimers).toBe(0);
    await cpu(50);
    expect(told).toEqual(['firing']);
    expect(() => alerts.watch(new RealTimeMonitor({ clock, system: false }))).toThrow(
      expect.objectContaining({ code: 'ASSAY_CLOSED' }),
    );
  });
});

it('goes on with a handler that throws what throws when it is looked at', async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const failed: number[] = [];
  const { alerts, cpu, clock } = setup({}, { handlers: [() => Promise.reject(proxy as Error)], attempts: 2 });
  alerts.on('alert:undelivered', ({ attempts }) => failed.push(attempts));
  await cpu(95, 50);
  for (let second = 0; second < 60; second++) await clock.advance(1000);
  expect(failed).toEqual([2, 2]); // that it fires, and that it is over
});
