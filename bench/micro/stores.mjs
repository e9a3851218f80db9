// Appending 500 results against the bare driver writing the same text: SQLite in one transaction, one gzip member.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GzipFileResultStore, MemoryResultStore } from 'assaykit';
import { SqliteResultStore } from 'assaykit/sqlite';
import Database from 'better-sqlite3';
import { gzipSync } from 'fflate';

const BATCH = 500;
const TEXT = 'An answer of about one thousand characters. '.repeat(23);
const RUN_ID = 'micro';

let next = 0;

/** Results with keys of their own at every call, as a run makes them. */
function batchOfResults() {
  return Array.from({ length: BATCH }, () => ({
    runId: RUN_ID,
    caseId: `case-${next++}`,
    repetition: 0,
    outcome: 'scored',
    model: 'mock',
    endpoint: 'http://127.0.0.1:8000/v1',
    attempts: 1,
    usage: { inputTokens: 80, outputTokens: 200 },
    cost: null,
    cached: false,
    timings: { queuedMs: 0.1, targetMs: 50.2, timeToFirstTokenMs: null, evaluationMs: 0.05 },
    startedAt: 1_700_000_000_000 + next,
    evaluation: {
      evaluator: 'micro',
      version: '1',
      overallScore: 1,
      dimensions: [{ name: 'accuracy', outcome: 'scored', score: 1, durationMs: 0.02 }],
    },
    response: { text: TEXT, finishReason: 'stop', requestId: 'req_1' },
  }));
}

export async function comparisons() {
  const folder = mkdtempSync(join(tmpdir(), 'assaykit-micro-'));
  const sqlite = new SqliteResultStore(join(folder, 'ours.db'));
  const gzip = new GzipFileResultStore(join(folder, 'ours'));
  let memory = new MemoryResultStore();
  let held = 0;
  const database = new Database(join(folder, 'bare.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
  database.exec(
    'CREATE TABLE results (id TEXT PRIMARY KEY, at INTEGER, score REAL, data TEXT) WITHOUT ROWID',
  );
  const insert = database.prepare('INSERT INTO results VALUES (?, ?, ?, ?)');
  const insertAll = database.transaction((results) => {
    for (const each of results) insert.run(each.caseId, each.startedAt, 1, JSON.stringify(each));
  });
  const kept = new Map();
  const lines = (results) => Buffer.from(results.map((each) => `${JSON.stringify(each)}\n`).join(''));
  return [
    {
      name: 'a result into SqliteResultStore',
      run: () => sqlite.append(batchOfResults()),
      bare: 'better-sqlite3, one transaction, one table',
      runBare: () => insertAll(batchOfResults()),
      operations: BATCH,
    },
    {
      name: 'a result into GzipFileResultStore',
      run: () => gzip.append(batchOfResults()),
      bare: 'fflate gzipSync and append',
      runBare: () => appendFileSync(join(folder, 'bare.jsonl.gz'), gzipSync(lines(batchOfResults()))),
      operations: BATCH,
    },
    {
      name: 'a result into MemoryResultStore',
      run: async () => {
        held += BATCH;
        if (held > 100_000) {
          memory = new MemoryResultStore();
          held = 0;
        }
        await memory.append(batchOfResults());
      },
      bare: 'Map set of its JSON',
      runBare: () => {
        if (kept.size > 100_000) kept.clear();
        for (const each of batchOfResults()) kept.set(each.caseId, JSON.stringify(each));
      },
      operations: BATCH,
      close: async () => {
        await sqlite.close();
        await gzip.close();
        database.close();
        rmSync(folder, { recursive: true, force: true });
      },
    },
  ];
}
