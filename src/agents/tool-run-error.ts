import type { AttemptRecord } from '../client/endpoint-error.js';
import type { TokenUsage } from '../client/model-client.js';
import { AssayError, messageOf, type ErrorRecord } from '../errors.js';
import type { AgentStep } from './tool-run.js';

/** What a {@link ToolRunError} is made from. */
export interface ToolRunErrorOptions {
  /** What failed. */
  readonly cause: unknown;
  /** Whether the whole run may be tried again. */
  readonly retryable: boolean;
  /** Number of the turn that failed, from 1. */
  readonly turn: number;
  /** The tool calls before it. */
  readonly steps: readonly AgentStep[];
  /** Tokens of all turns, the failed one included as far as it is known. */
  readonly usage: TokenUsage | null;
  /** What they cost. */
  readonly cost: number | null;
}

/** An agent's run whose model failed, or that was aborted. Its code is that of the failure. */
export class ToolRunError extends AssayError {
  /** Number of the turn that failed, from 1. */
  readonly turn: number;
  /** The tool calls before it. */
  readonly steps: readonly AgentStep[];
  /** Tokens of all turns, the failed one included as far as servers told: they were paid for. `null` when none did. */
  readonly usage: TokenUsage | null;
  /** What they cost, in the unit of the client's price table; `null` without usage or price. */
  readonly cost: number | null;
  /** Attempts of the turn that failed, as its client tells them; empty when it does not. */
  readonly attempts: readonly AttemptRecord[];
  /** Id of the endpoint that failed last; `null` when none is known. */
  readonly endpoint: string | null;

  constructor(options: ToolRunErrorOptions) {
    const { cause, retryable, turn } = options;
    const code = AssayError.is(cause) ? cause.code : 'ASSAY_TARGET_FAILED';
    super(code, `Turn ${turn} of the agent failed: ${messageOf(cause)}`, { cause, retryable });
    const { attempts, endpoint } = (cause ?? {}) as Partial<Record<'attempts' | 'endpoint', unknown>>;
    this.turn = turn;
    this.steps = options.steps;
    this.usage = options.usage;
    this.cost = options.cost;
    this.attempts = Array.isArray(attempts) ? (attempts as readonly AttemptRecord[]) : [];
    this.endpoint = typeof endpoint === 'string' ? endpoint : null;
  }

  override toRecord(): ErrorRecord {
    const { cause } = this;
    return AssayError.is(cause) ? { ...cause.toRecord(), ...super.toRecord() } : super.toRecord();
  }
}
