/** What a run was made with. A resumed run must have the same, or it is refused. Plain JSON data. */
export interface RunManifest {
  /** Names the run; results and summaries carry it. */
  readonly runId: string;
  /** Name of the evaluator. */
  readonly evaluator: string;
  /** Version of the evaluator. */
  readonly evaluatorVersion: string;
  /** Hash of everything that the evaluator's scores depend on. */
  readonly configurationHash: string;
  /** Convention and version of each dimension's scorer. */
  readonly conventions: Readonly<Record<string, string>>;
  /** What was asked: endpoints' models and parameters, or the name of a function. Never keys or prompts. */
  readonly target: Readonly<Record<string, unknown>>;
  /** How often each case is asked, >= 1. */
  readonly repetitions: number;
  /** Wall-clock time of the first start, milliseconds since the epoch. */
  readonly startedAt: number;
  /** Version of this package. */
  readonly packageVersion: string;
  /** The host's own labels. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What the host sorts its runs by. */
  readonly tags?: readonly string[];
  /** What the run is about, for people. */
  readonly description?: string;
  /** Order-free hash of all cases; absent until a start of the run has reached the end of its input. */
  readonly fingerprint?: string;
  /** The run whose stored answers were judged again. */
  readonly origin?: {
    /** Its id, in the same store. */
    readonly runId: string;
  };
  /** What a summary of the results needs beside them. */
  readonly statistics?: {
    /** Dimensions that the evaluator names beforehand. */
    readonly dimensions: readonly string[];
    /** Overall score from which a result counts as passed; `null`: as the evaluation says. */
    readonly passThreshold: number | null;
    /** Level of the intervals. */
    readonly confidenceLevel: number;
  };
}
