import { InputError } from '../errors.js';
import type { CaseResult, TestCase } from '../evaluation/evaluation-types.js';
import type { Clock } from '../foundation/clock.js';
import { nextTurn } from '../foundation/event-loop-turns.js';
import type { CaseSource } from '../cases/case-source.js';
import { CaseTask } from './case-task.js';
import { DuplicateGuard } from './seen-ids.js';
import type { RunSession } from './run-session.js';
import { checkTestCase } from '../cases/test-case-check.js';

const FINISHED_PORTION = 256; // cases whose keys are asked for at once while all of them turn out to be finished
const UNVERIFIED_IDS = 1_000_000; // suspicion of a duplicate is trusted up to here (2e-10 a case) if nothing can prove it

/** What a {@link CaseFeeder} needs to know. */
export interface CaseFeederOptions<Input, Expected, Metadata> {
  readonly runId: string;
  readonly source: CaseSource<TestCase<Input, Expected, Metadata>>;
  readonly repetitions: number;
  /** Most tasks that are held ready. */
  readonly queueSize: number;
  readonly clock: Clock;
  readonly session: RunSession<Input, Expected, Metadata> | undefined;
  /** Set when resuming: which stored outcomes need no work any more. */
  readonly isFinished: ((outcome: CaseResult['outcome']) => boolean) | undefined;
  /** Whether a case is being worked on, or waits to be stored. */
  readonly isOpen: (caseId: string) => boolean;
  /** Called for each case and repetition in the order of the input, also for those that are skipped. */
  readonly onSubmit?: ((caseId: string, repetition: number) => void) | undefined;
  /** Called when tasks have become available, or none will come any more. */
  readonly onReady: () => void;
}

const LATE = Symbol('late');

/** Cases that were pulled together. */
interface Portion<Input, Expected, Metadata> {
  readonly cases: readonly TestCase<Input, Expected, Metadata>[];
  /** Whether the source has ended. */
  readonly last: boolean;
  /** What went wrong with the case after these. */
  readonly failure?: { readonly error: unknown };
}

/**
 * Turns the input into tasks, pulled only as far ahead as the queue is long. Checks each case, refuses duplicate
 * ids and, when resuming, leaves out what the store has finished. An error in the input ends the feeding; the
 * cases before it are still worked on.
 */
export class CaseFeeder<Input, Expected, Metadata> {
  readonly #options: CaseFeederOptions<Input, Expected, Metadata>;
  readonly #guard = new DuplicateGuard();
  #ready: CaseTask<Input, Expected, Metadata>[] = [];
  #head = 0;
  #row = 0;
  #skipped = 0;
  #sequence = 0;
  #feeding = false;
  #ended = false;
  #complete = false;
  #error: unknown;
  #pending: Promise<TestCase<Input, Expected, Metadata> | undefined> | undefined; // was asked for, has not come

  constructor(options: CaseFeederOptions<Input, Expected, Metadata>) {
    this.#options = options;
  }

  /** Tasks that were left out because the store has them. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Tasks that are ready to be begun. */
  get waiting(): number {
    return this.#ready.length - this.#head;
  }

  /** Whether nothing is left and nothing will come. */
  get exhausted(): boolean {
    return this.#ended && this.waiting === 0;
  }

  /** Whether the whole input came. */
  get complete(): boolean {
    return this.#complete;
  }

  /** What was wrong with the input, if anything. */
  get error(): unknown {
    return this.#error;
  }

