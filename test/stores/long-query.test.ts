import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/foundation/clock.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import { SqliteResultStore } from '../../src/stores/sqlite/sqlite-result-store.js';
import { scoredResult } from '../../src/testing/sample-results.js';

/** Time that passes only when somebody looks, 5 ms each time. */
function steppingNow(): () => number {
  let now = 0;
  return () => (now += 5);
}

describe('a long query', () => {
  afterEach(() => void vi.restoreAllMocks());

  it.each([
    ['MemoryResultStore', () => new MemoryResultStore()],
    [
      'SqliteResultStore',
      () => new SqliteResultStore(':memory:', { clock: { ...systemClock, now: steppingNow() } }),
    ],
  ])('lets timers and signals through: %s', async (_name, createStore) => {
    vi.spyOn(performance, 'now').mockImplementation(steppingNow());
    const store = createStore();
    await store.append(Array.from({ length: 200 }, (_, i) => scoredResult({ caseId: `${i}` })));
    let read = 0;
    let readAtTurn: number | undefined;
    setImmediate(() => (readAtTurn = read));
    for await (const _result of store.query()) read++;
    expect(read).toBe(200);
    expect(readAtTurn).toBeLessThan(200);
    await store.close();
  });
});
