import { integer, number } from '../../foundation/options.js';
import { shownName } from '../../foundation/plain-text.js';
import type { QueriedResult, ResultQuery, ResultStore } from '../../stores/result-store.js';
import type { RunRecord } from '../../stores/run-record.js';
import { worstCase } from '../../decisions/gate/worst-cases.js';
import type { Arguments } from '../arguments.js';
import { caseDetail } from '../case-detail.js';
import { caseJson, scoreText } from '../case-lines.js';
import { CommandError } from '../command-error.js';
import type { Command, CommandCall } from '../command.js';
import { STORE_OPTION } from '../command-options.js';
import { EXIT } from '../exit-codes.js';
import { findRun } from '../find-run.js';
import { openStore } from '../open-store.js';
import { formatTable, type Column } from '../table.js';

const OUTCOMES = ['scored', 'unscored', 'errored'] as const;
const ORDERS = ['lowest-first', 'highest-first', 'oldest-first', 'newest-first'] as const;
const SHOWN = 20;
const MOST_CANDIDATES = 10;

/** `assaykit show RUN [CASE]`: the cases of a run, or all of one. */
export const show: Command = {
  usage: 'RUN [CASE]',
  about: `Shows the cases of a run, those with the lowest scores first; or all that is known of
one case: what was asked, answered and expected, and why it scored so. CASE is an id or
the beginning of one. With --json a line for each result.`,
  words: { least: 1, most: 2 },
  options: {
    ...STORE_OPTION,
    limit: { type: 'string', short: 'n', value: 'N', help: `at most N (default ${SHOWN}; 0: all)` },
    order: { type: 'string', value: 'ORDER', help: `${ORDERS.join(', ')}` },
    outcome: { type: 'string', value: 'OUTCOME', help: `only ${OUTCOMES.join(', ')}` },
    passed: { type: 'boolean', help: 'only what passed' },
    failed: { type: 'boolean', help: 'only what has a score and did not pass' },
    'min-score': { type: 'string', value: 'X', help: 'only scores of at least X' },
    'max-score': { type: 'string', value: 'X', help: 'only scores of at most X' },
    dimension: { type: 'string', value: 'NAME', help: 'the scores of --min-score and --max-score are of it' },
    group: { type: 'string', value: 'NAME', help: 'only this group' },
    model: { type: 'string', value: 'NAME', help: 'only answers of this model' },
    error: { type: 'string', value: 'CODE', help: 'only this error code' },
    prefix: { type: 'string', value: 'TEXT', help: 'only ids that begin so' },
  },
  run: async (call) => {
    const { given } = call;
    const [word, caseWord] = given.words as readonly [string, string | undefined];
    const store = await openStore(given.text('store'));
    try {
      const query = queryOf(given);
      const record = await findRun(store, word);
      if (caseWord === undefined) return await list(call, { store, record, query });
      const caseId = await findCase(store, record.manifest.runId, caseWord);
      return await detail(call, { store, record, query }, caseId);
    } finally {
      await store.close();
    }
  },
};

interface Shown {
  readonly store: ResultStore;
  readonly record: RunRecord;
  readonly query: ResultQuery;
}

function queryOf(given: Arguments): ResultQuery {
  if (given.flag('passed') && given.flag('failed'))
    throw new CommandError('Expected --passed or --failed, got both');
  const dimension = given.text('dimension');
  const bounds = {
    minScore: given.number('min-score', number(0, 1)),
    maxScore: given.number('max-score', number(0, 1)),
  };
  return {
    ...(dimension === undefined ? bounds : { dimension: { name: dimension, ...bounds } }),
    order: given.choice('order', ORDERS) ?? 'lowest-first',
    outcome: given.choice('outcome', OUTCOMES),
    passed: given.flag('passed') ? true : given.flag('failed') ? false : undefined,
    group: given.text('group'),
    model: given.text('model'),
    errorCode: given.text('error'),
    idPrefix: given.text('prefix'),
    withCase: true,
  };
}

