import { describe, expect, test } from 'vitest';
import { FirstWave } from '../../../src/client/balancing/first-wave.js';
import { RateLimit } from '../../../src/client/balancing/rate-limit.js';
import { Refusals } from '../../../src/client/balancing/refusals.js';
import { RollingCount } from '../../../src/client/balancing/rolling-count.js';
import { TokenBucket } from '../../../src/foundation/token-bucket.js';
import { seededRandom } from '../../../src/foundation/seeded-random.js';
import { rateLimitFor } from './fleet.js';

/** Whether a server lets through a call that arrives at `now`. */
type Admission = (now: number) => boolean;

function bucket(perSecond: number, burst: number): Admission {
  const level = new TokenBucket({ perSecond, burst }, 0);
  return (now) => {
    const room = level.waitMs(1, now) === 0;
    if (room) level.charge(1, now);
    return room;
  };
}

function slidingWindow(calls: number, ms: number): Admission {
  const admitted: number[] = [];
  return (now) => {
    while (admitted[0] !== undefined && admitted[0] <= now - ms) admitted.shift();
    return admitted.length < calls && admitted.push(now) > 0;
  };
}

function fixedWindow(calls: number, ms: number): Admission {
  let window = -1;
  let used = 0;
  return (now) => {
    if (Math.floor(now / ms) !== window) used = 0;
    window = Math.floor(now / ms);
    return used++ < calls;
  };
}

interface Load {
  readonly seconds?: number;
  readonly lanes?: number;
  readonly latencyMs?: number;
  readonly refusalMs?: number;
  readonly retryAfterMs?: number | undefined;
}

/** Lanes that call one after the other, in virtual milliseconds; tells what came through and what was refused. */
function drive(
  limits: RateLimit | readonly RateLimit[],
  admits: Admission,
  load: Load,
): { through: number; refused: number } {
  const { seconds = 20, lanes = 64, latencyMs = 100, refusalMs = 20 } = load;
  const retryAfterMs = 'retryAfterMs' in load ? load.retryAfterMs : 1000;
  const clients = [limits].flat().map((limit) => ({
    limit,
    inFlight: [] as { ok: boolean; sentAt: number; endsAt: number }[],
  }));
  let through = 0;
  let refused = 0;
  for (let now = 0; now < seconds * 1000; now++) {
    for (const { limit, inFlight } of clients) {
      for (let index = inFlight.length - 1; index >= 0; index--) {
        const { ok, sentAt, endsAt } = inFlight[index]!;
        if (endsAt > now) continue;
        if (ok) limit.succeeded(sentAt, now);
        else limit.rateLimited({ retryAfterMs, sentAt, inFlight: inFlight.length }, now);
        inFlight.splice(index, 1);
      }
      while (inFlight.length < lanes && limit.waitMs(0, now) === 0) {
        limit.admit(0, now);
        const ok = admits(now);
        if (ok) through++;
        else refused++;
        inFlight.push({ ok, sentAt: now, endsAt: now + (ok ? latencyMs : refusalMs) });
      }
    }
  }
  return { through, refused };
}

const unknown = (): RateLimit => rateLimitFor({}, seededRandom(1));

const atOnce = { latencyMs: 5, refusalMs: 1 };

