#!/usr/bin/env node
// How long a script takes from start to end that only imports the package, against one that does nothing.
//   npm run build && npm run bench:import [-- --runs 21]
// Script files in fresh processes, in turns, so that a slow minute of the machine hits all of them. (With `-e` Node leaves
// out of the empty script what any file makes it load.) Writes .bench/import.json.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, RESULTS, saveResult } from './results.mjs';

const { values: flags } = parseArgs({ options: { runs: { type: 'string', default: '21' } } });
const folder = fileURLToPath(new URL('../.bench/imports/', import.meta.url)); // the project finds itself by its own name from here
const SCRIPTS = {
  'an empty script': '',
  "import 'assaykit'": "import 'assaykit';",
  "import 'assaykit' and 'assaykit/sqlite'": "import 'assaykit'; import 'assaykit/sqlite';",
  "import 'undici', for comparison": "import 'undici';",
};

mkdirSync(folder, { recursive: true });
const files = new Map(
  Object.entries(SCRIPTS).map(([name, code], index) => {
    const file = `${folder}${index}.mjs`;
    writeFileSync(file, code);
    return [name, file];
  }),
);
const times = new Map(Object.keys(SCRIPTS).map((name) => [name, []]));
for (let run = 0; run <= Number(flags.runs); run++) {
  for (const [name, file] of files) {
    const startedAt = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    if (run > 0) times.get(name).push(performance.now() - startedAt); // the first only warms the page cache
  }
}
const scripts = [...times].map(([name, measured]) => ({
  name,
  medianMs: median(measured),
  minMs: Math.min(...measured),
}));
saveResult(RESULTS.import, { scripts, emptyMs: scripts[0].medianMs, rootMs: scripts[1].medianMs });
console.table(scripts);
