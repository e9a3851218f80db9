import type { ChildProcess } from 'node:child_process';
import type {
  BatchWorkerOptions,
  EnqueueOptions,
  EnqueuedRun,
  QueueConnection,
  RunDefinition,
  RunQueue,
} from '../../src/bullmq.js';
import type { CaseResult, RunSummary } from '../../src/index.js';
import type { PostgresResultStore } from '../../src/postgres.js';
import type { PostgresServer } from '../support/postgres-server.mjs';

type Options = Partial<BatchWorkerOptions<string, string, { readonly number: number }>>;

export interface FleetSettings {
  readonly latencyMs?: number;
  /** Of the store; the queue's is beside it. @default 'assaykit' */
  readonly schema?: string;
  readonly version?: string;
  readonly poison?: number;
  readonly modelUrl?: string;
  readonly connection?: QueueConnection;
  readonly worker?: Options;
}

export interface WorkerMessage {
  readonly event: string;
  readonly outcome?: string;
  readonly batch?: number;
  readonly error?: string;
}

export class Fleet {
  constructor(server: PostgresServer, settings?: FleetSettings);
  readonly told: WorkerMessage[];
  readonly connection: QueueConnection;
  readonly store: PostgresResultStore;
  readonly definition: RunDefinition<string, string, { readonly number: number }>;
  readonly queue?: RunQueue;
  openQueue(): Promise<RunQueue>;
  enqueue(
    count: number,
    options?: Partial<EnqueueOptions<string, string, { readonly number: number }>>,
  ): Promise<EnqueuedRun>;
  start(changes?: FleetSettings): Promise<ChildProcess>;
  kill(child: ChildProcess): Promise<void>;
  drain(child: ChildProcess, timeoutMs: number): Promise<number | null>;
  calls(): { readonly number: number; readonly pid: number }[];
  repeated(): number[];
  stored(count: number): Promise<void>;
  results(): Promise<Map<string, CaseResult>>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export function killSweep(
  fleet: Fleet,
  server: PostgresServer,
  options: {
    readonly count: number;
    readonly workers: number;
    readonly kills: number;
    readonly crashes?: number;
    readonly onKill?: (what: string, at: number) => void;
  },
): Promise<RunSummary>;
export function summaryOfOneProcess(count: number, run: Fleet['definition']): Promise<RunSummary>;
export function timeless(summary: RunSummary): object;
