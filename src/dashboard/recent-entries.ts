/** The latest entries by name, at most `limit`: beyond that the one that was set anew the longest ago goes. */
export class RecentEntries<Entry> {
  readonly #entries = new Map<string, Entry>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The entry of a name. */
  get(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  /** Sets an entry, which becomes the latest. */
  set(name: string, entry: Entry): void {
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#limit && oldest !== undefined) this.#entries.delete(oldest);
  }

  /** All entries, the latest first. */
  get latestFirst(): readonly Entry[] {
    return [...this.#entries.values()].reverse();
  }
}
