// Workers in processes of their own on a real queue: what the tests and `bench/distributed` start, kill and look at.
import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRunQueue, enqueueRun, waitForRun } from '../../dist/bullmq.js';
import { BatchProcessor, MemoryResultStore } from '../../dist/index.js';
import { PostgresResultStore } from '../../dist/postgres.js';
import { cases, definition } from './definition.mjs';

const CHILD = fileURLToPath(new URL('./worker-child.mjs', import.meta.url));

/** Processes that work on one queue. */
export class Fleet {
  /** Messages of all workers. */
  told = [];
  #folder = mkdtempSync(join(tmpdir(), 'assaykit-fleet-'));
  #children = new Set();
  #settings;

  /** `settings`: what `worker-child.mjs` takes. */
  constructor(server, settings = {}) {
    const schema = settings.schema ?? 'assaykit';
    this.connection = settings.connection ?? { postgres: server.connectionString, schema: `${schema}_queue` };
    this.#settings = {
      connectionString: server.connectionString,
      connection: this.connection,
      log: join(this.#folder, 'calls'),
      latencyMs: 20,
      ...settings,
      schema,
    };
    this.store = new PostgresResultStore(server.connectionString, { schema, retryTimeoutMs: 60_000 });
  }

  /** The run's definition without its log. */
  get definition() {
    return definition({ ...this.#settings, log: undefined, poison: undefined });
  }

  async openQueue() {
    return (this.queue ??= await createRunQueue({ connection: this.connection }));
  }

  /** Enqueues so many cases. */
  async enqueue(count, options = {}) {
    return enqueueRun(await this.openQueue(), {
      runId: 'run',
      cases: cases(count),
      store: this.store,
      ...this.definition,
      ...options,
    });
  }

  /** Starts a worker; resolves when it takes jobs. */
  async start(changes = {}) {
    const child = fork(CHILD, [JSON.stringify({ ...this.#settings, ...changes })], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    await new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`The worker ended with ${code} before it was ready`)));
      child.on('message', (message) => {
        if (message.event === 'ready') resolve();
        else this.told.push(message);
      });
    });
    return child;
  }

  /** `kill -9`; resolves when the process is gone. */
  async kill(child) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Drains a worker as its SIGTERM handler would; resolves when its process has ended by itself. */
  async drain(child, timeoutMs) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.send({ drain: timeoutMs });
    return gone;
  }

  /** The calls of the model, in order: number of the case, and process that made it. */
  calls() {
    if (!existsSync(this.#settings.log)) return [];
    const lines = readFileSync(this.#settings.log, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => line.split(' ').map(Number)).map(([number, pid]) => ({ number, pid }));
  }

  /** How many calls of each process had to be made again by another one, the most first. */
  repeated() {
    const first = new Map();
    const lost = new Map();
    for (const { number, pid } of this.calls()) {
      if (first.has(number)) lost.set(first.get(number), (lost.get(first.get(number)) ?? 0) + 1);
      first.set(number, pid);
    }
    return [...lost.values()].sort((a, b) => b - a);
  }

  /** Waits until so many results are stored. */
  async stored(count) {
    for (;;) {
      const { scored, unscored, errored } = await this.counts();
      if (scored + unscored + errored >= count) return;
      await sleep(20);
    }
  }

  async counts() {
    for await (const { results } of this.store.runs({ runId: 'run' })) return results;
    return { scored: 0, unscored: 0, errored: 0 };
  }

  /** All stored results by key; throws for one that is there twice. */
  async results() {
    const found = new Map();
    for await (const result of this.store.query({ runId: 'run' })) {
      const key = `${result.caseId}/${result.repetition}`;
      if (found.has(key)) throw new Error(`${key} is stored twice`);
      found.set(key, result);
    }
    return found;
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  async close() {
    await Promise.all([...this.#children].map((child) => this.kill(child)));
    await this.queue?.close();
    await this.store.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * Kills a worker each time that another share of the cases is stored, and starts a new one in its place; half-way the server
 * of the database. Resolves when the run has ended.
 */
export async function killSweep(fleet, server, { count, workers, kills, crashes = 1, onKill = () => {} }) {
  const running = [];
  for (let i = 0; i < workers; i++) running.push(await fleet.start());
  const events = Array.from({ length: kills + crashes }, (_, i) => ({
    at: Math.floor((count * (i + 0.5)) / (kills + crashes + 0.5)),
    crash:
      crashes > 0 &&
      i % Math.ceil((kills + crashes) / crashes) === Math.floor((kills + crashes) / crashes / 2),
  }));
  for (const { at, crash } of events) {
    await fleet.stored(at);
    onKill(crash ? 'server' : 'worker', at);
    if (crash) {
      await server.crash();
      await sleep(500);
      await server.restart();
    } else {
      await fleet.kill(running.shift());
      running.push(await fleet.start());
    }
  }
  return waitForRun(fleet.store, 'run', { pollMs: 100 });
}

/** The summary of one process over the same cases. */
export async function summaryOfOneProcess(count, run) {
  const store = new MemoryResultStore();
  const processor = new BatchProcessor({ ...run, store, retry: false, concurrency: 64 });
  return processor.run(cases(count), { runId: 'run' });
}

/** A summary without what time made of it: start, durations and what follows from them. Everything else is compared. */
export function timeless(summary) {
  const rest = JSON.parse(JSON.stringify(summary));
  const answered = rest.latency.count;
  for (const name of ['startedAt', 'durationMs', 'latency', 'timeToFirstToken', 'resultsPerSecond'])
    delete rest[name];
  return { ...rest, answered };
}
