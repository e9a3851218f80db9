// Kills runs again and again and looks at what is left.
//
//   npm run build && node bench/stores/kill-sweep.mjs [--kills 200]
//
// Each run (a BatchProcessor with `resume: true`) is started, killed by SIGKILL and started again until it comes
// through; half of the kills strike at a fault point of the store's writing (before, within or after the n-th
// operation), half at random. After every kill the store is opened and must hold every result that was
// acknowledged, none twice. At the end every case has exactly one result, and no acknowledged case was asked again.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GzipFileResultStore } from '../../dist/stores/gzip/gzip-file-result-store.js';
import { openDatabase } from '../../dist/stores/sqlite/sqlite-driver.js';
import { SqliteResultStore } from '../../dist/stores/sqlite/sqlite-result-store.js';

const { values } = parseArgs({ options: { kills: { type: 'string', default: '200' } } });
const wanted = Number(values.kills);
const child = fileURLToPath(new URL('kill-sweep-child.mjs', import.meta.url));
const CONCURRENCY = 16;
const BATCH = 40;
const CASES = 2_000;
const KILLS_A_RUN = 10;

const setups = [
  { name: 'gzip', kind: 'gzip', options: {} },
  { name: 'sqlite', kind: 'sqlite', options: {} },
  { name: 'gzip, power', kind: 'gzip', options: { durability: 'power', codec: 'zlib' } },
  { name: 'sqlite, worker', kind: 'sqlite', options: { thread: 'worker' } },
];

const open = ({ kind }, path) =>
  kind === 'gzip' ? new GzipFileResultStore(path) : new SqliteResultStore(path);

async function start(settings, killAfterMs) {
  const running = spawn(process.execPath, [child, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let timer;
  running.stdout.once('data', () => {
    if (killAfterMs !== null) timer = setTimeout(() => running.kill('SIGKILL'), killAfterMs);
  });
  const [code, signal] = await new Promise((resolve) => running.once('close', (...how) => resolve(how)));
  clearTimeout(timer);
  if (signal === null && code !== 0) throw new Error(`the run failed with code ${code}`);
  return signal === 'SIGKILL';
}

const linesOf = (log) => {
  try {
    return readFileSync(log, 'utf8').split('\n').slice(0, -1); // a line without its end was not written whole
  } catch {
    return [];
  }
};

const total = {
  kills: 0,
  atFaultPoints: 0,
  lost: 0,
  doubled: 0,
  repeated: 0,
  repeatedAcknowledged: 0,
  mostInFlight: 0,
  runs: 0,
};
const began = Date.now();
for (let round = 0; total.kills < wanted; round++) {
  const setup = setups[round % setups.length];
  const folder = mkdtempSync(join(tmpdir(), 'assaykit-kill-'));
  const path = join(folder, setup.kind === 'gzip' ? 'results' : 'results.db');
  const log = join(folder, 'log');
  const acknowledged = new Set();
  const called = new Set();
  let read = 0;
  let finished = false;
  let killsHere = 0;
  while (!finished) {
    const last = killsHere >= KILLS_A_RUN || total.kills >= wanted;
    const atFault = !last && setup.name !== 'sqlite, worker' && Math.random() < 0.5;
    const fault = atFault
      ? {
          at: 1 + Math.floor(Math.random() * (setup.kind === 'gzip' ? 12 : 300)),
          kind: ['kill', 'torn-kill', 'kill-after'][Math.floor(Math.random() * 3)],
        }
      : null;
    const killed = await start(
      {
        ...setup,
        path,
        log,
        fault,
        runId: `run-${round}`,
        cases: CASES,
        concurrency: CONCURRENCY,
        batchSize: BATCH,
      },
      last || atFault ? null : Math.random() * 120,
    );
    if (killed) {
      killsHere += 1;
      total.kills += 1;
      if (atFault) total.atFaultPoints += 1;
    } else finished = true;
    const lines = linesOf(log);
    const inFlight = new Set();
    for (const line of lines.slice(read)) {
      const [what, ...ids] = line.split(' ');
      if (what === 'call') {
        if (called.has(ids[0])) total.repeated += 1;
        if (acknowledged.has(ids[0])) total.repeatedAcknowledged += 1;
        called.add(ids[0]);
        inFlight.add(ids[0]);
      } else if (what === 'stored') {
        for (const id of ids) {
          acknowledged.add(id);
          inFlight.delete(id);
        }
      }
    }
    read = lines.length;
    total.mostInFlight = Math.max(total.mostInFlight, inFlight.size);
    const store = open(setup, path);
    const stored = new Set();
    for await (const { caseId } of store.query({ runId: `run-${round}` })) {
      if (stored.has(caseId)) total.doubled += 1;
      stored.add(caseId);
    }
    await store.close();
    for (const id of acknowledged) if (!stored.has(id)) total.lost += 1;
    if (finished && stored.size !== CASES)
      throw new Error(`the run ended with ${stored.size} of ${CASES} results`);
  }
  if (setup.kind === 'sqlite') {
    const database = await openDatabase(path, { driver: 'auto' });
    const [verdict] = Object.values(database.prepare('PRAGMA integrity_check').get());
    database.close();
    if (verdict !== 'ok') throw new Error(`integrity: ${verdict}`);
  }
  total.runs += 1;
  rmSync(folder, { recursive: true, force: true });
}
console.table({
  'kills (SIGKILL)': total.kills,
  'of them at fault points': total.atFaultPoints,
  'runs that came through': total.runs,
  'acknowledged results lost': total.lost,
  'results twice': total.doubled,
  'acknowledged cases asked again': total.repeatedAcknowledged,
  'calls repeated per kill': Number((total.repeated / total.kills).toFixed(1)),
  'most calls in flight or unstored at a kill': total.mostInFlight,
  seconds: Math.round((Date.now() - began) / 1000),
});
if (total.lost + total.doubled + total.repeatedAcknowledged > 0) process.exitCode = 1;
