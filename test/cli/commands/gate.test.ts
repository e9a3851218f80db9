import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GateVerdictData } from '../../../src/decisions/gate/gate-verdict.js';
import { folderWithRuns, sampleEval, type CommandLine } from '../../support/command-line.js';

describe('assaykit gate', () => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await folderWithRuns();
  });
  afterAll(() => folder.remove());

  it.each([
    [
      ['better', '--min', 'same=0.9', '--baseline', 'main', '--no-worse', 'same'],
      0,
      'Pass: 2 checks, all met.',
    ],
    [['better', '--min', '0.9'], 0, 'Pass: 1 check, all met.'],
    [['main', '--min', '0.9'], 1, 'Fail: overall at least 0.9.'],
    [
      ['main', '--baseline', 'better', '--no-worse', 'overall'],
      1,
      'Fail: overall no worse than the baseline.',
    ],
    [['main', '--max', 'overall=0.1'], 1, 'Fail: overall at most 0.1.'],
    [['main', '--min', '0.66'], 0, 'Undecided: overall at least 0.66.'],
    [['main', '--min', '0.66', '--undecided', 'fail'], 2, 'Undecided: overall at least 0.66.'],
    [['main', '--baseline', 'better', '--max-drop', 'same=0.5'], 0, 'Pass'],
    [['main', '--max-error-rate', '0', '--max-latency-p95-ms', '60000'], 0, 'Pass: 2 checks'],
    [['other', '--baseline', 'main', '--no-worse', 'same'], 3, 'Not comparable'],
  ])('gate %j ends with %i', async (words, code, headline) => {
    const { status, stdout, stderr } = await folder.run('gate', ...words);
    expect([status, stderr]).toEqual([code, '']);
    expect(stdout.startsWith(headline)).toBe(true);
  });

  it('takes requirements on groups from a file', async () => {
    await folder.write('require.json', JSON.stringify({ same: { groups: { odd: { min: 0.95 } } } }));
    const { status, stdout } = await folder.run(
      'gate',
      'main',
      '--require',
      'require.json',
      '--min',
      'same=0.5',
    );
    expect(status).toBe(1);
    expect(stdout).toContain('same of group odd at least 0.95: fail.');
    expect(stdout).toContain('same at least 0.5: pass.');
    expect((await folder.run('gate', 'main', '--require', 'none.json')).status).toBe(66);
    expect((await folder.run('gate', 'main', '--require', 'main.mjs')).status).toBe(65);
  });

  it('says what is missing when nothing is required, and which metric there is', async () => {
    const nothing = await folder.run('gate', 'main');
    expect([nothing.status, nothing.stdout]).toEqual([64, '']);
    expect(nothing.stderr).toContain('Nothing is required of the run: say what, for example --min 0.8');
    const misspelt = await folder.run('gate', 'main', '--min', 'smae=0.5');
    expect(misspelt.status).toBe(64);
    expect(misspelt.stderr).toContain('did you mean `same`');
  });

  it('writes a JUnit report and a step summary, and annotations where it is told to', async () => {
    const { status, stdout } = await folder.run(
      'gate',
      'main',
      '--min',
      '0.9',
      '--junit',
      'out/junit.xml',
      '--step-summary',
      'summary.md',
      '--annotations',
    );
    expect(status).toBe(1);
    expect(stdout).toContain('::error title=fail%3A overall at least 0.9::');
    expect(await readFile(join(folder.path, 'out/junit.xml'), 'utf8')).toContain('<failure message="fail: ');
    expect(await readFile(join(folder.path, 'summary.md'), 'utf8')).toContain('## Fail&#58;'.slice(0, 7));
    const unwritable = await folder.run('gate', 'main', '--min', '0.9', '--junit', 'main.mjs/junit.xml');
    expect(unwritable.status).toBe(74);
  });

  it('says that a run did not come to its end, and so does compare', async () => {
    folder.env = { ASSAYKIT_STORE: 'runs.db', TELL: '1', DELAY: '30' };
    await folder.write('slow.mjs', sampleEval({ count: 300, members: 'concurrency: 2,' }));
    const running = folder.start(['run', 'slow.mjs', '--run-id', 'drained', '--quiet']);
    await running.until('asked c9');
    running.child.kill('SIGINT');
    await running.ended;
    folder.env = { ASSAYKIT_STORE: 'runs.db' };
    const told = 'Run "drained" ended early (drained): cases may be missing\n';
    expect((await folder.run('gate', 'drained', '--max-error-rate', '0.5')).stderr).toBe(told);
    expect((await folder.run('compare', 'drained', 'drained', '--json')).stderr).toBe(told);
  });

  it('does so by itself on GitHub, apart from the JSON', async () => {
    folder.env = {
      ASSAYKIT_STORE: 'runs.db',
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: join(folder.path, 'step.md'),
    };
    const { status, stdout, stderr } = await folder.run('gate', 'main', '--min', '0.9', '--json');
    folder.env = { ASSAYKIT_STORE: 'runs.db' };
    const verdict = JSON.parse(stdout) as GateVerdictData;
    expect([status, verdict.exitCode, verdict.outcome]).toEqual([1, 1, 'fail']);
    expect(verdict.worst).toHaveLength(5);
    expect(stderr).toContain('::error title=');
    expect(await readFile(join(folder.path, 'step.md'), 'utf8')).toContain('| outcome | check | found |');
  });
});
