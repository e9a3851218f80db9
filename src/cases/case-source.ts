import { AssayError, InputError, messageOf } from '../errors.js';
import { show } from '../foundation/options.js';
import { placeOf } from './test-case-check.js';

/** Where test cases come from: an array, any iterable (a generator), or an async iterable (a reader, a stream). */
export type CaseInput<Case> = Iterable<Case> | AsyncIterable<Case>;

/** One way to pull cases, whatever they come from. Ask for the next one only after the last one has come. */
export interface CaseSource<Case> {
  /** How many cases there are, `null` when that is not known beforehand. */
  readonly total: number | null;
  /**
   * The next case, `undefined` at the end; a promise only if the source does not answer at once.
   *
   * @throws InputError (or rejects with it) of the source itself, or `ASSAY_INVALID_INPUT` around what it threw.
   */
  next(): Case | undefined | Promise<Case | undefined>;
  /**
   * Ends the source early: its iterator's `return()` runs, so that files are closed and generators clean up.
   * Does not wait for a `next()` that is still under way: a source that hangs must not hold the run.
   */
  close(): Promise<void>;
}

/**
 * Normalises arrays, iterables and async iterables. Nothing is read before the first `next()`.
 *
 * @throws InputError `ASSAY_INVALID_INPUT` for anything else; a string (a path, most likely) is refused too.
 */
export function toCaseSource<Case>(cases: CaseInput<Case>): CaseSource<Case> {
  if (Array.isArray(cases)) return new ArraySource(cases as readonly Case[]);
  if (typeof cases === 'object' && cases !== null) {
    if (Symbol.asyncIterator in cases && typeof cases[Symbol.asyncIterator] === 'function') {
      return new AsyncSource(cases);
    }
    if (Symbol.iterator in cases && typeof cases[Symbol.iterator] === 'function')
      return new SyncSource(cases);
  }
  const hint = typeof cases === 'string' ? '; to read a file use readJsonl, readCsv or readSuite' : '';
  throw new InputError(
    'ASSAY_INVALID_INPUT',
    `Expected the test cases to be an array, an iterable or an async iterable, got ${show(cases)}${hint}`,
  );
}

class ArraySource<Case> implements CaseSource<Case> {
  readonly total: number;
  readonly #cases: readonly Case[];
  #next = 0;

  constructor(cases: readonly Case[]) {
    this.#cases = cases;
    this.total = cases.length;
  }

  next(): Case | undefined {
    return this.#next < this.total ? present(this.#cases[this.#next++], this.#next) : undefined;
  }

  async close(): Promise<void> {
    this.#next = this.total;
  }
}

class SyncSource<Case> implements CaseSource<Case> {
  readonly total: number | null;
  readonly #cases: Iterable<Case>;
  #iterator: Iterator<Case> | undefined;
  #given = 0;
  #ended = false;

  constructor(cases: Iterable<Case>) {
    this.#cases = cases;
    this.total = cases instanceof Set ? cases.size : null;
  }

  next(): Case | undefined {
    if (this.#ended) return undefined;
    let step: IteratorResult<Case>;
    try {
      step = checkedStep((this.#iterator ??= this.#cases[Symbol.iterator]()).next());
    } catch (error) {
      this.#ended = true; // an iterator that has thrown is finished and must not be returned
      throw sourceFailure(error);
    }
    if (step.done !== true) return present(step.value, ++this.#given);
    this.#ended = true;
    return undefined;
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#iterator?.return?.();
  }
}

class AsyncSource<Case> implements CaseSource<Case> {
  readonly total = null;
  readonly #cases: AsyncIterable<Case>;
  #iterator: AsyncIterator<Case> | undefined;
  #given = 0;
  #ended = false;
  #pending = false;

  constructor(cases: AsyncIterable<Case>) {
    this.#cases = cases;
  }

  async next(): Promise<Case | undefined> {
    if (this.#ended) return undefined;
    this.#pending = true;
    let step: IteratorResult<Case>;
    try {
      step = checkedStep(await (this.#iterator ??= this.#cases[Symbol.asyncIterator]()).next());
    } catch (error) {
      this.#ended = true;
      throw sourceFailure(error);
    } finally {
      this.#pending = false;
    }
    if (step.done !== true) return present(step.value, ++this.#given);
    this.#ended = true;
    return undefined;
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const returned = Promise.resolve(this.#iterator?.return?.());
    if (!this.#pending) await returned;
    else returned.catch(() => {}); // nobody is left to hear of it
  }
}

function checkedStep<Step>(step: Step): Step {
  if (typeof step === 'object' && step !== null) return step;
  throw new TypeError(`Expected \`next()\` of the iterator to give an object, got ${show(step)}`);
}

function sourceFailure(error: unknown): AssayError {
  if (AssayError.is(error)) return error;
  return new InputError('ASSAY_INVALID_INPUT', `The source of the test cases failed: ${messageOf(error)}`, {
    cause: error,
  });
}

/** `undefined` means the end here, so an undefined element must not pass for it. `row`: its 1-based number. */
function present<Case>(value: Case | undefined, row: number): Case {
  if (value !== undefined) return value;
  throw new InputError(
    'ASSAY_INVALID_CASE',
    `${placeOf(row, { unit: 'case' })}: Expected a test case, got undefined: the input has a hole`,
    { row },
  );
}
