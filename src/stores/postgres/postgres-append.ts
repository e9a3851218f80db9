import type { CaseResult } from '../../evaluation/evaluation-types.js';
import type { KeptCase } from '../kept-case.js';
import type { RunLease } from '../run-lease.js';
import { OUTCOME_RANK } from '../result-store.js';
import { rowOf, type WrittenRow } from '../result-row.js';
import { compareText, storableText } from '../storable-text.js';
import { columnSql, columnText, type ColumnType } from './column-text.js';
import { keyText } from './key-text.js';
import type { PostgresSession } from './postgres-session.js';

/** Results on their way into the database, with what goes with them. */
export interface PostgresAppend {
  readonly results: readonly CaseResult[];
  readonly cases: readonly KeptCase[];
  /** What must be held for them to be stored. */
  readonly lease: RunLease | undefined;
}

/** What is stored by one statement. */
export interface AppendPart {
  readonly rows: readonly PreparedRow[];
  readonly cases: readonly KeptCase[];
}

/** Appends, ready to be stored. */
export interface PreparedAppend {
  readonly leases: readonly RunLease[];
  readonly parts: readonly AppendPart[];
  /** Length of the text. */
  readonly size: number;
}

type PreparedRow = WrittenRow & { readonly case_hash: string | null };

/** Text that one statement carries; an array of PostgreSQL holds 1 GB. */
const PART_SIZE = 8_000_000;

/** The columns that are written, with the types of their arrays. */
const COLUMNS: readonly (readonly [name: keyof PreparedRow, type: ColumnType])[] = [
  ['run_id', 'text'],
  ['test_id', 'text'],
  ['repetition', 'integer'],
  ['outcome', 'text'],
  ['model_name', 'text'],
  ['timestamp', 'double precision'],
  ['overall_score', 'double precision'],
  ['execution_time_ms', 'double precision'],
  ['success', 'boolean'],
  ['passed', 'boolean'],
  ['group_name', 'text'],
  ['error_code', 'text'],
  ['case_hash', 'text'],
  ['dimension_scores', 'jsonb'],
  ['metadata', 'text'],
  ['details', 'text'],
  ['model_response', 'text'],
];
const NAMES = COLUMNS.map(([name]) => name);
const TYPES = COLUMNS.map(([, type]) => type);
const LEASE_TYPES: readonly ColumnType[] = ['text', 'text', 'text'];
const CASE_TYPES: readonly ColumnType[] = ['text', 'text'];

/**
 * Appends as rows: one a key, as the ranks of outcomes want it (a statement cannot write a row twice), in the order of
 * their keys, so that two writers of the same rows never wait for each other in a circle.
 *
 * @throws AssayError `ASSAY_STORE_FAILED` for a result that cannot be stored.
 */
export function prepareAppends(appends: readonly PostgresAppend[]): PreparedAppend {
  const rows = new Map<string, PreparedRow>();
  for (const result of appends.flatMap(({ results }) => results)) {
    const row = { ...rowOf(result, keyText), case_hash: caseHashOf(result) };
    const key = JSON.stringify([row.test_id, row.run_id, row.repetition]);
    const known = rows.get(key);
    if (known === undefined || OUTCOME_RANK[known.outcome] <= OUTCOME_RANK[row.outcome]) rows.set(key, row);
  }
  const cases = new Map(appends.flatMap((append) => append.cases).map((kept) => [kept.hash, kept]));
  const leases = new Map(
    appends.flatMap(({ lease }) =>
      lease === undefined ? [] : [[JSON.stringify([lease.runId, lease.part, lease.id]), lease]],
    ),
  );
  return {
    leases: [...leases.values()],
    ...inParts([...rows.values()].sort(compareKeys), [...cases.values()].sort(compareHashes)),
  };
}

/**
 * Stores what was prepared, all of it or nothing; returns whether its leases are held. More than one part is stored in a
 * transaction.
 */
export async function storeAppends(
  session: PostgresSession,
  schema: string,
  { leases, parts }: PreparedAppend,
): Promise<boolean> {
  if (parts.length > 1) await session.begin();
  for (const part of parts) {
    const [row] = await session.query(statementOf(schema, part, leases.length > 0), [
      ...(leases.length > 0 ? leaseColumns(leases) : []),
      ...(part.cases.length > 0 ? caseColumns(part.cases) : []),
      ...(part.rows.length > 0 ? rowColumns(part.rows) : []),
    ]);
    if (Number(row?.[0]) < leases.length) return false;
  }
  if (parts.length > 1) await session.commit();
  return true;
}

