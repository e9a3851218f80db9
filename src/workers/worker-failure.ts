import { AssayError, messageOf, type AssayErrorCode } from '../errors.js';
import { KEEP_EXTERNAL } from '../foundation/worker-fallback.js';
import type { ResolvedPoolOptions } from './pool-options.js';

/** Why a worker was ended from the main thread. */
export type EndReason = 'timeout' | 'start' | 'abandoned';

/** The circumstances under which a message failed as a whole. */
export interface Incident {
  readonly code: AssayErrorCode;
  /** Tasks of the message. */
  readonly tasks: number;
  /** Index of the task that the worker was at; -1: it had begun none; `undefined`: not known. */
  readonly culprit: number | undefined;
  /** Whether the worker had run no task before this message. */
  readonly fresh: boolean;
}

/**
 * What an incident says about one task of the message. A `guilty` one fails. An `innocent` one goes back into the
 * queue. A `suspect` is tried again under narrower circumstances, until nothing but itself can be the reason: a
 * crash may be the doing of an earlier task (a timer or a rejection that it left behind, memory that it leaked), so
 * only a task that was alone in a worker that had run nothing else is guilty of one.
 */
export function verdictOn(index: number, incident: Incident): 'guilty' | 'suspect' | 'innocent' {
  const { code, tasks, culprit, fresh } = incident;
  const alone = tasks === 1 ? 'guilty' : 'suspect';
  switch (code) {
    case 'ASSAY_ABORTED':
      return 'innocent';
    case 'ASSAY_WORKER_UNCLONEABLE':
      return alone;
    case 'ASSAY_WORKER_TIMEOUT':
    case 'ASSAY_WORKER_UNAVAILABLE':
      if (culprit === undefined || culprit < 0) return alone;
      return index === culprit ? 'guilty' : 'innocent';
    default:
      if (culprit !== undefined && index > culprit && !(fresh && culprit < 0)) return 'innocent';
      return fresh ? alone : 'suspect';
  }
}

/**
 * The error of a message that failed as a whole: because the worker was ended, died, or could not be sent it.
 * `answers`: whether the worker had ever answered; a process that never did may lack its file, and cannot say so.
 */
export function failureOf(
  thrown: unknown,
  {
    ended,
    options,
    answers = true,
  }: {
    readonly ended?: EndReason | undefined;
    readonly options: ResolvedPoolOptions;
    readonly answers?: boolean | undefined;
  },
): AssayError {
  const [code, message] = describeFailure(thrown, ended, options);
  const mute = code === 'ASSAY_WORKER_CRASHED' && options.runtime === 'processes' && !answers;
  const hint = mute ? `, before it was ready. In a bundle: ${KEEP_EXTERNAL}` : '';
  return new AssayError(code, message + hint, { cause: thrown });
}

function describeFailure(
  thrown: unknown,
  ended: EndReason | undefined,
  { taskTimeoutMs, startTimeoutMs, memoryPerWorkerMb }: ResolvedPoolOptions,
): readonly [AssayErrorCode, string] {
  switch (ended) {
    case 'timeout':
      return ['ASSAY_WORKER_TIMEOUT', `The task took longer than ${taskTimeoutMs} ms`];
    case 'start':
      return ['ASSAY_WORKER_UNAVAILABLE', `The worker was not ready within ${startTimeoutMs} ms`];
    case 'abandoned':
      return ['ASSAY_ABORTED', 'The worker was ended since nobody waited for its task'];
    case undefined:
  }
  const { name, code } = (thrown ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  if (name === 'DataCloneError') {
    return ['ASSAY_WORKER_UNCLONEABLE', `The case cannot be sent between threads: ${messageOf(thrown)}`];
  }
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    const limit = memoryPerWorkerMb === undefined ? '' : ` (${memoryPerWorkerMb} MB)`;
    return ['ASSAY_WORKER_OUT_OF_MEMORY', `The worker reached its memory limit${limit}`];
  }
  if (code === 'ERR_ACCESS_DENIED') {
    return ['ASSAY_WORKER_UNAVAILABLE', `Node's permission model forbids workers: ${messageOf(thrown)}`];
  }
  if (lacksItsFile(thrown)) {
    const said = messageOf(thrown).split('\n', 1)[0];
    return [
      'ASSAY_WORKER_UNAVAILABLE',
      `The worker's own file cannot be loaded (${said}). In a bundle: ${KEEP_EXTERNAL}`,
    ];
  }
  return ['ASSAY_WORKER_CRASHED', `The worker ended: ${messageOf(thrown)}`];
}

/** Whether the file that a worker starts from is missing or was put among files of another module system. */
function lacksItsFile(thrown: unknown): boolean {
  const { code, message } = (thrown ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const said = String(message);
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND'
    ? /\b(?:worker|process|shared-\w+)(?:\.[\w-]+)?\.js\b/.test(said)
    : /^(?:Cannot use import statement outside|Unexpected token 'export')/.test(said);
}
