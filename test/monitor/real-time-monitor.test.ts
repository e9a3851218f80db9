import { execFile } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import type { BatchEvents } from '../../src/batch/batch-events.js';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import type { ClientEvents } from '../../src/client/client-events.js';
import type { ModelClient } from '../../src/client/model-client.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { WatchableSource } from '../../src/foundation/event-source.js';
import { METRIC_NAMES } from '../../src/monitor/performance-snapshot.js';
import { RealTimeMonitor } from '../../src/monitor/real-time-monitor.js';
import { UNKNOWN_SYSTEM } from '../../src/monitor/machine/system-sampler.js';
import { exactMatch } from '../../src/scorers/exact-match.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import {
  FakeCache,
  FakeClient,
  FakeProcessor,
  FakeStore,
  erroredResult,
  progressEvent,
  scoredResult,
} from './support/event-sources.js';

const at = 0;
const runId = 'run-1';
const runStart = { at, runId, total: 100, resumed: false } as unknown as BatchEvents['run:start'];
const runEnd = { at, runId } as unknown as BatchEvents['run:end'];

function attempt(overrides: Partial<ClientEvents['attempt:end']> = {}): ClientEvents['attempt:end'] {
  return {
    at,
    callId: 1,
    attempt: 1,
    endpoint: 'gpu-1',
    durationMs: 100,
    outcome: 'ok',
    status: 200,
    ...overrides,
  };
}

function call(overrides: Partial<ClientEvents['call:end']> = {}): ClientEvents['call:end'] {
  return {
    at,
    callId: 1,
    model: 'model-a',
    endpoint: 'gpu-1',
    attempts: 1,
    durationMs: 110,
    latencyMs: 100,
    usage: { inputTokens: 10, outputTokens: 5 },
    cost: 0.01,
    ...overrides,
  };
}

function setup(historySize = 3600): { monitor: RealTimeMonitor; clock: ManualClock } {
  const clock = new ManualClock();
  return { monitor: new RealTimeMonitor({ clock, historySize, system: false }), clock };
}

const rateLimit = { code: 'ASSAY_RATE_LIMITED', message: '', retryable: true } as const;

