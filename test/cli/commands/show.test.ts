import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandLine, jsonLines, sampleEval } from '../../support/command-line.js';

describe.each([['results'], ['results.db']])('assaykit show, with the store %s', (store) => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
    await folder.write('eval.mjs', sampleEval());
    folder.env = { FAILS: 'c4' };
    await folder.run('run', 'eval.mjs', '--run-id', 'nightly-1', '--store', store, '--quiet');
    folder.env = { ASSAYKIT_STORE: store };
  });
  afterAll(() => folder.remove());
  const idsOf = async (...options: readonly string[]): Promise<string[]> => {
    const { stdout } = await folder.run('show', 'latest', '--json', ...options);
    return jsonLines<{ caseId: string }>(stdout).map(({ caseId }) => caseId);
  };

  it('lists the cases with the lowest scores first, and counts the rest', async () => {
    const { status, stdout, stderr } = await folder.run('show', 'nightly', '--limit', '6');
    expect(status).toBe(0);
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect(head?.split(/ {2,}/)).toEqual(['score', 'case', 'group', 'expected', 'answered', 'asked']);
    expect(rows.map((row) => row.slice(0, 4))).toEqual(['0.00', '0.00', '0.00', '0.00', '0.00', '1.00']);
    expect(stdout).toContain('\\u{1b}[2J');
    expect(stderr).toBe(
      '6 of 12 results of nightly-1: 11 scored, 0 unscored, 1 errored; --outcome errored and --outcome unscored show those\n',
    );
  });

  it.each([
    [['--failed'], ['c1', 'c11', 'c2', 'c5', 'c8']],
    [
      ['--passed', '--group', 'odd'],
      ['c3', 'c7', 'c9'],
    ],
    [['--outcome', 'errored'], ['c4']],
    [['--error', 'ASSAY_TARGET_FAILED'], ['c4']],
    [['--error', 'ASSAY_SERVER'], []],
    [
      ['--max-score', '0.5', '--group', 'even'],
      ['c2', 'c8'],
    ],
    [
      ['--min-score', '0.5', '--dimension', 'same'],
      ['c0', 'c10', 'c3', 'c6', 'c7', 'c9'],
    ],
    [
      ['--prefix', 'c1'],
      ['c1', 'c10', 'c11'],
    ],
    [['--model', 'none'], []],
  ])('takes a part of them: %j', async (options, ids) => {
    expect((await idsOf('--limit', '0', ...options)).sort()).toEqual(ids);
  });

  it('lists as many as are asked for, in the order that is asked for', async () => {
    expect(await idsOf('--limit', '2', '--order', 'highest-first', '--passed')).toHaveLength(2);
    expect(await idsOf()).toHaveLength(12);
  });

  it('shows all of one case, and nothing of it moves the terminal', async () => {
    const { status, stdout, stderr } = await folder.run('show', 'latest', 'c1');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('0.00 c1 of nightly-1\n');
    for (const part of ['asked\n  Question 1?', 'expected\n  right', 'answered\n  \\u{1b}[2J', 'same  0.00'])
      expect(stdout).toContain(part);
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    const error = await folder.run('show', 'latest', 'c4');
    expect(error.stdout).toContain('error\n  ASSAY_TARGET_FAILED: ');
    expect(error.stdout).toContain('the server said no');
  });

  it('names the cases that a word may mean', async () => {
    expect((await folder.run('show', 'latest', 'c2')).stdout).toContain('Question 2?'); // the only one
    const several = await folder.run('show', 'latest', 'c');
    expect([several.status, several.stdout]).toEqual([66, '']);
    expect(several.stderr).toMatch(/^assaykit: "c" may be ("c\d+", ){9}"c\d+" and more; write more of it\n$/);
    const none = await folder.run('show', 'latest', 'x');
    expect(none.stderr).toBe('assaykit: No case "x" in nightly-1; `assaykit show nightly-1` lists them\n');
  });
});
