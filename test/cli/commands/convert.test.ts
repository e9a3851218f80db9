import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandLine, jsonLines, sampleEval } from '../../support/command-line.js';

describe('assaykit convert', () => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
    await folder.write('eval.mjs', sampleEval({ count: 60 }));
    for (const runId of ['first', 'second'])
      await folder.run('run', 'eval.mjs', '--run-id', runId, '--store', 'runs.db', '--quiet');
  });
  afterAll(() => folder.remove());

  it('copies all runs with their ends, and copying twice is harmless', async () => {
    for (let time = 0; time < 2; time++) {
      const { status, stdout } = await folder.run('convert', 'runs.db', 'copied', '--json');
      expect(status).toBe(0);
      expect(jsonLines(stdout)).toMatchObject([
        { runId: 'first', results: 60, manifest: true },
        { runId: 'second', results: 60, manifest: true },
      ]);
    }
    const [here, there] = await Promise.all(
      ['runs.db', 'copied'].map((store) => folder.run('runs', '--store', store, '--json')),
    );
    expect(there?.stdout).toBe(here?.stdout);
    expect((await folder.run('convert', 'copied', './copied')).status).toBe(64);
    expect((await folder.run('convert', 'copied', 'third', 'nobody')).status).toBe(66);
  });
});
