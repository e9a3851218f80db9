#!/usr/bin/env node
// Where the CPU time of a contender goes: runs it under --cpu-prof and prints self times by part and by function.
//   npm run build && node bench/profile.mjs ['assaykit, SQLite'] [--n 100000] [--c 64] [--top 40]
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { show } from './results.mjs';
import { describeRow, runContender } from './run-contender.mjs';
import { startServerProcess, warmUp } from './server-process.mjs';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    n: { type: 'string', default: '100000' },
    c: { type: 'string', default: '64' },
    top: { type: 'string', default: '40' },
  },
});
const project = fileURLToPath(new URL('..', import.meta.url));

/** Which part of the process a function belongs to. */
function partOf({ url, functionName }) {
  if (url.startsWith('node:')) return 'Node';
  const [, ofPackage] = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  if (ofPackage !== undefined) return ofPackage;
  const [, room] = /\/dist\/([^/]+)\//.exec(url) ?? [];
  if (room !== undefined) return `assaykit ${room}/`;
  if (url === '') return functionName === '(idle)' ? 'idle' : `engine ${functionName}`;
  return 'bench';
}

/** Self time of every function of a profile, milliseconds. */
function selfTimes({ nodes, samples, timeDeltas }) {
  const times = new Map();
  for (const [index, id] of samples.entries()) times.set(id, (times.get(id) ?? 0) + timeDeltas[index] / 1000);
  return nodes.map(({ id, callFrame }) => ({ callFrame, ms: times.get(id) ?? 0 }));
}

function print(title, times, total, top) {
  console.log(`\n${title}`);
  for (const [name, ms] of [...times].sort((a, b) => b[1] - a[1]).slice(0, top)) {
    console.log(
      `${show((ms / total) * 100, 1).padStart(6)} %  ${show((ms * 1000) / Number(flags.n), 2).padStart(7)} µs a case  ${name}`,
    );
  }
}

const folder = mkdtempSync(join(tmpdir(), 'assaykit-profile-'));
const server = await startServerProcess();
await warmUp(server.url);
const row = await runContender(positionals[0] ?? 'assaykit, SQLite', {
  server,
  n: Number(flags.n),
  c: Number(flags.c),
  nodeArguments: ['--cpu-prof', `--cpu-prof-dir=${folder}`],
});
await server.close();
console.log(describeRow(row));

const byPart = new Map();
const byFunction = new Map();
let total = 0;
for (const name of readdirSync(folder)) {
  for (const { callFrame, ms } of selfTimes(JSON.parse(readFileSync(join(folder, name), 'utf8')))) {
    const part = partOf(callFrame);
    if (part === 'idle') continue;
    total += ms;
    byPart.set(part, (byPart.get(part) ?? 0) + ms);
    const place = callFrame.url.replace('file://', '').replace(project, '');
    const label = `${callFrame.functionName || '(anonymous)'}  ${place}:${callFrame.lineNumber + 1}`;
    byFunction.set(label, (byFunction.get(label) ?? 0) + ms);
  }
}
rmSync(folder, { recursive: true, force: true });
print('Self time by part', byPart, total, Number(flags.top));
print('Self time by function', byFunction, total, Number(flags.top));
