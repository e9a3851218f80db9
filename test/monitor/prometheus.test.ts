import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import parsePrometheusTextFormat from 'parse-prometheus-text-format';
import { describe, expect, it } from 'vitest';
import { Exposition } from '../../src/monitor/exposition.js';
import { createMetricsHandler } from '../../src/monitor/metrics-handler.js';
import { RealTimeMonitor } from '../../src/monitor/real-time-monitor.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import {
  FakeClient,
  FakeProcessor,
  erroredResult,
  progressEvent,
  scoredResult,
} from './support/event-sources.js';
import { lintExposition } from './support/exposition-lint.js';

function busyMonitor(endpoint = 'gpu-1'): RealTimeMonitor {
  const clock = new ManualClock();
  const monitor = new RealTimeMonitor({ clock });
  const client = new FakeClient();
  const processor = new FakeProcessor();
  monitor.watch(client, processor);
  monitor.start();
  clock.now = () => 1000;
  for (const durationMs of [5, 10, 15, 700, 100_000]) {
    client.fire('attempt:end', {
      at: 0,
      callId: 1,
      attempt: 1,
      endpoint,
      durationMs,
      outcome: 'ok',
      status: 200,
    });
  }
  processor.fire('case:end', { at: 0, runId: 'r', result: scoredResult() });
  processor.fire('case:end', { at: 0, runId: 'r', result: erroredResult('ASSAY_SERVER') });
  processor.fire('progress', progressEvent());
  client.fire('endpoint:eject', { at: 0, endpoint, reason: 'quarantine', forMs: Number.POSITIVE_INFINITY });
  client.fire('call:end', {
    at: 0,
    callId: 1,
    model: 'model "a"\\b',
    endpoint,
    attempts: 1,
    durationMs: 1,
    latencyMs: 1,
    usage: { inputTokens: 7, outputTokens: 3 },
    cost: 0.5,
  });
  monitor.sample();
  monitor.stop();
  return monitor;
}

const family = (text: string, name: string) =>
  parsePrometheusTextFormat(text).find((each) => each.name === name);

