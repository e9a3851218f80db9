import type { ModelResponse } from '../client/model-client.js';
import type { ToolCall, ToolDefinition } from '../client/tool-call.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import type { StandardSchema } from '../scorers/json/json-schema.js';

/** What a tool gets beside its arguments. */
export interface ToolContext<State = unknown> {
  /** The state of this run of the agent: what `state` of `runTools` made, `undefined` without it. */
  readonly state: State;
  /** The case that is answered; `undefined` outside of a run. */
  readonly testCase: TestCase<unknown, unknown, unknown> | undefined;
  /** The call that is being answered. */
  readonly call: ToolCall;
  /** Number of the model's turn that made it, from 1. */
  readonly turn: number;
  /** Aborted when nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

/** A tool that the model may call, and what it does. */
export interface Tool<State = unknown> extends ToolDefinition {
  /** Checks the arguments (zod, valibot, arktype, …); what it gives back is what `execute` gets. @default no check */
  readonly schema?: StandardSchema | undefined;
  /**
   * Does it. The model is told what it returns: a text as it is, anything else as JSON, `ok` for nothing. What it throws is
   * told to the model, too, as an error.
   */
  readonly execute: (args: Readonly<Record<string, unknown>>, context: ToolContext<State>) => unknown;
}

/**
 * What became of a tool call: a result (`ok`), an error that the model was told (`unknown-tool`, `invalid-arguments`,
 * `failed`), or nothing, as the loop ended before (`not-run`).
 */
export type StepOutcome = 'ok' | 'unknown-tool' | 'invalid-arguments' | 'failed' | 'not-run';

/** A tool call on the way to an answer, and what became of it. */
export interface AgentStep {
  /** Number of the model's turn that made it, from 1. */
  readonly turn: number;
  /** Id of the call. */
  readonly id: string;
  /** Name of the tool. */
  readonly name: string;
  /** The arguments; `null` when they are no JSON object. */
  readonly arguments: unknown;
  /** What became of it. */
  readonly outcome: StepOutcome;
  /** What the model was told; `null` when that is not known, or nothing was told. */
  readonly result: string | null;
  /** How long it took, milliseconds; absent when nobody measured it. */
  readonly durationMs?: number;
}

/**
 * Why a loop ended: the model answered (`answer`), its last turn still called tools (`max-turns`), or the turns had cost
 * enough (`budget`).
 */
export type ToolRunStop = 'answer' | 'max-turns' | 'budget';

/** What `runTools` keeps beside the answer, as the answer's `metadata`. */
export interface ToolRunMetadata<State = unknown> {
  /** Why the loop ended. */
  readonly stopReason: ToolRunStop;
  /** Answers of the model, >= 1. */
  readonly turns: number;
  /** Every tool call, in order, and what became of it. */
  readonly steps: readonly AgentStep[];
  /** The state that was left behind; absent without the option `state`. */
  readonly state?: State;
  /** Members of the host's own. */
  readonly [member: string]: unknown;
}

/** An agent's answer with the way to it; what a function target returns. */
export interface ToolRun<State = unknown> extends Pick<
  ModelResponse,
  'model' | 'finishReason' | 'endpoint' | 'requestId' | 'usage' | 'cost' | 'attempts' | 'latencyMs'
> {
  /** The model's last text; often empty when it ended with a call. */
  readonly output: string;
  /** All calls of all turns, in order. An id that was used before has the turn's number behind it. */
  readonly toolCalls: readonly ToolCall[];
  /** What the model reasoned before its last text; absent when there was nothing. */
  readonly reasoning?: string;
  /** Why the loop ended, and its steps. */
  readonly metadata: ToolRunMetadata<State>;
}