describe('a limit nobody told', () => {
  // What the first wave of 64 costs beyond the bucket is the most of it: 14 refusals at 50 a second.
  test.each<[string, number, Admission, Load, { used: number; refused: number }]>([
    ['a bucket of a second', 50, bucket(50, 50), {}, { used: 0.95, refused: 2 }],
    ['answers at once', 50, bucket(50, 50), atOnce, { used: 0.95, refused: 2 }],
    ['slow answers', 50, bucket(50, 50), { latencyMs: 500, refusalMs: 100 }, { used: 0.95, refused: 2.5 }],
    ['no Retry-After', 50, bucket(50, 50), { retryAfterMs: undefined }, { used: 0.95, refused: 2 }],
    ['a short Retry-After', 50, bucket(50, 50), { retryAfterMs: 20 }, { used: 0.95, refused: 2 }],
    ['few lanes', 50, bucket(50, 50), { ...atOnce, lanes: 8 }, { used: 0.95, refused: 2 }],
    ['200 a second', 200, bucket(200, 200), atOnce, { used: 0.95, refused: 2 }],
    ['a bucket of two seconds', 50, bucket(50, 100), {}, { used: 0.95, refused: 3 }],
    ['a bucket of a tenth', 50, bucket(50, 5), {}, { used: 0.7, refused: 9 }],
    ['a bucket of one call', 50, bucket(50, 1), {}, { used: 0.55, refused: 12 }],
    ['a window of a second', 50, fixedWindow(50, 1000), {}, { used: 0.9, refused: 2.5 }],
    ['a sliding second', 50, slidingWindow(50, 1000), {}, { used: 0.85, refused: 2.5 }],
    ['ten sliding seconds', 50, slidingWindow(500, 10_000), {}, { used: 0.95, refused: 4.2 }],
  ])('is found in 20 s: %s', (_, perSecond, admits, load, least) => {
    const { through, refused } = drive(unknown(), admits, load);
    expect(through / (20 * perSecond)).toBeGreaterThan(least.used);
    expect((100 * refused) / through).toBeLessThanOrEqual(least.refused);
  });

  test.each([1, 5, 50, 100])('is kept without new refusals every few seconds: a bucket of %i', (burst) => {
    const { through, refused } = drive(unknown(), bucket(50, burst), { seconds: 120 });
    expect(through / (120 * 50)).toBeGreaterThan(0.8);
    expect((100 * refused) / through).toBeLessThanOrEqual(2);
  });

  test('is followed when it falls and when it is raised', () => {
    const [before, after] = [bucket(50, 50), bucket(20, 20)];
    const falls = drive(unknown(), (now) => (now < 20_000 ? before : after)(now), { seconds: 60 });
    expect(falls.through / (50 * 20 + 20 * 40)).toBeGreaterThan(0.95);
    const rises = drive(unknown(), (now) => (now < 20_000 ? after : before)(now), { seconds: 120 });
    expect(rises.through / (20 * 20 + 50 * 100)).toBeGreaterThan(0.85);
    expect((100 * (falls.refused + rises.refused)) / (falls.through + rises.through)).toBeLessThan(2);
  });

  test('is shared by processes that know nothing of each other', () => {
    const limits = [1, 2].map((seed) => rateLimitFor({}, seededRandom(seed)));
    const { through, refused } = drive(limits, bucket(50, 50), { seconds: 120, lanes: 32 });
    expect(through / (120 * 50)).toBeGreaterThan(0.95);
    expect((100 * refused) / through).toBeLessThan(2);
  });
});

test('a server that refuses at random is not talked down', () => {
  const random = seededRandom(3);
  const limit = unknown();
  drive(limit, () => random() > 0.02, { seconds: 60, retryAfterMs: 100 });
  expect(limit.requestsPerSecond).toBeNull();
});

test('after a pause one call goes first, and the others wait for its refusal', () => {
  const limit = unknown();
  limit.admit(0, 0);
  limit.rateLimited({ retryAfterMs: 1000, sentAt: 0, inFlight: 1 }, 40);
  const open = limit.pausedUntil;
  expect(limit.waitMs(0, open)).toBe(0);
  limit.admit(0, open);
  expect(limit.waitMs(0, open)).toBe(60);
  expect(limit.waitMs(0, open + 60)).toBe(0);
});

test('however long a server asks to wait, it is asked again after the longest pause, by one call', () => {
  for (const refuse of ['rateLimited', 'overloaded'] as const) {
    const limit = new RateLimit({ rateLimit: {}, random: () => 0, maxPauseMs: 5000, firstWave: 64 }, 0);
    const years = 1e12;
    if (refuse === 'overloaded') limit.overloaded(years, 0);
    else limit.rateLimited({ retryAfterMs: years, sentAt: 0, inFlight: 1 }, 40);
    expect(limit.waitMs(0, 40)).toBeLessThanOrEqual(5000);
    limit.admit(0, 5040);
    expect(limit.waitMs(0, 5040)).toBeGreaterThan(0);
  }
});

test('a server that stays closed and says nothing is asked less and less often, until it answers', () => {
  const limit = rateLimitFor({}, () => 0);
  const pauses: number[] = [];
  let now = 0;
  const refuse = (): void => {
    limit.admit(0, now);
    limit.rateLimited({ retryAfterMs: undefined, sentAt: now, inFlight: 1 }, now + 10);
    pauses.push(limit.pausedUntil - now - 10);
    now = limit.pausedUntil;
  };
  for (let index = 0; index < 12; index++) refuse();
  expect(pauses.slice(0, 3)).toEqual([1000, 1500, 2250]);
  expect(pauses.at(-1)).toBe(30_000);
  limit.admit(0, now);
  limit.succeeded(now, now + 10);
  now += 100;
  refuse();
  expect(pauses.at(-1)).toBe(1000);
});

