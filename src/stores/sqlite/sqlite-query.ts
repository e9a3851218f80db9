import type { ResultQuery } from '../result-store.js';
import { prepare, type SqliteDatabase, type SqliteValue } from './sqlite-driver.js';
import { RESULT_COLUMNS } from './sqlite-row.js';
import { HAS_NO_SCORE, SQLITE_INDEXES } from './sqlite-schema.js';
import { endOfPrefix, storableText } from '../storable-text.js';

/** Where the last page of a query ended. */
export interface QueryCursor {
  readonly timestamp: number;
  readonly testId: string;
  readonly repetition: number;
  readonly id: number;
}

/** A query, ready to be paged: the statement for its first page and the one for those after it. */
export interface QueryPlan {
  readonly first: string;
  readonly next: string;
  readonly parameters: readonly SqliteValue[];
  /** Set when the database cannot tell exactly which ids begin with the prefix: look at each. */
  readonly idPrefix: string | undefined;
}

interface Conditions {
  readonly where: string[];
  readonly parameters: SqliteValue[];
}

/** Up to so many rows it is cheaper to sort the few that match than to walk an index in order. */
const FEW_ROWS = 2_000;

/**
 * Plans a query. The index is named in the statement: the choice depends on this file, not on what a planner
 * guesses without statistics. Rows come in the order of an index, so a page never sorts more than
 * {@link FEW_ROWS} rows, however many match.
 */
export function planQuery(database: SqliteDatabase, query: ResultQuery): QueryPlan {
  const { where, parameters } = conditionsOf(query);
  const index = fewMatch(database, query) ?? orderIndex(query);
  const [direction, beyond] = query.order === 'newest-first' ? ['DESC', '<'] : ['ASC', '>'];
  const select = `SELECT ${RESULT_COLUMNS} FROM evaluation_results INDEXED BY ${index}`;
  const order = ['timestamp', 'test_id', 'repetition', 'id'].map((column) => `${column} ${direction}`);
  const tail = `ORDER BY ${order.join(', ')} LIMIT ?`;
  const after = [
    ...where,
    `timestamp ${beyond}= ?`, // what an index can seek by
    `(timestamp, test_id, repetition, id) ${beyond} (?, ?, ?, ?)`,
  ];
  return {
    first: `${select} ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`} ${tail}`,
    next: `${select} WHERE ${after.join(' AND ')} ${tail}`,
    parameters,
    idPrefix: splitsCharacter(query.idPrefix) ? query.idPrefix : undefined,
  };
}

/** Parameters of {@link QueryPlan.next} after those of the conditions. */
export function cursorParameters(cursor: QueryCursor): SqliteValue[] {
  return [cursor.timestamp, cursor.timestamp, cursor.testId, cursor.repetition, cursor.id];
}

/** Whether a prefix ends within a surrogate pair: its encoding is then no prefix of the encoded id. */
function splitsCharacter(prefix: string | undefined): boolean {
  return prefix !== undefined && /[\ud800-\udbff]$/.test(prefix);
}

const wantsNoScore = ({ outcome }: ResultQuery): boolean => outcome !== undefined && outcome !== 'scored';

function orderIndex(query: ResultQuery): string {
  if (query.runId !== undefined) return wantsNoScore(query) ? SQLITE_INDEXES.failed : SQLITE_INDEXES.run;
  return query.model === undefined ? SQLITE_INDEXES.time : SQLITE_INDEXES.model;
}

/** The index whose range holds only a few rows of the query, if there is one. */
function fewMatch(database: SqliteDatabase, query: ResultQuery): string | undefined {
  const { idPrefix, model, minScore } = query;
  if (idPrefix !== undefined && idPrefix !== '') {
    if (countFew(database, SQLITE_INDEXES.key, conditionsOf({ idPrefix }))) return SQLITE_INDEXES.key;
  }
  if (model !== undefined && minScore !== undefined) {
    if (countFew(database, SQLITE_INDEXES.score, conditionsOf({ model, minScore }))) {
      return SQLITE_INDEXES.score;
    }
  }
  return undefined;
}

function countFew(database: SqliteDatabase, index: string, { where, parameters }: Conditions): boolean {
  const matching = `SELECT 1 FROM evaluation_results INDEXED BY ${index} WHERE ${where.join(' AND ')} LIMIT ${FEW_ROWS + 1}`;
  const row = prepare(database, `SELECT count(*) AS n FROM (${matching})`).get(...parameters);
  return (row as { n: number }).n <= FEW_ROWS;
}

function conditionsOf(query: ResultQuery): Conditions {
  const where: string[] = [];
  const parameters: SqliteValue[] = [];
  const add = (condition: string, value: SqliteValue | undefined): void => {
    if (value === undefined) return;
    where.push(condition);
    parameters.push(value);
  };
  add('run_id = ?', query.runId === undefined ? undefined : storableText(query.runId));
  add('model_name = ?', query.model === undefined ? undefined : storableText(query.model));
  add('outcome = ?', query.outcome);
  if (wantsNoScore(query)) where.push(HAS_NO_SCORE);
  add('overall_score >= ?', query.minScore);
  add('timestamp >= ?', query.from);
  add('timestamp < ?', query.to);
  if (query.idPrefix !== undefined && query.idPrefix !== '') {
    // A range uses the index where LIKE never does, and takes % and _ literally.
    const cut = splitsCharacter(query.idPrefix) ? query.idPrefix.slice(0, -1) : query.idPrefix;
    const prefix = storableText(cut);
    add('test_id >= ?', prefix);
    add('test_id < ?', endOfPrefix(prefix));
  }
  return { where, parameters };
}
