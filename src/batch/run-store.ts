import { AssayError } from '../errors.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { Clock } from '../foundation/clock.js';
import type {
  AppendOptions,
  BatchSummary,
  ResultKey,
  ResultQuery,
  ResultStore,
} from '../stores/result-store.js';
import type { RunLease } from '../stores/run-lease.js';
import type { RunEnd } from '../stores/run-record.js';
import type { RunManifest } from '../stores/run-manifest.js';

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 30_000;
const HOPELESS_ATTEMPTS = 5; // for errors that say that they will not pass: a folder may get its rights back

/** What a {@link RunStore} needs to know. */
export interface RunStoreOptions {
  readonly store: ResultStore;
  readonly clock: Clock;
  readonly onStoreError: 'stop' | 'retry';
  /** A call failed. `final`: it is not tried again. */
  readonly onError: (error: unknown, final: boolean) => void;
}

/**
 * The store of a run with the run's answer to failures, the same for every call from the manifest to the last batch:
 * each failure is told, and is the last word or is tried again after a pause that doubles from 250 ms to 30 s.
 */
export class RunStore {
  readonly #options: RunStoreOptions;
  readonly #pauses = new Set<() => void>();
  #abandoned = false;

  constructor(options: RunStoreOptions) {
    this.#options = options;
  }

  /** As {@link ResultStore.manifest}. */
  manifest(runId: string): Promise<RunManifest | undefined> {
    return this.#attempt(() => this.#options.store.manifest(runId));
  }

  /** As {@link ResultStore.begin}. */
  begin(manifest: RunManifest, lease: RunLease): Promise<RunManifest> {
    return this.#attempt(() => this.#options.store.begin(manifest, { lease }));
  }

  /** Records how the run has ended, if it shall be, and gives the lease back. */
  async end(end: RunEnd | undefined, lease: RunLease): Promise<void> {
    const { store } = this.#options;
    if (end !== undefined) await this.#attempt(() => store.finish(end, { lease }));
    await store.release(lease).catch(() => {}); // it expires by itself
  }

  /** Gives a sign of life: whether the run is still this start's own. A store that fails leaves that open. */
  async renew(lease: RunLease): Promise<void> {
    try {
      await this.#options.store.renew(lease);
    } catch (error) {
      if (AssayError.is(error) && error.code === 'ASSAY_LEASE_LOST') this.#options.onError(error, true);
    }
  }

  /** Whether another start is writing the run. */
  async isActive(runId: string): Promise<boolean> {
    return this.#attempt(async () => {
      for await (const { state } of this.#options.store.runs({ runId })) return state === 'running';
      return false;
    });
  }

  /** As {@link ResultStore.finishedKeys}. */
  finishedKeys(
    runId: string,
    keys: readonly ResultKey[],
  ): Promise<readonly (CaseResult['outcome'] | undefined)[]> {
    return this.#attempt(() => this.#options.store.finishedKeys(runId, keys));
  }

  /** Hands stored results to `onResult`, each once, until `signal` aborts; resolves to how many there were. */
  async results(
    query: ResultQuery,
    {
      onResult,
      signal,
    }: { readonly onResult: (result: CaseResult) => void; readonly signal?: AbortSignal | undefined },
  ): Promise<number> {
    let given = 0;
    await this.#attempt(async () => {
      let met = 0;
      for await (const result of this.#options.store.query(query)) {
        if (signal?.aborted === true) break;
        if (++met <= given) continue; // given before a failure: the order is always the same
        given = met;
        onResult(result);
      }
    });
    return given;
  }

  /** Stores a batch and its summary; resolves when both are durable. */
  async append(results: readonly CaseResult[], summary: BatchSummary, options: AppendOptions): Promise<void> {
    const { store } = this.#options;
    await this.#attempt(() => store.append(results, options));
    await this.#attempt(() => store.appendBatchSummary(summary));
  }

  /** Waits no longer for a store that fails: each further failure is the last word. */
  abandon(): void {
    this.#abandoned = true;
    for (const end of this.#pauses) end();
  }

  async #attempt<Value>(work: () => Promise<Value>): Promise<Value> {
    const { onStoreError, onError } = this.#options;
    let delayMs = FIRST_RETRY_MS;
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        const code = AssayError.is(error) ? error.code : undefined;
        if (code === 'ASSAY_RUN_ACTIVE') throw error; // no fault of the store
        const hopeless = AssayError.is(error) && !error.retryable && attempt >= HOPELESS_ATTEMPTS;
        const final = onStoreError === 'stop' || this.#abandoned || hopeless || code === 'ASSAY_LEASE_LOST';
        onError(error, final);
        if (final) throw error;
      }
      await this.#pause(delayMs);
      delayMs = Math.min(delayMs * 2, LONGEST_RETRY_MS);
    }
  }

  #pause(delayMs: number): Promise<void> {
    if (this.#abandoned) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const timer = this.#options.clock.schedule(end, delayMs);
      this.#pauses.add(end);
    });
  }
}
