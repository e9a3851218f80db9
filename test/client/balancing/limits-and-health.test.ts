import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AdaptiveConcurrency,
  adaptiveConcurrencyOptions,
} from '../../../src/client/balancing/adaptive-concurrency.js';
import { DeadlineList, Deadline } from '../../../src/client/call/deadline-list.js';
import { HedgePlan } from '../../../src/client/call/hedge.js';
import { OutlierEjection, outlierEjectionOptions } from '../../../src/client/balancing/outlier-ejection.js';
import { createPolicy, type EndpointCandidate } from '../../../src/client/balancing/endpoint-policy.js';
import { costOf } from '../../../src/client/price-table.js';
import type { RateLimit } from '../../../src/client/balancing/rate-limit.js';
import { limitResetMs, resetMs, retryAfterMs } from '../../../src/client/balancing/retry-after.js';
import { RetryBudget } from '../../../src/client/call/retry-budget.js';
import { backoffMs, retryOptions } from '../../../src/client/call/retry.js';
import { RollingCount } from '../../../src/client/balancing/rolling-count.js';
import { TokenBucket } from '../../../src/foundation/token-bucket.js';
import { seededRandom } from '../../../src/foundation/seeded-random.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { rateLimitFor } from './fleet.js';

describe('retry-after', () => {
  const wall = Date.parse('2026-11-23T12:00:00Z');
  test.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': 'Mon, 23 Nov 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Mon, 23 Nov 2026 11:00:00 GMT' }, undefined],
    [{ 'retry-after-ms': '120', 'retry-after': '7' }, 120],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('reads %j', (headers, expected) => {
    expect(retryAfterMs(headers, wall)).toBe(expected);
  });
  test.each([
    [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6m0s' }, 360_000],
    [{ 'x-ratelimit-remaining-tokens': '9', 'x-ratelimit-reset-tokens': '1s' }, undefined],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(wall + 4000) }, 4000],
    [{ 'x-ratelimit-remaining': '', 'x-ratelimit-reset': '5' }, undefined],
    [{ ratelimit: '"default";r=0;t=5' }, 5000],
    [{ ratelimit: 'limit=10, remaining=3, reset=5' }, undefined],
    [
      {
        'anthropic-ratelimit-tokens-remaining': '0',
        'anthropic-ratelimit-tokens-reset': '2026-11-23T12:00:09Z',
      },
      9000,
    ],
  ])('reads the reset of a limit that is used up: %j', (headers, expected) => {
    expect(limitResetMs(headers, wall)).toBe(expected);
  });
  test.each([
    [['1', '3'], 3000],
    ['1, 1', 1000],
    ['"7"', 7000],
    ["'7'", 7000],
    ['7s', 7000],
    ['7 seconds', 7000],
    ['2 min', 120_000],
    ['1m30s', 90_000],
    ['PT30S', 30_000],
    ['120;w=60', 120_000],
    [String(wall / 1000 + 30), 30_000],
    [String(wall + 30_000), 30_000],
    [`${wall / 1000 + 30}, ${wall / 1000 + 40}`, 40_000],
    [String(wall / 1000 - 30), undefined],
    ['', undefined],
    [' ', undefined],
    ['0', undefined],
    ['-1', undefined],
    ['NaN', undefined],
    ['Infinity', undefined],
    ['undefined', undefined],
    ['2026-11-23T12:00:30Z', 30_000],
    ['Monday, 23-Nov-26 12:00:30 GMT', 30_000],
    ['Mon Nov 23 12:00:30 2026', 30_000],
    ['2026-11-23T12:00:30', 30_000],
    ['00:00:30', undefined],
    ['soon, 30', 30_000],
    [`${wall + 30_000}000`, 30_000],
    [`${wall + 30_000}000000`, 30_000],
  ])('reads Retry-After: %j', (value, expected) => {
    expect(retryAfterMs({ 'retry-after': value }, wall)).toBe(expected);
  });
  test('reads milliseconds, also as a point in time', () => {
    expect(retryAfterMs({ 'retry-after-ms': String(wall + 250) }, wall)).toBe(250);
    expect(retryAfterMs({ 'retry-after-ms': '', 'retry-after': '2' }, wall)).toBe(2000);
  });
  test.each([
    ['12ms', 12],
    ['1h2m3.5s', 3_723_500],
    ['3', 3000],
    ['1x', undefined],
  ])('reads the reset %s', (text, ms) => {
    expect(resetMs(text, wall)).toBe(ms);
  });
});

