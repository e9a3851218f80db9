import type { ResultQuery } from '../result-store.js';
import { prepare, type SqliteDatabase, type SqliteValue } from './sqlite-driver.js';
import { RESULT_COLUMNS, type SqliteRow } from './sqlite-row.js';
import { HAS_NO_SCORE, RESULT_INDEXES } from '../result-indexes.js';
import { endOfPrefix, splitsCharacter, storableText } from '../storable-text.js';

/** Where the last page of a query ended. */
export interface QueryCursor {
  /** Index of the phase to go on with. */
  readonly phase: number;
  /** The last row of that phase that was met; `undefined`: it has not begun. */
  readonly last: ResultPosition | undefined;
  /** Of a phase that looks up positions first: the rows that come next. */
  readonly ahead?: readonly number[];
  /** Whether others may come after those. */
  readonly more?: boolean;
}

/** Where a row stands in the order of a query. */
export type ResultPosition = Pick<SqliteRow, 'overall_score' | 'timestamp' | 'test_id' | 'repetition' | 'id'>;

/** The statements of a part of a query: for its first page and for those after it. */
export interface QueryPhase {
  readonly first: string;
  readonly next: string;
  /** Set when `first` and `next` give positions only, sorted: the statement for the row of an id. */
  readonly row: string | undefined;
  readonly parameters: readonly SqliteValue[];
  /** Whether its rows come by score. */
  readonly byScore: boolean;
}

/** A query, ready to be paged. */
export interface QueryPlan {
  /** One after the other: a query by score reads those without a score at the end. */
  readonly phases: readonly QueryPhase[];
  /** Set when the database cannot tell exactly which ids begin with this text: look at each. */
  readonly check: string | undefined;
}

/** As a range, which an index can seek by. */
const HAS_SCORE = 'overall_score >= -9e999';

interface Conditions {
  readonly where: string[];
  readonly parameters: SqliteValue[];
}

/** Up to so many rows it is cheaper to sort the few that match than to walk an index in order. */
const FEW_ROWS = 400;

/** Looked at to tell whether a run's rows lie closely enough in the order of the scores. */
const PROBED_ROWS = 200;
const DENSE_ROWS = 20;

const TIME_KEY = ['timestamp', 'test_id', 'repetition', 'id'];

/**
 * Plans a query. The index is named in the statement: the choice depends on this file, not on what a planner
 * guesses without statistics. Rows come in the order of an index, or their positions are sorted first: those of the few
 * that match, or (by score within a run) those that an index holds, without a look at the rows.
 */
export function planQuery(database: SqliteDatabase, query: ResultQuery): QueryPlan {
  return {
    phases: phasesOf(database, query),
    check: splitsCharacter(query.idPrefix) ? query.idPrefix : undefined,
  };
}

function phasesOf(database: SqliteDatabase, query: ResultQuery): QueryPhase[] {
  const { order } = query;
  const few = fewMatch(database, query);
  if (order !== 'lowest-first' && order !== 'highest-first') {
    const index = few ?? timeIndex(query);
    return [phaseOf(query, { index, descending: order === 'newest-first', sorted: few !== undefined })];
  }
  const phases: QueryPhase[] = [];
  const descending = order === 'highest-first';
  if (!wantsNoScore(query)) {
    const walked = few === undefined && isDense(database, query, descending);
    const index = walked ? RESULT_INDEXES.score : (few ?? timeIndex(query));
    phases.push(phaseOf(query, { index, descending, sorted: !walked, byScore: true }));
  }
  const { minScore, maxScore, passed, outcome } = query;
  if ((minScore ?? maxScore ?? passed) === undefined && outcome !== 'scored') {
    const index = few ?? timeIndex(query);
    phases.push(
      phaseOf(query, {
        index,
        descending: false,
        sorted: few !== undefined,
        more: ['overall_score IS NULL'],
      }),
    );
  }
  return phases;
}

