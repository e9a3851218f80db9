import { messageOf } from '../errors.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import { show } from '../foundation/options.js';
import { isThenable } from '../foundation/thenable.js';
import { keepCase, type CaseParts, type KeptCase } from '../stores/kept-case.js';
import { CaseFingerprint } from './case-fingerprint.js';

const KNOWN_HASHES = 20_000; // repetitions of a case, and its neighbours, come close together

type KeepCases<Input, Expected, Metadata> =
  boolean | ((testCase: TestCase<Input, Expected, Metadata>) => object | null);

/** Turns cases into what a store keeps of them, and into the run's fingerprint. Never throws. */
export class CaseKeeper<Input, Expected, Metadata> {
  readonly #keepCases: KeepCases<Input, Expected, Metadata>;
  readonly #fingerprint = new CaseFingerprint();
  #stored = new Set<string>();
  #refused = 0;
  #firstRefusal = '';

  constructor(keepCases: KeepCases<Input, Expected, Metadata> = true) {
    this.#keepCases = keepCases;
  }

  /** The case as it is kept; `undefined` when it cannot be. */
  keep(testCase: TestCase<Input, Expected, Metadata>): KeptCase | undefined {
    try {
      const content = this.#contentOf(testCase);
      if (content === null) return undefined;
      const kept = keepCase(content);
      this.#fingerprint.add(testCase.id, kept.hash);
      return kept;
    } catch (error) {
      this.#refused += 1;
      if (this.#refused === 1) this.#firstRefusal = `${JSON.stringify(testCase.id)}: ${messageOf(error)}`;
      return undefined;
    }
  }

  /** Those of `cases` that the store may not have yet, each once. */
  unstored(cases: readonly KeptCase[]): KeptCase[] {
    if (this.#keepCases === false) return [];
    const found = new Map<string, KeptCase>();
    for (const kept of cases) if (!this.#stored.has(kept.hash)) found.set(kept.hash, kept);
    return [...found.values()];
  }

  /** The store has them now. */
  noteStored(cases: readonly KeptCase[]): void {
    if (this.#stored.size + cases.length > KNOWN_HASHES) this.#stored = new Set();
    for (const { hash } of cases) this.#stored.add(hash);
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
    const kept: unknown = typeof keep === 'function' ? keep(testCase) : testCase;
    if (kept === null) return null;
    if (typeof kept !== 'object' || isThenable(kept))
      throw new TypeError(`keepCases must return what to keep of a case, or null, got ${show(kept)}`);
    const { input, expected, metadata, group, cluster } = kept as CaseParts;
    return { input, expected, metadata, group, cluster };
  }
}
