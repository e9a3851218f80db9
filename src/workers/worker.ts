/**
 * What runs in a worker thread or worker process: the entry that tinypool loads. It never fails to load by itself;
 * the host's module is loaded by the first task that needs it, so that a broken module is a failed task and not
 * a pool that hangs.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import { AssayError } from '../errors.js';
import { systemClock, type ClockTimer } from '../foundation/clock.js';
import { isThenable } from '../foundation/thenable.js';
import { Cancellation } from '../foundation/cancellation.js';
import { applyPlacement } from './cpu-affinity.js';
import { describeEvaluator, describeScorer, loadEvaluator, loadScorer } from './load-module.js';
import { isCloneable, packError } from './packed-error.js';
import { WorkerEvaluationContext, WorkerScorerArguments } from './worker-arguments.js';
import {
  PROGRESS,
  type EvaluatePayload,
  type PackedError,
  type PlacementNotice,
  type ScorePayload,
  type WorkerMessage,
  type WorkerModule,
  type WorkerReply,
  type WorkerStartData,
} from './worker-protocol.js';

interface Loaded {
  readonly description: unknown;
  run(payload: unknown, deadline: Cancellation): unknown;
}

const loaded = new Map<string, Promise<Loaded>>();
const progress = progressMemory();
let placed = false;

// A task that ends the process would end the worker with everything else it was given: let the task fail instead.
const exit = process.exit;
process.exit = (code) => {
  throw new AssayError('ASSAY_WORKER_CRASHED', `process.exit(${code ?? ''}) was called in a worker`);
};
process.once('uncaughtExceptionMonitor', () => {
  process.exit = exit; // Node itself now ends the worker with it
});

/** Does what a message asks for, one task after the other. */
export default async function handle(message: WorkerMessage): Promise<WorkerReply> {
  const values: unknown[] = [];
  const errors: [number, PackedError][] = [];
  const notices = place(message);
  const modules: Loaded[] = [];
  let begunAt = systemClock.now();
  for (let index = 0; index < message.tasks.length; index++) {
    const task = message.tasks[index]!;
    try {
      if (progress !== undefined) Atomics.add(progress, PROGRESS.begun, 1);
      let module = modules[task[0]];
      if (module === undefined) {
        const loadingAt = systemClock.now();
        module = await apartFromWork(load(message.modules[task[0]]!));
        modules[task[0]] = module;
        begunAt += systemClock.now() - loadingAt;
      }
      const value =
        task.length === 2 ? await runTask(module, task[1], message.taskTimeoutMs) : module.description;
      if (!isCloneable(value)) {
        throw new AssayError(
          'ASSAY_WORKER_UNCLONEABLE',
          'The result cannot be sent between threads: it holds a function, a symbol or another value that cannot be cloned',
        );
      }
      values.push(value);
    } catch (error) {
      values.push(undefined);
      errors.push([index, packError(error)]);
    }
  }
  return {
    values,
    errors,
    workUs: (systemClock.now() - begunAt) * 1000,
    ...(notices.length === 0 ? {} : { notices }),
  };
}

/** Waits for a module on the time that a worker has for starting, not on that of a task. */
async function apartFromWork(loading: Promise<Loaded>): Promise<Loaded> {
  if (progress !== undefined) Atomics.store(progress, PROGRESS.working, 0);
  try {
    return await loading;
  } finally {
    if (progress !== undefined) Atomics.store(progress, PROGRESS.working, 1);
  }
}

function runTask(module: Loaded, payload: unknown, timeoutMs: number): unknown {
  const deadline = new Cancellation();
  const returned = module.run(payload, deadline);
  return isThenable(returned) ? within(timeoutMs, Promise.resolve(returned), deadline) : returned;
}

/** The result, or a failure when it takes too long. Code that blocks the thread is ended from outside. */
async function within(timeoutMs: number, result: Promise<unknown>, deadline: Cancellation): Promise<unknown> {
  let timer: ClockTimer | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    const expire = (): void => {
      const error = new AssayError('ASSAY_WORKER_TIMEOUT', `The task took longer than ${timeoutMs} ms`);
      reject(error);
      deadline.cancel(error);
    };
    timer = systemClock.schedule(expire, timeoutMs);
  });
  try {
    return await Promise.race([result, expired]);
  } finally {
    timer?.cancel();
  }
}

function load(module: WorkerModule): Promise<Loaded> {
  const key = JSON.stringify([module.kind, module.url, module.exportName, module.moduleOptions]);
  let found = loaded.get(key);
  if (found === undefined) {
    found = module.kind === 'evaluator' ? evaluator(module) : scorer(module);
    found.catch(() => {}); // each task that needs it hears of a failure; until then nobody listens
    loaded.set(key, found);
  }
  return found;
}

async function evaluator(module: WorkerModule): Promise<Loaded> {
  const made = await loadEvaluator(module);
  return {
    description: describeEvaluator(made),
    run(payload, deadline) {
      const [response, testCase, repetition, runId] = payload as EvaluatePayload;
      return made.evaluate(response, new WorkerEvaluationContext(testCase, { repetition, runId, deadline }));
    },
  };
}

async function scorer(module: WorkerModule): Promise<Loaded> {
  const made = await loadScorer(module);
  return {
    description: describeScorer(made),
    run(payload, deadline) {
      return made(new WorkerScorerArguments(payload as ScorePayload, deadline));
    },
  };
}

function place(message: WorkerMessage): PlacementNotice[] {
  if (placed || message.placement === undefined) return [];
  placed = true;
  return applyPlacement(message.placement, { worker: message.worker, isProcess: isMainThread });
}

function progressMemory(): Int32Array | undefined {
  // tinypool starts a thread with [its own data, ours]; a process has no memory in common with the host.
  const data = (workerData as readonly unknown[] | null)?.[1] as WorkerStartData | undefined;
  return data === undefined ? undefined : new Int32Array(data.progress);
}
