import { messageOf } from '../errors.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import { show } from '../foundation/options.js';
import { givenAtOnce } from '../foundation/thenable.js';
import { keepCase, type CaseParts, type KeptCase } from '../stores/kept-case.js';
import { CaseFingerprint } from './case-fingerprint.js';

type KeepCases<Input, Expected, Metadata> =
  boolean | ((testCase: TestCase<Input, Expected, Metadata>) => object | null);

/** A case of a run, one for all its repetitions. */
export interface CaseOfRun extends KeptCase {
  /** Whether the store was given it, or shall not get it. */
  isStored: boolean;
  /** Its metadata, as its results may have it; `undefined`: not at all. */
  readonly metadata: unknown;
}

/** Turns cases into what a store keeps of them, and into the run's fingerprint. Never throws. */
export class CaseKeeper<Input, Expected, Metadata> {
  readonly #keepCases: KeepCases<Input, Expected, Metadata>;
  readonly #fingerprint = new CaseFingerprint();
  #refused = 0;
  #firstRefusal = '';

  constructor(keepCases: KeepCases<Input, Expected, Metadata> = true) {
    this.#keepCases = keepCases;
  }

  /** The case as it is kept; `undefined` when it cannot be. */
  keep(testCase: TestCase<Input, Expected, Metadata>): CaseOfRun | undefined {
    try {
      const content = this.#contentOf(testCase);
      if (content === null) return undefined;
      const { hash, text } = keepCase(content);
      this.#fingerprint.add(testCase.id, hash);
      const isKept = this.#keepCases !== false;
      return { hash, text, isStored: !isKept, metadata: isKept ? content.metadata : undefined };
    } catch (error) {
      this.#refused += 1;
      if (this.#refused === 1) this.#firstRefusal = `${JSON.stringify(testCase.id)}: ${messageOf(error)}`;
      return undefined;
    }
  }

  /** Order-free hash of all cases that were given. */
  get fingerprint(): string {
    return this.#fingerprint.value;
  }

  /** What a reader of the summary has to know: nothing when every case was kept. */
  get warnings(): string[] {
    if (this.#refused === 0) return [];
    return [`${this.#refused} cases were not kept in the store; the first was ${this.#firstRefusal}`];
  }

  #contentOf(testCase: TestCase<Input, Expected, Metadata>): CaseParts | null {
    const keep = this.#keepCases;
    const kept: unknown = typeof keep === 'function' ? givenAtOnce('keepCases', keep(testCase)) : testCase;
    if (kept === null) return null;
    if (typeof kept !== 'object')
      throw new TypeError(`keepCases must return what to keep of a case, or null, got ${show(kept)}`);
    const { input, expected, metadata, group, cluster } = kept as CaseParts;
    return { input, expected, metadata, group, cluster };
  }
}
