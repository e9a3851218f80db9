import type { ListNode } from '../foundation/linked-list.js';
import type { TokenUsage } from '../client/model-client.js';
import type { EvaluationContext, TestCase } from '../evaluation/evaluation-types.js';
import { Cancellation } from '../foundation/cancellation.js';
import type { CaseOfRun } from './case-keeper.js';
import type { TargetContext } from './batch-options.js';

/**
 * One case and repetition on its way through a run. It is at once the context that targets and evaluators get
 * and the cancellation that the client listens to: one object a case, and an AbortSignal only if somebody reads it.
 */
export class CaseTask<Input, Expected, Metadata>
  extends Cancellation
  implements EvaluationContext<Input, Expected, Metadata>, TargetContext<Input, Expected, Metadata>
{
  readonly runId: string;
  readonly testCase: TestCase<Input, Expected, Metadata>;
  readonly repetition: number;
  /** Its case as a store keeps it; `undefined` without a store, and when it cannot be kept. */
  readonly kept: CaseOfRun | undefined;
  /** Its place in the order in which a start of the run submits its tasks, from 0. */
  readonly sequence: number;
  /** Monotonic time at which the case was pulled. */
  readonly pulledAt: number;
  /** Monotonic time at which it was begun. */
  begunAt = 0;
  /** Monotonic time at which its time is up. */
  deadline = 0;
  /** What it has used, guessed, where nobody told and a limit needs to know. */
  estimate: TokenUsage | undefined = undefined;
  /** Its place among the cases in flight. */
  place: ListNode<CaseTask<Input, Expected, Metadata>> | undefined = undefined;

  constructor(
    testCase: TestCase<Input, Expected, Metadata>,
    {
      runId,
      repetition,
      sequence,
      pulledAt,
      kept,
    }: Pick<CaseTask<Input, Expected, Metadata>, 'runId' | 'repetition' | 'sequence' | 'pulledAt' | 'kept'>,
  ) {
    super();
    this.runId = runId;
    this.testCase = testCase;
    this.repetition = repetition;
    this.sequence = sequence;
    this.pulledAt = pulledAt;
    this.kept = kept;
  }
}

/** Settles as `work` does, or rejects with the reason of the cancellation if that comes first. */
export function unlessCancelled<Value>(work: PromiseLike<Value>, cancellation: Cancellation): Promise<Value> {
  return new Promise((resolve, reject) => {
    cancellation.onCancel(reject);
    work.then(
      (value) => {
        cancellation.offCancel(reject);
        resolve(value);
      },
      (error: unknown) => {
        cancellation.offCancel(reject);
        reject(error);
      },
    );
  });
}
