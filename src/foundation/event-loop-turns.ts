const LONGEST_MS = 10;

/** Resolves in the next turn of the event loop, after what is due now. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Calls `work` so many times, at most `most` times in one turn of the event loop: the first in this one, the others in
 * those that follow, as long as `wanted` says so.
 */
export function overTurns(
  work: () => void,
  { times, most, wanted }: { readonly times: number; readonly most: number; readonly wanted: () => boolean },
): void {
  for (let i = 0; i < times && i < most; i++) work();
  if (times <= most) return;
  setImmediate(() => {
    if (wanted()) overTurns(work, { times: times - most, most, wanted });
  });
}

/**
 * Keeps work that only awaits what is there at once from starving timers, sockets and signals: promises settle before
 * the event loop turns, so such work would go on to its end without a turn. Asked between two pieces of it; whoever
 * asks while a turn is due waits for the same one.
 */
export class TurnGiver {
  readonly #now: () => number;
  #dueAt: number;
  #turn: Promise<void> | undefined;

  /** `now`: monotonic time in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#dueAt = now() + LONGEST_MS;
  }

  /** What to wait for before the next piece of work, `undefined` when 10 ms since the last turn given are not over. */
  due(now: number = this.#now()): Promise<void> | undefined {
    if (this.#turn === undefined && now >= this.#dueAt) this.#turn = this.#giveTurn();
    return this.#turn;
  }

  async #giveTurn(): Promise<void> {
    await nextTurn();
    this.#turn = undefined;
    this.#dueAt = this.#now() + LONGEST_MS;
  }
}