describe('the first wave to an endpoint', () => {
  test('lets 64 calls go at once and the others after the first answer and half its time', () => {
    const opening = new FirstWave(64);
    for (let call = 0; call < 64; call++) {
      expect(opening.waitMs(0)).toBe(0);
      opening.sent(0);
    }
    expect(opening.waitMs(10)).toBe(190);
    opening.answered(0, 20);
    expect([opening.waitMs(20), opening.isOver(20)]).toEqual([10, false]);
    expect([opening.waitMs(30), opening.isOver(30)]).toEqual([0, true]);
  });

  test('waits no longer when all of the first wave are answered', () => {
    const opening = new FirstWave(64);
    for (let call = 0; call < 64; call++) opening.sent(0);
    for (let call = 0; call < 63; call++) opening.answered(0, 80);
    expect(opening.waitMs(80)).toBe(40);
    opening.answered(0, 81);
    expect([opening.waitMs(81), opening.isOver(81)]).toEqual([0, true]);
  });

  test('waits 200 ms for an answer and 50 ms after it at most, and not at all for a few calls', () => {
    const slow = new FirstWave(64);
    for (let call = 0; call < 64; call++) slow.sent(0);
    expect(slow.waitMs(200)).toBe(0);
    slow.answered(0, 5000);
    expect(slow.waitMs(5000)).toBe(50);
    const few = new FirstWave(64);
    few.sent(0);
    few.answered(0, 5000);
    expect(few.isOver(5000)).toBe(true);
  });

  test('beside others is smaller, and grows by half every 300 ms while nothing is answered', () => {
    expect([1, 2, 4, 8, 100].map((endpoints) => FirstWave.callsOf(endpoints))).toEqual([64, 32, 16, 8, 8]);
    expect([1, 2, 0.5, 100].map((share) => FirstWave.callsOf(3, share))).toEqual([1, 2, 1, 21]);
    expect(FirstWave.callsOf(1, 2)).toBe(64);
    const wave = new FirstWave(8);
    const sentBy = (now: number): number => {
      let sent = 0;
      for (; wave.waitMs(now) === 0; sent++) wave.sent(now);
      return sent;
    };
    expect([0, 100, 300, 599, 600, 2000].map(sentBy)).toEqual([8, 0, 4, 0, 6, 9]); // one step, however late
    expect(wave.waitMs(2050)).toBe(250);
    wave.answered(0, 2060);
    expect(wave.waitMs(2060)).toBe(50);
  });

  test('never makes a pause shorter', () => {
    const limit = rateLimitFor({}, () => 0);
    for (let call = 0; call < 10; call++) limit.admit(0, 0);
    limit.overloaded(10_000, 1);
    limit.succeeded(0, 2);
    expect(limit.waitMs(0, 2)).toBe(9999);
  });
});

test('refusals show a limit by their share of what was in flight, also over several episodes', () => {
  const sent = new RollingCount(256, 25);
  for (let now = 0; now < 2000; now++) sent.add(now, 10);
  const refusals = new Refusals();
  refusals.add(2000, 8, 2001);
  refusals.add(2000, 7, 2001.5);
  expect(refusals.showLimit(sent, 2002)).toBe(false);
  refusals.add(4000, 8, 4001);
  refusals.add(4000, 7, 4001.5);
  refusals.add(4000, 6, 4001.5);
  expect(refusals.showLimit(sent, 4002)).toBe(true);
  expect([refusals.inARow, refusals.fastestMs]).toEqual([2, 1]);
});

test('a rolling count remembers where in its window something was', () => {
  const count = new RollingCount(4, 10);
  for (const at of [5, 15, 25, 35]) count.add(at);
  count.add(12, -1);
  count.add(-20); // long forgotten
  const sums: [number, number][] = [];
  count.backwards(10, 29, (sum, from) => sums.push([sum, from]));
  expect(sums).toEqual([
    [1, 20],
    [1, 10],
  ]);
  expect([count.between(0, 39), count.total(39)]).toEqual([3, 3]);
});

test('a rate that is being learned keeps nobody from waiting for a server that was closed for a moment', () => {
  const limit = rateLimitFor({}, () => 0);
  for (let i = 0; i < 64; i++) limit.admit(0, 0);
  for (let i = 64; i > 0; i--) limit.rateLimited({ retryAfterMs: 1000, sentAt: 0, inFlight: i }, 10);
  expect(limit.waitMs(0, 10, 2000)).toBeGreaterThan(600_000);
  expect(limit.sureWaitMs(0, 10, 2000)).toBe(1000);

  const declared = rateLimitFor({ requestsPerMinute: 60 }, () => 0);
  expect(declared.sureWaitMs(0, 0, 2000)).toBe(declared.waitMs(0, 0, 2000));
});
