import { setTimeout as realDelay } from 'node:timers/promises';
import { BatchProcessor } from '../../../src/batch/batch-processor.js';
import { LoadBalancedClient } from '../../../src/client/load-balanced-client.js';
import { createEvaluator } from '../../../src/evaluation/create-evaluator.js';
import type { TestCase } from '../../../src/evaluation/evaluation-types.js';
import { seededRandom } from '../../../src/foundation/seeded-random.js';
import { AlertManager } from '../../../src/monitor/alerts/alert-manager.js';
import { defaultAlertRules } from '../../../src/monitor/alerts/alert-rules.js';
import { RealTimeMonitor } from '../../../src/monitor/real-time-monitor.js';
import { startFakeModelServer, type FakeAnswer } from '../../../src/testing/index.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';

type Phase = 'healthy' | 'one endpoint dead' | 'rate limits' | 'stall';

/**
 * Plays an incident with a real processor and a real client against two fake model servers over loopback; only
 * time is fake: a second is over when every call of it has been answered or waits for the clock. Returns
 * "rule status" as a handler was told.
 */
export async function playServerIncident(seed: number): Promise<readonly string[]> {
  const random = seededRandom(seed);
  const clock = new ManualClock();
  let phase: Phase = 'healthy';
  let endStall: () => void = () => {};
  let stalled: Promise<void> = Promise.resolve();
  const answer = (endpoint: number) => async (): Promise<FakeAnswer> => {
    if (phase === 'one endpoint dead' && endpoint === 0) return { fault: 'reset' };
    if (phase === 'rate limits') return { status: 429, headers: { 'retry-after': '1' } };
    if (phase === 'stall') await stalled;
    return 'Paris';
  };
  const servers = await Promise.all(
    [0, 1].map((endpoint) => startFakeModelServer({ reply: answer(endpoint) })),
  );
  const client = new LoadBalancedClient({
    endpoints: servers.map(({ url }, index) => ({ id: `gpu-${index}`, url })),
    model: 'fake-model',
    clock,
    random,
    retry: { maxRetries: 100 },
  });
  const processor = new BatchProcessor({
    target: client,
    evaluator: createEvaluator({ name: 'capitals', version: '1', dimensions: { accuracy: () => 1 } }),
    concurrency: 8,
    clock,
  });
  const monitor = new RealTimeMonitor({ clock, system: false });
  const told: string[] = [];
  const alerts = new AlertManager({
    clock,
    // The client backs off at the first 429s, so that even a storm is a small share of its requests.
    rules: defaultAlertRules({ maxRateLimitedRate: 0.04 }),
    handlers: [({ rule, status }) => void told.push(`${rule} ${status}`)],
  });
  monitor.watch(processor, client);
  alerts.watch(monitor);
  monitor.start();

  const cases = new CaseFeed();
  const run = processor.run(cases);
  /** Seconds of work: cases come in, the network settles, a second passes. */
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      cases.release(4 + Math.floor(random() * 3));
      await settle(() => {
        const { scored, errored, requests } = monitor.totals();
        return `${scored} ${errored} ${requests} ${client.snapshot().inFlight}`;
      });
      await clock.advance(1000);
    }
  };

  await pass(20);
  phase = 'one endpoint dead';
  await pass(40 + Math.floor(random() * 10));
  phase = 'healthy';
  await pass(70);
  phase = 'rate limits';
  await pass(25);
  phase = 'healthy';
  await pass(75);
  phase = 'stall';
  stalled = new Promise((resolve) => (endStall = resolve));
  await pass(70 + Math.floor(random() * 20));
  phase = 'healthy';
  endStall();
  await pass(20);
  cases.end();
  let over = false;
  const ended = run.finally(() => (over = true));
  while (!over) {
    await settle(() => String(monitor.totals().scored));
    await clock.advance(1000);
  }
  await ended;
  monitor.close();
  await alerts.close();
  await client.close();
  await Promise.all(servers.map((server) => server.close()));
  return told;
}

/** Waits until nothing that `state` shows has changed for a few turns of the real network. */
async function settle(state: () => string): Promise<void> {
  let [before, quiet] = [state(), 0];
  while (quiet < 3) {
    await realDelay(1);
    const now = state();
    quiet = now === before ? quiet + 1 : 0;
    before = now;
  }
}

/** Cases that come when they are released. */
class CaseFeed implements AsyncIterable<TestCase> {
  #released = 0;
  #given = 0;
  #ended = false;
  #wake: () => void = () => {};

  release(count: number): void {
    this.#released += count;
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TestCase> {
    for (;;) {
      while (this.#given < this.#released) {
        this.#given += 1;
        yield { id: `case-${this.#given}`, input: `Capital of France? (${this.#given})` };
      }
      if (this.#ended) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
