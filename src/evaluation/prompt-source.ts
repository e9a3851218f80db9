import type { ModelInput } from '../client/model-client.js';
import type { TestCase } from './evaluation-types.js';

/**
 * Makes what a target is asked out of a case: `promptTemplate` of `assaykit/prompts` gives one. The case itself stays as it
 * is, so that runs with different prompts are over the same cases.
 */
export interface PromptSource {
  /** What the target is asked. An `InputError` that it throws makes the case errored. */
  render(testCase: TestCase<unknown, unknown, unknown>): ModelInput;
  /** What identifies it in a run manifest, plain data: another description is another run. */
  describe(): Readonly<Record<string, unknown>>;
}
