#!/usr/bin/env node
// How long the command line takes from start to end, against a script that does nothing.
//   npm run build && node bench/cli-start.mjs [--runs 21]
// Fresh processes in turns, so that a slow minute of the machine hits all of them. `runs` and `show` read a folder and a
// database with one run of 200 results. What counts is CPU time; time by the clock says more of what else the machine does.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './results.mjs';

const { values: flags } = parseArgs({ options: { runs: { type: 'string', default: '21' } } });
const folder = fileURLToPath(new URL('../.bench/cli/', import.meta.url)); // the project finds itself by its own name from here
const cli = fileURLToPath(new URL('../dist/doors/cli.js', import.meta.url));

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}empty.mjs`, '');
writeFileSync(`${folder}import.mjs`, "import 'assaykit';");
writeFileSync(
  `${folder}eval.mjs`,
  `import { createEvaluator, exactMatch } from 'assaykit';
export default {
  target: async () => 'right',
  evaluator: createEvaluator({ name: 'start', version: '1', dimensions: { same: exactMatch() } }),
  cases: Array.from({ length: 200 }, (_, i) => ({ id: 'c' + i, input: 'Question ' + i, expected: 'right' })),
};`,
);

/** One process from start to end: milliseconds of CPU, user and system, as the shell tells them. */
function start(args) {
  const line = 'TIMEFORMAT="cpu %U %S"; time "$@" >/dev/null';
  const { status, stderr } = spawnSync('bash', ['-c', line, 'bash', process.execPath, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  const [, user, system] = /^cpu ([\d.]+) ([\d.]+)$/m.exec(stderr) ?? [];
  if (status !== 0 || user === undefined)
    throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return (Number(user) + Number(system)) * 1000;
}

for (const store of ['results', 'results.db']) start([cli, 'run', 'eval.mjs', '--store', store, '--quiet']);
const COMMANDS = {
  'an empty script': ['empty.mjs'],
  "import 'assaykit'": ['import.mjs'],
  '--version': [cli, '--version'],
  '--help': [cli, '--help'],
  'gate --help': [cli, 'gate', '--help'],
  'runs (folder)': [cli, 'runs', '--store', 'results'],
  'runs (database)': [cli, 'runs', '--store', 'results.db'],
  'show latest (folder)': [cli, 'show', 'latest', '--store', 'results'],
  'show latest (database)': [cli, 'show', 'latest', '--store', 'results.db'],
};
const times = new Map(Object.keys(COMMANDS).map((name) => [name, []]));
for (let run = 0; run <= Number(flags.runs); run++) {
  for (const [name, args] of Object.entries(COMMANDS)) {
    const cpuMs = start(args);
    if (run > 0) times.get(name).push(cpuMs); // the first only warms the page cache
  }
}
const emptyMs = median(times.get('an empty script'));
console.table(
  [...times].map(([name, measured]) => ({
    command: name,
    medianCpuMs: Math.round(median(measured)),
    'times an empty script': Number((median(measured) / emptyMs).toFixed(2)),
  })),
);
