import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

/** Vitest calls it once before the suites that run built files: builds if a source has changed since the last build. */
export default function buildIfStale(): void {
  execFileSync(process.execPath, [resolve(import.meta.dirname, '../../scripts/build.mjs'), '--if-stale'], {
    stdio: 'inherit',
  });
}
