import type { ModelResponse } from '../client/model-client.js';
import { Cancellation, onAbort } from '../foundation/cancellation.js';
import type { EvaluationContext, ScorerArguments } from './evaluation-types.js';

/**
 * What the scorers of one evaluation are called with. `signal` is a getter on the prototype, so that an
 * evaluation whose scorers never look at it makes no AbortController.
 */
export class DimensionArguments<Input, Expected, Metadata> implements ScorerArguments<
  Input,
  Expected,
  Metadata
> {
  readonly input: Input;
  readonly output: string;
  readonly expected: Expected;
  readonly metadata: Metadata;
  readonly response: ModelResponse;
  readonly #context: EvaluationContext<Input, Expected, Metadata>;
  readonly #timed: boolean;
  #timeout: Cancellation | undefined;
  #unfollow: (() => void) | undefined;

  /** `timed`: the signal also aborts at {@link DimensionArguments.expire}; else it is the context's own. */
  constructor(
    response: ModelResponse,
    context: EvaluationContext<Input, Expected, Metadata>,
    timed: boolean,
  ) {
    const testCase = context.testCase;
    this.input = testCase.input;
    // A scorer of other answers than texts says so by its type; here all are called alike.
    this.output = (response.output === undefined ? response.text : response.output) as string;
    this.expected = testCase.expected as Expected;
    this.metadata = testCase.metadata as Metadata;
    this.response = response;
    this.#context = context;
    this.#timed = timed;
    this.#timeout = undefined;
    this.#unfollow = undefined;
  }

  get signal(): AbortSignal {
    const outer = this.#context.signal;
    if (!this.#timed) return outer;
    if (this.#timeout === undefined) {
      const timeout = new Cancellation();
      this.#timeout = timeout;
      this.#unfollow = onAbort(outer, () => timeout.cancel(outer.reason));
    }
    return this.#timeout.signal;
  }

  /** The dimension's time is up. */
  expire(reason: unknown): void {
    this.release();
    this.#timeout?.cancel(reason);
  }

  /** The dimension is settled: stops following the context's signal. */
  release(): void {
    this.#unfollow?.();
  }
}
