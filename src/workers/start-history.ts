import type { PlacementNotice } from './worker-protocol.js';
import type { WorkerEvents } from './worker-events.js';

/** An event that was emitted: its name and its payload. */
export type PastEvent = readonly [name: string, payload: unknown];

/**
 * What became of the start of workers, kept for listeners that come later: a pool that an evaluator makes for itself has
 * started before anybody can listen.
 */
export class StartHistory {
  #started: PastEvent | undefined;
  readonly #placements = new Map<string, { readonly notice: PlacementNotice; readonly event: PastEvent }>();

  /** The workers were started. */
  started(payload: WorkerEvents['worker:start']): void {
    this.#started = ['worker:start', payload];
  }

  /** A worker was placed, or placed anew after it was replaced. */
  placed(notice: PlacementNotice, event: PastEvent): void {
    this.#placements.set(`${notice.what} ${notice.worker}`, { notice, event });
  }

  /** The last notice of each kind of each worker, in the order of the workers. */
  get placements(): readonly PlacementNotice[] {
    return Array.from(this.#placements.values(), ({ notice }) => notice).sort((a, b) => a.worker - b.worker);
  }

  /**
   * Tells a new listener of the past, after this turn, unless it has left by then; `off` is how it leaves. What `tell`
   * throws goes to `failed`.
   */
  tellLater(
    off: () => void,
    tell: (name: string, payload: unknown) => void,
    failed: (name: string, error: unknown) => void,
  ): () => void {
    const placed = Array.from(this.#placements.values(), ({ event }) => event);
    const past = this.#started === undefined ? placed : [this.#started, ...placed];
    if (past.length === 0) return off;
    let listening = true;
    queueMicrotask(() => {
      for (const [name, payload] of past) {
        if (!listening) return;
        try {
          tell(name, payload);
        } catch (error) {
          failed(name, error);
        }
      }
    });
    return () => {
      listening = false;
      off();
    };
  }
}