async function list({ given, output }: CommandCall, { store, record, query }: Shown): Promise<number> {
  const limit = given.number('limit', integer(0)) ?? SHOWN;
  const { runId } = record.manifest;
  const rows: QueriedResult[] = [];
  let seen = 0;
  const asked = { ...query, runId, ...(limit === 0 ? {} : { limit: limit + 1 }) };
  for await (const result of store.query(asked)) {
    if (output.gone || (limit !== 0 && seen === limit)) break;
    seen += 1;
    if (output.json) await output.jsonLine(caseJson(result));
    else rows.push(result);
    if (rows.length === PAGE) await printPage(rows, output, seen === PAGE);
  }
  if (output.json) return EXIT.done;
  if (seen === 0) output.note('No results.');
  if (rows.length > 0) await printPage(rows, output, seen <= PAGE);
  const { scored, unscored, errored } = record.results;
  const without = unscored + errored > 0 ? '; --outcome errored and --outcome unscored show those' : '';
  output.note(
    `${seen} of ${scored + unscored + errored} results of ${shownName(runId)}: ${scored} scored, ${unscored} unscored, ${errored} errored${without}`,
  );
  return EXIT.done;
}

const PAGE = 1000; // rows that are held to find how wide columns are

async function printPage(rows: QueriedResult[], output: CommandCall['output'], head: boolean): Promise<void> {
  const table = formatTable(rows, columnsOf(rows), output);
  await output.painted(head ? table : table.slice(table.indexOf('\n') + 1));
  rows.length = 0;
}

function columnsOf(rows: readonly QueriedResult[]): readonly Column<QueriedResult>[] {
  const text = (name: 'question' | 'answer' | 'expected' | 'reason'): Column<QueriedResult>['cell'] => {
    return (row) => worstCase(row)[name] ?? '';
  };
  return [
    {
      title: 'score',
      cell: scoreText,
      tone: ({ outcome, evaluation }) =>
        outcome === 'errored' ? 'bad' : evaluation?.overallScore === 1 ? 'good' : undefined,
    },
    {
      title: 'case',
      least: 12,
      cell: ({ caseId, repetition }) =>
        repetition === 0 ? shownName(caseId) : `${shownName(caseId)} #${repetition}`,
    },
    ...(rows.some(({ group }) => group !== undefined)
      ? [{ title: 'group', least: 6, leaveOut: 2, cell: ({ group }: QueriedResult) => group ?? '' }]
      : []),
    { title: 'expected', least: 8, cell: text('expected') },
    { title: 'answered', least: 12, cell: text('answer') },
    ...(rows.some((row) => worstCase(row).reason !== null)
      ? [{ title: 'because', least: 12, leaveOut: 3, cell: text('reason') }]
      : []),
    { title: 'asked', least: 12, leaveOut: 1, cell: text('question') },
  ];
}

/** The case that a word means: an id, or the beginning of one only. */
async function findCase(store: ResultStore, runId: string, word: string): Promise<string> {
  if (word === '') throw new CommandError('Expected the id of a case, got an empty word');
  const ids = new Set<string>();
  for await (const { caseId } of store.query({ runId, idPrefix: word })) {
    if (caseId === word) return word;
    if (ids.size <= MOST_CANDIDATES) ids.add(caseId);
  }
  const [only] = ids;
  if (ids.size === 1) return only as string;
  const named = [...ids].slice(0, MOST_CANDIDATES).map((id) => JSON.stringify(id));
  throw new CommandError(
    ids.size === 0
      ? `No case ${JSON.stringify(word)} in ${runId}; \`assaykit show ${runId}\` lists them`
      : `${JSON.stringify(word)} may be ${named.join(', ')}${ids.size > MOST_CANDIDATES ? ' and more' : ''}; write more of it`,
    { exitCode: EXIT.notFound },
  );
}

async function detail(
  { output }: CommandCall,
  { store, record, query }: Shown,
  caseId: string,
): Promise<number> {
  const { runId } = record.manifest;
  let shown = 0;
  for await (const result of store.query({ ...query, runId, idPrefix: caseId, order: 'oldest-first' })) {
    if (result.caseId !== caseId) continue;
    if (output.gone) break;
    if (output.json) await output.jsonLine(caseJson(result));
    else await output.painted(`${shown > 0 ? '\n' : ''}${caseDetail(result, output)}`);
    shown += 1;
  }
  if (shown === 0) output.note('No results.');
  return EXIT.done;
}
