import { AssayError } from '../../errors.js';
import { stableStringify } from '../../foundation/stable-hash.js';
import type { KeptCase } from '../kept-case.js';
import type {
  BatchState,
  RunWork,
  SharedBatch,
  SharedBatchRecord,
  SharedCase,
  SharedInput,
  SharedLimits,
  SharedRun,
  SharedSpending,
  SharedStop,
  SpendingGrant,
  SpendingReport,
  StartedBatch,
  TurnGrant,
  TurnRequest,
} from '../run-work.js';
import { compareText, storableText } from '../storable-text.js';
import { keyText } from './key-text.js';
import type { PostgresDatabase } from './postgres-database.js';
import type { PostgresRow, PostgresSession } from './postgres-session.js';

/** Milliseconds since the epoch by the server's clock: those of the workers may differ. */
const NOW = 'extract(epoch FROM clock_timestamp())::double precision * 1000';
const PAGE_ROWS = 500;
/** A server's clock that goes back further was set, and the buckets fill by the new time from then on. */
const MOST_WOBBLE_MS = 1000;
const SPENT = ['cost', 'tokens', 'estimated_cost', 'estimated_tokens', 'results', 'errored'] as const;
const SPENT_SUMS = SPENT.map((name) => `coalesce(sum(${name}), 0)`).join(', ');

/** {@link RunWork} in PostgreSQL. */
export class PostgresRunWork implements RunWork {
  readonly #database: PostgresDatabase;
  readonly #checkOpen: () => void;

  /** `checkOpen` throws once the store is closed. */
  constructor(database: PostgresDatabase, checkOpen: () => void) {
    this.#database = database;
    this.#checkOpen = checkOpen;
  }