test('a token bucket lets no more through than its burst and its rate, whoever waits how long', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.5, max: 200, noNaN: true }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 }),
      (perSecond, burst, steps) => {
        const bucket = new TokenBucket({ perSecond, burst }, 0);
        const sent: number[] = [];
        let now = 0;
        for (const step of steps) {
          now += step;
          while (bucket.waitMs(1, now) === 0) {
            bucket.charge(1, now);
            sent.push(now);
          }
        }
        for (const from of sent) {
          const inSecond = sent.filter((at) => at >= from && at < from + 1000).length;
          expect(inSecond).toBeLessThanOrEqual(perSecond + burst + 1);
        }
      },
    ),
  );
});

test('a rolling count is the sum of what happened within its window', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 100 }), (gaps) => {
      const count = new RollingCount(10, 1000);
      const times: number[] = [];
      let now = 0;
      for (const gap of gaps) {
        now += gap;
        count.add(now);
        times.push(now);
        const slot = Math.floor(now / 1000);
        expect(count.total(now)).toBe(times.filter((at) => Math.floor(at / 1000) > slot - 10).length);
      }
    }),
  );
});

describe('RateLimit', () => {
  // `atOnce` calls are out before the first of them is answered.
  const drive = (limit: RateLimit, seconds: number, serverRate: number, burst: number, atOnce = 1) => {
    const server = new TokenBucket({ perSecond: serverRate, burst }, 0);
    let ok = 0;
    let refused = 0;
    for (let now = 0; now < seconds * 1000; now++) {
      while (limit.waitMs(0, now) === 0 && ok + refused < 1e6) {
        let out = 0;
        for (; out < atOnce && limit.waitMs(0, now) === 0; out++) limit.admit(0, now);
        for (; out > 0; out--) {
          if (server.waitMs(1, now) === 0) {
            server.charge(1, now);
            ok++;
          } else {
            refused++;
            limit.rateLimited({ retryAfterMs: 1000, sentAt: now, inFlight: out }, now + 0.001);
          }
        }
      }
    }
    return { used: ok / (serverRate * seconds + burst), refused: (100 * refused) / (ok + refused) };
  };

  test('uses 97 % of a declared limit without one refusal', () => {
    const limit = rateLimitFor({ requestsPerMinute: 600 }, seededRandom(1));
    const { used, refused } = drive(limit, 120, 10, 10);
    expect(refused).toBe(0);
    expect(used).toBeGreaterThan(0.96);
  });

  test('learns an unknown limit: 95 % of it used, at most 2 refusals a hundred calls', () => {
    const { used, refused } = drive(rateLimitFor({}, seededRandom(1)), 120, 50, 50, 64);
    expect(used).toBeGreaterThan(0.95);
    expect(refused).toBeLessThan(2);
  });

  // 64 calls are out before the first is refused: that tells the server's bucket and not its rate.
  test.each([
    [200, 20],
    [50, 10],
    [10, 10],
    [10, 2],
  ])('finds a rate of %i/s behind a bucket of %i', (rate, burst) => {
    const limit = rateLimitFor({}, seededRandom(2));
    const { used } = drive(limit, 60, rate, burst, 64);
    expect(used).toBeGreaterThan(0.8);
    expect(limit.requestsPerSecond).toBeGreaterThan(rate * 0.85);
    expect(limit.requestsPerSecond).toBeLessThan(rate * 1.25);
  });

  test('learns below a limit that is declared or told too high, and never goes above it', () => {
    const told = rateLimitFor({}, seededRandom(4));
    told.learn({ headers: { 'x-ratelimit-limit-requests': '6000' }, inFlight: 0, wallTime: 0 }, 0);
    const declared = rateLimitFor({ requestsPerMinute: 6000 }, seededRandom(4));
    for (const limit of [told, declared]) {
      drive(limit, 60, 10, 2, 64);
      expect(limit.requestsPerSecond).toBeLessThan(12);
      for (let now = 60_000; now < 200_000; now += 10) if (limit.waitMs(0, now) === 0) limit.admit(0, now);
      expect(limit.requestsPerSecond).toBe(98);
    }
  });

  test('a refusal that comes late does not undo what was learned since', () => {
    const limit = rateLimitFor({}, seededRandom(3));
    drive(limit, 20, 50, 10, 64);
    const learned = limit.requestsPerSecond;
    limit.rateLimited({ retryAfterMs: 1000, sentAt: 0, inFlight: 1 }, 20_000);
    expect(limit.requestsPerSecond).toBe(learned);
  });

  test('takes limits from headers, and ignores those a server does not apply', () => {
    const limit = rateLimitFor({}, Math.random);
    expect(
      limit.learn(
        {
          headers: { 'x-ratelimit-limit-requests': '-1', 'x-ratelimit-limit-tokens': '0' },
          inFlight: 1,
          wallTime: 0,
        },
        0,
      ),
    ).toBe(false);
    expect(
      limit.learn(
        {
          headers: { 'x-ratelimit-limit-requests': '600', 'x-ratelimit-limit-tokens': '60000' },
          inFlight: 1,
          wallTime: 0,
        },
        0,
      ),
    ).toBe(true);
    expect(limit.requestsPerSecond).toBeCloseTo(9.8);
    expect(limit.tokensPerSecond).toBeCloseTo(980);
    expect(
      limit.learn({ headers: { 'x-ratelimit-limit-requests': '600' }, inFlight: 1, wallTime: 0 }, 0),
    ).toBe(false);
  });

  test('only ever makes a pause longer', () => {
    const limit = rateLimitFor({}, () => 0);
    limit.rateLimited({ retryAfterMs: 5000, sentAt: 0, inFlight: 1 }, 0);
    limit.rateLimited({ retryAfterMs: 100, sentAt: 1, inFlight: 1 }, 1);
    expect(limit.pausedUntil).toBe(5000);
    expect(limit.waitMs(0, 1000)).toBe(4000);
  });

  test('charges tokens at admission and puts back what was not used', () => {
    const limit = rateLimitFor({ tokensPerMinute: 60_000 }, () => 0);
    limit.admit(2000, 0);
    const owed = limit.waitMs(100, 0);
    expect(owed).toBeGreaterThan(1000);
    limit.correctTokens(2000, 0, 0);
    expect(limit.waitMs(100, 0)).toBe(0);
  });
});

