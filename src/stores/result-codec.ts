import { AssayError, messageOf } from '../errors.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import { fromTagged, isPlain, isPlainNumber, toTagged } from '../foundation/tagged-json.js';

/**
 * Results as one line of JSON each. A host's metadata may hold what JSON cannot (dates, NaN, bigint, maps):
 * such a result is written with tags (`{"$date":…}`) under the single key `$tagged`. Every other result, nearly
 * all of them, is plain JSON and pays only for the look.
 *
 * @throws AssayError `ASSAY_STORE_FAILED` for a result that contains itself.
 */
export function encodeResult(result: CaseResult): string {
  try {
    return isPlainResult(result) ? JSON.stringify(result) : JSON.stringify({ $tagged: toTagged(result) });
  } catch (error) {
    throw new AssayError(
      'ASSAY_STORE_FAILED',
      `The result of case ${JSON.stringify(result.caseId)} cannot be stored: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** The result that {@link encodeResult} wrote. */
export function decodeResult(line: string): CaseResult {
  return restoreResult(JSON.parse(line));
}

/** Same for a line that is parsed already. */
export function restoreResult(parsed: unknown): CaseResult {
  const tagged = (parsed as { $tagged?: unknown }).$tagged;
  return (tagged === undefined ? parsed : fromTagged(tagged)) as CaseResult;
}

/** Parts of a response in which a host or a server may have put anything. */
const OPEN_PARTS = ['output', 'contexts', 'metadata', 'toolCalls', 'logprobs', 'raw'] as const;

/**
 * Whether `JSON.stringify` keeps everything in `result`. Only the members of open type are walked; of the
 * declared numbers those are looked at that come from a host's arithmetic.
 */
export function isPlainResult(result: CaseResult): boolean {
  const { evaluation, response, timings } = result;
  if (
    !isPlainNumber(result.startedAt) ||
    !isPlainNumber(timings.queuedMs) ||
    !isPlainNumber(timings.targetMs) ||
    !isPlainNumber(timings.evaluationMs) ||
    (timings.timeToFirstTokenMs !== null && !isPlainNumber(timings.timeToFirstTokenMs)) ||
    (result.cost !== null && !isPlainNumber(result.cost)) ||
    !isPlain(result.usage) ||
    (result.metadata !== undefined && !isPlain(result.metadata))
  )
    return false;
  if (evaluation !== undefined) {
    if (evaluation.overallScore !== null && !isPlainNumber(evaluation.overallScore)) return false;
    if (evaluation.metadata !== undefined && !isPlain(evaluation.metadata)) return false;
    for (const dimension of evaluation.dimensions) if (!isPlain(dimension)) return false;
  }
  if (response !== undefined) {
    for (const part of OPEN_PARTS) if (response[part] !== undefined && !isPlain(response[part])) return false;
  }
  return true;
}
