import type { RunSummaryData } from '../batch/summary/run-summary.js';
import type { RunRecord } from '../stores/run-record.js';
import type { Output } from './output.js';

/**
 * Why a run may lack cases, in a sentence; `undefined` for one that came to its end. What finishes first is no sample, so a
 * verdict on a part of a run may be another one than on the whole.
 */
function missingCases({ manifest, state, end }: RunRecord): string | undefined {
  const name = JSON.stringify(manifest.runId);
  if (state === 'running' || state === 'waiting')
    return `Run ${name} is still going on: this is of its first results`;
  if (state === 'crashed') return `Run ${name} never told how it ended: cases may be missing`;
  const { stopReason = 'end' } = (end?.summary ?? {}) as Partial<RunSummaryData>;
  if (stopReason === 'end' || stopReason === 'settled') return undefined;
  return `Run ${name} ended early (${stopReason}): cases may be missing`;
}

/** Says on stderr which of the runs that were judged may lack cases. */
export function noteMissingCases(
  output: Pick<Output, 'note'>,
  records: readonly (RunRecord | undefined)[],
): void {
  const notes = records.map((record) => (record === undefined ? undefined : missingCases(record)));
  for (const note of new Set(notes)) if (note !== undefined) output.note(note);
}
