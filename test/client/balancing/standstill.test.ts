import { afterEach, expect, test, vi } from 'vitest';
import { EndpointSelector } from '../../../src/client/balancing/endpoint-selector.js';
import { WaitingRoom } from '../../../src/client/balancing/waiting-room.js';
import { nextTurn } from '../../../src/foundation/event-loop-turns.js';
import { runSchedule } from './schedule.js';

const SCHEDULES = 20_000;

afterEach(() => {
  vi.restoreAllMocks();
});

test(`in ${SCHEDULES} random schedules no call stands still: while one waits, something moves it, and a free place is taken`, async () => {
  let [calls, answered, attempts] = [0, 0, 0];
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    const outcome = runSchedule(seed);
    if (outcome.stall !== undefined) expect.fail(`schedule ${seed}: ${outcome.stall}`);
    calls += outcome.calls;
    answered += outcome.answered;
    attempts += outcome.attempts;
    if (seed % 200 === 0) await nextTurn();
  }
  expect(answered).toBeGreaterThan(calls / 2); // it is no test of silence
  expect(attempts).toBeGreaterThan(calls);
}, 240_000);

const firstStall = (): string | undefined => {
  for (let seed = 1; seed <= 2000; seed++) {
    const { stall } = runSchedule(seed);
    if (stall !== undefined) return stall;
  }
  return undefined;
};

test('the rule by which calls used to stand still is found: a queue is woken only by its own endpoint', () => {
  vi.spyOn(EndpointSelector.prototype, 'canRelieve').mockReturnValue(false);
  expect(firstStall()).toMatch(/a call waits for .*, and .* has a free place/);
});

test('and so is its other half: those who wait for any endpoint are woken only while nobody is in flight', () => {
  const { serve } = WaitingRoom.prototype;
  vi.spyOn(WaitingRoom.prototype, 'serve').mockImplementation(function (this: WaitingRoom, now: number) {
    if (this.timed) serve.call(this, now);
  });
  expect(firstStall()).toBeDefined();
});