interface PhaseOptions {
  readonly index: string;
  readonly descending: boolean;
  /** Whether rows come in another order than that of the index. */
  readonly sorted: boolean;
  readonly byScore?: boolean;
  readonly more?: readonly string[];
}

function phaseOf(query: ResultQuery, options: PhaseOptions): QueryPhase {
  const { index, descending, sorted, byScore = false, more = [] } = options;
  const { where: asked, parameters } = conditionsOf(query);
  const bounded = query.minScore !== undefined || query.maxScore !== undefined;
  const where = [...asked, ...(byScore && !bounded ? [HAS_SCORE] : []), ...more];
  const [direction, beyond] = descending ? ['DESC', '<'] : ['ASC', '>'];
  const key = byScore ? ['overall_score', ...TIME_KEY] : TIME_KEY;
  const seek = byScore ? key.slice(0, 2) : key.slice(0, 1);
  const columns = sorted ? ['overall_score', ...TIME_KEY].join(', ') : RESULT_COLUMNS;
  const select = `SELECT ${columns} FROM evaluation_results INDEXED BY ${index}`;
  const tail = `ORDER BY ${key.map((column) => `${column} ${direction}`).join(', ')} LIMIT ?`;
  const sameBound = `${seek[0]} ${beyond}`;
  const after = [
    // A second bound on that side could be the one that is sought by: `+` keeps it from that.
    ...where.map((condition) => (condition.startsWith(sameBound) ? `+${condition}` : condition)),
    `(${seek.join(', ')}) ${beyond}= (${seek.map(() => '?').join(', ')})`, // what an index can seek by
    `(${key.join(', ')}) ${beyond} (${key.map(() => '?').join(', ')})`,
  ];
  // Row by row: with the statistics of a file that was small, the planner looks for several by scanning all.
  const row = ['id = ?', ...where.map(offIndex)].join(' AND ');
  return {
    first: `${select} ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`} ${tail}`,
    next: `${select} WHERE ${after.join(' AND ')} ${tail}`,
    row: sorted ? `SELECT ${RESULT_COLUMNS} FROM evaluation_results WHERE ${row}` : undefined,
    parameters,
    byScore,
  };
}

/** Keeps a condition on a column from being sought by. */
const offIndex = (condition: string): string =>
  /^[a-z_]+ (=|<>|<|>|<=|>=|IS) /.test(condition) ? `+${condition}` : condition;

/** Parameters of a phase's `next` after those of its conditions. */
export function cursorParameters(plan: QueryPlan, { phase, last }: QueryCursor): SqliteValue[] {
  if (last === undefined) return [];
  const key = [last.timestamp, last.test_id, last.repetition, last.id];
  return plan.phases[phase]!.byScore
    ? [last.overall_score, last.timestamp, last.overall_score, ...key]
    : [last.timestamp, ...key];
}

/** Where to go on behind the last row of a phase that was met; `undefined` at the end. */
export function cursorAfter(
  plan: QueryPlan,
  phase: number,
  {
    last,
    ahead,
  }: {
    readonly last: ResultPosition | undefined;
    readonly ahead: { readonly ids: readonly number[]; readonly more: boolean };
  },
): QueryCursor | undefined {
  if (ahead.ids.length > 0 || (ahead.more && last !== undefined))
    return { phase, last, ahead: ahead.ids, more: ahead.more };
  return phase + 1 < plan.phases.length ? { phase: phase + 1, last: undefined } : undefined;
}

/** Only the position of a row: the cursor goes to another thread and back. */
export function positionOf(row: ResultPosition | undefined): ResultPosition | undefined {
  if (row === undefined) return undefined;
  const { overall_score, timestamp, test_id, repetition, id } = row;
  return { overall_score, timestamp, test_id, repetition, id };
}

const wantsNoScore = ({ outcome, errorCode }: ResultQuery): boolean =>
  errorCode !== undefined || (outcome !== undefined && outcome !== 'scored');

function timeIndex(query: ResultQuery): string {
  if (query.runId !== undefined) return wantsNoScore(query) ? RESULT_INDEXES.failed : RESULT_INDEXES.run;
  return query.model === undefined ? RESULT_INDEXES.time : RESULT_INDEXES.model;
}

/** The index whose range holds only a few rows of the query, if there is one. */
function fewMatch(database: SqliteDatabase, query: ResultQuery): string | undefined {
  const { idPrefix, minScore, maxScore } = query;
  if (idPrefix !== undefined && idPrefix !== '') {
    if (countFew(database, RESULT_INDEXES.key, conditionsOf({ idPrefix }))) return RESULT_INDEXES.key;
  }
  if (wantsNoScore(query) && query.runId === undefined) {
    const failures = { where: [HAS_NO_SCORE], parameters: [] };
    return countFew(database, RESULT_INDEXES.failed, failures) ? RESULT_INDEXES.failed : undefined;
  }
  if (minScore === undefined && maxScore === undefined) return undefined;
  const found = countFew(database, RESULT_INDEXES.score, conditionsOf({ minScore, maxScore }));
  return found ? RESULT_INDEXES.score : undefined;
}

/** Whether enough of the rows at the beginning of the order by score are the query's own. */
function isDense(database: SqliteDatabase, query: ResultQuery, descending: boolean): boolean {
  const { runId, model, minScore, maxScore } = query;
  if (runId === undefined && model === undefined) return true;
  const bounds = conditionsOf({ minScore, maxScore });
  const own = conditionsOf({ runId, model });
  const first =
    `SELECT run_id, model_name FROM evaluation_results INDEXED BY ${RESULT_INDEXES.score} ` +
    `WHERE ${[HAS_SCORE, ...bounds.where].join(' AND ')} ` +
    `ORDER BY overall_score ${descending ? 'DESC' : 'ASC'} LIMIT ${PROBED_ROWS}`;
  const row = prepare(database, `SELECT count(*) AS n FROM (${first}) WHERE ${own.where.join(' AND ')}`).get(
    ...bounds.parameters,
    ...own.parameters,
  );
  return (row as { n: number }).n >= DENSE_ROWS;
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
  const text = (value: string | undefined): string | undefined =>
    value === undefined ? undefined : storableText(value);
  add('run_id = ?', text(query.runId));
  add('model_name = ?', text(query.model));
  add('outcome = ?', query.outcome);
  add('group_name = ?', text(query.group));
  add('error_code = ?', text(query.errorCode));
  if (wantsNoScore(query)) where.push(HAS_NO_SCORE);
  if (query.minScore === undefined && query.maxScore !== undefined) where.push(HAS_SCORE);
  add('overall_score >= ?', query.minScore);
  add('overall_score <= ?', query.maxScore);
  add('passed = ?', query.passed === undefined ? undefined : Number(query.passed));
  add('timestamp >= ?', query.from);
  add('timestamp < ?', query.to);
  if (query.idPrefix !== undefined && query.idPrefix !== '') {
    // A range uses the index where LIKE never does, and takes % and _ literally.
    const cut = splitsCharacter(query.idPrefix) ? query.idPrefix.slice(0, -1) : query.idPrefix;
    const prefix = storableText(cut);
    add('test_id >= ?', prefix);
    add('test_id < ?', endOfPrefix(prefix));
  }
  if (query.dimension !== undefined) addDimension(query.dimension, where, parameters);
  return { where, parameters };
}

/** By key, not by path: a path would read meaning into a name. */
function addDimension(
  { name, minScore, maxScore }: NonNullable<ResultQuery['dimension']>,
  where: string[],
  parameters: SqliteValue[],
): void {
  const bounds = ['key = ?', "type IN ('integer', 'real')"];
  parameters.push(storableText(name));
  for (const [condition, bound] of [
    ['value >= ?', minScore],
    ['value <= ?', maxScore],
  ] as const) {
    if (bound === undefined) continue;
    bounds.push(condition);
    parameters.push(bound);
  }
  where.push(`EXISTS (SELECT 1 FROM json_each(dimension_scores) WHERE ${bounds.join(' AND ')})`);
}
