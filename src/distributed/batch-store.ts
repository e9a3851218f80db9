import { roundDuration } from '../foundation/clock.js';
import type { BatchSummary, ResultStore } from '../stores/result-store.js';

/**
 * The store as the processor of one batch sees it. The processor stores a few results at once, so that places are soon
 * free, and would store a summary of those few each time: here they become one summary of the batch.
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
  readonly #durationMs: () => number;
  #total: BatchSummary | undefined;

  /** `batchId` names the summary; `durationMs`: how long the batch has taken. */
  constructor(
    store: ResultStore,
    { batchId, durationMs }: { readonly batchId: string; readonly durationMs: () => number },
  ) {
    this.begin = (manifest, options) => store.begin(manifest, options);
    this.renew = (lease) => store.renew(lease);
    this.release = (lease) => store.release(lease);
    this.finish = (end, options) => store.finish(end, options);
    this.manifest = (runId) => store.manifest(runId);
    this.runs = (query) => store.runs(query);
    this.append = (results, options) => store.append(results, options);
    this.finishedKeys = (runId, keys) => store.finishedKeys(runId, keys);
    this.query = (query) => store.query(query);
    this.#store = store;
    this.#batchId = batchId;
    this.#durationMs = durationMs;
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
      durationMs: roundDuration(this.#durationMs()),
    };
  }

  /** Stores the summary of all that came. */
  async end(): Promise<void> {
    if (this.#total !== undefined) await this.#store.appendBatchSummary(this.#total);
  }
}

const weighed = (summary: BatchSummary | undefined): number =>
  (summary?.averageScore ?? 0) * (summary?.scored ?? 0);
