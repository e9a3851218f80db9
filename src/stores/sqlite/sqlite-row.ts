import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { rowOf, type ResultRow } from '../result-row.js';
import type { SqliteStatement } from './sqlite-driver.js';

/** Inserts or replaces one result; a stored one of higher rank stays. */
export const UPSERT_RESULT = `
  INSERT INTO evaluation_results (run_id, test_id, repetition, outcome, model_name, timestamp, overall_score,
    execution_time_ms, success, dimension_scores, metadata, details, model_response, passed, group_name, error_code)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (test_id, run_id, repetition) DO UPDATE SET
    outcome = excluded.outcome, model_name = excluded.model_name, timestamp = excluded.timestamp,
    overall_score = excluded.overall_score, execution_time_ms = excluded.execution_time_ms,
    success = excluded.success, dimension_scores = excluded.dimension_scores, metadata = excluded.metadata,
    details = excluded.details, model_response = excluded.model_response, passed = excluded.passed,
    group_name = excluded.group_name, error_code = excluded.error_code
  WHERE CASE excluded.outcome WHEN 'scored' THEN 2 WHEN 'unscored' THEN 1 ELSE 0 END
     >= CASE evaluation_results.outcome WHEN 'scored' THEN 2 WHEN 'unscored' THEN 1 ELSE 0 END`;

/** The columns that `readRow` needs; `id` is for paging. */
export const RESULT_COLUMNS =
  'id, run_id, test_id, repetition, outcome, model_name, timestamp, overall_score, metadata, details, model_response';

/** A row of {@link RESULT_COLUMNS}. */
export interface SqliteRow extends ResultRow {
  readonly id: number;
  readonly overall_score: number | null;
}

/** Binds a result to {@link UPSERT_RESULT} and runs it; returns the length of the text that was written. */
export function writeRow(upsert: SqliteStatement, result: CaseResult): number {
  const row = rowOf(result);
  upsert.run(
    row.run_id,
    row.test_id,
    row.repetition,
    row.outcome,
    row.model_name,
    row.timestamp,
    row.overall_score,
    row.execution_time_ms,
    row.success ? 1 : 0,
    row.dimension_scores,
    row.metadata,
    row.details,
    row.model_response,
    row.passed === null ? null : row.passed ? 1 : 0,
    row.group_name,
    row.error_code,
  );
  return row.size;
}
