import type { AssayError } from '../errors.js';
import { LinkedList, ListNode } from '../foundation/linked-list.js';
import type { Clock, ClockTimer } from '../foundation/clock.js';
import type { CaseTask } from './case-task.js';
import { caseTimeout } from './run-error.js';

/**
 * The cases that were begun and are not done. All have the same time, so the first begun is the first due, and one
 * timer serves them all.
 *
 * A linked list and not a Set: V8 makes a Set a new table again and again as entries come and go, every old table
 * points to the next, and one that reached old space keeps all later ones and their cases from being collected young.
 * That cost 9 % of a run's CPU and a megabyte of old space a scavenge.
 */
export class InFlightCases<Input, Expected, Metadata> {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #tasks = new LinkedList<CaseTask<Input, Expected, Metadata>>(); // in the order of their deadlines
  readonly #held = new Set<CaseTask<Input, Expected, Metadata>>();
  #timer: ClockTimer | undefined;

  /** `timeoutMs`: time for each case; `Infinity`: no limit. */
  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** How many there are. */
  get size(): number {
    return this.#tasks.size;
  }

  /** Begins a case: from now on its time runs. */
  add(task: CaseTask<Input, Expected, Metadata>): void {
    task.begunAt = this.#clock.now();
    task.deadline = task.begunAt + this.#timeoutMs;
    task.place = new ListNode(task);
    this.#tasks.push(task.place);
    if (this.#timer === undefined && this.#timeoutMs !== Number.POSITIVE_INFINITY) this.#watch();
  }

  /** A case is done. */
  delete(task: CaseTask<Input, Expected, Metadata>): void {
    if (task.place !== undefined) this.#tasks.remove(task.place);
  }

  /** Notes a case that waits for the rate limit: it is under way, but not begun. */
  hold(task: CaseTask<Input, Expected, Metadata>): void {
    this.#held.add(task);
  }

  /** The case waits no longer. */
  letGo(task: CaseTask<Input, Expected, Metadata>): void {
    this.#held.delete(task);
  }

  /** Whether a repetition of this case is under way. */
  has(caseId: string): boolean {
    return [...this.#held, ...this.#inOrder()].some((task) => task.testCase.id === caseId);
  }

  /** Cancels all of them. */
  cancel(error: AssayError): void {
    for (const task of this.#inOrder()) task.cancel(error);
  }

  /** Stops the timer. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #watch(): void {
    const now = this.#clock.now();
    let waitMs = this.#timeoutMs;
    for (const task of this.#inOrder()) {
      if (task.deadline > now) {
        waitMs = task.deadline - now;
        break;
      }
      task.cancel(caseTimeout(this.#timeoutMs));
    }
    this.#timer = this.#clock.schedule(() => this.#watch(), waitMs);
  }

  // A copy: cancelling a case may take it, or its neighbour, out of the list.
  #inOrder(): CaseTask<Input, Expected, Metadata>[] {
    const tasks: CaseTask<Input, Expected, Metadata>[] = [];
    for (let node = this.#tasks.head; node !== undefined; node = this.#tasks.after(node))
      tasks.push(node.value);
    return tasks;
  }
}
