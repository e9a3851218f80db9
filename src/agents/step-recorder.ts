import { toolCallsOf, type GivenToolCall } from '../client/given-tool-calls.js';
import type { ToolCall } from '../client/tool-call.js';
import type { AgentStep, StepOutcome } from './tool-run.js';

/** The tool calls of an agent of another framework; spread it into what a function target returns. */
export interface RecordedSteps {
  /** All calls, in order. */
  readonly toolCalls: readonly ToolCall[];
  /** What `stepCount`, reports and people want to know beside them. */
  readonly metadata: {
    /** Answers of the model, as far as they can be told. */
    readonly turns: number;
    /** Every call, and what became of it. */
    readonly steps: readonly AgentStep[];
  };
}

/** Gathers the calls of an agent as they are met, and what became of them as that is met. */
export class StepRecorder {
  readonly #calls: ToolCall[] = [];
  readonly #steps: AgentStep[] = [];
  #turns = 0;

  /** An answer of the model begins. */
  turn(): void {
    this.#turns++;
  }

  /** A call was made. Its outcome is `not-run` until a result is met. */
  call(given: GivenToolCall): void {
    if (this.#turns === 0) this.#turns = 1;
    const [read] = toolCallsOf([given]) as [ToolCall];
    const call = { ...read, id: hasId(given) ? read.id : `call_${this.#calls.length}` };
    this.#calls.push(call);
    const { id, name, arguments: args } = call;
    this.#steps.push({ turn: this.#turns, id, name, arguments: args, outcome: 'not-run', result: null });
  }

  /** The result of the last call of that id; of the last call at all without one. */
  result(id: unknown, outcome: StepOutcome, result: unknown): void {
    const at =
      typeof id === 'string' ? this.#steps.findLastIndex((step) => step.id === id) : this.#steps.length - 1;
    const step = this.#steps[at];
    if (step !== undefined) this.#steps[at] = { ...step, outcome, result: toldText(result) };
  }

  /** All that was met. */
  read(): RecordedSteps {
    return { toolCalls: this.#calls, metadata: { turns: this.#turns, steps: this.#steps } };
  }
}

const hasId = ({ id, toolCallId }: GivenToolCall): boolean =>
  [id, toolCallId].some((each) => typeof each === 'string' && each !== '');

/** A result as the model read it: a text as it is, anything else as JSON. */
function toldText(result: unknown): string | null {
  if (typeof result === 'string') return result;
  if (result instanceof Error) return result.message;
  try {
    return JSON.stringify(result) ?? null;
  } catch {
    return null; // a cycle, a bigint: there is no telling what the model read
  }
}
