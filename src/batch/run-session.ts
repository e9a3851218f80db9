import { AssayError } from '../errors.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { ClockTimer } from '../foundation/clock.js';
import type { KeptCase } from '../stores/kept-case.js';
import type { BatchSummary, ResultKey, ResultStore } from '../stores/result-store.js';
import { leaseOfThisProcess, type RunLease } from '../stores/run-lease.js';
import type { RunManifest } from '../stores/run-manifest.js';
import type { ResolvedBatchOptions } from './batch-options.js';
import type { RunOptions } from './run-options.js';
import { CaseKeeper } from './case-keeper.js';
import { finishedOutcomes, openRun } from './open-run.js';
import { RunStore } from './run-store.js';
import { DuplicateGuard } from './seen-ids.js';
import type { RunSummary } from './summary/run-summary.js';

const BEATS_A_LEASE = 4;
const MOST_MODELS = 100;

/** What a {@link RunSession} needs to know. */
export interface RunSessionOptions<Input, Expected, Metadata> {
  readonly runId: string;
  /** Names this start. */
  readonly startId: string;
  readonly options: ResolvedBatchOptions<Input, Expected, Metadata>;
  readonly runOptions: RunOptions;
  /** A call of the store failed. `final`: it is not tried again. */
  readonly onError: (error: unknown, final: boolean) => void;
  /** A finished result of an earlier start is part of the run. */
  readonly onEarlier: (result: CaseResult) => void;
}

/**
 * A run's time with its store: it takes the lease, gives signs of life, counts what is there already, stores what comes
 * and records the end. Each result that is skipped is counted exactly once, whenever it came into the store.
 */
export class RunSession<Input, Expected, Metadata> {
  readonly keeper: CaseKeeper<Input, Expected, Metadata>;
  readonly #options: RunSessionOptions<Input, Expected, Metadata>;
  readonly #store: RunStore;
  readonly #lease: RunLease;
  readonly #counted = new DuplicateGuard();
  readonly #models = new Set<string>();
  #lastModel: string | null = null;
  #earlierFingerprint: string | undefined;
  #heartbeat: ClockTimer | undefined;
  #opened = false;
  #lost = false;

  constructor(store: ResultStore, options: RunSessionOptions<Input, Expected, Metadata>) {
    const { onError, runId, startId } = options;
    const { clock, onStoreError, keepCases, leaseMs } = options.options;
    this.#options = options;
    this.#store = new RunStore({
      store,
      clock,
      onStoreError,
      onError: (error, final) => {
        this.#lost ||= AssayError.is(error) && error.code === 'ASSAY_LEASE_LOST';
        onError(error, final);
      },
    });
    this.keeper = new CaseKeeper(keepCases);
    const part = options.runOptions.part ?? '';
    this.#lease = leaseOfThisProcess({
      runId,
      id: `${startId}-${crypto.randomUUID()}`,
      part,
      durationMs: leaseMs,
    });
  }

  /**
   * Takes the run over: from now on it is this start's own. Results that need no work go to `onEarlier`.
   *
   * @throws AssayError as {@link openRun}.
   */
  async open(manifest: RunManifest): Promise<{ readonly manifest: RunManifest; readonly resumed: boolean }> {
    const opened = await openRun(this.#store, manifest, {
      ...this.#options.runOptions,
      lease: this.#lease,
      onLeased: () => this.#begin(),
      onEarlier: (result) => {
        this.#counted.seen(nameOf(result));
        this.#count(result);
      },
    });
    this.#earlierFingerprint = opened.manifest.fingerprint;
    return opened;
  }

  /** The stored outcome of each key. */
  outcomes(keys: readonly ResultKey[]): Promise<readonly (CaseResult['outcome'] | undefined)[]> {
    return this.#store.finishedKeys(this.#options.runId, keys);
  }

  /** Counts finished results that are not counted yet: another start has stored them since, or this is a part. */
  async countFinished(keys: readonly ResultKey[]): Promise<void> {
    const { runId, runOptions } = this.#options;
    const isFinished = finishedOutcomes(runOptions);
    for (const { caseId, repetition } of keys) {
      if (this.#counted.seen(nameOf({ caseId, repetition }))) continue;
      await this.#store.results(
        { runId, idPrefix: caseId },
        {
          onResult: (result) => {
            const wanted = result.caseId === caseId && result.repetition === repetition;
            if (wanted && isFinished(result.outcome)) this.#count(result);
          },
        },
      );
    }
  }

  /** Notes a result of this start. */
  note({ model }: CaseResult): void {
    if (model === this.#lastModel || model === null) return;
    this.#lastModel = model;
    if (this.#models.size < MOST_MODELS) this.#models.add(model);
  }

  /** Stores a batch, the cases that it refers to, and its summary; resolves when all is durable. */
  append(
    results: readonly CaseResult[],
    { cases, summary }: { readonly cases: readonly KeptCase[]; readonly summary: BatchSummary },
  ): Promise<void> {
    return this.#store.append(results, summary, { lease: this.#lease, cases });
  }

  /** Waits no longer for a store that fails. */
  abandon(): void {
    this.#store.abandon();
  }

  /** What a reader of the summary has to know; `complete`: the whole input came. */
  warnings(complete: boolean): string[] {
    const earlier = this.#earlierFingerprint;
    const changed = complete && earlier !== undefined && earlier !== this.keeper.fingerprint;
    return [
      ...this.keeper.warnings,
      ...(changed ? ['the cases are not those that an earlier start of this run had'] : []),
    ];
  }

  /** Records how the run has ended (unless it is a part) and gives it free; does nothing if it was never opened. */
  async end(summary: RunSummary, complete: boolean): Promise<void> {
    this.#heartbeat?.cancel();
    if (!this.#opened || this.#lost) return;
    if (summary.stopReason === 'store-error') this.#store.abandon(); // one try: perhaps it takes that
    const { runId, options } = this.#options;
    const end = {
      runId,
      at: options.clock.wallTime(),
      ...(complete ? { fingerprint: this.keeper.fingerprint } : {}),
      models: [...this.#models].sort(),
      summary: JSON.parse(JSON.stringify(summary)) as Record<string, unknown>,
    };
    await this.#store.end(this.#lease.part === '' ? end : undefined, this.#lease);
  }

  #count(result: CaseResult): void {
    this.note(result);
    this.#options.onEarlier(result);
  }

  #begin(): void {
    const { clock, leaseMs } = this.#options.options;
    this.#opened = true;
    const beat = (): void => {
      this.#heartbeat = clock.schedule(
        () => {
          void this.#store.renew(this.#lease);
          beat();
        },
        leaseMs / BEATS_A_LEASE,
        { keepAlive: false },
      );
    };
    beat();
  }
}

/** The session of a run with the store of its options; `undefined` when there is none. */
export function openSession<Input, Expected, Metadata>(
  options: RunSessionOptions<Input, Expected, Metadata>,
): RunSession<Input, Expected, Metadata> | undefined {
  const { store } = options.options;
  return store === undefined ? undefined : new RunSession(store, options);
}

const nameOf = ({ caseId, repetition }: ResultKey): string => `${repetition}:${caseId}`;