  /** {@inheritDoc RunWork.open} */
  async open({
    runId,
    batchSize,
    limits,
  }: Pick<SharedRun, 'runId' | 'batchSize' | 'limits'>): Promise<SharedRun> {
    const { requestsPerSecond, tokensPerMinute, maxCost, maxTokens } = limits;
    const burst = limits.burst ?? Math.max(1, requestsPerSecond ?? 1);
    await this.#use('Opening a run', (session) =>
      session.query(
        `INSERT INTO ${this.#table('shared_runs')} (run_id, opened_at, batch_size, limits, requests_per_second, burst,
           tokens_per_minute, max_cost, max_tokens, turns_left, tokens_left, turns_at)
         SELECT $1, now, $2, $3, $4, $5, $6, $7, $8, $5, $9, now FROM (SELECT ${NOW} AS now) AS clock
         ON CONFLICT DO NOTHING`,
        [
          keyText(runId),
          batchSize,
          JSON.stringify(limits),
          requestsPerSecond ?? null,
          burst,
          tokensPerMinute ?? null,
          maxCost ?? null,
          maxTokens ?? null,
          (tokensPerMinute ?? 0) / 60,
        ],
      ),
    );
    return (await this.find(runId)) as SharedRun;
  }

  /** {@inheritDoc RunWork.add} */
  async add(runId: string, batches: readonly SharedBatch[], cases: readonly KeptCase[]): Promise<void> {
    const kept = [...cases].sort((a, b) => compareText(a.hash, b.hash)); // two writers never wait in a circle
    const texts = batches.map((batch) => stableStringify(batch.cases));
    const numbers = batches.map(({ batch }) => batch);
    await this.#transaction('Storing batches', async (session) => {
      await this.#checkInput(session, runId, Math.max(...numbers));
      await session.query(
        `INSERT INTO ${this.#table('evaluation_cases')} (hash, content)
         SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`,
        [kept.map(({ hash }) => hash), kept.map(({ text }) => text)],
      );
      const given = 'unnest($2::integer[], $3::text[], $4::integer[]) AS given (batch, cases, size)';
      const values = [keyText(runId), numbers, texts, batches.map((batch) => batch.cases.length)];
      await session.query(
        `INSERT INTO ${this.#table('shared_batches')} (run_id, batch, cases, size)
         SELECT $1, * FROM ${given} ON CONFLICT DO NOTHING`,
        values,
      );
      const [differing] = await session.query(
        `SELECT known.batch FROM ${this.#table('shared_batches')} AS known JOIN ${given} USING (batch)
         WHERE known.run_id = $1 AND known.cases <> given.cases LIMIT 1`,
        values,
      );
      if (differing !== undefined)
        throw otherCases(runId, `batch ${differing[0]} was enqueued with other cases`); // and nothing of it is kept
    });
  }

  /** {@inheritDoc RunWork.complete} */
  async complete(runId: string, input: SharedInput): Promise<void> {
    const text = stableStringify(input);
    const [row] = await this.#use('Completing the input of a run', (session) =>
      session.query(
        `UPDATE ${this.#table('shared_runs')} SET input = coalesce(input, $2) WHERE run_id = $1 RETURNING input`,
        [keyText(runId), text],
      ),
    );
    if (row !== undefined && row[0] !== text) {
      const known = JSON.parse(row[0] as string) as SharedInput;
      throw otherCases(runId, `it was enqueued with ${known.cases} cases, now ${input.cases} have come`);
    }
  }

  /** {@inheritDoc RunWork.find} */
  async find(runId: string): Promise<SharedRun | undefined> {
    const id = keyText(runId);
    return this.#use('Reading a run', async (session) => {
      const [row] = await session.query(
        `SELECT opened_at, ${NOW}, batch_size, limits, input, stop_reason FROM ${this.#table('shared_runs')} WHERE run_id = $1`,
        [id],
      );
      if (row === undefined) return undefined;
      const [spent] = await session.query(
        `SELECT ${SPENT_SUMS} FROM ${this.#table('shared_spending')} WHERE run_id = $1`,
        [id],
      );
      return {
        runId,
        openedAt: Math.round(Number(row[0])),
        now: Math.round(Number(row[1])),
        batchSize: Number(row[2]),
        limits: JSON.parse(row[3] as string) as SharedLimits,
        input: row[4] === null ? null : (JSON.parse(row[4] as string) as SharedInput),
        stopReason: row[5] as SharedStop | null,
        spending: spendingOf(spent as PostgresRow),
      };
    });
  }

  /** {@inheritDoc RunWork.counts} */
  async counts(runId: string): Promise<Readonly<Record<BatchState, number>>> {
    const rows = await this.#use('Counting batches', (session) =>
      session.query(
        `SELECT state, count(*) FROM ${this.#table('shared_batches')} WHERE run_id = $1 GROUP BY state`,
        [keyText(runId)],
      ),
    );
    const counts = { open: 0, done: 0, failed: 0 };
    for (const [state, count] of rows) counts[state as BatchState] = Number(count);
    return counts;
  }

  /** {@inheritDoc RunWork.batches} */
  async *batches(runId: string, state?: BatchState): AsyncGenerator<SharedBatchRecord, void, undefined> {
    for (let after = -1; ;) {
      const rows = await this.#use('Reading batches', (session) =>
        session.query(
          `SELECT ${BATCH_COLUMNS} FROM ${this.#table('shared_batches')}
           WHERE run_id = $1 AND batch > $2 ${state === undefined ? '' : `AND state = '${state}'`} ORDER BY batch LIMIT $3`,
          [keyText(runId), after, PAGE_ROWS],
        ),
      );
      const page = rows.map(batchOf);
      yield* page;
      if (page.length < PAGE_ROWS) return;
      after = page.at(-1)!.batch;
    }
  }

  /** {@inheritDoc RunWork.start} */
  async start(runId: string, batch: number, startId: string): Promise<StartedBatch | undefined> {
    const [row] = await this.#use('Beginning a batch', (session) =>
      session.query(
        `UPDATE ${this.#table('shared_batches')}
         SET starts = starts + (state <> 'done' AND last_start IS DISTINCT FROM $3)::integer, last_start = $3
         WHERE run_id = $1 AND batch = $2
         RETURNING ${BATCH_COLUMNS}, (SELECT stop_reason FROM ${this.#table('shared_runs')} WHERE run_id = $1)`,
        [keyText(runId), batch, startId],
      ),
    );
    return row === undefined ? undefined : { ...batchOf(row), stopReason: row.at(-1) as SharedStop | null };
  }

  /** {@inheritDoc RunWork.giveBack} */
  async giveBack(runId: string, batch: number, startId: string): Promise<void> {
    await this.#use('Giving a batch back', (session) =>
      session.query(
        `UPDATE ${this.#table('shared_batches')} SET starts = greatest(0, starts - 1), last_start = NULL
         WHERE run_id = $1 AND batch = $2 AND last_start = $3`,
        [keyText(runId), batch, startId],
      ),
    );
  }

  /** {@inheritDoc RunWork.cases} */
  async cases(
    runId: string,
    batch: number,
  ): Promise<readonly (SharedCase & { readonly text: string | undefined })[]> {
    return this.#use('Reading the cases of a batch', async (session) => {
      const [row] = await session.query(
        `SELECT cases FROM ${this.#table('shared_batches')} WHERE run_id = $1 AND batch = $2`,
        [keyText(runId), batch],
      );
      const cases = row === undefined ? [] : (JSON.parse(row[0] as string) as SharedCase[]);
      const rows = await session.query(
        `SELECT hash, content FROM ${this.#table('evaluation_cases')} WHERE hash = ANY ($1)`,
        [[...new Set(cases.map(({ hash }) => hash))]],
      );
      const texts = new Map(rows as unknown as [string, string][]);
      return cases.map((each) => ({ ...each, text: texts.get(each.hash) }));
    });
  }

  /** {@inheritDoc RunWork.settle} */
  async settle(
    runId: string,
    batch: number,
    { state, error }: { readonly state: BatchState; readonly error?: string | undefined },
  ): Promise<boolean> {
    const batches = this.#table('shared_batches');
    return this.#use('Settling a batch', async (session) => {
      await session.query(
        `UPDATE ${batches} SET state = $3, error = $4 WHERE run_id = $1 AND batch = $2 AND state <> 'done'`,
        [keyText(runId), batch, state, error === undefined ? null : storableText(error)],
      );
      // A statement of its own: of two that settle the last batches at once, one must see both.
      const [row] = await session.query(
        `SELECT NOT EXISTS (SELECT FROM ${batches} WHERE run_id = $1 AND state = 'open')`,
        [keyText(runId)],
      );
      return row?.[0] === 't';
    });
  }

  /** {@inheritDoc RunWork.reopen} */
  async reopen(runId: string): Promise<void> {
    const id = keyText(runId);
    await this.#transaction('Opening a run again', async (session) => {
      await session.query(
        `UPDATE ${this.#table('shared_runs')} SET stop_reason = NULL WHERE run_id = $1 AND stop_reason <> 'end'`,
        [id],
      );
      await session.query(
        `UPDATE ${this.#table('shared_batches')} SET state = 'open', starts = 0, last_start = NULL, error = NULL
         WHERE run_id = $1 AND state <> 'done'`,
        [id],
      );
    });
  }

  /** {@inheritDoc RunWork.stop} */
  async stop(runId: string, reason: SharedStop): Promise<void> {
    await this.#use('Stopping a run', (session) =>
      session.query(
        `UPDATE ${this.#table('shared_runs')} SET stop_reason = $2 WHERE run_id = $1 AND (stop_reason IS NULL OR $2 = 'end')`,
        [keyText(runId), reason],
      ),
    );
  }

  /** {@inheritDoc RunWork.takeTurns} */
  async takeTurns(runId: string, { turns, tokens }: TurnRequest): Promise<TurnGrant> {
    const filled = (level: string, most: string, perSecond: string): string =>
      `least(${most}, ${level} + greatest(0, now - turns_at) / 1000 * coalesce(${perSecond}, 0))`;
    const perSecondTokens = 'tokens_per_minute / 60';
    const [row] = await this.#use('Taking turns', (session) =>
      session.query(
        `UPDATE ${this.#table('shared_runs')}
         SET turns_left = least(burst, ${filled('turns_left', 'burst', 'requests_per_second')} - $2),
           tokens_left = least(coalesce(${perSecondTokens}, 0),
             ${filled('tokens_left', `coalesce(${perSecondTokens}, 0)`, perSecondTokens)} - $3),
           turns_at = CASE WHEN turns_at > now + ${MOST_WOBBLE_MS} THEN now ELSE greatest(turns_at, now) END
         FROM (SELECT ${NOW} AS now) AS clock WHERE run_id = $1
         RETURNING turns_left, requests_per_second, tokens_left, ${perSecondTokens}`,
        [keyText(runId), turns, tokens],
      ),
    );
    const [left, perSecond, tokensLeft, tokensPerSecond] = (row ?? [null, null, null, null]).map((value) =>
      value === null ? null : Number(value),
    );
    const spacingMs = perSecond ? 1000 / perSecond : 0;
    return {
      firstMs: perSecond ? -(left! + turns - 1) * spacingMs : 0,
      spacingMs,
      tokensMs: tokensPerSecond ? Math.max(0, (-tokensLeft! / tokensPerSecond) * 1000) : 0,
    };
  }

  /** {@inheritDoc RunWork.spend} */
  async spend(runId: string, report: SpendingReport): Promise<SpendingGrant> {
    const { worker, spent, wantedCost, wantedTokens } = report;
    const id = keyText(runId);
    const table = this.#table('shared_spending');
    return this.#transaction('Booking what was spent', async (session) => {
      const [run] = await session.query(
        `SELECT max_cost, max_tokens, stop_reason, ${NOW} - opened_at FROM ${this.#table('shared_runs')}
         WHERE run_id = $1 FOR UPDATE`,
        [id],
      );
      const [others] = await session.query(
        `SELECT coalesce(sum(granted_cost), 0), coalesce(sum(granted_tokens), 0) FROM ${table}
         WHERE run_id = $1 AND worker <> $2`,
        [id, worker],
      );
      const granted = (limit: string | null, taken: string | null, wanted: number): number =>
        limit === null ? wanted : Math.min(wanted, Math.max(0, Number(limit) - Number(taken)));
      const cost = granted(run?.[0] ?? null, others?.[0] ?? '0', wantedCost);
      const tokens = granted(run?.[1] ?? null, others?.[1] ?? '0', wantedTokens);
      const columns = ['granted_cost', 'granted_tokens', ...SPENT];
      await session.query(
        `INSERT INTO ${table} (run_id, worker, ${columns.join(', ')}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (run_id, worker) DO UPDATE SET ${columns.map((name) => `${name} = excluded.${name}`).join(', ')}`,
        [
          id,
          worker,
          cost,
          tokens,
          spent.cost,
          spent.tokens,
          spent.estimatedCost,
          spent.estimatedTokens,
          spent.results,
          spent.errored,
        ],
      );
      const [all] = await session.query(`SELECT ${SPENT_SUMS} FROM ${table} WHERE run_id = $1`, [id]);
      return {
        cost,
        tokens,
        spending: spendingOf(all as PostgresRow),
        stopReason: (run?.[2] ?? null) as SharedStop | null,
        ageMs: Number(run?.[3] ?? 0),
      };
    });
  }

  #table(name: string): string {
    return `${this.#database.schema}.${name}`;
  }

  async #use<Result>(what: string, work: (session: PostgresSession) => Promise<Result>): Promise<Result> {
    this.#checkOpen();
    return this.#database.use(what, work);
  }

  /** A run whose input has come to its end takes no batch behind it. */
  async #checkInput(session: PostgresSession, runId: string, batch: number): Promise<void> {
    const [row] = await session.query(
      `SELECT input FROM ${this.#table('shared_runs')} WHERE run_id = $1 FOR SHARE`,
      [keyText(runId)],
    );
    const input = typeof row?.[0] === 'string' ? (JSON.parse(row[0]) as SharedInput) : undefined;
    if (input !== undefined && batch >= input.batches)
      throw otherCases(runId, `it was enqueued with ${input.cases} cases, and more have come`);
  }

  async #transaction<Result>(
    what: string,
    work: (session: PostgresSession) => Promise<Result>,
  ): Promise<Result> {
    this.#checkOpen();
    return this.#database.transaction(what, work);
  }
}

const BATCH_COLUMNS = 'batch, state, size, starts, error';

const batchOf = ([batch, state, size, starts, error]: PostgresRow): SharedBatchRecord => ({
  batch: Number(batch),
  state: state as BatchState,
  size: Number(size),
  starts: Number(starts),
  error: error ?? null,
});

const spendingOf = (row: PostgresRow): SharedSpending => {
  const [cost, tokens, estimatedCost, estimatedTokens, results, errored] = row.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { cost, tokens, estimatedCost, estimatedTokens, results, errored };
};

const otherCases = (runId: string, how: string): AssayError =>
  new AssayError(
    'ASSAY_MANIFEST_MISMATCH',
    `Run ${JSON.stringify(runId)} has other cases: ${how}; use another \`runId\``,
  );
