import type { BatchEvents } from '../../../src/batch/batch-events.js';
import type { ErrorRecord } from '../../../src/errors.js';
import { seededRandom } from '../../../src/foundation/seeded-random.js';
import { AlertManager } from '../../../src/monitor/alerts/alert-manager.js';
import { RealTimeMonitor } from '../../../src/monitor/real-time-monitor.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { FakeClient, FakeProcessor, progressEvent, scoredResult } from './event-sources.js';

const RUN = 'nightly-42';
const refused: ErrorRecord = { code: 'ASSAY_CONNECT', message: 'refused', retryable: true };
const limited: ErrorRecord = {
  code: 'ASSAY_RATE_LIMITED',
  message: 'slow down',
  retryable: true,
  status: 429,
};

/** What an incident led to. */
export interface IncidentLog {
  /** "rule status" in order, as events. */
  readonly events: readonly string[];
  /** The same, as a handler was told. */
  readonly told: readonly string[];
}

/**
 * Plays one run of eight minutes on fake time, with the events that a processor and a client would emit: healthy,
 * an endpoint dies and comes back, a storm of 429s that retries ride out, a stall, a recovery, the end. Latencies,
 * counts and the order within a second vary with the seed.
 */
export async function playIncident(seed: number): Promise<IncidentLog> {
  const random = seededRandom(seed);
  const clock = new ManualClock();
  const processor = new FakeProcessor();
  const client = new FakeClient();
  const monitor = new RealTimeMonitor({ clock, system: false });
  const told: string[] = [];
  const events: string[] = [];
  const alerts = new AlertManager({
    clock,
    handlers: [({ rule, status }) => void told.push(`${rule} ${status}`)],
  });
  for (const event of ['alert:pending', 'alert:firing', 'alert:resolved'] as const) {
    alerts.on(event, ({ alert }) => events.push(`${alert.rule} ${alert.status}`));
  }
  monitor.watch(processor, client);
  alerts.watch(monitor);
  monitor.start();
  const at = 0;
  let done = 0;
  let callId = 0;

  const attempt = (endpoint: string, error?: ErrorRecord): void => {
    client.fire('attempt:end', {
      at,
      callId,
      attempt: 1,
      endpoint,
      durationMs: 50 + random() * 400,
      outcome: error === undefined ? 'ok' : 'error',
      status: error === undefined ? 200 : (error.status ?? null),
      ...(error === undefined ? {} : { error }),
    });
    if (error !== undefined)
      client.fire('call:retry', { at, callId, attempt: 1, endpoint, delayMs: 10, error });
  };
  const finish = (): void => {
    client.fire('call:end', {
      at,
      callId: callId++,
      model: 'model-a',
      endpoint: 'gpu-2',
      attempts: 1,
      durationMs: 100,
      latencyMs: 100,
      usage: { inputTokens: 100, outputTokens: 20 },
      cost: 0.001,
    });
    processor.fire('case:end', {
      at,
      runId: RUN,
      result: scoredResult({ runId: RUN, caseId: `case-${done++}` }),
    });
  };
  const progress = (): void => {
    processor.fire(
      'progress',
      progressEvent({ runId: RUN, done, total: 20_000, inFlight: 16, cost: done * 0.001 }),
    );
  };
  /** Seconds of work; `trouble` says what goes wrong with one request before it succeeds elsewhere. */
  const work = async (seconds: number, trouble: () => void = () => {}): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      for (let i = 5 + Math.floor(random() * 10); i > 0; i--) {
        trouble();
        attempt(random() < 0.5 ? 'gpu-2' : 'gpu-3');
        finish();
        if (random() < 0.2) progress();
      }
      progress();
      await clock.advance(1000);
    }
  };

  processor.fire('run:start', { at, runId: RUN, total: 20_000, resumed: false } as BatchEvents['run:start']);
  await work(60);
  for (let i = 0; i < 5; i++) attempt('gpu-1', refused);
  client.fire('endpoint:eject', {
    at,
    endpoint: 'gpu-1',
    reason: 'consecutive-failures',
    forMs: 5000,
    error: refused,
  });
  await work(25 + Math.floor(random() * 10));
  client.fire('endpoint:probe', { at, endpoint: 'gpu-1' });
  client.fire('endpoint:restore', { at, endpoint: 'gpu-1', ejectedForMs: 30_000 });
  await work(60);
  await work(60, () => {
    if (random() < 0.7) attempt('gpu-1', limited);
  });
  await work(90);
  await clock.advance(80_000 + random() * 20_000); // the stall: nothing is heard
  await work(30);
  processor.fire('run:end', { at, runId: RUN } as BatchEvents['run:end']);
  await clock.advance(60_000);
  await alerts.idle();
  monitor.close();
  await alerts.close();
  return { events, told };
}