describe('monitor.prometheus()', () => {
  it('keeps the rules that promtool checks', () => {
    expect(lintExposition(busyMonitor().prometheus())).toEqual([]);
    expect(lintExposition(new RealTimeMonitor({ system: false }).prometheus())).toEqual([]);
  });

  it('says what was counted', () => {
    const text = busyMonitor().prometheus();
    expect(family(text, 'assaykit_cases_total')).toMatchObject({
      type: 'COUNTER',
      metrics: [
        { labels: { outcome: 'scored' }, value: '1' },
        { labels: { outcome: 'unscored' }, value: '0' },
        { labels: { outcome: 'errored' }, value: '1' },
      ],
    });
    expect(family(text, 'assaykit_case_errors_total')?.metrics).toEqual([
      { labels: { code: 'ASSAY_SERVER' }, value: '1' },
    ]);
    expect(family(text, 'assaykit_endpoint_ejected')?.metrics).toEqual([
      { labels: { endpoint: 'gpu-1' }, value: '1' },
    ]);
    expect(family(text, 'assaykit_active_workers')?.metrics).toEqual([{ value: '8' }]);
    expect(family(text, 'assaykit_model_tokens_total')?.metrics).toMatchObject([
      { value: '7' },
      { value: '3' },
    ]);
  });

  it('has a histogram with fixed cumulative buckets in seconds', () => {
    const histogram = family(busyMonitor().prometheus(), 'assaykit_response_time_seconds');
    expect(histogram).toMatchObject({
      type: 'HISTOGRAM',
      metrics: [
        {
          count: '5',
          sum: '100.73',
          buckets: {
            '0.01': '2',
            '0.02': '3',
            '0.04': '3',
            '0.64': '3',
            '1.28': '4',
            '81.92': '4',
            '+Inf': '5',
          },
        },
      ],
    });
  });

  it('counts by endpoint and model up to this moment, before any snapshot', () => {
    const client = new FakeClient();
    const monitor = new RealTimeMonitor({ system: false });
    monitor.watch(client);
    for (let i = 0; i < 3; i++) {
      client.fire('attempt:end', {
        at: 0,
        callId: i,
        attempt: 1,
        endpoint: 'gpu-1',
        durationMs: 5,
        outcome: 'ok',
        status: 200,
      });
    }
    expect(monitor.prometheus()).toContain('assaykit_endpoint_requests_total{endpoint="gpu-1"} 3\n');
  });

  it('leaves out what is not known', () => {
    const text = new RealTimeMonitor({ system: false }).prometheus();
    expect(text).not.toMatch(/NaN|null|undefined/);
    expect(family(text, 'assaykit_cpu_utilization_ratio')).toBeUndefined();
    expect(family(text, 'assaykit_cases_total')).toBeDefined();
  });

  it('keeps labels whole, whatever a server calls its model', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (value) => {
        const out = new Exposition();
        out.family('x_total', { type: 'counter', help: 'Help.', samples: [[{ model: value }, 1]] });
        const text = out.toString();
        expect(text.split('\n')).toHaveLength(4);
        expect(lintExposition(text)).toEqual([]);
        const written = /model="((?:[^"\\]|\\.)*)"/s.exec(text)?.[1] ?? '';
        const read = written.replace(/\\(n|\\|")/g, (_match, code: string) => (code === 'n' ? '\n' : code));
        expect(read).toBe(value.replace(/\p{Cs}/gu, '\ufffd'));
      }),
    );
    expect(family(busyMonitor().prometheus(), 'assaykit_model_calls_total')?.metrics[0]).toMatchObject({
      labels: { model: 'model "a"\\b' },
    });
  });

  it('writes numbers that are no numbers as Prometheus does', () => {
    const out = new Exposition();
    out.family('x', {
      type: 'gauge',
      help: 'Line\none \\.',
      samples: [
        [{}, Number.NaN],
        [{ a: '1' }, Number.POSITIVE_INFINITY],
        [{ a: '2' }, Number.NEGATIVE_INFINITY],
        [{ a: '3' }, 1e21],
        [{ a: '4' }, null],
      ],
    });
    expect(out.toString()).toBe(
      '# HELP x Line\\none \\\\.\n# TYPE x gauge\nx NaN\nx{a="1"} +Inf\nx{a="2"} -Inf\nx{a="3"} 1e+21\n',
    );
  });
});

describe('createMetricsHandler', () => {
  async function serve(
    options: Parameters<typeof createMetricsHandler>[1],
    use: (url: string) => Promise<void>,
  ): Promise<void> {
    const server = createServer(createMetricsHandler(busyMonitor(), options));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    } finally {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  }

  it('answers a scrape', async () => {
    await serve({}, async (url) => {
      const response = await fetch(`${url}/metrics?name=x`);
      expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      const text = await response.text();
      expect(lintExposition(text)).toEqual([]);
      const head = await fetch(`${url}/metrics`, { method: 'HEAD' });
      expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
    });
  });

  it('answers nothing else', async () => {
    await serve({ path: '/m' }, async (url) => {
      expect((await fetch(`${url}/metrics`)).status).toBe(404);
      const post = await fetch(`${url}/m`, { method: 'POST', body: 'x' });
      expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    });
  });

  it("appends the host's own metrics", async () => {
    await serve({ append: () => Promise.resolve('# TYPE host_x gauge\nhost_x 1\n') }, async (url) => {
      expect(family(await (await fetch(`${url}/metrics`)).text(), 'host_x')?.metrics).toEqual([
        { value: '1' },
      ]);
    });
  });

  it('refuses what is no monitor, and a path that no request can have', () => {
    expect(() => createMetricsHandler({} as never)).toThrow('Expected a monitor with `prometheus`');
    expect(() => createMetricsHandler(busyMonitor(), { path: 'metrics' })).toThrow(
      '`path` of createMetricsHandler to be a path that begins with `/`, got "metrics"',
    );
  });

  it("answers 500 without a word of the host's error", async () => {
    const append = (): string => {
      throw new Error('secret');
    };
    await serve({ append }, async (url) => {
      const response = await fetch(`${url}/metrics`);
      expect(response.status).toBe(500);
      expect(await response.text()).toBe('Metrics are not available\n');
    });
  });
});
