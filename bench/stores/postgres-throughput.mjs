// Appends to PostgreSQL against the barest program that stores the same.
//
//   npm run build && node bench/stores/postgres-throughput.mjs [--rows 20000] [--rounds 5] [--batch 250]
//
// Bare: one multi-row `INSERT … VALUES … ON CONFLICT DO UPDATE` a batch with pg, the same rows into the same tables with
// the same indexes, nested columns by JSON.stringify. Contenders take turns within one run, on a server of its own with
// fsync as it is shipped; figures are medians of the rounds. CPU is that of this process alone.
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { PostgresResultStore } from '../../dist/postgres.js';
import { PostgresServer } from '../../test/support/postgres-server.mjs';
import { median, sampleRows } from './sample-rows.mjs';

const pg = createRequire(import.meta.url)('pg');
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '5' },
    batch: { type: 'string', default: '250' },
  },
});
const ROWS = Number(values.rows);
const BATCH = Number(values.batch);
const rows = sampleRows(ROWS);
const batches = Array.from({ length: Math.ceil(ROWS / BATCH) }, (_, i) =>
  rows.slice(i * BATCH, (i + 1) * BATCH),
);
const COLUMNS = [
  'run_id',
  'test_id',
  'repetition',
  'outcome',
  'model_name',
  'timestamp',
  'overall_score',
  'execution_time_ms',
  'success',
  'dimension_scores',
  'details',
  'model_response',
];

function bareStatement(schema, batch) {
  const parameters = [];
  const tuples = batch.map(({ runId, caseId, repetition, outcome, model, startedAt, response, ...rest }) => {
    const { text, ...others } = response;
    const scores = {};
    for (const { name, score } of rest.evaluation.dimensions) scores[name] = score;
    const first = parameters.length;
    parameters.push(
      runId,
      caseId,
      repetition,
      outcome,
      model,
      startedAt,
      rest.evaluation.overallScore,
      rest.timings.targetMs + rest.timings.evaluationMs,
      true,
      JSON.stringify(scores),
      JSON.stringify({ ...rest, response: others }),
      text,
    );
    return `(${COLUMNS.map((_, i) => `$${first + i + 1}`).join(',')})`;
  });
  return [
    `INSERT INTO ${schema}.evaluation_results (${COLUMNS.join(',')}) VALUES ${tuples.join(',')}
     ON CONFLICT (test_id, run_id, repetition) DO UPDATE SET ${COLUMNS.map((name) => `${name} = excluded.${name}`).join(',')}`,
    parameters,
  ];
}

const server = await PostgresServer.start({ fsync: 'on', shared_buffers: '256MB', max_wal_size: '4GB' });
let made = 0;

/** Runs `append` over all batches on new tables: rows a second, and this process's CPU a row. */
async function measure(open) {
  const schema = `bench_${(made += 1)}`;
  const store = new PostgresResultStore(server.connectionString, { schema });
  await store.manifest('nobody'); // makes the tables
  const { append, end } = await open(schema, store);
  const cpu = process.cpuUsage();
  const started = performance.now();
  for (const batch of batches) await append(batch);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await end();
  await store.close();
  const admin = new pg.Client({ connectionString: server.connectionString });
  await admin.connect();
  await admin.query(`DROP SCHEMA ${schema} CASCADE`);
  await admin.query('CHECKPOINT');
  await admin.end();
  return { rate: ROWS / seconds, cpuUs: (user + system) / ROWS };
}

const contenders = {
  'bare multi-row upsert': async (schema) => {
    const client = new pg.Client({ connectionString: server.connectionString });
    await client.connect();
    return {
      append: (batch) => client.query(...bareStatement(schema, batch)),
      end: () => client.end(),
    };
  },
  PostgresResultStore: async (_schema, store) => ({
    append: (batch) => store.append(batch),
    end: () => {},
  }),
};

const taken = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
try {
  for (let round = 0; round <= Number(values.rounds); round++) {
    for (const [name, contender] of Object.entries(contenders)) {
      const figures = await measure(contender);
      if (round > 0) taken[name].push(figures); // the first round warms up
    }
  }
} finally {
  await server.close();
}
const of = (name, figure) => median(taken[name].map((figures) => figures[figure]));
const [bare] = Object.keys(contenders);
console.table(
  Object.fromEntries(
    Object.keys(contenders).map((name) => [
      name,
      {
        'rows/s': Math.round(of(name, 'rate')),
        'of bare': Number(median(taken[name].map(({ rate }, i) => rate / taken[bare][i].rate)).toFixed(2)),
        'CPU µs/row': Number(of(name, 'cpuUs').toFixed(1)),
      },
    ]),
  ),
);
console.log(`goal: at least 0.70 of bare at a batch of 250 (here ${BATCH})`);