  /** The error of an input without a case; `undefined` when there was one. */
  get emptiness(): InputError | undefined {
    if (this.#row > 0) return undefined;
    return new InputError('ASSAY_EMPTY_INPUT', 'Expected at least one test case, got none');
  }

  /** The next task, or `undefined` when none is ready (then `onReady` will be called, or the input is exhausted). */
  take(): CaseTask<Input, Expected, Metadata> | undefined {
    if (this.#head === this.#ready.length) {
      this.#feed();
      if (this.#head === this.#ready.length) return undefined;
    }
    const task = this.#ready[this.#head]!;
    this.#ready[this.#head++] = undefined as never; // let go of the case
    if (this.#head === this.#ready.length) {
      this.#ready = [];
      this.#head = 0;
    }
    return task;
  }

  /** Takes back a task that could not be begun after all; it is the next one. */
  giveBack(task: CaseTask<Input, Expected, Metadata>): void {
    this.#ready.splice(this.#head, 0, task);
  }

  /** Ends the feeding: what is ready but not begun is let go. */
  async stop(): Promise<void> {
    this.#ready = [];
    this.#head = 0;
    if (this.#ended) return;
    this.#ended = true;
    await this.#options.source.close();
  }

  #feed(): void {
    if (this.#feeding || this.#ended) return;
    this.#feeding = true;
    if (this.#options.isFinished === undefined) this.#pullDirectly();
    else void this.#pullUnfinished(this.#options.isFinished);
  }

  /** Pulls as long as the source answers at once; what comes later is taken up in a callback. */
  #pullDirectly(): void {
    const { source, queueSize } = this.#options;
    try {
      while (!this.#ended && this.waiting < queueSize) {
        const next = source.next();
        if (next instanceof Promise) {
          next.then((value) => this.#arrived(value)).catch((error: unknown) => this.#fail(error));
          return;
        }
        if (next === undefined) return this.#finish();
        if (this.#accept(next)) {
          void this.#verify(next);
          return;
        }
        this.#enqueue(next, undefined);
      }
      this.#feeding = false;
    } catch (error) {
      this.#fail(error);
    }
  }

  #arrived(value: TestCase<Input, Expected, Metadata> | undefined): void {
    if (this.#ended) return;
    if (value === undefined) return this.#finish();
    if (this.#accept(value)) {
      void this.#verify(value);
      return;
    }
    this.#enqueue(value, undefined);
    this.#options.onReady();
    this.#pullDirectly();
  }

  /** Checks a case; whether its id looks like one that came before. */
  #accept(testCase: TestCase<Input, Expected, Metadata>): boolean {
    this.#row++;
    checkTestCase(testCase, this.#row);
    return this.#guard.seen(testCase.id);
  }

  async #verify(testCase: TestCase<Input, Expected, Metadata>): Promise<void> {
    try {
      if (await this.#isDuplicate(testCase.id)) throw duplicate(testCase.id, this.#row);
      if (this.#ended) return;
      this.#enqueue(testCase, undefined);
      this.#options.onReady();
      this.#pullDirectly();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #isDuplicate(id: string): Promise<boolean> {
    const { session, isOpen, isFinished } = this.#options;
    for (let i = this.#head; i < this.#ready.length; i++) if (this.#ready[i]!.testCase.id === id) return true;
    if (isOpen(id)) return true;
    // when resuming, the store has ids of an earlier start, so its word proves nothing
    if (session === undefined || isFinished !== undefined) return this.#guard.size < UNVERIFIED_IDS;
    const [outcome] = await session.outcomes([{ caseId: id, repetition: 0 }]);
    return outcome !== undefined;
  }

  /** Resuming: cases are pulled in portions, and the store says which of them are finished. */
  async #pullUnfinished(isFinished: (outcome: CaseResult['outcome']) => boolean): Promise<void> {
    const { queueSize, session, repetitions } = this.#options;
    try {
      let onlyFinished = false;
      while (!this.#ended && this.waiting < queueSize) {
        const portion = await this.#nextPortion(onlyFinished ? FINISHED_PORTION : queueSize - this.waiting);
        const keys = portion.cases.flatMap(({ id }) =>
          Array.from({ length: repetitions }, (_, repetition) => ({ caseId: id, repetition })),
        );
        const outcomes = keys.length === 0 ? [] : await session!.outcomes(keys);
        await session!.countFinished(
          keys.filter((_, i) => outcomes[i] !== undefined && isFinished(outcomes[i])),
        );
        if (this.#ended) return;
        const waitingBefore = this.waiting;
        portion.cases.forEach((testCase, i) => {
          this.#enqueue(testCase, (repetition) => {
            const outcome = outcomes[i * repetitions + repetition];
            return outcome !== undefined && isFinished(outcome);
          });
        });
        if (portion.failure !== undefined) throw portion.failure.error;
        if (portion.last) return this.#finish();
        onlyFinished = this.waiting === waitingBefore;
        if (onlyFinished)
          await nextTurn(); // source and store may both answer at once: nothing else would get a turn
        else this.#options.onReady();
      }
      this.#feeding = false;
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * The next cases: `most` of them, or as many as the source gives without a wait, at least one. What was pulled
   * before a broken case is in the portion, together with the failure.
   */
  async #nextPortion(most: number): Promise<Portion<Input, Expected, Metadata>> {
    const cases: TestCase<Input, Expected, Metadata>[] = [];
    const patience = new Promise<typeof LATE>((resolve) => setImmediate(resolve, LATE));
    try {
      while (cases.length < most) {
        const next = this.#pending ?? this.#options.source.next();
        let testCase: TestCase<Input, Expected, Metadata> | undefined;
        if (next instanceof Promise) {
          this.#pending = next;
          const arrived = await (cases.length === 0 ? next : Promise.race([next, patience]));
          if (arrived === LATE) return { cases, last: false };
          this.#pending = undefined;
          testCase = arrived;
        } else testCase = next;
        if (testCase === undefined) return { cases, last: true };
        if (this.#accept(testCase)) {
          if (cases.some((each) => each.id === testCase.id) || (await this.#isDuplicate(testCase.id))) {
            throw duplicate(testCase.id, this.#row);
          }
        }
        cases.push(testCase);
      }
      return { cases, last: false };
    } catch (error) {
      return { cases, last: false, failure: { error } };
    }
  }

  #enqueue(
    testCase: TestCase<Input, Expected, Metadata>,
    isDone: ((repetition: number) => boolean) | undefined,
  ): void {
    const { clock, session, runId } = this.#options;
    const now = clock.now();
    const kept = session?.keeper.keep(testCase);
    for (let repetition = 0; repetition < this.#options.repetitions; repetition++) {
      this.#options.onSubmit?.(testCase.id, repetition);
      if (isDone !== undefined && isDone(repetition)) this.#skipped++;
      else {
        const made = { runId, repetition, sequence: this.#sequence++, pulledAt: now, kept };
        this.#ready.push(new CaseTask(testCase, made));
      }
    }
  }

  #finish(): void {
    this.#complete = true;
    this.#ended = true;
    this.#feeding = false;
    this.#options.onReady();
  }

  #fail(error: unknown): void {
    if (!this.#ended) {
      this.#error = error;
      this.#ended = true;
      this.#options.source.close().catch(() => {}); // the error that ended the feeding is the one to report
    }
    this.#feeding = false;
    this.#options.onReady();
  }
}

function duplicate(id: string, row: number): InputError {
  return new InputError(
    'ASSAY_DUPLICATE_CASE',
    `Expected the id of each case to be unique within the run, got ${JSON.stringify(id)} again as case ${row}`,
    { row },
  );
}
