import type { ResultRow } from '../result-row.js';
import type { ResultQuery } from '../result-store.js';
import { endOfPrefix, splitsCharacter, storableText } from '../storable-text.js';
import { keyPrefix, keyText } from './key-text.js';
import { HAS_NO_SCORE } from '../result-indexes.js';
import type { PostgresRow } from './postgres-session.js';

/** A row of a query. */
export interface QueryRow extends ResultRow {
  readonly id: number;
  readonly overall_score: number | null;
  /** The text of its case; `null` when none was asked for or kept. */
  readonly content: string | null;
}

/** SQL with its values. */
export interface SelectStatement {
  readonly text: string;
  readonly values: unknown[];
}

/**
 * What a query reads one after the other: by score, those without one come at the end, oldest first. Each phase has an
 * order that is total, so that reading can go on behind any row.
 */
export type QueryPhase = 'by time' | 'by score' | 'without score';

/** The phases of a query. */
export function phasesOf({ order, outcome, minScore, maxScore, passed, ...rest }: ResultQuery): QueryPhase[] {
  if (order !== 'lowest-first' && order !== 'highest-first') return ['by time'];
  const phases: QueryPhase[] = [];
  if (!wantsNoScore({ outcome, ...rest })) phases.push('by score');
  if ((minScore ?? maxScore ?? passed) === undefined && outcome !== 'scored') phases.push('without score');
  return phases;
}

/** Set when the database cannot tell exactly which ids begin with this text: look at each. */
export function inexactPrefix({ idPrefix }: ResultQuery): string | undefined {
  if (idPrefix === undefined) return undefined;
  return splitsCharacter(idPrefix) || !keyPrefix(idPrefix).exact ? idPrefix : undefined;
}

const COLUMNS = [
  'id',
  'run_id',
  'test_id',
  'repetition',
  'outcome',
  'model_name',
  'timestamp',
  'overall_score',
  'metadata',
  'details',
  'model_response',
];
const TIME_KEY = ['timestamp', 'test_id', 'repetition', 'id'] as const;
const SCORE_KEY = ['overall_score', ...TIME_KEY] as const;

/** What of a query is left to be read. */
export interface Rest {
  readonly phase: QueryPhase;
  /** The last row of the phase that was read. */
  readonly last: QueryRow | undefined;
  /** Most rows; `undefined`: all. */
  readonly rows: number | undefined;
}

/** The statement that reads the rest of a phase in its order. `schema`: its name, quoted. */
export function selectOf(schema: string, query: ResultQuery, { phase, last, rows }: Rest): SelectStatement {
  const { where, values } = conditionsOf(query);
  const descending =
    phase === 'by time'
      ? query.order === 'newest-first'
      : phase === 'by score' && query.order === 'highest-first';
  const key = phase === 'by score' ? SCORE_KEY : TIME_KEY;
  if (phase === 'by score') where.push('overall_score IS NOT NULL');
  if (phase === 'without score') where.push('overall_score IS NULL');
  if (last !== undefined) {
    const after = key.map((column) => `$${values.push(last[column])}`).join(', ');
    where.push(`(${key.join(', ')}) ${descending ? '<' : '>'} (${after})`);
  }
  const direction = descending ? 'DESC' : 'ASC';
  const content =
    query.withCase === true
      ? `(SELECT content FROM ${schema}.evaluation_cases WHERE hash = case_hash)`
      : 'NULL::text';
  const text = [
    `SELECT ${COLUMNS.join(', ')}, ${content} FROM ${schema}.evaluation_results`,
    where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`,
    `ORDER BY ${key.map((column) => `${column} ${direction}`).join(', ')}`,
    rows === undefined ? '' : `LIMIT $${values.push(rows)}`,
  ].join(' ');
  return { text, values };
}

/** What the server has written, as a row. */
export function queryRowOf(row: PostgresRow): QueryRow {
  const [id, run, test, repetition, outcome, model, timestamp, score, metadata, details, response, content] =
    row;
  return {
    id: Number(id),
    run_id: run as string,
    test_id: test as string,
    repetition: Number(repetition),
    outcome: outcome as QueryRow['outcome'],
    model_name: model ?? null,
    timestamp: Number(timestamp),
    overall_score: score === null ? null : Number(score),
    metadata: metadata ?? null,
    details: details as string,
    model_response: response ?? null,
    content: content ?? null,
  };
}

const wantsNoScore = ({ outcome, errorCode }: ResultQuery): boolean =>
  errorCode !== undefined || (outcome !== undefined && outcome !== 'scored');

interface Conditions {
  readonly where: string[];
  readonly values: unknown[];
}

function conditionsOf(query: ResultQuery): Conditions {
  const where: string[] = [];
  const values: unknown[] = [];
  const add = (condition: string, value: unknown): void => {
    if (value !== undefined) where.push(`${condition} $${values.push(value)}`);
  };
  const key = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : keyText(text);
  const stored = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : storableText(text);
  add('run_id =', key(query.runId));
  add('model_name =', key(query.model));
  add('outcome =', query.outcome);
  add('group_name =', stored(query.group));
  add('error_code =', stored(query.errorCode));
  if (wantsNoScore(query)) where.push(HAS_NO_SCORE);
  add('overall_score >=', query.minScore);
  add('overall_score <=', query.maxScore);
  add('passed =', query.passed);
  add('timestamp >=', query.from);
  add('timestamp <', query.to);
  if (query.idPrefix !== undefined && query.idPrefix !== '') {
    // A range uses the index, and takes % and _ literally.
    const whole = splitsCharacter(query.idPrefix) ? query.idPrefix.slice(0, -1) : query.idPrefix;
    const prefix = keyPrefix(whole).text;
    add('test_id >=', prefix);
    add('test_id <', endOfPrefix(prefix));
  }
  if (query.dimension !== undefined) {
    const { name, minScore, maxScore } = query.dimension;
    const score = `(dimension_scores ->> $${values.push(storableText(name))})::double precision`;
    where.push(`${score} IS NOT NULL`);
    add(`${score} >=`, minScore);
    add(`${score} <=`, maxScore);
  }
  return { where, values };
}
