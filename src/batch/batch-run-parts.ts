import type { CaseInput } from '../cases/case-source.js';
import type { CaseResult, TestCase } from '../evaluation/evaluation-types.js';
import type { EventPort } from './batch-events.js';
import type { ResolvedBatchOptions } from './batch-options.js';
import type { RunOptions } from './run-options.js';

/** What a run is made from. */
export interface BatchRunParts<Input, Expected, Metadata> {
  readonly cases: CaseInput<TestCase<Input, Expected, Metadata>>;
  readonly options: ResolvedBatchOptions<Input, Expected, Metadata>;
  readonly runOptions: RunOptions;
  readonly port: EventPort;
  /** Hears of results once they are durable. */
  readonly onDurable: (results: readonly CaseResult[]) => void | Promise<void>;
}