describe('RealTimeMonitor', () => {
  it('turns the events of a second into rates, shares and percentiles', async () => {
    const { monitor, clock } = setup();
    const processor = new FakeProcessor();
    const cache = new FakeCache();
    const store = new FakeStore();
    monitor.watch(processor, cache, store);
    monitor.start();
    processor.fire('run:start', runStart);
    for (let i = 1; i <= 100; i++) {
      const timings = { queuedMs: 0, targetMs: i, timeToFirstTokenMs: null, evaluationMs: 0 };
      processor.fire('case:end', { at, runId, result: scoredResult({ timings }) });
    }
    for (let i = 0; i < 25; i++) processor.fire('case:end', { at, runId, result: erroredResult() });
    processor.fire('progress', progressEvent({ inFlight: 7 }));
    for (let i = 0; i < 3; i++) cache.fire('cache:hit', { at, key: 'k', tier: 'memory' });
    cache.fire('cache:miss', { at, key: 'k' });
    store.fire('store:flush', { at, results: 100, bytes: 1, durationMs: 1 });
    await clock.advance(1000);
    const snapshot = monitor.current();
    expect(snapshot).toMatchObject({
      elapsedMs: 1000,
      evaluationsPerSecond: 125,
      errorRate: 0.2,
      errorsByCode: { ASSAY_SERVER: 25 },
      apiCallsPerSecond: 125,
      averageResponseTimeMs: 50.5,
      activeWorkers: 7,
      inFlight: 7,
      queueDepth: null,
      cacheHitRate: 0.75,
      storedPerSecond: 100,
      tokensPerSecond: 125 * 15,
      rateLimitedRate: null,
      cpuPercent: null,
      doneCases: 42,
      totalCases: 100,
    });
    expect(snapshot?.p50ResponseTimeMs).toBeCloseTo(50, 0);
    expect(snapshot?.p99ResponseTimeMs).toBeCloseTo(99, 0);
    expect(snapshot?.costPerSecond).toBeCloseTo(0.125, 10);
    expect(snapshot?.totals).toMatchObject({ scored: 100, errored: 25, requests: 125, stored: 100 });
  });

  it('says null, not zero, for what nothing has told it', () => {
    const { monitor } = setup();
    const snapshot = monitor.sample();
    for (const name of [
      'cpuPercent',
      'activeWorkers',
      'inFlight',
      'queueDepth',
      'errorRate',
      'sinceLastCaseMs',
      'p99ResponseTimeMs',
      'averageResponseTimeMs',
      'rateLimitedRate',
      'cacheHitRate',
      'costPerSecond',
      'projectedCost',
      'prefixScore',
    ] as const) {
      expect([name, snapshot[name]]).toEqual([name, null]);
    }
    expect(snapshot.evaluationsPerSecond).toBe(0);
  });

  it('divides by the measured time when the timer is late', async () => {
    const { monitor, clock } = setup();
    const processor = new FakeProcessor();
    monitor.watch(processor);
    monitor.start();
    for (let i = 0; i < 50; i++) processor.fire('case:end', { at, runId, result: scoredResult() });
    const late = { now: clock.now.bind(clock) };
    clock.now = () => late.now() + 4000; // the event loop was blocked for four seconds
    await clock.advance(1000);
    expect(monitor.current()).toMatchObject({ elapsedMs: 5000, evaluationsPerSecond: 10 });
    expect(monitor.history()).toHaveLength(1);
  });

  it('is not bent by a wall clock that jumps', async () => {
    const { monitor, clock } = setup();
    const processor = new FakeProcessor();
    monitor.watch(processor);
    monitor.start();
    for (const jump of [0, -86_400_000, 86_400_000]) {
      clock.jumpWallTime(jump);
      for (let i = 0; i < 10; i++) processor.fire('case:end', { at, runId, result: scoredResult() });
      await clock.advance(1000);
      expect(monitor.current()).toMatchObject({ elapsedMs: 1000, evaluationsPerSecond: 10 });
    }
    expect(monitor.summary({ lastMs: 2000 })).toMatchObject({ snapshots: 2, durationMs: 2000 });
  });

  it('counts requests, tokens and cost once when processor and client are both watched', async () => {
    const { monitor, clock } = setup();
    const processor = new FakeProcessor();
    const client = new FakeClient();
    monitor.watch(processor, client);
    monitor.start();
    client.fire('attempt:end', attempt({ outcome: 'error', status: 429, error: rateLimit }));
    client.fire('call:retry', { at, callId: 1, attempt: 1, endpoint: 'gpu-1', delayMs: 1, error: rateLimit });
    client.fire('attempt:end', attempt({ endpoint: 'gpu-2', durationMs: 50 }));
    client.fire('call:end', call({ endpoint: 'gpu-2', attempts: 2, latencyMs: 50 }));
    processor.fire('case:end', { at, runId, result: scoredResult({ attempts: 2, endpoint: 'gpu-2' }) });
    await clock.advance(1000);
    const snapshot = monitor.current();
    expect(snapshot?.totals).toMatchObject({
      scored: 1,
      requests: 2,
      failedRequests: 1,
      rateLimited: 1,
      retries: 1,
      answered: 1,
      responseTimeMs: 50,
      inputTokens: 10,
      outputTokens: 5,
      cost: 0.01,
    });
    expect(snapshot).toMatchObject({
      rateLimitedRate: 0.5,
      requestErrorRate: 0.5,
      retriesPerSecond: 1,
      errorRate: 0,
      requestErrorsByCode: { ASSAY_RATE_LIMITED: 1 },
    });
    expect(snapshot?.endpoints['gpu-1']).toMatchObject({
      requests: 1,
      failed: 1,
      rateLimited: 1,
      errorRate: 1,
    });
    expect(snapshot?.endpoints['gpu-2']).toMatchObject({
      requests: 1,
      answered: 1,
      errorRate: 0,
      averageResponseTimeMs: 50,
    });
    expect(snapshot?.models['model-a']).toMatchObject({
      calls: 1,
      failed: 0,
      tokensPerSecond: 15,
      cost: 0.01,
    });
  });

  it('derives retries and failed requests from results where no client is watched', () => {
    const { monitor } = setup();
    const processor = new FakeProcessor();
    monitor.watch(processor);
    processor.fire('case:end', { at, runId, result: scoredResult({ attempts: 3 }) });
    processor.fire('case:end', { at, runId, result: erroredResult('ASSAY_SERVER', { attempts: 2 }) });
    processor.fire('case:end', { at, runId, result: scoredResult({ cached: true }) });
    processor.fire('case:end', { at, runId, result: erroredResult('ASSAY_ABORTED', { attempts: 0 }) });
    expect(monitor.totals()).toMatchObject({
      requests: 5,
      failedRequests: 4,
      retries: 3,
      answered: 1,
      cachedCases: 1,
      inputTokens: 20,
    });
  });

  it('does not count a cancelled hedge as a failure', () => {
    const { monitor } = setup();
    const client = new FakeClient();
    monitor.watch(client);
    client.fire('attempt:end', attempt({ outcome: 'cancelled', status: null }));
    expect(monitor.totals()).toMatchObject({ requests: 1, failedRequests: 0, answered: 0 });
  });

  it('knows which endpoints are ejected until they are restored or no longer watched', () => {
    const { monitor } = setup();
    const client = new FakeClient();
    monitor.watch(client);
    const eject = { at, reason: 'consecutive-failures', forMs: 5000 } as const;
    client.fire('endpoint:eject', { ...eject, endpoint: 'gpu-1' });
    client.fire('endpoint:eject', { ...eject, endpoint: 'gpu-2' });
    client.fire('endpoint:eject', { ...eject, endpoint: 'gpu-2' });
    expect(monitor.sample()).toMatchObject({ ejectedEndpoints: 2 });
    client.fire('endpoint:restore', { at, endpoint: 'gpu-1', ejectedForMs: 5000 });
    const snapshot = monitor.sample();
    expect(snapshot.ejectedEndpoints).toBe(1);
    expect(snapshot.endpoints['gpu-1']?.state).toBe('in-use');
    expect(snapshot.endpoints['gpu-2']?.state).toBe('ejected');
    monitor.unwatch(client);
    expect(monitor.sample()).toMatchObject({ ejectedEndpoints: 0 });
  });

  it('measures how long no case has finished, only while a run is going on', async () => {
    const { monitor, clock } = setup();
    const processor = new FakeProcessor();
    monitor.watch(processor);
    expect(monitor.sample().sinceLastCaseMs).toBeNull();
    processor.fire('run:start', runStart);
    await clock.advance(3000);
    expect(monitor.sample().sinceLastCaseMs).toBe(3000);
    processor.fire('case:end', { at, runId, result: scoredResult() });
    await clock.advance(500);
    expect(monitor.sample().sinceLastCaseMs).toBe(500);
    processor.fire('run:end', runEnd);
    expect(monitor.sample()).toMatchObject({ sinceLastCaseMs: null, inFlight: 0 });
  });

  it('projects the cost of a run to its end, with what an earlier start had done and cost', async () => {
    const { monitor } = setup();
    const store = new MemoryResultStore();
    const target: ModelClient = {
      complete: () =>
        Promise.resolve({
          text: 'Paris',
          model: 'model-a',
          endpoint: null,
          finishReason: 'stop',
          usage: null,
          cost: 0.5,
          attempts: 1,
          requestId: null,
          latencyMs: 1,
          timeToFirstTokenMs: null,
        }),
    };
    const processor = new BatchProcessor({
      target,
      store,
      evaluator: createEvaluator({ name: 'same', version: '1', dimensions: { same: exactMatch() } }),
      progressIntervalMs: 0,
    });
    const cases = Array.from({ length: 40 }, (_, i) => ({
      id: `case-${i}`,
      input: 'ask',
      expected: 'Paris',
    }));
    monitor.watch(processor);
    const projected = new Set<number | null>();
    processor.on('progress', () => projected.add(monitor.sample().projectedCost));
    await processor.run(cases.slice(0, 30), { runId });
    expect([...projected]).toEqual([15]);
    projected.clear();
    await processor.run(cases, { runId, resume: true });
    expect([...projected]).toEqual([20]);
  });

  it('says what a run has cost so far when it does not say how many cases it has', () => {
    const { monitor } = setup();
    const processor = new FakeProcessor();
    monitor.watch(processor);
    processor.fire('progress', progressEvent({ done: 60, skipped: 20, total: null, cost: 2 }));
    expect(monitor.sample().projectedCost).toBe(2);
    processor.fire('progress', progressEvent({ done: 0, total: 10, cost: null }));
    expect(monitor.sample().projectedCost).toBeNull();
  });

  it('shows the score of the complete prefix of each run, not of what has finished', async () => {
    const { monitor } = setup();
    let answerSlowly = (): void => {};
    const slow = new Promise<void>((resolve) => (answerSlowly = resolve));
    const processor = new BatchProcessor({
      target: async (input: string) => {
        if (input === 'slow') await slow;
        return input === 'slow' ? 'wrong' : 'right';
      },
      evaluator: createEvaluator({ name: 'same', version: '1', dimensions: { same: exactMatch() } }),
      concurrency: 8,
      progressIntervalMs: 0,
    });
    monitor.watch(processor);
    const prefixes: unknown[] = [];
    processor.on('progress', ({ done }) => {
      const { runs, prefixScore } = monitor.sample();
      prefixes.push([done, runs[runId]?.score?.results ?? 0, prefixScore]);
      if (done === 5) answerSlowly();
    });
    const inputs = ['easy', 'slow', 'easy', 'easy', 'easy', 'easy'];
    await processor.run(
      inputs.map((input, i) => ({ id: String(i), input, expected: 'right' })),
      { runId },
    );
    expect(prefixes).toContainEqual([5, 1, 1]); // four that finished early are not counted
    expect(monitor.prometheus()).not.toMatch(/NaN/);
    expect(prefixes.at(-1)).toEqual([6, 6, 5 / 6]);
  });

  it('reports one failure of a store once, whoever tells of it', () => {
    const { monitor } = setup();
    const processor = new FakeProcessor();
    const store = new FakeStore();
    monitor.watch(processor, store);
    store.fire('store:error', { at, error: new Error('disk full') });
    processor.fire('store:error', { at, runId, error: new Error('disk full'), safe: 0 });
    expect(monitor.sample().storeErrors).toBe(1);
    expect(monitor.sample().storeErrors).toBe(0);
  });

  it('adds up the gauges of sources that have them and survives one that throws', () => {
    const { monitor } = setup();
    const gauged = (gauges: () => object): WatchableSource & { gauges: () => object } => ({
      onAny: () => () => {},
      gauges,
    });
    monitor.watch(
      gauged(() => ({ inFlight: 3, queueDepth: 4 })),
      gauged(() => ({ inFlight: 2, activeWorkers: null })),
      gauged(() => {
        throw new Error('gone');
      }),
    );
    expect(monitor.sample()).toMatchObject({ inFlight: 5, queueDepth: 4, activeWorkers: null });
  });

  it('reads load and queue from the snapshot of a client', () => {
    const { monitor } = setup();
    const client = Object.assign(new FakeClient(), {
      snapshot: () => ({ inFlight: 12, waiting: 30, endpoints: [] }),
    });
    monitor.watch(client);
    expect(monitor.sample()).toMatchObject({ inFlight: 12, queueDepth: 30, activeWorkers: null });
  });

  it('goes on without figures of the machine when their source fails', async () => {
    const clock = new ManualClock();
    const system = {
      sample(): never {
        throw new Error('no /proc');
      },
      close: () => {},
    };
    const monitor = new RealTimeMonitor({ clock, system });
    monitor.start();
    await clock.advance(2000);
    expect(monitor.history()).toHaveLength(2);
    expect(monitor.current()).toMatchObject({ cpuPercent: null, evaluationsPerSecond: 0 });
  });

  it('tells the sampler how long it has sampled, from the moment that it was opened', async () => {
    const clock = new ManualClock();
    const elapsed: number[] = [];
    let closed = 0;
    const system = {
      sample(elapsedMs: number) {
        elapsed.push(elapsedMs);
        return UNKNOWN_SYSTEM;
      },
      close: () => void (closed += 1),
    };
    const monitor = new RealTimeMonitor({ clock, system });
    await clock.advance(5000);
    monitor.sample();
    await clock.advance(700);
    monitor.sample();
    monitor.stop();
    await clock.advance(10_000);
    monitor.start();
    await clock.advance(1000); // the host's sampler has counted on meanwhile
    monitor.close();
    expect(elapsed).toEqual([0, 700, 11_000]);
    expect(closed).toBe(0); // the host's own sampler is the host's to close
  });

  it('watches a foreign source that only has onAny', () => {
    const { monitor } = setup();
    let tell: (event: string, payload: unknown) => void = () => {};
    const unwatch = monitor.watch({
      onAny(listener) {
        tell = listener;
        return () => (tell = () => {});
      },
    });
    tell('case:end', { at, runId, result: scoredResult() });
    tell('constructor', {});
    expect(monitor.totals().scored).toBe(1);
    unwatch();
    tell('case:end', { at, runId, result: scoredResult() });
    expect(monitor.totals().scored).toBe(1);
  });

  it('watches and unwatches an EventEmitter of node, and one whose `on` returns the unsubscribe', () => {
    const { monitor } = setup();
    const emitter = new EventEmitter();
    const listeners = new Set<(payload: unknown) => void>();
    const unwatch = monitor.watch(emitter, {
      on(event, listener) {
        if (event === 'case:end') listeners.add(listener);
        return () => listeners.delete(listener);
      },
    });
    const payload = { at, runId, result: scoredResult() };
    emitter.emit('case:end', payload);
    for (const listener of listeners) listener(payload);
    expect(monitor.totals().scored).toBe(2);
    unwatch();
    emitter.emit('case:end', payload);
    expect(monitor.totals().scored).toBe(2);
    expect([emitter.eventNames(), listeners.size]).toEqual([[], 0]);
  });

  it('reports a payload that it cannot read, and throws nothing into the emitter', () => {
    const { monitor } = setup();
    const emitter = new EventEmitter();
    const reported: string[] = [];
    monitor.on('listener:error', ({ event }) => reported.push(event));
    monitor.watch(emitter);
    emitter.emit('case:end', {});
    emitter.emit('call:end');
    emitter.emit('case:end', { at, runId, result: scoredResult() });
    expect(reported).toEqual(['case:end', 'call:end']);
    expect(monitor.totals().scored).toBe(1);
  });

  it('keeps counters growing numbers, whatever a source says', () => {
    const { monitor } = setup();
    const client = new FakeClient();
    const store = new FakeStore();
    monitor.watch(client, store);
    client.fire('call:end', call());
    for (const wrong of [Number.NaN, -5, Number.POSITIVE_INFINITY, '7' as never]) {
      client.fire('attempt:end', attempt({ durationMs: wrong }));
      client.fire('call:end', call({ usage: { inputTokens: wrong, outputTokens: wrong }, cost: wrong }));
      store.fire('store:flush', { at, results: wrong } as never);
    }
    client.fire('call:end', { ...call(), usage: undefined, cost: undefined } as never);
    const { totals, models } = monitor.sample();
    expect(totals).toMatchObject({ inputTokens: 10, outputTokens: 5, cost: 0.01, stored: 0, answered: 0 });
    expect(models['model-a']).toMatchObject({ calls: 6, inputTokens: 10, cost: 0.01 });
  });

  it('counts no outcome that it does not know', () => {
    const { monitor } = setup();
    const processor = new FakeProcessor();
    monitor.watch(processor);
    const before = monitor.totals();
    for (const outcome of ['skipped', 'cost', '__proto__']) {
      processor.fire('case:end', { at, runId, result: { ...scoredResult(), outcome } as never });
    }
    expect(monitor.totals()).toEqual(before);
    expect(monitor.errorTotals()).toEqual({});
  });

  it('takes what is no number as not known', () => {
    const { monitor } = setup();
    const processor = Object.assign(new FakeProcessor(), {
      gauges: () => ({ activeWorkers: Number.NaN, inFlight: Number.POSITIVE_INFINITY, queueDepth: 3 }),
    });
    monitor.watch(processor);
    processor.fire('progress', { runId, at, total: Number.NaN, cost: Number.NaN, skipped: 0 } as never);
    const snapshot = monitor.sample();
    expect(snapshot).toMatchObject({
      activeWorkers: null,
      inFlight: null,
      queueDepth: 3,
      doneCases: null,
      totalCases: null,
      projectedCost: null,
      prefixScore: null,
    });
    expect(snapshot.runs[runId]?.score).toBeNull();
    expect(monitor.prometheus()).not.toMatch(/NaN|\} \+Inf|\w \+Inf/);
  });

  it('does not make a source build payloads that it does not read', () => {
    const { monitor } = setup();
    const processor = new FakeProcessor();
    const unwatch = monitor.watch(processor, processor);
    expect(processor.isWanted('case:end')).toBe(true);
    expect(processor.isWanted('case:start')).toBe(false);
    processor.fire('case:end', { at, runId, result: scoredResult() });
    expect(monitor.totals().scored).toBe(1);
    unwatch();
    expect(processor.isWanted('case:end')).toBe(false);
  });

  it('refuses what is no event source, and options that it does not know', () => {
    const { monitor } = setup();
    expect(() => monitor.watch({} as never)).toThrow(
      'Expected an event source with `on` or `onAny` to watch',
    );
    expect(() => new RealTimeMonitor({ intervalMs: 0 })).toThrow('`intervalMs` of RealTimeMonitor');
    expect(() => new RealTimeMonitor({ historysize: 3 } as never)).toThrow('did you mean `historySize`?');
    expect(() => new RealTimeMonitor({ system: {} as never })).toThrow('an object with `sample`, or false');
    expect(() => monitor.summary({ lastMs: -1 })).toThrow('lastMs');
  });

  it('keeps at most 100 names of models and endpoints', () => {
    const { monitor } = setup();
    const client = new FakeClient();
    monitor.watch(client);
    for (let i = 0; i < 250; i++) client.fire('call:end', call({ model: `model-${i}` }));
    client.fire('call:end', call({ model: '__proto__' }));
    const { models } = monitor.sample();
    expect(Object.keys(models)).toHaveLength(101);
    expect(models['(other)']?.calls).toBe(151);
  });

  it('keeps at most 100 error codes', () => {
    const { monitor } = setup();
    const processor = new FakeProcessor();
    monitor.watch(processor);
    for (let i = 0; i < 250; i++) {
      processor.fire('case:end', { at, runId, result: erroredResult(`HOST_${i}` as never) });
    }
    const { errorsByCode, requestErrorsByCode } = monitor.sample();
    for (const counts of [errorsByCode, requestErrorsByCode, monitor.errorTotals()]) {
      expect(Object.keys(counts)).toHaveLength(101);
      expect(counts['(other)']).toBe(150);
    }
  });

  it('says of endpoints that are counted together whether one of them is ejected', () => {
    const { monitor } = setup();
    const client = new FakeClient();
    monitor.watch(client);
    for (let i = 0; i < 100; i++) client.fire('attempt:end', attempt({ endpoint: `gpu-${i}` }));
    const eject = (endpoint: string): void =>
      client.fire('endpoint:eject', { at, endpoint, reason: 'failure-rate', forMs: 1000 } as never);
    const restore = (endpoint: string): void =>
      client.fire('endpoint:restore', { at, endpoint, ejectedForMs: 1000 });
    eject('gpu-a');
    eject('gpu-a');
    eject('gpu-b');
    restore('gpu-a');
    restore('gpu-never');
    expect(monitor.sample().endpoints['(other)']?.state).toBe('ejected');
    restore('gpu-b');
    expect(monitor.sample().endpoints['(other)']?.state).toBe('in-use');
  });

  it('emits a snapshot at each interval between start and stop, and starts again', async () => {
    const { monitor, clock } = setup();
    const seen: number[] = [];
    monitor.on('snapshot', ({ snapshot }) => seen.push(snapshot.elapsedMs));
    monitor.start();
    monitor.start();
    await clock.advance(3000);
    monitor.stop();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(60_000);
    expect(seen).toEqual([1000, 1000, 1000]);
    monitor.start();
    await clock.advance(1000);
    expect(seen).toEqual([1000, 1000, 1000, 1000]);
    monitor.close();
  });

  it('goes on taking snapshots when a listener throws', async () => {
    const { monitor, clock } = setup();
    const errors: unknown[] = [];
    monitor.on('snapshot', () => {
      throw new Error('host bug');
    });
    monitor.on('listener:error', (event) => errors.push(event.event));
    monitor.start();
    await clock.advance(3000);
    expect(monitor.history()).toHaveLength(3);
    expect(errors).toEqual(['snapshot']);
  });
});

