import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandLine, jsonLines, sampleEval } from '../../support/command-line.js';

interface Listed {
  readonly runId: string;
  readonly state: string;
  readonly startedAt: string;
  readonly overall: { readonly mean: number; readonly interval: { readonly low: number } };
}

describe('assaykit runs', () => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
    await folder.write('eval.mjs', sampleEval());
    await folder.write('other.mjs', sampleEval().replace("name: 'sample'", "name: 'other'"));
    for (const [file, runId, tag] of [
      ['eval.mjs', 'first', 'nightly'],
      ['other.mjs', 'second', 'nightly'],
      ['eval.mjs', 'third', 'by-hand'],
    ] as const)
      await folder.run('run', file, '--run-id', runId, '--tag', tag, '--store', 'runs.db', '--quiet');
  });
  afterAll(() => folder.remove());
  const listed = async (...options: readonly string[]): Promise<Listed[]> => {
    const { stdout } = await folder.run('runs', '--store', 'runs.db', '--json', ...options);
    return jsonLines<Listed>(stdout);
  };

  it('lists runs newest first with their means, intervals and moments', async () => {
    folder.env = { TZ: 'Asia/Kolkata' };
    const { status, stdout, stderr } = await folder.run('runs', '--store', 'runs.db');
    folder.env = {};
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.match(/^(first|second|third)/gm)).toEqual(['third', 'second', 'first']);
    expect(stdout).toMatch(/^third +ended +0\.5833 \[0\.\d{3}, 0\.\d{3}\] +12 +0 /m);
    expect(stdout).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+05:30/);
  });

  it('gives a line of JSON for each', async () => {
    const [third] = await listed();
    expect(third).toMatchObject({
      runId: 'third',
      state: 'ended',
      stopReason: 'end',
      results: { scored: 12, unscored: 0, errored: 0 },
      evaluator: 'sample',
      tags: ['by-hand'],
      writer: null,
    });
    expect(third?.overall.interval.low).toBeLessThan(third!.overall.mean);
    expect(new Date(third!.startedAt).toISOString()).toBe(third?.startedAt);
  });

  it.each([
    [
      ['--tag', 'nightly'],
      ['second', 'first'],
    ],
    [['--evaluator', 'other'], ['second']],
    [['--state', 'crashed'], []],
    [['--model', 'none'], []],
    [['--limit', '1'], ['third']],
    [
      ['--limit', '0'],
      ['third', 'second', 'first'],
    ],
  ])('takes a part of them: %j', async (options, runIds) => {
    expect((await listed(...options)).map(({ runId }) => runId)).toEqual(runIds);
  });

  it('says when there are more, and when there are none', async () => {
    expect((await folder.run('runs', '--store', 'runs.db', '-n', '2')).stderr).toContain('and more');
    expect((await folder.run('runs', '--store', 'runs.db', '-n', '3')).stderr).toBe('');
    expect((await folder.run('runs', '--store', 'runs.db', '--tag', 'x')).stderr).toBe('No runs.\n');
  });
});