describe('OutlierEjection', () => {
  const make = () => new OutlierEjection(outlierEjectionOptions({}), () => 0.5);

  test('ejects after five failures in a row, for a time that doubles, and probes with one call', () => {
    const health = make();
    for (let index = 0; index < 4; index++) expect(health.failed(0, health.epoch, false)).toBe('none');
    expect(health.failed(0, health.epoch, false)).toBe('ejected');
    expect([health.available(4999), health.available(5000)]).toEqual([false, true]);
    expect(health.started()).toBe(true);
    expect(health.available(5000)).toBe(false); // one probe at a time
    expect(health.failed(5001, health.epoch, false)).toBe('ejected');
    expect(health.availableAt(5001)).toBe(15_001);
    health.started();
    expect(health.succeeded(15_002, health.epoch)).toBe('restored');
    expect(health.state).toBe('healthy');
  });

  test('ejects for the share of failures', () => {
    const health = make();
    let change = 'none';
    for (let index = 0; index < 20 && change === 'none'; index++) {
      change =
        index % 3 === 2 ? health.succeeded(index, health.epoch) : health.failed(index, health.epoch, false);
    }
    expect([change, health.reason]).toEqual(['ejected', 'failure-rate']);
  });

  test('does not hear results of calls from before a change of state', () => {
    const health = make();
    const before = health.epoch;
    for (let index = 0; index < 5; index++) health.failed(0, before, true);
    expect(health.succeeded(1, before)).toBe('none');
    expect(health.failed(1, before, true)).toBe('none');
    expect(health.until).toBe(1000); // unreachable: soon again
  });

  test('is set aside for two seconds, twice as long each time up to five minutes, and probed after each', () => {
    const health = make();
    const lengths: number[] = [];
    let now = 0;
    for (let time = 0; time < 10; time++) {
      health.quarantine(now);
      lengths.push(health.until - now);
      expect(health.available(now)).toBe(false);
      now = health.until;
      expect([health.available(now), health.started()]).toEqual([true, true]);
    }
    expect(lengths).toEqual([2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000]);
    expect(health.succeeded(now, health.epoch)).toBe('restored');
    health.quarantine(now);
    expect(health.restore(now)).toBe('restored');
    expect(health.available(now)).toBe(true);
  });

  test('a probe that tells nothing leaves the next one due', () => {
    const health = make();
    health.quarantine(0);
    health.started();
    expect(health.available(3000)).toBe(false);
    health.probeToldNothing(health.epoch);
    expect([health.available(3000), health.state]).toEqual([true, 'probing']);
  });
});

