// A temporary project outside of this one that has the packed package installed, and what a feature's outcome comes to.
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** This project. */
export const projectFolder = fileURLToPath(new URL('../..', import.meta.url));
const LONGEST_MS = 60_000;

/** Runs a program to its end: its status, or `null` for one that had to be ended, and what it printed. */
export function run(program, args, { cwd, env = {}, timeoutMs = LONGEST_MS }) {
  return new Promise((done) => {
    const options = { cwd, env: { ...process.env, ...env }, timeout: timeoutMs, maxBuffer: 64 << 20 };
    execFile(program, args, options, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      done({ status, stdout, stderr });
    });
  });
}

/** As {@link run}, and fails with what it printed unless the status is 0. */
export async function mustRun(program, args, options) {
  const { status, stdout, stderr } = await run(program, args, options);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${status}\n${stdout}\n${stderr}`);
  return stdout;
}

/** What the features need beside the package; SQLite's binary is copied. */
export const PEERS = ['@opentelemetry/api@1', '@opentelemetry/api-logs@0.223.1'];

/** A folder with the package and other `packages`, all by npm, and with the features unless they are not wanted. */
export async function makePlace(packages, { features = true } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'assaykit-place-'));
  const packed = await mustRun('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: projectFolder,
  });
  const [{ filename }] = JSON.parse(packed);
  writeFileSync(join(folder, 'package.json'), '{"name":"place","private":true,"type":"module"}\n');
  await mustRun(
    'npm',
    [
      'install',
      `./${filename}`,
      ...packages,
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
    ],
    { cwd: folder, timeoutMs: 900_000 },
  );
  if (features) addFeatures(folder);
  return {
    folder,
    env: { EVALUATOR_FILE: join(folder, 'evaluator.mjs') },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function addFeatures(folder) {
  // Copied, since a bundler may refuse links that lead out of the project; built for the Node that runs this script.
  for (const name of ['better-sqlite3', 'bindings', 'file-uri-to-path'])
    cpSync(join(projectFolder, 'node_modules', name), join(folder, 'node_modules', name), {
      recursive: true,
      dereference: true,
    });
  for (const file of ['host.mjs', 'main.mjs', 'evaluator.mjs'])
    cpSync(join(projectFolder, 'scripts/places', file), join(folder, file));
}

/** Runs the named features by `program args…` and gives their outcomes. */
export async function outcomesOf(program, args, { names, place, cwd = place.folder }) {
  const { status, stdout, stderr } = await run(program, [...args, ...names], { cwd, env: place.env });
  if (status === 0 && !/uncaught|unhandled/i.test(stderr)) return JSON.parse(stdout);
  const how = status === null ? 'hangs' : `crashes: status ${status}`;
  return Object.fromEntries(names.map((name) => [name, `${how} ${stderr.slice(-500)}`]));
}

/** What a cell of the tables says. */
export function cellOf(outcome) {
  if (/^works\b/.test(outcome)) return 'works';
  if (outcome.startsWith('falls back: ')) return 'falls back';
  if (outcome.startsWith('refused: ASSAY_')) return 'refused by name';
  return outcome.startsWith('hangs') ? 'hangs' : 'crashes';
}
