import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConsumerFolder, runProgram, type Ended } from '../support/consumer-folder.js';
import { compiledProgram } from '../support/guide-programs.js';
import { sampleEval } from '../support/command-line.js';

const root = resolve(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

describe('the command of the packed package', () => {
  let folder: ConsumerFolder;
  beforeAll(async () => {
    folder = await ConsumerFolder.create();
    await folder.write('eval.mjs', sampleEval());
  }, 180_000);
  afterAll(() => folder?.remove());
  const npx = (...args: readonly string[]): Promise<Ended> =>
    runProgram('npx', ['--no-install', 'assaykit', ...args], { cwd: folder.path });

  it('is a program: it may be executed, and says by what', () => {
    const installed = join(folder.path, 'node_modules/.bin/assaykit');
    expect(statSync(installed).mode & 0o111).toBe(0o111);
    expect(readFileSync(installed, 'utf8').startsWith('#!/usr/bin/env node\n')).toBe(true);
  });

  it('runs by npx with no optional package, stores, and shows what came of it', async () => {
    expect(await npx('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    const run = await npx('run', 'eval.mjs', '--run-id', 'first', '--quiet');
    expect([run.status, run.stderr]).toEqual([0, '']);
    expect(run.stdout).toContain('12 submitted = 12 scored');
    const shown = await npx('show', 'latest', '--json', '--limit', '1');
    expect(JSON.parse(shown.stdout)).toMatchObject({ runId: 'first', outcome: 'scored' });
    expect((await npx('gate', 'first', '--min', '0.99')).status).toBe(1);
    expect((await npx('report', 'first')).status).toBe(0);
  }, 120_000);

  it('says what is missing for a database, where something is', async () => {
    const { status, stderr } = await npx('run', 'eval.mjs', '--store', 'results.db', '--quiet');
    const hasSqlite = Number(process.versions.node.split('.')[0]) >= 22;
    expect(status).toBe(hasSqlite ? 0 : 69);
    expect(stderr).toContain(hasSqlite ? '' : 'npm install better-sqlite3');
  });

  it('loads the evaluation file of the guide', async () => {
    await folder.write('guide.mjs', compiledProgram('docs/guides/command-line.md', 'eval.ts'));
    await folder.write('cases.jsonl', '');
    const { status, stderr } = await npx('run', 'guide.mjs', '--store', 'guide', '--quiet');
    expect([status, stderr]).toEqual([65, expect.stringContaining('ASSAY_EMPTY_INPUT')]); // it gets as far as the cases
  });
});
