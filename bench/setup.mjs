#!/usr/bin/env node
// Installs the other tools that the benchmark compares with, each into a folder of its own outside the project.
//   node bench/setup.mjs --deps FOLDER [--only openai,braintrust]        (all of them: a few minutes, over 1 GB)
// Then: npm run bench -- --deps FOLDER
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PEER_FOLDERS } from './registry.mjs';

const { values: flags } = parseArgs({ options: { deps: { type: 'string' }, only: { type: 'string' } } });
if (flags.deps === undefined) {
  console.error('usage: node bench/setup.mjs --deps FOLDER [--only openai,braintrust]');
  process.exit(2);
}
const only = flags.only?.split(',');
for (const [name, packages] of Object.entries(PEER_FOLDERS)) {
  if (only !== undefined && !only.includes(name)) continue;
  const folder = join(flags.deps, name);
  if (existsSync(join(folder, 'node_modules'))) {
    console.log(`${name}: already there`);
    continue;
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: `bench-${name}`, private: true, type: 'module' }),
  );
  const startedAt = performance.now();
  const { status } = spawnSync(
    'npm',
    ['install', ...packages, '--save-exact', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(
    `${name}: ${status === 0 ? `installed in ${seconds} s` : 'could not be installed, will be skipped'}`,
  );
}
