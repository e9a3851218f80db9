import type { ModelResponse } from '../client/model-client.js';
import type { EvaluationContext, ScorerArguments, TestCase } from '../evaluation/evaluation-types.js';
import type { Cancellation } from '../foundation/cancellation.js';
import type { ScorePayload } from './worker-protocol.js';

/**
 * The signal of what is called in a worker, as a getter of the class: one of an object literal goes straight into
 * old space, with its deadline: a worker's CPU time for a small task was 1.5 times as long.
 */
class WithSignal {
  readonly #deadline: Cancellation;

  constructor(deadline: Cancellation) {
    this.#deadline = deadline;
  }

  get signal(): AbortSignal {
    return this.#deadline.signal;
  }
}

/** What an evaluator is called with in a worker. */
export class WorkerEvaluationContext extends WithSignal implements EvaluationContext {
  readonly testCase: TestCase;
  readonly repetition: number;
  readonly runId: string;

  constructor(
    testCase: TestCase,
    {
      repetition,
      runId,
      deadline,
    }: { readonly repetition: number; readonly runId: string; readonly deadline: Cancellation },
  ) {
    super(deadline);
    this.testCase = testCase;
    this.repetition = repetition;
    this.runId = runId;
  }
}

/** What a scorer is called with in a worker. */
export class WorkerScorerArguments extends WithSignal implements ScorerArguments {
  readonly input: unknown;
  readonly output: string;
  readonly expected: unknown;
  readonly metadata: unknown;
  readonly response: ModelResponse;

  constructor(payload: ScorePayload, deadline: Cancellation) {
    super(deadline);
    [this.input, this.output, this.expected, this.metadata, this.response] = payload;
  }
}
