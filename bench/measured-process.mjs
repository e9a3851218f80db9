// Runs one contender in this fresh process and prints one line of measurements, marked with @@.
//   node measured-process.mjs '{"file":"…","url":"…","n":10000,"c":64,"dir":"…","length":1000,"options":{}}'
// A contender module exports `run(context)`, and may export `prepare(context)`, which is not measured; context = { url, n, c, dir, length, options, done(ok) }, where `done`
// is called once for each finished evaluation. Its imports are static, so that import time is separate.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const spec = JSON.parse(process.argv[2]);
const contender = await import(pathToFileURL(spec.file).href);
const importedAt = performance.now(); // milliseconds since the process started
const MEGABYTE = 1_048_576;

/** CPU time of child processes that have ended, milliseconds; 0 where /proc does not say. */
function cpuOfChildrenMs() {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[13]) + Number(fields[14])) * 10; // clock ticks of 1/100 s
  } catch {
    return 0;
  }
}

let finished = 0;
let correct = 0;
let firstAt = 0;
let rssAtTenth = 0;
const tenth = Math.floor(spec.n / 10);
const done = (ok) => {
  if (finished === 0) firstAt = performance.now();
  if (ok) correct++;
  if (++finished === tenth) rssAtTenth = process.memoryUsage.rss();
};

const context = { ...spec, options: spec.options ?? {}, done };
await contender.prepare?.(context);
const preparedAt = performance.now();
const cpuBefore = process.cpuUsage();
let error = null;
let kept;
try {
  kept = await contender.run(context);
} catch (thrown) {
  error = String(thrown?.stack ?? thrown).slice(0, 600);
}
const endedAt = performance.now();
const cpu = process.cpuUsage(cpuBefore);
const cpuOfProcess = process.cpuUsage();
const rssAtEnd = process.memoryUsage.rss();

const measured = {
  finished,
  correct,
  error,
  importMs: importedAt,
  runMs: endedAt - preparedAt,
  firstMs: firstAt || endedAt, // from process start to the first finished evaluation
  perSecond: finished / ((endedAt - preparedAt) / 1000),
  cpuMsPer1k: (cpu.user + cpu.system) / finished,
  cpuOfProcessMs: (cpuOfProcess.user + cpuOfProcess.system) / 1000,
  cpuOfChildrenMs: cpuOfChildrenMs(),
  rssAtTenthMb: rssAtTenth / MEGABYTE,
  rssAtEndMb: rssAtEnd / MEGABYTE,
  peakRssMb: process.resourceUsage().maxRSS / 1024,
  node: process.version,
  extra: kept?.benchExtra ?? null, // reading it also keeps alive until here whatever the tool handed back
};
process.stdout.write(`\n@@${JSON.stringify(measured)}\n`, () => process.exit(0));
