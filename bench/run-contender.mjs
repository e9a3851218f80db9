// Runs one contender once, in a fresh process against a running server, and returns its row of measurements.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONTENDER_FILES, CONTENDERS } from './registry.mjs';

const PROCESS = fileURLToPath(new URL('./measured-process.mjs', import.meta.url));
const CASES = fileURLToPath(new URL('./cases.mjs', import.meta.url));
const KEPT_OUTPUT = 1_000_000;

/** Why a contender cannot run here, or `undefined` when it can. */
export function unavailable(name, deps) {
  const { folder } = CONTENDERS[name];
  if (folder === null) return undefined;
  if (deps === undefined) return 'not installed (node bench/setup.mjs --deps FOLDER, then --deps FOLDER)';
  return existsSync(join(deps, folder, 'node_modules'))
    ? undefined
    : `not installed in ${join(deps, folder)}`;
}

/** Other tools' packages resolve only from beside their node_modules: their scripts are copied there. */
function contenderFile({ file, folder }, deps) {
  if (folder === null) return CONTENDER_FILES + file;
  const beside = join(deps, folder, 'bench');
  cpSync(CONTENDER_FILES, join(beside, 'contenders'), { recursive: true });
  cpSync(CASES, join(beside, 'cases.mjs'));
  return join(beside, 'contenders', file);
}

/**
 * @param {string} name a key of CONTENDERS
 * @param {{ server: { url: string, stats: Function }, n: number, c: number, length?: number, promptLength?: number,
 *   deps?: string, timeoutMs?: number, options?: object, nodeArguments?: string[] }} run `finishedShare` among the
 *   options: that share of the cases is done beforehand, unmeasured, and the run is resumed
 */
export async function runContender(name, run) {
  const { server, n, c, length = 1000, promptLength, deps, timeoutMs = 600_000, nodeArguments = [] } = run;
  const contender = CONTENDERS[name];
  const dir = mkdtempSync(join(deps ?? tmpdir(), 'assaykit-run-'));
  const spec = {
    file: contenderFile(contender, deps),
    url: server.url,
    n,
    c,
    dir,
    length,
    promptLength,
    options: { ...contender.options, ...run.options },
  };
  const environment = {
    PATH: process.env.PATH,
    HOME: dir, // some tools write into the home folder
    TMPDIR: dir,
    NODE_ENV: 'production',
    NO_COLOR: '1',
    LOG_LEVEL: 'error',
    OPENAI_API_KEY: 'test',
    PROMPTFOO_CONFIG_DIR: dir,
    PROMPTFOO_CACHE_ENABLED: 'false',
    PROMPTFOO_DISABLE_TELEMETRY: '1',
    PROMPTFOO_DISABLE_UPDATE: '1',
    PROMPTFOO_DISABLE_REMOTE_GENERATION: '1',
    PROMPTFOO_DISABLE_SHARING: '1',
    ...contender.environment?.({ c }),
  };
  const before = await server.stats(true);
  const child = spawn(process.execPath, [...nodeArguments, PROCESS, JSON.stringify(spec)], {
    cwd: dir,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let complaints = '';
  child.stdout.on('data', (chunk) => void (output = (output + chunk).slice(-KEPT_OUTPUT)));
  child.stderr.on('data', (chunk) => void (complaints = (complaints + chunk).slice(-KEPT_OUTPUT)));
  const killer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const exit = await new Promise((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  clearTimeout(killer);
  const after = await server.stats();
  rmSync(dir, { recursive: true, force: true });
  const found = /\n@@(\{.*\})\n/.exec(output);
  const measured =
    found === null
      ? { finished: 0, error: `no result, exit ${exit}: ${complaints.slice(-500)}` }
      : JSON.parse(found[1]);
  const expected = n - Math.floor(n * (run.options?.finishedShare ?? 0));
  if (measured.error === null && (measured.finished !== expected || measured.correct !== expected)) {
    measured.error = `${measured.finished} of ${expected} finished, ${measured.correct} correct`;
  }
  if (contender.cpuOfTree && measured.cpuMsPer1k !== undefined) {
    measured.cpuMsPer1k += (measured.cpuOfChildrenMs / n) * 1000;
  }
  return {
    name,
    n,
    c,
    length,
    ...measured,
    server: {
      requests: after.requests - before.requests,
      connections: after.connections,
      maxInFlight: after.maxInFlight,
      cpuMs: after.cpuUserMs + after.cpuSystemMs - before.cpuUserMs - before.cpuSystemMs,
    },
  };
}

/** One line about a row, for the terminal. */
export function describeRow(row) {
  const heading = `${row.name.padEnd(30)} N=${row.n} C=${row.c}`;
  if (row.error) return `${heading}  FAILED: ${row.error.split('\n')[0]}`;
  return (
    `${heading}  ${row.perSecond.toFixed(0)}/s, CPU ${row.cpuMsPer1k.toFixed(1)} ms per 1,000, ` +
    `peak RSS ${row.peakRssMb.toFixed(0)} MB, first result after ${(row.extra?.firstMs ?? row.firstMs).toFixed(0)} ms`
  );
}
