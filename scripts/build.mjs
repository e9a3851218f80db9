// `npm run build`: declarations and single files by tsc, then the doors. With `--if-stale` (`npm test`) only if a source
// has changed since: `npm ci` builds already, and nobody should wait for the same build twice.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}dist/.sources`;
/** Where the compiler keeps what it wrote: the next build compiles only what has changed. */
const cache = `${root}node_modules/.cache/assaykit`;

/** What the built files depend on, as one hash. */
function sourcesHash() {
  const sources = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') || name.endsWith('.css'))
    .map((name) => `src/${name}`)
    .sort();
  const hash = createHash('sha256');
  for (const file of [
    ...sources,
    'scripts/bundle-doors.mjs',
    'scripts/late-patterns.mjs',
    'scripts/page-code.mjs',
    'tsconfig.json',
    'tsconfig.build.json',
    'package-lock.json',
  ]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(`${root}${file}`))
      .update('\0');
  }
  return hash.digest('hex');
}

function compile() {
  const buildInfo = `${cache}/tsbuildinfo`;
  if (!existsSync(`${cache}/built`)) rmSync(buildInfo, { force: true });
  const incremental = ['--incremental', '--tsBuildInfoFile', buildInfo, '--outDir', `${cache}/built`];
  node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', ...incremental);
  rmSync(`${root}dist`, { recursive: true, force: true });
  // What the compiler wrote for a source that is gone stays in the cache.
  const hasSource = (path) =>
    statSync(path).isDirectory() || existsSync(sourceOf(path.slice(`${cache}/built/`.length)));
  cpSync(`${cache}/built`, `${root}dist`, { recursive: true, filter: hasSource });
}

const sourceOf = (built) => `${root}src/${built.replace(/(\.d)?\.[jt]s(\.map)?$/, '.ts')}`;

const node = (...args) => execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });

const hash = sourcesHash();
const fresh = existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
if (!(process.argv.includes('--if-stale') && fresh)) {
  try {
    compile();
    node('scripts/page-code.mjs');
    node('scripts/bundle-doors.mjs');
    writeFileSync(stamp, hash);
  } catch (error) {
    process.exitCode = error.status ?? 1; // the compiler has said what is wrong
  }
}
