import { roundDuration, type Clock } from '../foundation/clock.js';
import type { BatchSummary, ResultStore } from '../stores/result-store.js';
import type { RunLease } from '../stores/run-lease.js';

/**
 * The store as the processor of one batch sees it. The processor stores a few results at once, so that places are soon
 * free, and would store a summary of those few each time: here they become one summary of the batch. It also knows until
 * when the batch is surely this worker's own.
 */
export class BatchStore implements Omit<ResultStore, 'close' | 'summaries'> {
  readonly begin: ResultStore['begin'];
  readonly renew: ResultStore['renew'];
  readonly release: ResultStore['release'];
  readonly finish: ResultStore['finish'];
  readonly manifest: ResultStore['manifest'];
  readonly runs: ResultStore['runs'];
  readonly append: ResultStore['append'];
  readonly finishedKeys: ResultStore['finishedKeys'];
  readonly query: ResultStore['query'];
  readonly #store: ResultStore;
  readonly #batchId: string;
  readonly #clock: Clock;
  readonly #begunAt: number;
  #total: BatchSummary | undefined;
  #lease: RunLease | undefined;
  #ownUntil = Number.NEGATIVE_INFINITY;
  #confirming: Promise<boolean> | undefined;

  /** `batchId` names the summary. */
  constructor(store: ResultStore, { batchId, clock }: { readonly batchId: string; readonly clock: Clock }) {
    this.begin = async (manifest, options = {}) => {
      this.#lease = options.lease;
      return this.#holding(() => store.begin(manifest, options));
    };
    this.renew = (lease) => this.#holding(() => store.renew(lease));
    this.release = (lease) => store.release(lease);
    this.finish = (end, options) => store.finish(end, options);
    this.manifest = (runId) => store.manifest(runId);
    this.runs = (query) => store.runs(query);
    this.append = (results, options) => this.#holding(() => store.append(results, options));
    this.finishedKeys = (runId, keys) => store.finishedKeys(runId, keys);
    this.query = (query) => store.query(query);
    this.#store = store;
    this.#batchId = batchId;
    this.#clock = clock;
    this.#begunAt = clock.now();
  }

  /**
   * Whether nobody can have taken the batch over: `false` when the worker has given no sign for as long as its lease holds
   * (its process was stopped, its event loop was blocked). What it begins then may be somebody else's work.
   */
  get isOwn(): boolean {
    return this.#clock.now() < this.#ownUntil;
  }

  /** Asks the store whether the batch still is this worker's own; `false` also when it does not answer. */
  confirm(): Promise<boolean> {
    const lease = this.#lease;
    if (lease === undefined) return Promise.resolve(false);
    this.#confirming ??= this.renew(lease)
      .then(
        () => true,
        () => false, // whoever writes next is told why
      )
      .finally(() => (this.#confirming = undefined));
    return this.#confirming;
  }

  /** Does what the store refuses to whoever has lost the lease; it was held when it was asked at the earliest. */
  async #holding<Value>(work: () => Promise<Value>): Promise<Value> {
    const askedAt = this.#clock.now();
    const value = await work();
    if (this.#lease !== undefined)
      this.#ownUntil = Math.max(this.#ownUntil, askedAt + this.#lease.durationMs);
    return value;
  }

  async appendBatchSummary(summary: BatchSummary): Promise<void> {
    const known = this.#total;
    const scored = (known?.scored ?? 0) + summary.scored;
    const sum = weighed(known) + weighed(summary);
    this.#total = {
      runId: summary.runId,
      batchId: this.#batchId,
      at: summary.at,
      total: (known?.total ?? 0) + summary.total,
      scored,
      unscored: (known?.unscored ?? 0) + summary.unscored,
      errored: (known?.errored ?? 0) + summary.errored,
      averageScore: scored === 0 ? null : sum / scored,
      durationMs: roundDuration(this.#clock.now() - this.#begunAt),
    };
  }

  /** Stores the summary of all that came. */
  async end(): Promise<void> {
    if (this.#total !== undefined) await this.#store.appendBatchSummary(this.#total);
  }
}

const weighed = (summary: BatchSummary | undefined): number =>
  (summary?.averageScore ?? 0) * (summary?.scored ?? 0);
