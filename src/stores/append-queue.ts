import type { AssayError } from '../errors.js';
import { nextTurn } from '../foundation/event-loop-turns.js';

interface Pending<Append> {
  readonly append: Append;
  readonly results: number;
  readonly resolve: () => void;
  readonly reject: (error: AssayError) => void;
}

/** What an {@link AppendQueue} does with the groups that it forms. */
export interface AppendQueueOptions<Append, Prepared> {
  /** Most results of a group that is made of several appends. */
  readonly groupSize: number;
  /** Work on a group that may run while the group before it is being stored. */
  readonly prepare: (appends: readonly Append[]) => Promise<Prepared>;
  /** Makes a group durable; must reject with an `AssayError`. */
  readonly store: (appends: readonly Append[], prepared: Prepared) => Promise<void>;
  /** Told of each failure once, before the appends are rejected. */
  readonly onError: (error: AssayError) => void;
}

/**
 * Gathers appends that come within one turn of the event loop, so that single appends cost a share of one
 * transaction or one gzip member. Groups are stored in order, one at a time. When a group fails for good, its
 * appends are tried one by one: one that cannot be stored must not take its neighbours with it.
 */
export class AppendQueue<Append, Prepared> {
  readonly #options: AppendQueueOptions<Append, Prepared>;
  #pending: Pending<Append>[] = [];
  #working: Promise<void> | undefined;
  #storing: Promise<void> = Promise.resolve();

  constructor(options: AppendQueueOptions<Append, Prepared>) {
    this.#options = options;
  }

  /** Resolves when the append is durable. */
  add(append: Append, results: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ append, results, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Resolves when everything that was added is stored or rejected. */
  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
    await this.#storing;
  }

  async #work(): Promise<void> {
    while (this.#pending.length > 0) {
      await nextTurn(); // what else is appended in this turn
      const group = this.#takeGroup();
      const prepared = this.#options.prepare(group.map((each) => each.append));
      prepared.catch(() => {}); // it is waited for below, and may fail before that
      await this.#storing;
      this.#storing = this.#finish(group, prepared);
    }
    this.#working = undefined;
  }

  #takeGroup(): Pending<Append>[] {
    let results = 0;
    let count = 0;
    for (const each of this.#pending) {
      if (count > 0 && results + each.results > this.#options.groupSize) break;
      results += each.results;
      count += 1;
    }
    return this.#pending.splice(0, count);
  }

  async #finish(group: readonly Pending<Append>[], prepared: Promise<Prepared>): Promise<void> {
    const { prepare, store, onError } = this.#options;
    try {
      await store(
        group.map((each) => each.append),
        await prepared,
      );
      for (const each of group) each.resolve();
      return;
    } catch (thrown) {
      const error = thrown as AssayError;
      onError(error);
      if (group.length === 1 || error.retryable) {
        for (const each of group) each.reject(error);
        return;
      }
      for (const each of group) {
        try {
          await store([each.append], await prepare([each.append]));
          each.resolve();
        } catch (own) {
          if ((own as AssayError).message !== error.message) onError(own as AssayError);
          each.reject(own as AssayError);
        }
      }
    }
  }
}