/**
 * One statement that looks whether the leases are held, and keeps them from being taken over until it has committed,
 * keeps the cases that are new, and writes the rows. `KEY SHARE` lets a lease be renewed meanwhile, not deleted.
 */
function statementOf(schema: string, { rows, cases }: AppendPart, leased: boolean): string {
  let parameter = leased ? 1 : 0; // $1: how many leases there are
  const arrays = (types: readonly ColumnType[]): string =>
    types.map((type) => columnSql(`$${(parameter += 1)}`, type)).join(', ');
  const steps: string[] = [];
  if (leased) {
    steps.push(
      `held AS MATERIALIZED (SELECT 1 FROM ${schema}.evaluation_leases
         JOIN unnest(${arrays(LEASE_TYPES)}) AS asked (run_id, part, lease_id) USING (run_id, part, lease_id)
         FOR KEY SHARE OF evaluation_leases)`,
    );
  }
  const guard = leased ? 'AND (SELECT count(*) FROM held) = $1' : '';
  if (cases.length > 0) {
    steps.push(
      `kept AS (INSERT INTO ${schema}.evaluation_cases (hash, content)
         SELECT hash, content FROM unnest(${arrays(CASE_TYPES)}) AS given (hash, content)
         WHERE hash IS NOT NULL ${guard} ON CONFLICT DO NOTHING)`,
    );
  }
  if (rows.length > 0) {
    const set = NAMES.map((name) => `${name} = excluded.${name}`).join(', ');
    steps.push(
      `stored AS (INSERT INTO ${schema}.evaluation_results AS stored (${NAMES.join(', ')})
         SELECT ${NAMES.join(', ')} FROM unnest(${arrays(TYPES)}) AS given (${NAMES.join(', ')})
         WHERE run_id IS NOT NULL ${guard}
         ON CONFLICT (test_id, run_id, repetition) DO UPDATE SET ${set}
         WHERE ${rank('excluded')} >= ${rank('stored')})`,
    );
  }
  const count = leased ? '(SELECT count(*) FROM held)' : '0';
  return `WITH ${steps.join(',\n')} SELECT ${count}`;
}

const rank = (row: string): string =>
  `CASE ${row}.outcome WHEN 'scored' THEN ${OUTCOME_RANK.scored} WHEN 'unscored' THEN ${OUTCOME_RANK.unscored} ELSE ${OUTCOME_RANK.errored} END`;

/** After the number of the leases. */
const leaseColumns = (leases: readonly RunLease[]): unknown[] => [
  leases.length,
  ...columns(LEASE_TYPES, [
    leases.map(({ runId }) => keyText(runId)),
    leases.map(({ part }) => keyText(part)),
    leases.map(({ id }) => storableText(id)),
  ]),
];

const caseColumns = (cases: readonly KeptCase[]): string[] =>
  columns(CASE_TYPES, [cases.map(({ hash }) => hash), cases.map(({ text }) => text)]);

const rowColumns = (rows: readonly PreparedRow[]): string[] =>
  columns(
    TYPES,
    NAMES.map((name) => rows.map((row) => row[name])),
  );

const columns = (
  types: readonly ColumnType[],
  values: readonly (readonly (string | number | boolean | null)[])[],
): string[] => values.map((column, i) => columnText(column, types[i]!));

function inParts(
  rows: readonly PreparedRow[],
  cases: readonly KeptCase[],
): Pick<PreparedAppend, 'parts' | 'size'> {
  const parts: { rows: PreparedRow[]; cases: KeptCase[]; size: number }[] = [];
  const partFor = (size: number): { rows: PreparedRow[]; cases: KeptCase[] } => {
    let part = parts.at(-1);
    if (part === undefined || part.size + size > PART_SIZE)
      parts.push((part = { rows: [], cases: [], size: 0 }));
    part.size += size;
    return part;
  };
  for (const kept of cases) partFor(kept.text.length).cases.push(kept);
  for (const row of rows) partFor(row.size).rows.push(row);
  return { parts, size: parts.reduce((sum, part) => sum + part.size, 0) };
}

const compareKeys = (a: PreparedRow, b: PreparedRow): number =>
  compareText(a.test_id, b.test_id) || compareText(a.run_id, b.run_id) || a.repetition - b.repetition;

const compareHashes = (a: KeptCase, b: KeptCase): number => compareText(a.hash, b.hash);

const caseHashOf = ({ caseHash }: CaseResult): string | null =>
  caseHash === undefined ? null : storableText(caseHash);
