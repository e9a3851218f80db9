import PQueue from 'p-queue';
import { overTurns, TurnGiver } from '../foundation/event-loop-turns.js';

const LANES_A_TURN = 16;

/** What lanes do with a case, from the source to the store. */
export interface LaneWork<Task, Result> {
  /** The next case; `undefined` when none is ready at this moment. */
  takeCase(): Task | undefined;
  /** Puts a case back that was taken and not begun. */
  giveBackCase(task: Task): void;
  /** Whether no case is ready and none will come. */
  isExhausted(): boolean;
  /** Whether the run ends: no further case is begun. */
  isEnding(): boolean;
  /** What a case has to wait for before it may be begun: the rate limit. */
  awaitTurn(task: Task): Promise<void> | undefined;
  /** Begins a case; resolves to what came of it. */
  run(task: Task): Promise<Result>;
  /** Books a result; answers with a promise when the store is behind. */
  bookResult(task: Task, result: Result): Promise<void> | undefined;
  /** A fault of this package: nothing in a case can get there. */
  laneFailed(error: unknown): void;
}

/**
 * So many lanes as cases may be in flight at once; each is a task of the p-queue and takes cases one after the other.
 * p-queue is the gate (concurrency, pause), and a case costs no queue entry of its own.
 */
export class CaseLanes<Task extends { readonly begunAt: number }, Result> {
  readonly #work: LaneWork<Task, Result>;
  readonly #queue: PQueue;
  readonly #turns: TurnGiver;
  #lanes = 0;
  #ended: () => void = () => {};
  #ready: Promise<void> | undefined;
  #wake: () => void = () => {};

  /** `now`: monotonic time in milliseconds. */
  constructor(
    work: LaneWork<Task, Result>,
    { concurrency, now }: { readonly concurrency: number; readonly now: () => number },
  ) {
    this.#work = work;
    this.#queue = new PQueue({ concurrency });
    this.#turns = new TurnGiver(now);
  }

  /** How many cases may be in flight at once. */
  get concurrency(): number {
    return this.#queue.concurrency;
  }

  set concurrency(concurrency: number) {
    this.#queue.concurrency = concurrency;
    for (let lanes = this.#lanes; lanes < concurrency && lanes > 0; lanes++) this.#addLane();
    this.wake();
  }

  /** Works until no case is left, or the run ends. */
  run(): Promise<void> {
    return new Promise((resolve) => {
      this.#ended = resolve;
      // The first requests are on their way while the others are made.
      const goingOn = (): boolean => this.#lanes > 0;
      overTurns(() => this.#addLane(), {
        times: this.#queue.concurrency,
        most: LANES_A_TURN,
        wanted: goingOn,
      });
    });
  }

  /** Whether no case is let begin. */
  get isPaused(): boolean {
    return this.#queue.isPaused;
  }

  /** Begins no further case until {@link CaseLanes.open}. */
  pause(): void {
    this.#queue.pause();
    this.wake();
  }

  /** Lets cases begin, and lanes that wait at the gate see what has become of the run. */
  open(): void {
    this.#queue.start();
  }

  /** Lanes that wait for a case look again. */
  wake(): void {
    this.#ready = undefined;
    this.#wake();
  }

  #addLane(): void {
    this.#lanes++;
    void this.#queue.add(this.#lane);
  }

  readonly #lane = async (): Promise<void> => {
    const work = this.#work;
    try {
      for (;;) {
        if (this.#gateClosed) {
          void this.#queue.add(this.#lane); // comes back when the gate lets it
          return;
        }
        const task = work.takeCase();
        if (task === undefined) {
          if (work.isExhausted()) break;
          await this.#whenReady();
          continue;
        }
        const turn = work.awaitTurn(task);
        if (turn !== undefined) {
          await turn;
          if (this.#gateClosed) {
            work.giveBackCase(task);
            continue;
          }
        }
        if (work.isEnding()) continue;
        const room = work.bookResult(task, await work.run(task));
        if (room !== undefined) await room;
        const due = this.#turns.due(task.begunAt);
        if (due !== undefined) await due; // a target that answers at once would let no timer or signal through
      }
    } catch (error) {
      work.laneFailed(error);
    }
    if (--this.#lanes === 0) this.#ended();
  };

  /** Whether a lane must not begin a case now: the run is paused, or there are more lanes than its concurrency. */
  get #gateClosed(): boolean {
    const { isPaused, pending, concurrency } = this.#queue;
    return (isPaused || pending > concurrency) && !this.#work.isEnding();
  }

  #whenReady(): Promise<void> {
    return (this.#ready ??= new Promise((resolve) => (this.#wake = resolve)));
  }
}