describe('history and summary', () => {
  it('keeps the latest snapshots and forgets the oldest', async () => {
    const { monitor, clock } = setup(10);
    const processor = new FakeProcessor();
    monitor.watch(processor);
    monitor.start();
    for (let second = 1; second <= 25; second++) {
      for (let i = 0; i < second; i++) processor.fire('case:end', { at, runId, result: scoredResult() });
      await clock.advance(1000);
    }
    expect(monitor.history().map((entry) => entry.evaluationsPerSecond)).toEqual([
      16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    ]);
    expect(monitor.history({ lastMs: 3000 }).map((entry) => entry.evaluationsPerSecond)).toEqual([
      23, 24, 25,
    ]);
    expect(monitor.history({ lastMs: 0 })).toEqual([]);
    expect(monitor.summary({ lastMs: 3000 }).metrics.evaluationsPerSecond).toEqual({
      average: 24,
      min: 23,
      max: 25,
      latest: 25,
    });
    expect(monitor.summary({ lastMs: 3000 }).evaluations).toBe(72);
    expect(monitor.summary().metrics.cpuPercent).toBeNull();
    expect(Object.keys(monitor.summary().metrics)).toEqual([...METRIC_NAMES]);
  });

  it('weighs each snapshot by the time that it covers', async () => {
    const { monitor, clock } = setup();
    const processor = new FakeProcessor();
    monitor.watch(processor);
    monitor.sample();
    processor.fire('case:end', { at, runId, result: scoredResult() });
    await clock.advance(9000);
    monitor.sample();
    for (let i = 0; i < 99; i++) processor.fire('case:end', { at, runId, result: scoredResult() });
    await clock.advance(1000);
    monitor.sample();
    expect(monitor.summary().metrics.evaluationsPerSecond?.average).toBeCloseTo(10, 10);
  });

  it('takes percentiles from all requests of the window, not from averages of percentiles', () => {
    const { monitor } = setup();
    const client = new FakeClient();
    monitor.watch(client);
    const all: number[] = [];
    const answer = (durationMs: number): void => {
      all.push(durationMs);
      client.fire('attempt:end', attempt({ durationMs }));
    };
    for (let i = 0; i < 990; i++) answer(10 + i / 100);
    monitor.sample();
    for (let i = 0; i < 10; i++) answer(5000 + i);
    monitor.sample();
    const exact = (percent: number): number =>
      all.toSorted((a, b) => a - b)[Math.ceil((percent / 100) * all.length) - 1] as number;
    const { responseTimes } = monitor.summary();
    expect(responseTimes.count).toBe(1000);
    for (const [percent, value] of [
      [50, responseTimes.p50Ms],
      [95, responseTimes.p95Ms],
      [99, responseTimes.p99Ms],
      [99.9, responseTimes.p999Ms],
    ] as const) {
      expect(Math.abs((value as number) / exact(percent) - 1)).toBeLessThan(0.001);
    }
    expect(responseTimes.maxMs).toBe(5009);
  });

  it('has flat memory once the history is full', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const used = (): number => {
      collect();
      collect(); // the first may leave array buffers to a sweep beside it
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const monitor = new RealTimeMonitor({ clock: new ManualClock(), historySize: 500, system: false });
    const client = new FakeClient();
    monitor.watch(client);
    const turn = (snapshots: number): void => {
      for (let i = 0; i < snapshots; i++) {
        for (let j = 0; j < 3; j++) {
          client.fire('attempt:end', attempt({ durationMs: 50 + ((i * 7 + j * 131) % 900) }));
        }
        monitor.sample();
      }
    };
    turn(600);
    const before = used();
    turn(2000);
    expect(used() - before).toBeLessThan(1_000_000); // one kept snapshot each would be over 6 MB
  });
});

