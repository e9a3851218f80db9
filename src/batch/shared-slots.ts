/**
 * Places for cases in flight that several runs share: one queue for all of them, first come, first served.
 */
export class SharedSlots {
  #free: number;
  readonly #waiting: Waiting[] = []; // at most one a lane

  /** `size`: how many cases of all runs may be in flight at once. */
  constructor(size: number) {
    this.#free = size;
  }

  /** The places as one run takes them. */
  forRun(): CaseSlots {
    return new RunSlots({
      take: () => (this.#free > 0 ? (this.#free--, true) : false),
      wait: (waiting) => void this.#waiting.push(waiting),
      leave: (waiting) => void this.#waiting.splice(this.#waiting.indexOf(waiting), 1),
      release: () => {
        const next = this.#waiting.shift();
        if (next === undefined) this.#free++;
        else next.go();
      },
    });
  }
}

interface Waiting {
  /** Hands the place over. */
  readonly go: () => void;
}

interface SlotSource {
  take(): boolean;
  wait(waiting: Waiting): void;
  leave(waiting: Waiting): void;
  release(): void;
}

/** What the cases of a run wait for before they may begin. */
export interface CaseSlots {
  /** A place for a case: at once, or a promise when it has to wait. */
  take(holder: object): Promise<void> | undefined;
  /** A case is done, or was not begun after all; nothing when it has no place. */
  release(holder: object): void;
  /** Lets everybody who waits go, without a place: the run has ended. */
  stop(): void;
  /** Gives back what is still held. */
  close(): void;
}

/** The places of one run among those of {@link SharedSlots}. */
class RunSlots implements CaseSlots {
  readonly #source: SlotSource;
  readonly #held = new Set<object>();
  readonly #waiting = new Map<Waiting, () => void>();
  #stopped = false;

  constructor(source: SlotSource) {
    this.#source = source;
  }

  take(holder: object): Promise<void> | undefined {
    if (this.#stopped) return undefined;
    if (this.#source.take()) {
      this.#held.add(holder);
      return undefined;
    }
    return new Promise((resolve) => {
      const waiting = {
        go: () => {
          this.#waiting.delete(waiting);
          this.#held.add(holder);
          resolve();
        },
      };
      this.#waiting.set(waiting, resolve);
      this.#source.wait(waiting);
    });
  }

  release(holder: object): void {
    if (this.#held.delete(holder)) this.#source.release();
  }

  stop(): void {
    this.#stopped = true;
    for (const [waiting, resolve] of this.#waiting) {
      this.#source.leave(waiting);
      resolve();
    }
    this.#waiting.clear();
  }

  close(): void {
    this.stop();
    for (const holder of this.#held) this.release(holder);
  }
}