describe('policies', () => {
  const candidate = (
    index: number,
    over: Partial<EndpointCandidate> & { estimate?: number } = {},
  ): EndpointCandidate => ({
    id: `e${index}`,
    index,
    weight: 1,
    inFlight: 0,
    estimateAt: () => over.estimate ?? 1,
    floorAt: () => 0,
    wantsSample: () => false,
    ...over,
  });
  const context = { now: 0, random: seededRandom(7) };
  const share = (name: Parameters<typeof createPolicy>[0], candidates: EndpointCandidate[]) => {
    const policy = createPolicy(name);
    const counts = candidates.map(() => 0);
    for (let index = 0; index < 3000; index++) counts[policy.pick(candidates, context).index]!++;
    return counts.map((count) => count / 3000);
  };

  test('latency-aware prefers the fast one until it is busier than the square of its lead', () => {
    const policy = createPolicy('latency-aware');
    const slow = candidate(1, { estimate: 2 });
    expect(policy.pick([candidate(0, { inFlight: 2 }), slow], context).index).toBe(0);
    expect(policy.pick([candidate(0, { inFlight: 4 }), slow], context).index).toBe(1);
    expect(
      policy.pick([candidate(0), candidate(1, { wantsSample: () => true, estimate: 99 })], context).index,
    ).toBe(1);
  });
  test('breaks ties at random and evenly', () => {
    for (const part of share('latency-aware', [candidate(0), candidate(1), candidate(2)]))
      expect(part).toBeCloseTo(1 / 3, 1);
  });
  test('takes an endpoint nobody knows for as slow as the slowest', () => {
    const policy = createPolicy('latency-aware');
    expect(
      policy.pick([candidate(0, { estimate: Number.NaN }), candidate(1, { estimate: 3 })], context).index,
    ).toBe(1);
  });
  test('round-robin follows the weights', () => {
    expect(share('round-robin', [candidate(0, { weight: 2 }), candidate(1)])).toEqual([2 / 3, 1 / 3]);
  });
  test('weighted-random follows weight over latency', () => {
    const [first] = share('weighted-random', [candidate(0, { weight: 3 }), candidate(1, { estimate: 1 })]);
    expect(first).toBeCloseTo(0.75, 1);
  });
  test('least-outstanding counts calls in flight', () => {
    expect(
      createPolicy('least-outstanding').pick(
        [candidate(0, { inFlight: 2 }), candidate(1, { inFlight: 1 })],
        context,
      ).index,
    ).toBe(1);
  });
});