describe('a script with a monitor', () => {
  it('ends by itself while the monitor is running', async () => {
    const script = `
      import { RealTimeMonitor } from ${JSON.stringify(new URL('../../dist/monitor/real-time-monitor.js', import.meta.url).href)};
      const monitor = new RealTimeMonitor({ intervalMs: 5 });
      monitor.start();
      monitor.on('snapshot', () => {});
      setTimeout(() => console.log(monitor.history().length > 0 ? 'seen' : 'none'), 200);
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 20_000,
    });
    expect(stdout.trim()).toBe('seen');
  });
});

describe.runIf(process.platform === 'linux')('the readings of the machine', () => {
  const readsMachine = (): boolean =>
    readdirSync('/proc/self/fd').some((descriptor) => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`) === '/proc/diskstats';
      } catch {
        return false; // the folder's own descriptor
      }
    });

  it('begin 100 ms after the start, when a run that starts with the monitor is under way', async () => {
    const clock = new ManualClock();
    const monitor = new RealTimeMonitor({ clock });
    monitor.start();
    expect(readsMachine()).toBe(false);
    await clock.advance(100);
    expect(readsMachine()).toBe(true);
    monitor.stop();
    expect(readsMachine()).toBe(false);
  });

  it('that cannot begin disturb neither the host nor the rest of the snapshot', async () => {
    const clock = new ManualClock();
    const monitor = new RealTimeMonitor({ clock });
    const load = vi.spyOn(process, 'getBuiltinModule').mockImplementation(() => {
      throw new Error('not here');
    });
    try {
      monitor.start();
      await clock.advance(1000);
      expect(load).toHaveBeenCalled();
      expect(monitor.current()).toMatchObject({ elapsedMs: 1000, rssBytes: null, cpuPercent: null });
    } finally {
      load.mockRestore();
    }
    await clock.advance(1000);
    expect(monitor.current()?.rssBytes).toBeGreaterThan(0);
    monitor.stop();
  });

  it('begin with a snapshot that is asked for earlier, and not at all after a stop', async () => {
    const clock = new ManualClock();
    const monitor = new RealTimeMonitor({ clock });
    monitor.start();
    expect(monitor.sample().memoryPercent).toBeGreaterThan(0);
    expect(readsMachine()).toBe(true);
    monitor.stop();
    monitor.start();
    monitor.stop();
    await clock.advance(1000);
    expect(readsMachine()).toBe(false);
  });
});
