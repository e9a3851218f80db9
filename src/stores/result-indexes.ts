/**
 * Indexes of the table of results by the query that each serves, in SQLite and PostgreSQL alike. The columns after
 * `timestamp` make the order of a query total, so that paging by key never sorts.
 */
export const RESULT_INDEXES = {
  /** The key of a result; also lookups by id and by prefix of the id. */
  key: 'evaluation_results_key',
  /** A run in order. In SQLite it ends, like the next two but one, with the score: a bound on it is looked up without the rows. */
  run: 'evaluation_results_run',
  /** The results of a run that have no score, in order: the few that somebody looks for among all. */
  failed: 'evaluation_results_failed',
  /** Everything in order. */
  time: 'evaluation_results_time',
  /** A model in order; in SQLite it covers the average of a model. */
  model: 'evaluation_results_model',
  /**
   * Everything by score, then in order of time. The only index whose entries come in no order of their own: each costs
   * SQLite the writing of a page, 7 us a result. A second one, led by run or model, cost 12 us more.
   */
  score: 'evaluation_results_score',
} as const;

/** Condition of {@link RESULT_INDEXES.failed}: a query must have it word for word to be served by the index. */
export const HAS_NO_SCORE = "outcome <> 'scored'";