test('a retry budget allows a floor and a share of the calls, and says how long to wait', () => {
  const budget = new RetryBudget({ ratio: 0.2, minimumPerSecond: 1 });
  for (let index = 0; index < 100; index++) budget.deposit(0);
  let allowed = 0;
  while (budget.withdraw(0)) allowed++;
  expect(allowed).toBe(30);
  expect(budget.withdraw(20_000)).toBe(true);
  expect(budget.waitMs).toBeGreaterThan(0);
});

test('backoff has full jitter, doubles and is capped', () => {
  const settings = retryOptions({}, 1);
  expect([0, 1, 2, 10].map((retry) => backoffMs(settings, { retry, random: () => 1 }))).toEqual([
    500, 1000, 2000, 8000,
  ]);
  expect(backoffMs(settings, { retry: 3, random: () => 0 })).toBe(0);
  expect(retryOptions({}, 9).maxRetries).toBe(11);
  expect(retryOptions({ maxRetries: 0 }, 9).maxRetries).toBe(0);
});

test('adaptive concurrency starts slowly, doubles, and is cut at most once a second', () => {
  const limit = new AdaptiveConcurrency(adaptiveConcurrencyOptions({ initial: 4 }));
  for (let index = 0; index < 4; index++) limit.succeeded(4);
  expect(limit.limit).toBe(8);
  limit.succeeded(1); // unused room does not grow
  expect(limit.limit).toBe(8);
  expect([limit.overloaded(8, 0), limit.overloaded(8, 500), limit.overloaded(8, 1500)]).toEqual([
    true,
    false,
    true,
  ]);
  expect(limit.limit).toBe(6);
  limit.succeeded(6);
  expect(limit.limit).toBe(6); // now one for each limit's worth
});

test('hedges after the 95th percentile per unit of work, for at most its share of calls', () => {
  const plan = new HedgePlan({ quantile: 0.95, maxExtraLoad: 0.05, minimumDelayMs: 1 });
  expect(plan.delayMs(1)).toBeUndefined();
  for (let index = 1; index <= 100; index++) plan.observe(index, 1);
  expect(plan.delayMs(2)).toBe(192);
  let hedges = 0;
  for (let index = 0; index < 1000; index++) {
    plan.deposit();
    if (plan.withdraw()) hedges++;
  }
  expect(hedges).toBeGreaterThan(45);
  expect(hedges).toBeLessThanOrEqual(50);
});

test('prices cached input on its own, and gives no cost where usage or price is unknown', () => {
  const prices = { m: { inputPerMillion: 10, outputPerMillion: 20, cachedInputPerMillion: 1 } };
  expect(
    costOf(prices, {
      reported: 'm',
      asked: 'm',
      usage: { inputTokens: 100, outputTokens: 10, cachedInputTokens: 40 },
    }),
  ).toBeCloseTo((600 + 40 + 200) / 1e6);
  expect(
    costOf(prices, { reported: 'm-dated', asked: 'm', usage: { inputTokens: 1, outputTokens: 0 } }),
  ).toBeCloseTo(1e-5);
  expect(
    costOf(prices, { reported: 'toString', asked: 'x', usage: { inputTokens: 1, outputTokens: 0 } }),
  ).toBeNull();
  expect(costOf(prices, { reported: 'm', asked: 'm', usage: null })).toBeNull();
});

test('a deadline list fires in order with one timer, and forgets what was stopped', async () => {
  const clock = new ManualClock();
  const list = new DeadlineList(clock, 100);
  const fired: number[] = [];
  const deadlines = [0, 1, 2].map((index) => new Deadline({ deadlinePassed: () => void fired.push(index) }));
  list.start(deadlines[0]!, 0);
  await clock.advance(50);
  list.start(deadlines[1]!, 50);
  list.start(deadlines[2]!, 50);
  expect(clock.pendingTimers).toBe(1);
  deadlines[1]!.stop();
  await clock.advance(60);
  expect(fired).toEqual([0]);
  await clock.advance(60);
  expect(fired).toEqual([0, 2]);
  expect(clock.pendingTimers).toBe(0);
});
