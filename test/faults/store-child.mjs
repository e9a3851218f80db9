// Appends to a store until told otherwise and prints what was acknowledged: the process that tests kill, starve
// and lock out. Arguments: JSON { kind, path, options, worker, batches, size, name, singles, pauseMs, unlimit }.
import { execFileSync } from 'node:child_process';
import { GzipFileResultStore } from '../../dist/stores/gzip/gzip-file-result-store.js';
import { SqliteResultStore } from '../../dist/stores/sqlite/sqlite-result-store.js';
import { scoredResult } from '../../dist/testing/sample-results.js';

const settings = JSON.parse(process.argv[2]);
const { kind, path, options = {}, batches = 10, size = 50, name = 'case', unlimit = false } = settings;
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const store =
  kind === 'sqlite' ? new SqliteResultStore(path, options) : new GzipFileResultStore(path, options);
store.on('store:error', ({ error }) => say({ event: 'store:error', code: error.code }));

const text = 'An answer of some length. '.repeat(20);
const make = (batch) =>
  Array.from({ length: size }, (_, i) =>
    scoredResult({ caseId: `${name}-${batch}-${i}`, startedAt: batch * size + i, text }),
  );
for (let batch = 0; batch < batches; batch++) {
  try {
    if (settings.singles) await Promise.all(make(batch).map((result) => store.append([result])));
    else await store.append(make(batch));
    say({ acknowledged: batch });
  } catch (error) {
    say({ failed: batch, code: error.code, retryable: error.retryable, message: error.message });
    if (!unlimit) break;
    // Space returns: the soft limit is lifted from within.
    execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited:unlimited']);
    await store.append(make(batch));
    say({ acknowledged: batch });
  }
}
try {
  let readable = 0;
  for await (const _ of store.query()) readable += 1;
  say({ readable });
} catch (error) {
  say({ unreadable: error.code });
}
await store.close();
say({ closed: true });
