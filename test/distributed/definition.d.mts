import type { Evaluator, TestCase } from '../../src/index.js';

export type NumberedCase = TestCase<string, string, { readonly number: number }>;

export function cases(count: number): Generator<NumberedCase>;

export function definition(options: {
  readonly latencyMs: number;
  readonly log?: string | undefined;
  readonly version?: string | undefined;
  readonly poison?: number | undefined;
  readonly modelUrl?: string | undefined;
}): {
  readonly target: (input: string) => Promise<{ readonly output: string }>;
  readonly evaluator: Evaluator<string, string, { readonly number: number }>;
};
