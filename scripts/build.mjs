// `npm run build`: declarations and single files by tsc, then the doors. With `--if-stale` (`npm test`) only if a source
// has changed since: `npm ci` builds already, and nobody should wait for the same build twice.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}dist/.sources`;

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

const node = (...args) => execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });

const hash = sourcesHash();
const fresh = existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
if (!(process.argv.includes('--if-stale') && fresh)) {
  rmSync(`${root}dist`, { recursive: true, force: true });
  try {
    node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
    node('scripts/page-code.mjs');
    node('scripts/bundle-doors.mjs');
    writeFileSync(stamp, hash);
  } catch (error) {
    process.exitCode = error.status ?? 1; // the compiler has said what is wrong
  }
}
