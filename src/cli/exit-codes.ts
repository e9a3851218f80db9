/**
 * What the command line ends with. 0 to 3 answer a question; 1 is never a failure of the program, so that a job which
 * tests for it hears of the gate and of nothing else. From 64 on they are those of `sysexits.h`, and 128 + the number of
 * a signal.
 */
export const EXIT = {
  /** Done; a gate that passes, or is undecided and need not be decided. */
  done: 0,
  /** `gate`: a requirement is not met. */
  failed: 1,
  /** `gate --undecided fail`: too few cases to tell. */
  undecided: 2,
  /** `gate`, `compare`: the runs cannot be compared. */
  notComparable: 3,
  /** `run`, `rescore`: all is done, and some cases errored. */
  withErrors: 4,
  /** `run`: ended before its cases did (a budget, an errored case with `onCaseError: 'stop'`); it can be resumed. */
  endedEarly: 5,
  /** A command, an option or a value that is not one. */
  usage: 64,
  /** Input that cannot be used: the evaluation file, a case, a run that was made differently. */
  input: 65,
  /** No such run, case, file or store; or the text does not say which. */
  notFound: 66,
  /** A package or a version of Node that is missing. */
  unavailable: 69,
  /** A mistake of the evaluation file or of this package. */
  internal: 70,
  /** A store or a file that cannot be read or written. */
  storage: 74,
  /** Somebody else is at it: the run or the store is in use. Try again later. */
  busy: 75,
  /** Ctrl-C. Other signals are 128 + their number: 143 for SIGTERM, 129 for SIGHUP. */
  interrupted: 130,
} as const;

const BY_CODE: Readonly<Record<string, number>> = {
  ASSAY_INVALID_OPTION: EXIT.usage,
  ASSAY_INVALID_CASE: EXIT.input,
  ASSAY_DUPLICATE_CASE: EXIT.input,
  ASSAY_EMPTY_INPUT: EXIT.input,
  ASSAY_INVALID_INPUT: EXIT.input,
  ASSAY_MANIFEST_MISMATCH: EXIT.input,
  ASSAY_MISSING_DEPENDENCY: EXIT.unavailable,
  ASSAY_COMPARISON_REFUSED: EXIT.notComparable,
  ASSAY_RUN_ACTIVE: EXIT.busy,
  ASSAY_LEASE_LOST: EXIT.busy,
  ASSAY_STORE_LOCKED: EXIT.busy,
  ASSAY_BUSY: EXIT.busy,
  ASSAY_STORE_FAILED: EXIT.storage,
  ASSAY_STORE_CORRUPT: EXIT.storage,
  ASSAY_ABORTED: EXIT.interrupted,
};

/** What to end with after a failure of the package, by its code. */
export function exitCodeOf(code: string): number {
  return BY_CODE[code] ?? EXIT.internal;
}
