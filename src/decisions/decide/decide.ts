import type { CaseInput } from '../../cases/case-source.js';
import type { ModelInput } from '../../client/model-client.js';
import type { TestCase } from '../../evaluation/evaluation-types.js';
import type { Decision } from './decision.js';
import type { DecideOptions } from './decision-options.js';
import { DecisionProcessor } from './decision-processor.js';

/**
 * Which of two targets is better? Asks both about the same cases, in a seeded order, and stops as soon as it is settled:
 * `a`, `b`, `equivalent` or `undecided`.
 *
 * - `plan: { cases, looks }`: a group-sequential test; hardly more cases than a test without looks when there is
 *   nothing to find, half of them when the difference is larger than planned for.
 * - `open: true`: an e-process for 0/1 scores, betting for graded ones; any number of looks, for streams.
 *
 * Either way a winner is named with a chance of at most 1 - level where there is none. Only complete cases of the
 * submission order are judged, never what happens to finish first. Errored and unscored cases count neither way; where
 * one side fails far more often it refuses. With a store both sides are runs of their own, and `resume` comes to the same
 * verdict. For events, `drain` and a dashboard use {@link DecisionProcessor}.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`; `ASSAY_MANIFEST_MISMATCH` for a decision that is resumed with another
 *   level, plan, margin or order; and whatever a run rejects with (an `InputError` for a broken case, a `RunError` when
 *   it was aborted or the store failed).
 *
 * @example
 * const d = await decide(cases, { a: clientA, b: clientB, evaluator, metric: 'accuracy', store, plan: { cases: 2000 } });
 * console.log(String(d)); // b is better. ...
 */
export async function decide<
  Input = ModelInput,
  Expected = unknown,
  Metadata = Readonly<Record<string, unknown>>,
>(
  cases: CaseInput<TestCase<Input, Expected, Metadata>>,
  options: DecideOptions<Input, Expected, Metadata>,
): Promise<Decision> {
  return new DecisionProcessor<Input, Expected, Metadata>(options).run(cases);
}
