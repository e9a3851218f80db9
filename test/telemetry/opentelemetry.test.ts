import { execFile } from 'node:child_process';
import { mkdtemp, rm, cp, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import type { WatchableSource } from '../../src/foundation/event-source.js';
import { RealTimeMonitor } from '../../src/monitor/real-time-monitor.js';
import { instrumentOpenTelemetry, type OpenTelemetryOptions } from '../../src/telemetry/opentelemetry.js';
import { FakeClient, FakeProcessor, erroredResult, scoredResult } from '../monitor/support/event-sources.js';

const at = 1_700_000_010_000;
const runId = 'run-1';

/** A real SDK that keeps everything in memory. */
async function sdk(sources: readonly WatchableSource[], options: OpenTelemetryOptions = {}) {
  const spanExporter = new InMemorySpanExporter();
  const logExporter = new InMemoryLogRecordExporter();
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spanExporter)] });
  const loggerProvider = new LoggerProvider({
    processors: [new SimpleLogRecordProcessor({ exporter: logExporter })],
  });
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 3_600_000,
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const telemetry = await instrumentOpenTelemetry(sources, {
    tracerProvider,
    loggerProvider,
    meterProvider,
    ...options,
  });
  return {
    telemetry,
    tracerProvider,
    spans: () => spanExporter.getFinishedSpans(),
    logs: () => logExporter.getFinishedLogRecords(),
    async metrics() {
      await meterProvider.forceFlush();
      const all =
        metricExporter
          .getMetrics()
          .at(-1)
          ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
      await meterProvider.shutdown();
      return new Map(all.map((metric) => [metric.descriptor.name, metric]));
    },
  };
}

