#!/usr/bin/env node
// Each primitive against the bare library it stands on, doing the same work: what its guarantees cost.
//   npm run build && npm run bench:micro [-- --only cache] [--ms 300]
// Writes .bench/micro.json. Each file beside this one exports `comparisons()`: a list of
// { name, run, bare, runBare, operations?, close? }; `operations` is how many one call of run or runBare does.
import { parseArgs } from 'node:util';
import { Bench } from 'tinybench';
import { RESULTS, saveResult, show, table } from '../results.mjs';

const FILES = ['cache', 'events', 'queue', 'scorers', 'stores'];
const { values: flags } = parseArgs({
  options: { only: { type: 'string' }, ms: { type: 'string', default: '300' } },
});

/** Median time of one operation, nanoseconds. */
const nanoseconds = (bench, name, operations) => {
  const { result } = bench.getTask(name);
  if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`, { cause: result.error });
  return (result.latency.p50 * 1e6) / operations;
};

const rows = [];
for (const file of FILES.filter((each) => flags.only === undefined || each === flags.only)) {
  const { comparisons } = await import(`./${file}.mjs`);
  for (const { name, run, bare, runBare, operations = 1, close } of await comparisons()) {
    const bench = new Bench({ time: Number(flags.ms), warmupTime: Number(flags.ms) / 3, throws: true });
    bench.add('ours', run).add('bare', runBare);
    await bench.run();
    await close?.();
    const row = {
      name,
      bare,
      ns: nanoseconds(bench, 'ours', operations),
      bareNs: nanoseconds(bench, 'bare', operations),
    };
    rows.push(row);
    console.error(
      `${name}: ${show(row.ns)} ns, ${bare}: ${show(row.bareNs)} ns, ratio ${show(row.ns / row.bareNs, 2)}`,
    );
  }
}
if (flags.only === undefined) saveResult(RESULTS.micro, rows);
console.log(
  table(
    ['operation', 'ns', 'bare library', 'ns', 'ratio'],
    rows.map((row) => [row.name, show(row.ns), row.bare, show(row.bareNs), show(row.ns / row.bareNs, 2)]),
  ),
);
