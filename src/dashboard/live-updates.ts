import type { ServerResponse } from 'node:http';
import { systemClock } from '../foundation/clock.js';
import type { LiveUpdate } from '../page/dashboard-data.js';
import { LiveFeed } from './live-feed.js';
import { LiveWatch, type LiveWatchOptions } from './live-watch.js';

/** What {@link LiveUpdates} is made of. */
export interface LiveUpdatesOptions extends Omit<LiveWatchOptions, 'onChange'> {
  /** Shortest time between two updates, milliseconds. */
  readonly intervalMs: number;
}

/** Sends what is going on to the pages that follow it; without any, nothing is made. The timer keeps no process alive. */
export class LiveUpdates {
  readonly #watch: LiveWatch;
  readonly #feed = new LiveFeed();
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor({ intervalMs, ...watched }: LiveUpdatesOptions) {
    this.#intervalMs = intervalMs;
    this.#watch = new LiveWatch({ ...watched, onChange: () => this.#changed() });
  }

  /** How many pages follow. */
  get readers(): number {
    return this.#feed.readers;
  }

  /** Sends a page everything, then what changes; answers whether there was room for one more. */
  follow(response: ServerResponse): boolean {
    if (this.#feed.readers === 0) this.#watch.newPoints(); // all of them are in the history
    return this.#feed.add(response, this.#update(this.#watch.history()));
  }

  /** Watches no more, and lets all pages go. */
  close(): void {
    clearTimeout(this.#timer);
    this.#watch.close();
    this.#feed.close();
  }

  #changed(): void {
    if (this.#timer !== undefined || this.#feed.readers === 0) return;
    const wait = this.#sentAt + this.#intervalMs - systemClock.now();
    this.#timer = setTimeout(() => this.#send(), Math.max(0, wait)).unref();
  }

  #send(): void {
    this.#timer = undefined;
    this.#sentAt = systemClock.now();
    if (this.#feed.readers === 0) return;
    try {
      this.#feed.send(this.#update(this.#watch.newPoints()));
    } catch {
      // A monitor of the host that cannot be read: from a timer this would end the process. The next update may be sent.
    }
  }

  #update(points: LiveUpdate['points']): string {
    const update: LiveUpdate = { state: this.#watch.state(systemClock.wallTime()), points };
    return JSON.stringify(update);
  }
}