describe('instrumentOpenTelemetry', () => {
  it('exports a case once, however often its source is given', async () => {
    const processor = new FakeProcessor();
    const { spans, telemetry } = await sdk([processor, processor]);
    processor.fire('case:end', { at, runId, result: scoredResult() });
    expect(spans()).toHaveLength(1);
    telemetry.stop();
    processor.fire('case:end', { at, runId, result: scoredResult() });
    expect(spans()).toHaveLength(1);
  });

  it('gives a client span for a case that asked a model', async () => {
    const processor = new FakeProcessor();
    const { spans } = await sdk([processor], { provider: 'vllm' });
    const result = scoredResult({
      endpoint: 'https://user:pass@gpu1.example:8443/v1?key=sk-canary',
      usage: { inputTokens: 10, outputTokens: 5, cachedInputTokens: 4 },
      attempts: 2,
    });
    processor.fire('case:end', { at, runId, result });
    const [span] = spans();
    expect(span?.name).toBe('chat model-a');
    expect(span?.kind).toBe(SpanKind.CLIENT);
    expect(span?.status.code).toBe(SpanStatusCode.UNSET);
    expect(span?.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'vllm',
      'gen_ai.request.model': 'model-a',
      'gen_ai.response.model': 'model-a',
      'gen_ai.response.id': 'req-1',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 10,
      'gen_ai.usage.output_tokens': 5,
      'gen_ai.usage.cache_read.input_tokens': 4,
      'server.address': 'gpu1.example',
      'server.port': 8443,
      'assaykit.run.id': 'run-1',
      'assaykit.case.id': 'case-1',
      'assaykit.repetition': 0,
      'assaykit.outcome': 'scored',
      'assaykit.attempts': 2,
      'assaykit.cost': 0.001,
    });
    expect(span?.startTime).toEqual([1_700_000_000, 1_000_000]);
    expect(span?.endTime).toEqual([1_700_000_000, 101_000_000]);
  });

  it('emits an evaluation event for each dimension and the overall score, inside the span', async () => {
    const processor = new FakeProcessor();
    const { spans, logs } = await sdk([processor]);
    const { evaluation } = scoredResult();
    const result = scoredResult({
      evaluation: {
        ...evaluation,
        passed: true,
        dimensions: [
          {
            name: 'accuracy',
            outcome: 'scored',
            score: 0.75,
            label: 'close',
            reason: 'quotes it',
            durationMs: 1,
          },
          {
            name: 'style',
            outcome: 'errored',
            score: null,
            error: { code: 'ASSAY_DIMENSION_TIMEOUT', message: 'late', retryable: false },
            durationMs: 1,
          },
        ],
      },
    });
    processor.fire('case:end', { at, runId, result });
    const records = logs();
    expect(records.map((record) => record.eventName)).toEqual(Array(3).fill('gen_ai.evaluation.result'));
    const spanContext = spans()[0]?.spanContext();
    for (const record of records) {
      expect(record.spanContext?.spanId).toBe(spanContext?.spanId);
      expect(record.spanContext?.traceId).toBe(spanContext?.traceId);
      expect(record.attributes['gen_ai.response.id']).toBe('req-1');
    }
    expect(
      records.map(({ attributes }) => [
        attributes['gen_ai.evaluation.name'],
        attributes['gen_ai.evaluation.score.value'],
        attributes['gen_ai.evaluation.score.label'],
        attributes['error.type'],
      ]),
    ).toEqual([
      ['accuracy', 0.75, 'close', undefined],
      ['style', undefined, undefined, 'ASSAY_DIMENSION_TIMEOUT'],
      ['capitals', 0.5, 'pass', undefined],
    ]);
    expect(records.every(({ attributes }) => !('gen_ai.evaluation.explanation' in attributes))).toBe(true);
  });

  it('exports answers and explanations only when asked to', async () => {
    const { evaluation } = scoredResult();
    const result = scoredResult({
      evaluation: {
        ...evaluation,
        dimensions: [{ name: 'accuracy', outcome: 'scored', score: 1, reason: 'says CANARY', durationMs: 1 }],
      },
      response: { text: 'CANARY answer', finishReason: 'stop', requestId: null },
      metadata: { note: 'CANARY' },
    });
    const shown = async (captureContent: boolean): Promise<string> => {
      const processor = new FakeProcessor();
      const { spans, logs } = await sdk([processor], { captureContent });
      processor.fire('case:end', { at, runId, result });
      const seen = erroredResult('ASSAY_SERVER');
      processor.fire('case:end', { at, runId, result: seen });
      return JSON.stringify([
        spans().map((span) => [span.name, span.attributes, span.status]),
        logs().map((log) => log.attributes),
      ]);
    };
    const without = await shown(false);
    expect(without).not.toContain('CANARY');
    expect(without).not.toContain('secret prompt');
    const withContent = await shown(true);
    expect(withContent).toContain('CANARY answer');
    expect(withContent).toContain('says CANARY');
    expect(withContent).not.toContain('secret prompt');
  });

  it('marks a call that failed with its code, and leaves out what was never asked', async () => {
    const processor = new FakeProcessor();
    const { spans, logs } = await sdk([processor]);
    processor.fire('case:end', { at, runId, result: erroredResult('ASSAY_RATE_LIMITED') });
    processor.fire('case:end', { at, runId, result: erroredResult('ASSAY_ABORTED', { attempts: 0 }) });
    expect(spans()).toHaveLength(1);
    expect(spans()[0]?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'ASSAY_RATE_LIMITED' });
    expect(spans()[0]?.attributes['error.type']).toBe('ASSAY_RATE_LIMITED');
    expect(spans()[0]?.attributes['gen_ai.response.model']).toBeUndefined();
    expect(logs()).toEqual([]);
  });

  it('gives no span for an answer from a cache, but its evaluation', async () => {
    const processor = new FakeProcessor();
    const { spans, logs } = await sdk([processor]);
    processor.fire('case:end', { at, runId, result: scoredResult({ cached: true }) });
    expect(spans()).toEqual([]);
    expect(logs()[0]?.attributes).toMatchObject({
      'gen_ai.response.id': 'req-1',
      'gen_ai.evaluation.name': 'accuracy',
    });
  });

  it('calls a function target an internal span without model attributes', async () => {
    const processor = new FakeProcessor();
    const { spans } = await sdk([processor]);
    processor.fire('case:end', { at, runId, result: scoredResult({ model: null, endpoint: null }) });
    expect(spans()[0]?.kind).toBe(SpanKind.INTERNAL);
    expect(Object.keys(spans()[0]?.attributes ?? {}).some((name) => name.startsWith('gen_ai.'))).toBe(false);
  });

  it('gives a client span for each call of a client, under the parent that the host names', async () => {
    const client = new FakeClient();
    const parentProvider = new BasicTracerProvider();
    const parent = parentProvider.getTracer('host').startSpan('job');
    const { spans } = await sdk([client], {
      context: trace.setSpan(ROOT_CONTEXT, parent),
      provider: (endpoint) => `provider of ${endpoint}`,
    });
    client.fire('call:end', {
      at,
      callId: 1,
      model: 'judge',
      endpoint: 'gpu-1',
      attempts: 1,
      durationMs: 250,
      latencyMs: 240,
      usage: null,
      cost: null,
    });
    const [span] = spans();
    expect(span?.name).toBe('chat judge');
    expect(span?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
    expect(span?.attributes).toMatchObject({
      'gen_ai.provider.name': 'provider of gpu-1',
      'server.address': 'gpu-1',
    });
    expect(span?.duration).toEqual([0, 250_000_000]);
  });

  it('measures durations and tokens with the advised buckets', async () => {
    const processor = new FakeProcessor();
    const { metrics } = await sdk([processor]);
    processor.fire('case:end', { at, runId, result: scoredResult() });
    processor.fire('case:end', { at, runId, result: scoredResult({ caseId: 'case-2' }) });
    const all = await metrics();
    const duration = all.get('gen_ai.client.operation.duration');
    expect(duration?.descriptor.unit).toBe('s');
    expect(duration?.dataPoints[0]?.value).toMatchObject({
      count: 2,
      sum: 0.2,
      buckets: {
        boundaries: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
      },
    });
    expect(Object.keys(duration?.dataPoints[0]?.attributes ?? {})).not.toContain('assaykit.case.id');
    const tokens = all.get('gen_ai.client.token.usage');
    expect(
      tokens?.dataPoints.map((point) => [
        point.attributes['gen_ai.token.type'],
        (point.value as { sum: number }).sum,
      ]),
    ).toEqual([
      ['input', 20],
      ['output', 10],
    ]);
  });

  it("reports a monitor's counts and gauges, and leaves out what is not known", async () => {
    const processor = new FakeProcessor();
    const monitor = new RealTimeMonitor({ system: false });
    monitor.watch(processor);
    const { metrics } = await sdk([], { monitor });
    processor.fire('case:end', { at, runId, result: scoredResult() });
    monitor.sample();
    const all = await metrics();
    expect(all.get('assaykit.cases')?.dataPoints.map((point) => [point.attributes, point.value])).toEqual([
      [{ 'assaykit.outcome': 'scored' }, 1],
      [{ 'assaykit.outcome': 'unscored' }, 0],
      [{ 'assaykit.outcome': 'errored' }, 0],
    ]);
    expect(all.get('assaykit.requests')?.dataPoints[0]?.value).toBe(1);
    expect(all.get('assaykit.queue.depth')?.dataPoints ?? []).toEqual([]);
  });

  it('stops listening and reporting', async () => {
    const processor = new FakeProcessor();
    const { telemetry, spans, metrics } = await sdk([processor], {
      monitor: new RealTimeMonitor({ system: false }),
    });
    expect(processor.isWanted('case:end')).toBe(true);
    expect(processor.isWanted('case:start')).toBe(false);
    telemetry.stop();
    expect(processor.isWanted('case:end')).toBe(false);
    processor.fire('case:end', { at, runId, result: scoredResult() });
    expect(spans()).toEqual([]);
    expect((await metrics()).get('assaykit.cases')?.dataPoints ?? []).toEqual([]);
  });

  it('works with a foreign source, and without any SDK', async () => {
    let tell: (event: string, payload: unknown) => void = () => {};
    const foreign: WatchableSource = {
      onAny(listener) {
        tell = listener;
        return () => (tell = () => {});
      },
    };
    const { spans, telemetry } = await sdk([foreign]);
    tell('case:end', { at, runId, result: scoredResult() });
    tell('toString', {});
    expect(spans()).toHaveLength(1);
    telemetry.stop();
    const processor = new FakeProcessor();
    const bare = await instrumentOpenTelemetry([processor]);
    processor.fire('case:end', { at, runId, result: scoredResult() });
    bare.stop();
  });

  it('refuses an unknown option', async () => {
    await expect(instrumentOpenTelemetry([], { captureContents: true } as never)).rejects.toThrow(
      'did you mean `captureContent`?',
    );
    await expect(instrumentOpenTelemetry(new FakeProcessor() as never)).rejects.toThrow(
      'Expected an array of event sources, got an object',
    );
    await expect(instrumentOpenTelemetry([{} as never])).rejects.toThrow(
      'Expected an event source with `on` or `onAny` to instrument, got an object',
    );
    await expect(instrumentOpenTelemetry([], { monitor: {} as never })).rejects.toThrow(
      'a monitor with `totals`',
    );
  });
});

describe('without the optional packages', () => {
  it('says what to install', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'assaykit-otel-'));
    try {
      await mkdir(join(folder, 'node_modules'));
      await cp(resolve('dist'), join(folder, 'dist'), { recursive: true });
      await cp(resolve('package.json'), join(folder, 'package.json'));
      for (const name of ['eventemitter3', 'fastest-levenshtein']) {
        await cp(resolve('node_modules', name), join(folder, 'node_modules', name), { recursive: true });
      }
      const script = `
        const { instrumentOpenTelemetry } = await import('./dist/telemetry/opentelemetry.js');
        await instrumentOpenTelemetry([]).catch((error) => console.log(error.code, error.message));
      `;
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
        cwd: folder,
      });
      expect(stdout.trim()).toBe(
        'ASSAY_MISSING_DEPENDENCY assaykit/otel needs the package @opentelemetry/api, which is not installed: npm install @opentelemetry/api',
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
