import { expect, it } from 'vitest';
import { noteMissingCases } from '../../src/cli/missing-cases.js';
import type { RunRecord } from '../../src/stores/run-record.js';

const record = (state: RunRecord['state'], stopReason?: string): RunRecord =>
  ({
    manifest: { runId: state },
    state,
    end: stopReason === undefined ? null : { summary: { stopReason } },
  }) as unknown as RunRecord;
const notesOf = (...records: readonly (RunRecord | undefined)[]): readonly string[] => {
  const notes: string[] = [];
  noteMissingCases({ note: (text) => void notes.push(text) }, records);
  return notes;
};

it('names once the runs that did not come to their end, and no others', () => {
  expect(notesOf(record('ended', 'end'), record('ended', 'settled'), undefined)).toEqual([]);
  expect(notesOf(record('running'), record('crashed'), record('ended', 'budget'))).toEqual([
    'Run "running" is still going on: this is of its first results',
    'Run "crashed" never told how it ended: cases may be missing',
    'Run "ended" ended early (budget): cases may be missing',
  ]);
  expect(notesOf(record('drained', 'drained'), record('drained', 'drained'))).toHaveLength(1);
});
