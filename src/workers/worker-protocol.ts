/** What goes between the main thread and a worker. All of it is plain data that can be cloned. */
import type { ModelResponse } from '../client/model-client.js';
import type { TestCase } from '../evaluation/evaluation-types.js';

/** What a module's export is used as. */
export type WorkerModuleKind = 'evaluator' | 'scorer';

/** A module whose export does the work. */
export interface WorkerModule {
  /** `file:` or `data:` URL. */
  readonly url: string;
  /** What its export is used as. */
  readonly kind: WorkerModuleKind;
  /** Which export. */
  readonly exportName: string;
  /** Given to the export when it is a class or a factory of evaluators. */
  readonly moduleOptions?: unknown;
}

/**
 * One thing to do: the index into the message's modules, and what the module's export is called with; without it the
 * export is only loaded and described. A tuple, as the payload of an evaluation is: names of members are sent with
 * every object, which cost a worker another 0.4 us a task.
 */
export type WorkerTask = readonly [module: number] | readonly [module: number, payload: unknown];

/** What an evaluator is called with over there. */
export type EvaluatePayload = readonly [
  response: ModelResponse,
  testCase: TestCase,
  repetition: number,
  runId: string,
];

/** What a scorer is called with over there. */
export type ScorePayload = readonly [
  input: unknown,
  output: string,
  expected: unknown,
  metadata: unknown,
  response: ModelResponse,
];

/** Where a worker shall run. */
export interface WorkerPlacement {
  /** CPUs of each worker, by its number. */
  readonly cpus?: readonly (readonly number[])[];
  /** Nice value, -20 (first) to 19 (last). */
  readonly priority?: number;
}

/** One message to a worker. */
export interface WorkerMessage {
  /** Number of the worker in its pool, from 0; a replacement takes the number of the one it replaces. */
  readonly worker: number;
  readonly modules: readonly WorkerModule[];
  readonly tasks: readonly WorkerTask[];
  readonly taskTimeoutMs: number;
  readonly placement?: WorkerPlacement;
}

/** An error in transit. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** Own members that can be cloned: `code`, `status` and the like. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Whether it was an error of this package. */
  readonly assay: boolean;
  /** The error behind it. */
  readonly cause?: PackedError;
}

/** Whether a wish about placement came true. */
export interface PlacementNotice {
  /** The wish: CPUs to run on, or a nice value. */
  readonly what: 'affinity' | 'priority';
  /** Number of the worker, from 0. */
  readonly worker: number;
  /** Whether it came true. */
  readonly applied: boolean;
  /** CPUs or nice value as read back; `null` when not applied. */
  readonly value: readonly number[] | number | null;
  /** Why it was not applied. */
  readonly reason?: string;
}

/** The answer to a {@link WorkerMessage}. */
export interface WorkerReply {
  /** Result of each task; `undefined` where `errors` has an entry. */
  readonly values: unknown[];
  /** Failures by index of their task. */
  readonly errors: readonly (readonly [index: number, error: PackedError])[];
  /** Time the tasks took, without loading modules, microseconds. */
  readonly workUs: number;
  readonly notices?: readonly PlacementNotice[];
}

/** What an evaluator module is: enough to stand in for it on the main thread. */
export interface EvaluatorDescription {
  readonly name: string;
  readonly version: string;
  readonly dimensions?: readonly string[];
  readonly configuration?: Readonly<Record<string, unknown>>;
  readonly conventions?: Readonly<Record<string, string>>;
}

/** What a scorer module is. */
export interface ScorerDescription {
  readonly convention?: string;
  readonly version?: string;
}

/** Members of the progress memory of a thread (an Int32Array that it shares with its pool). */
export const PROGRESS = {
  /** Tasks begun since the thread was started, wrapping around. */
  begun: 0,
  /** 0: starting up or loading the task's module; 1: working on the task. */
  working: 1,
  /** How many members there are. */
  size: 2,
} as const;

/** What a thread is started with. */
export interface WorkerStartData {
  readonly progress: SharedArrayBuffer;
}
