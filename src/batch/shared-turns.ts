import type { TokenUsage } from '../client/model-client.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';

/** Limits that a run keeps together with others: the parts of a distributed run, the batches of a worker. */
export interface SharedTurns {
  /** Whether they count tokens or money, so that what no server tells has to be estimated. */
  readonly counts: boolean;
  /** A turn for one case: at once, or a promise when it has to wait. */
  take(): Promise<void> | undefined;
  /** A case is done; `estimate`: what it has used, where nobody told. */
  settle(result: CaseResult, estimate: TokenUsage | undefined): void;
  /** Lets everybody of this run who waits go: it has ended. */
  close(): void;
}
