import type { RunSummaryData } from '../../batch/summary/run-summary.js';
import { integer } from '../../foundation/options.js';
import { shownName } from '../../foundation/plain-text.js';
import type { RunRecord, RunState } from '../../stores/run-record.js';
import type { Command } from '../command.js';
import { STORE_OPTION } from '../command-options.js';
import { EXIT } from '../exit-codes.js';
import { isoTime, lengthOfTime, localTime } from '../local-time.js';
import { openStore } from '../open-store.js';
import type { Tone } from '../output.js';
import { formatTable, type Column } from '../table.js';
import { costText, count } from '../../foundation/counted.js';

const STATES = ['running', 'waiting', 'ended', 'drained', 'crashed'] as const satisfies readonly RunState[];
const SHOWN = 20;

/** `assaykit runs`: lists the runs of a store. */
export const runs: Command = {
  usage: '',
  about: 'Lists the runs of a store, newest first. With --json a line for each.',
  words: { least: 0, most: 0 },
  options: {
    ...STORE_OPTION,
    limit: { type: 'string', short: 'n', value: 'N', help: `at most N (default ${SHOWN}; 0: all)` },
    model: { type: 'string', value: 'NAME', help: 'only runs that this model answered in' },
    evaluator: { type: 'string', value: 'NAME', help: 'only runs of this evaluator' },
    tag: { type: 'string', value: 'TAG', help: 'only runs with this tag' },
    state: { type: 'string', value: 'STATE', help: `only runs that are ${STATES.join(', ')}` },
  },
  run: async ({ given, output }) => {
    const limit = given.number('limit', integer(0)) ?? SHOWN;
    const query = {
      model: given.text('model'),
      evaluator: given.text('evaluator'),
      tag: given.text('tag'),
      state: given.choice('state', STATES),
    };
    const store = await openStore(given.text('store'));
    try {
      const found: RunRecord[] = [];
      let more = false;
      for await (const record of store.runs(limit === 0 ? query : { ...query, limit: limit + 1 })) {
        more = limit !== 0 && found.length === limit;
        if (more || output.gone) break;
        if (output.json) await output.jsonLine(runJson(record));
        found.push(record);
      }
      if (output.json) return EXIT.done;
      if (found.length === 0) output.note('No runs.');
      else await output.painted(formatTable(found, COLUMNS, output));
      if (more) output.note(`and more: --limit 0 shows all`);
      return EXIT.done;
    } finally {
      await store.close();
    }
  },
};

const summaryOf = ({ end }: RunRecord): RunSummaryData | undefined =>
  end?.summary as unknown as RunSummaryData | undefined;

/** A run as a line of JSON. */
export function runJson(record: RunRecord): object {
  const { manifest, state, end, writer, results } = record;
  const summary = summaryOf(record);
  return {
    runId: manifest.runId,
    state,
    stopReason: summary?.stopReason ?? null,
    startedAt: isoTime(manifest.startedAt),
    endedAt: isoTime(end?.at),
    durationMs: summary?.durationMs ?? null,
    results,
    overall: summary?.overall ?? null,
    dimensions: summary?.dimensions ?? null,
    cost: summary?.cost ?? null,
    evaluator: manifest.evaluator,
    evaluatorVersion: manifest.evaluatorVersion,
    models: end?.models ?? null,
    repetitions: manifest.repetitions,
    fingerprint: manifest.fingerprint ?? null,
    tags: manifest.tags ?? [],
    description: manifest.description ?? null,
    origin: manifest.origin ?? null,
    writer: writer === null ? null : { ...writer, since: isoTime(writer.since) },
  };
}

/** Where it stands; of a run that ended before its cases did, why. */
function stateOf(record: RunRecord): string {
  const reason = summaryOf(record)?.stopReason ?? 'end';
  return record.state === 'ended' && reason !== 'end' && reason !== 'settled' ? reason : record.state;
}

function scoreOf(record: RunRecord): string {
  const overall = summaryOf(record)?.overall;
  if (overall === undefined || overall.mean === null) return '-';
  const { mean, interval } = overall;
  return interval === null
    ? mean.toFixed(4)
    : `${mean.toFixed(4)} [${interval.low.toFixed(3)}, ${interval.high.toFixed(3)}]`;
}

const TONES: Readonly<Partial<Record<RunState, Tone>>> = { crashed: 'bad', running: 'good' };

const COLUMNS: readonly Column<RunRecord>[] = [
  { title: 'run', cell: ({ manifest }) => shownName(manifest.runId), least: 24 },
  { title: 'state', cell: stateOf, tone: ({ state }) => TONES[state] },
  { title: 'score [interval]', cell: scoreOf },
  {
    title: 'results',
    align: 'right',
    cell: ({ results }) => count(results.scored + results.unscored + results.errored),
  },
  {
    title: 'errors',
    align: 'right',
    cell: ({ results }) => count(results.errored),
    tone: ({ results }) => (results.errored > 0 ? 'bad' : undefined),
  },
  {
    title: 'took',
    align: 'right',
    leaveOut: 4,
    cell: (record) => {
      const took = summaryOf(record)?.durationMs;
      return took === undefined ? '-' : lengthOfTime(took);
    },
  },
  {
    title: 'cost',
    align: 'right',
    leaveOut: 5,
    cell: (record) => {
      const cost = summaryOf(record)?.cost ?? null;
      return cost === null ? '-' : costText(cost);
    },
  },
  { title: 'started', leaveOut: 1, cell: ({ manifest }) => localTime(manifest.startedAt) },
  { title: 'model', leaveOut: 2, least: 10, cell: ({ end }) => end?.models.join(', ') ?? '-' },
  { title: 'tags', leaveOut: 3, least: 6, cell: ({ manifest }) => manifest.tags?.join(', ') ?? '' },
];
