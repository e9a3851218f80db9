import { AssayError } from '../errors.js';
import {
  boolean,
  checkOptions,
  having,
  integer,
  object,
  signal,
  text,
  type OptionChecks,
} from '../foundation/options.js';
import type { RunManifest } from '../stores/run-manifest.js';
import type { SharedBudget } from './shared-budget.js';
import type { SharedSlots } from './shared-slots.js';
import type { StopRule } from './stop-rule.js';

/** Options of one run. */
export interface RunOptions {
  /** Names the run in the store. @default a time stamp with a random suffix */
  readonly runId?: string | undefined;
  /** Go on with a run that the store knows, by its `runId`: finished cases are skipped. @default false */
  readonly resume?: boolean | undefined;
  /** With `resume`: try the errored cases again. @default true */
  readonly retryErrored?: boolean | undefined;
  /** Ends the run: cases in flight are cancelled, what is done is stored, `run` rejects with `ASSAY_ABORTED`. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the run without an error once it says that there is enough: `meanWithin` of `assaykit/decisions`. @default never */
  readonly stopWhen?: StopRule | undefined;
  /** How many cases there are, when the source cannot say; only for progress. */
  readonly total?: number | undefined;
  /** What the host sorts its runs by, kept in the manifest: `store.runs({ tag })` finds them. @default none */
  readonly tags?: readonly string[] | undefined;
  /** What the run is about, kept in the manifest. @default nothing */
  readonly description?: string | undefined;
  /**
   * Names the part of a distributed run that this start works on. Starts of different parts go on side by side; the
   * summary is that of the part, and the run has no end in the store until the host records one (`store.finish`).
   * @default the whole run
   */
  readonly part?: string | undefined;
  /** The run whose stored answers are judged, and what its manifest says of its target. @internal */
  readonly origin?: Pick<RunManifest, 'runId' | 'target'> | undefined;
  /** What the run shares with others that go on beside it. @internal */
  readonly shared?:
    | {
        readonly slots: Pick<SharedSlots, 'forRun'>;
        readonly budget: Pick<SharedBudget, 'join'> | undefined;
      }
    | undefined;
}

const RUN_CHECKS: OptionChecks<RunOptions> = {
  runId: text,
  resume: boolean,
  retryErrored: boolean,
  signal,
  stopWhen: having('a stop rule', 'begin'),
  total: integer(0),
  tags: (value) =>
    Array.isArray(value) && value.every((tag) => typeof tag === 'string' && tag !== '')
      ? undefined
      : 'an array of non-empty strings',
  description: text,
  part: text,
  origin: object,
  shared: object,
};

/** Checks the options of a run. One that shall go on must be named, and be kept somewhere: else it would begin anew in silence. */
export function checkRunOptions(options: RunOptions, isKept: boolean): Readonly<RunOptions> {
  const checked = checkOptions('run', options, RUN_CHECKS);
  if (checked.resume === true && (checked.runId === undefined || !isKept))
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      'Expected `runId` of run and `store` of BatchProcessor to be given: `resume` goes on with that run',
    );
  return checked;
}
