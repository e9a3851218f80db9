import { InputError } from '../errors.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import { valueAt } from '../foundation/value-at.js';
import type { TemplateVariable } from './template-text.js';

/** A case whose input, expected answer and metadata may be anything. */
export type AnyCase = TestCase<unknown, unknown, unknown>;

const ROOTS: readonly string[] = ['id', 'input', 'metadata', 'group', 'cluster', 'expected'];

/**
 * Looks variables of a prompt up in a case: `input`, `metadata`, `id`, `group`, `cluster` and `expected` are those of the
 * case; any other name is a member of its input, else of its metadata. Only own members count.
 */
export class CaseVariables {
  readonly #testCase: AnyCase;
  readonly #missing = new Set<string>();

  constructor(testCase: AnyCase) {
    this.#testCase = testCase;
  }

  /** The value; `undefined` when there is none, which is noted; NaN is none, and no word of a prompt. */
  readonly valueOf = ({ path }: TemplateVariable): unknown => {
    const { input, metadata } = this.#testCase;
    const found = ROOTS.includes(path[0]!)
      ? valueAt(this.#testCase, path)
      : (valueAt(input, path) ?? valueAt(metadata, path));
    const none = found === undefined || found === null || Number.isNaN(found);
    if (none) this.#missing.add(path.join('.'));
    return none ? undefined : found;
  };

  /** @throws InputError `ASSAY_INVALID_CASE` naming every variable that was looked for and is not there */
  check(prompt: string): void {
    if (this.#missing.size === 0) return;
    const names = [...this.#missing].map((name) => `{{${name}}}`).join(', ');
    throw new InputError(
      'ASSAY_INVALID_CASE',
      `Expected case ${JSON.stringify(this.#testCase.id)} to have the variables of ${prompt}: it has no ${names}`,
    );
  }
}
