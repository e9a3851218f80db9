import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandLine, jsonLines, sampleEval } from '../../support/command-line.js';

describe('assaykit rescore', () => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
    await folder.write('eval.mjs', sampleEval({ count: 60 }));
    await folder.write(
      'lenient.mjs',
      `import { createEvaluator, defineScorer } from 'assaykit';
export default {
  evaluator: createEvaluator({ name: 'lenient', version: '2',
    dimensions: { same: defineScorer({ convention: 'lenient', version: '1' }, ({ output }) => output !== 'wrong') } }),
  target: () => { throw new Error('nobody is asked'); },
};
`,
    );
    await folder.run('run', 'eval.mjs', '--run-id', 'strict', '--store', 'runs.db', '--quiet');
  });
  afterAll(() => folder.remove());

  it('judges stored answers by the evaluator of a file, into a run that names its origin', async () => {
    const first = await folder.run('rescore', 'strict', 'lenient.mjs', '--store', 'runs.db', '--json');
    const { summary } = JSON.parse(first.stdout) as { summary: { runId: string; passed: number } };
    expect([first.status, first.stderr]).toEqual([0, '']);
    expect(summary).toMatchObject({ runId: 'strict-lenient-2', passed: 40, skipped: 0 });
    const { stdout } = await folder.run('runs', '--store', 'runs.db', '--json', '--evaluator', 'lenient');
    expect(jsonLines(stdout)).toMatchObject([{ runId: 'strict-lenient-2', origin: { runId: 'strict' } }]);
  });

  it('goes on where it ended when it is done again, and takes another name and store', async () => {
    const again = await folder.run('rescore', 'strict', 'lenient.mjs', '--store', 'runs.db');
    expect(again.stdout).toContain('60 submitted = 0 scored + 0 unscored + 0 errored + 60 skipped');
    const elsewhere = await folder.run(
      'rescore',
      'strict',
      'lenient.mjs',
      '-s',
      'runs.db',
      '--as',
      'new',
      '--to',
      'new',
      '--tag',
      'again',
    );
    expect(elsewhere.status).toBe(0);
    const { stdout } = await folder.run('runs', '--store', 'new', '--json');
    expect(jsonLines(stdout)).toMatchObject([{ runId: 'new', tags: ['again'] }]);
  });
});
