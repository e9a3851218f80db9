import { AssayError, InputError } from '../errors.js';
import type { CaseResult, TestCase } from '../evaluation/evaluation-types.js';
import type { QueriedResult, ResultStore } from '../stores/result-store.js';
import type { TargetAnswer, TargetContext } from './batch-options.js';

/**
 * The cases of a stored run, and a target that gives its answers. Results are read in the order in which the run had
 * them, and one is held only until its case is asked for: repetitions of a case stand close together. One that is asked
 * for before it was met is looked up.
 */
export class StoredAnswers {
  readonly #store: Pick<ResultStore, 'query'>;
  readonly #runId: string;
  readonly #repetitions: number;
  readonly #met = new Map<string, CaseResult>();
  readonly #lookedUp = new Set<string>();

  /** `repetitions`: of the run. */
  constructor(
    store: Pick<ResultStore, 'query'>,
    { runId, repetitions }: { readonly runId: string; readonly repetitions: number },
  ) {
    this.#repetitions = repetitions;
    this.#store = store;
    this.#runId = runId;
  }

  /** Each case once. @throws InputError `ASSAY_INVALID_INPUT` for a case that the store has not kept. */
  async *cases(): AsyncGenerator<TestCase<unknown>, void, undefined> {
    const seen = new Set<string>();
    for await (const result of this.#store.query({ runId: this.#runId, withCase: true })) {
      this.#meet(result);
      if (this.#repetitions > 1) {
        if (seen.has(result.caseId)) continue;
        seen.add(result.caseId);
      }
      yield caseOf(result);
    }
  }

  /** The stored answer of a case and repetition. */
  readonly answer = async (
    _input: unknown,
    { testCase, repetition }: TargetContext,
  ): Promise<TargetAnswer> => {
    const result = await this.#take(testCase.id, repetition);
    if (result?.response !== undefined) return answerOf(result, result.response);
    if (result?.error !== undefined) throw new AssayError(result.error.code, result.error.message); // there was no answer to judge
    throw new AssayError(
      'ASSAY_TARGET_FAILED',
      `Run ${JSON.stringify(this.#runId)} has no answer of repetition ${repetition} of this case`,
    );
  };

  #meet(result: CaseResult): void {
    const key = keyOf(result.caseId, result.repetition);
    if (!this.#lookedUp.delete(key)) this.#met.set(key, result);
  }

  async #take(caseId: string, repetition: number): Promise<CaseResult | undefined> {
    const key = keyOf(caseId, repetition);
    const met = this.#met.get(key);
    this.#met.delete(key);
    if (met !== undefined) return met;
    for await (const result of this.#store.query({ runId: this.#runId, idPrefix: caseId })) {
      if (result.caseId !== caseId || result.repetition !== repetition) continue;
      this.#lookedUp.add(key);
      return result;
    }
    return undefined;
  }
}

const keyOf = (caseId: string, repetition: number): string => `${repetition}:${caseId}`;

function caseOf({ caseId, testCase }: QueriedResult): TestCase<unknown> {
  if (testCase === undefined) {
    throw new InputError(
      'ASSAY_INVALID_INPUT',
      `Expected the store to have kept case ${JSON.stringify(caseId)}, which it has not (\`keepCases\`): pass \`cases\``,
    );
  }
  return { id: caseId, ...testCase } as TestCase<unknown>;
}

function answerOf(result: CaseResult, response: NonNullable<CaseResult['response']>): TargetAnswer {
  const { model, endpoint, usage, cost, attempts, timings } = result;
  return {
    ...response,
    model: model ?? '',
    endpoint,
    usage,
    cost,
    attempts,
    latencyMs: timings.targetMs,
    timeToFirstTokenMs: timings.timeToFirstTokenMs,
    cached: true,
  };
}
