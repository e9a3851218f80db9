import { appendFile, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BatchEvents } from '../../src/batch/batch-events.js';
import { AssayError } from '../../src/errors.js';
import { eventLog } from '../../src/monitor/event-log.js';
import { redactPayload } from '../../src/monitor/event-redaction.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import {
  FakeCache,
  FakeClient,
  FakeProcessor,
  FakeStore,
  erroredResult,
  scoredResult,
} from './support/event-sources.js';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assaykit-log-'));
  path = join(folder, 'events.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Line = Record<string, unknown> & { event: string };
const lines = async (file = path): Promise<Line[]> =>
  (await readFile(file, 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

const at = 1;
const runId = 'run-1';

describe('eventLog', () => {
  it('writes every event of its sources, one JSON object a line, in order', async () => {
    const processor = new FakeProcessor();
    const client = new FakeClient();
    const log = eventLog(path);
    log.watch(processor, client);
    processor.fire('case:start', { at, runId, caseId: 'a', repetition: 0 });
    client.fire('endpoint:probe', { at: 2, endpoint: 'gpu-1' });
    processor.fire('case:end', { at: 3, runId, result: scoredResult() });
    await log.close();
    const written = await lines();
    expect(written.map(({ event }) => event)).toEqual(['case:start', 'endpoint:probe', 'case:end']);
    expect(written[0]).toEqual({ at: 1, event: 'case:start', runId, caseId: 'a', repetition: 0 });
    expect(log.dropped).toBe(0);
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('keeps ids, outcome, scores, timings and error codes, and no text of anybody', async () => {
    const canary = 'CANARY';
    const processor = new FakeProcessor();
    const cache = new FakeCache();
    const store = new FakeStore();
    const log = eventLog(path);
    log.watch(processor, cache, store);
    const { evaluation } = scoredResult();
    const result = scoredResult({
      metadata: { prompt: canary, size: 12345 },
      evaluation: {
        ...evaluation,
        reason: `because ${canary}`,
        metadata: { note: canary },
        dimensions: [
          {
            name: 'accuracy',
            outcome: 'scored',
            score: 0.5,
            reason: `${canary} said so`,
            evidence: [canary],
            label: canary,
            durationMs: 1,
          },
        ],
      },
      response: {
        text: canary,
        finishReason: 'stop',
        requestId: 'req-1',
        raw: { a: 7777 },
        logprobs: [8888],
      },
    });
    processor.fire('case:end', { at, runId, result });
    processor.fire('case:end', { at, runId, result: erroredResult('ASSAY_SERVER') });
    processor.fire('store:error', { at, runId, error: new TypeError(`disk ${canary}`), safe: 7 });
    store.fire('store:error', { at, error: new AssayError('ASSAY_STORE_FAILED', canary) });
    cache.fire('cache:hit', { at, key: canary, tier: 'memory' });
    await log.close();
    const text = await readFile(path, 'utf8');
    for (const secret of [canary, 'secret prompt', '12345', '7777', '8888'])
      expect(text).not.toContain(secret);
    const [scored, errored, runStore, ownStore, hit] = await lines();
    expect(scored?.['result']).toMatchObject({
      caseId: 'case-1',
      outcome: 'scored',
      model: 'model-a',
      usage: { inputTokens: 10, outputTokens: 5 },
      timings: { targetMs: 100 },
      evaluation: {
        evaluator: 'capitals',
        overallScore: 0.5,
        dimensions: [{ name: 'accuracy', score: 0.5 }],
      },
      response: { finishReason: 'stop', requestId: 'req-1' },
    });
    expect(errored?.['result']).toMatchObject({ error: { code: 'ASSAY_SERVER', retryable: true } });
    expect(runStore).toMatchObject({ error: { name: 'TypeError' }, safe: 7 });
    expect(ownStore).toMatchObject({ error: { code: 'ASSAY_STORE_FAILED' } });
    expect(hit).toEqual({ at, event: 'cache:hit', tier: 'memory' });
  });

  it('writes whole payloads when asked to', async () => {
    const processor = new FakeProcessor();
    const log = eventLog(path, { content: true });
    log.watch(processor);
    processor.fire('case:end', { at, runId, result: scoredResult() });
    processor.fire('store:error', { at, runId, error: new Error('disk full'), safe: 7 });
    const loop: Record<string, unknown> = { big: 12n, far: Number.POSITIVE_INFINITY };
    loop['self'] = loop;
    processor.fire('run:start', { at, runId, manifest: loop } as never);
    await log.close();
    const [scored, failed, odd] = await lines();
    expect(scored?.['result']).toMatchObject({ response: { text: 'Paris' } });
    expect(failed?.['error']).toEqual({ name: 'Error', message: 'disk full' });
    expect(odd?.['manifest']).toEqual({ big: '12', far: 'Infinity' });
  });

  it('leaves out events by name, and says which event a failing listener was for', async () => {
    const processor = new FakeProcessor();
    const log = eventLog(path, { exclude: ['case:start'] });
    log.watch(processor);
    processor.on('case:start', () => {
      throw new Error('host bug');
    });
    processor.fire('case:start', { at, runId, caseId: 'a', repetition: 0 });
    await log.close();
    expect(await lines()).toMatchObject([
      { event: 'listener:error', aboutEvent: 'case:start', error: { name: 'Error' } },
    ]);
  });

  it('writes together what comes within the flush interval, and nothing before', async () => {
    const clock = new ManualClock();
    const processor = new FakeProcessor();
    const log = eventLog(path, { clock, flushIntervalMs: 250 });
    log.watch(processor);
    for (let i = 0; i < 10; i++) processor.fire('case:start', { at, runId, caseId: `${i}`, repetition: 0 });
    expect(clock.pendingTimers).toBe(1);
    expect(await readdir(folder)).toEqual([]);
    await clock.advance(250);
    await log.flush();
    expect(await lines()).toHaveLength(10);
    await log.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('begins a new file at its size and keeps the youngest few', async () => {
    const processor = new FakeProcessor();
    const log = eventLog(path, { maxBytes: 2048, keepFiles: 2 });
    log.watch(processor);
    let rotations = 0;
    log.on('log:rotate', () => (rotations += 1));
    for (let i = 0; i < 200; i++) {
      processor.fire('case:start', { at, runId, caseId: `case-${i}`, repetition: 0 });
      if (i % 10 === 9) await log.flush();
    }
    await log.close();
    expect((await readdir(folder)).toSorted()).toEqual(['events.jsonl', 'events.jsonl.1', 'events.jsonl.2']);
    expect(rotations).toBeGreaterThan(3);
    const ids: unknown[] = [];
    for (const name of ['.2', '.1', '']) {
      expect((await stat(path + name)).size).toBeLessThanOrEqual(2048);
      ids.push(...(await lines(path + name)).map(({ caseId }) => caseId));
    }
    expect(ids).toEqual(Array.from({ length: ids.length }, (_, i) => `case-${200 - ids.length + i}`));
  });

  it('goes on after what an earlier process left, half a line included', async () => {
    await writeFile(path, '{"at":0,"event":"run:start"}\n{"at":0,"ev');
    const processor = new FakeProcessor();
    const log = eventLog(path);
    log.watch(processor);
    processor.fire('case:start', { at, runId, caseId: 'a', repetition: 0 });
    await log.close();
    const text = await readFile(path, 'utf8');
    expect(text.split('\n')).toHaveLength(4);
    expect(JSON.parse(text.split('\n')[2] as string)).toMatchObject({ caseId: 'a' });
  });

  it('drops what does not fit into its memory, counts it and notes it in the file', async () => {
    const processor = new FakeProcessor();
    const log = eventLog(path, { maxQueuedBytes: 1024, flushIntervalMs: 60_000 });
    log.watch(processor);
    for (let i = 0; i < 100; i++) processor.fire('case:start', { at, runId, caseId: `${i}`, repetition: 0 });
    const kept = 100 - log.dropped;
    expect(log.dropped).toBeGreaterThan(0);
    await log.close();
    const written = await lines();
    expect(written).toHaveLength(kept + 1);
    expect(written.at(-1)).toMatchObject({ event: 'log:dropped', count: log.dropped });
  });

  it('survives a file that cannot be written, and tells', async () => {
    const processor = new FakeProcessor();
    await writeFile(join(folder, 'a file'), '');
    const log = eventLog(join(folder, 'a file', 'x.jsonl'));
    log.watch(processor);
    const lost: number[] = [];
    log.on('log:error', (event) => lost.push(event.lost));
    processor.fire('case:start', { at, runId, caseId: 'a', repetition: 0 });
    processor.fire('case:start', { at, runId, caseId: 'b', repetition: 0 });
    await log.close();
    expect(lost).toEqual([2]);
    expect(log.dropped).toBe(2);
  });

  it('begins anew when its folder is removed under its feet', async () => {
    const processor = new FakeProcessor();
    const file = join(folder, 'logs', 'x.jsonl');
    const log = eventLog(file);
    log.watch(processor);
    processor.fire('case:start', { at, runId, caseId: 'a', repetition: 0 });
    await log.flush();
    await rm(join(folder, 'logs'), { recursive: true });
    processor.fire('case:start', { at, runId, caseId: 'b', repetition: 0 });
    await log.flush();
    processor.fire('case:start', { at, runId, caseId: 'c', repetition: 0 });
    await log.close();
    expect((await lines(file)).map(({ caseId }) => caseId)).toEqual(['b', 'c']);
  });

  it('throws nothing into a source of the host, and tells of a payload that it cannot read', async () => {
    let fire: (event: string, payload: unknown) => void = () => {};
    const log = eventLog(path);
    const failed: string[] = [];
    log.on('listener:error', ({ event }) => failed.push(event));
    log.watch({
      onAny: (listener) => {
        fire = listener;
        return () => {};
      },
    });
    fire('bad', {
      get secret(): string {
        throw new Error('no');
      },
    });
    fire('good', { n: 1 });
    await log.close();
    expect(failed).toEqual(['bad']);
    expect((await lines()).map(({ event }) => event)).toEqual(['good']);
  });

  it('makes the folder, and hears a source once until it is unwatched', async () => {
    const processor = new FakeProcessor();
    const deep = join(folder, 'new', 'folder', 'x.jsonl');
    const log = eventLog(deep);
    const unwatch = log.watch(processor, processor);
    log.watch(processor);
    processor.fire('case:start', { at, runId, caseId: 'a', repetition: 0 });
    unwatch();
    processor.fire('case:start', { at, runId, caseId: 'b', repetition: 0 });
    await log.close();
    expect((await readFile(deep, 'utf8')).trim().split('\n')).toHaveLength(1);
    expect(() => log.watch(processor)).toThrow(expect.objectContaining({ code: 'ASSAY_CLOSED' }));
    expect(() => eventLog(path).watch({} as never)).toThrow('`onAny`');
    expect(() => eventLog(processor as never)).toThrow('path of an event log');
    expect(() => eventLog(path, { exclude: 'case:start' as never })).toThrow(
      '`exclude` of eventLog to be an array',
    );
  });

  it('hears nothing after close, and closes twice', async () => {
    const processor = new FakeProcessor();
    const log = eventLog(path);
    log.watch(processor);
    await log.close();
    await log.close();
    expect(processor.isWanted('case:start')).toBe(false);
    expect(await readdir(folder)).toEqual([]);
    await appendFile(path, '');
    expect(() => eventLog(path, { maxbytes: 1 } as never)).toThrow('did you mean `maxBytes`?');
  });
});

describe('redaction', () => {
  it('keeps no text of an event that nobody knows', () => {
    expect(
      redactPayload({
        at: 5,
        text: 'x',
        model: 'm',
        list: ['x', 1, true],
        reason: 'a whole sentence',
        deep: { prompt: 'x', n: 1 },
      }),
    ).toEqual({ at: 5, model: 'm', list: [1, true], deep: { n: 1 } });
    expect(redactPayload('text')).toBeUndefined();
  });

  it('keeps fixed words, cuts long ids and survives a payload without end', () => {
    const loop: Record<string, unknown> = { n: 1 };
    loop['again'] = loop;
    expect(JSON.stringify(redactPayload(loop)).length).toBeLessThan(300);
    expect(redactPayload({ reason: 'failure-rate', forMs: Number.POSITIVE_INFINITY })).toEqual({
      reason: 'failure-rate',
      forMs: 'Infinity',
    });
    expect((redactPayload({ caseId: 'x'.repeat(9999) }) as { caseId: string }).caseId).toHaveLength(512);
  });

  it('keeps the numbers of a run summary', () => {
    const end = { at, runId, summary: { submitted: 3, dimensions: { accuracy: { mean: 0.5 } } } };
    expect(redactPayload(end as unknown as BatchEvents['run:end'])).toEqual(end);
  });
});
