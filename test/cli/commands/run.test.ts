import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummaryData } from '../../../src/batch/summary/run-summary.js';
import { startFakeModelServer } from '../../../src/testing/fake-model-server.js';
import { CommandLine, jsonLines, sampleEval } from '../../support/command-line.js';
import { dataPath, itWithData } from '../../support/data.js';

interface RunReport {
  readonly summary: Omit<RunSummaryData, 'startedAt'> & { readonly startedAt: string };
  readonly worst: readonly { readonly caseId: string; readonly startedAt: string }[];
  readonly resume: string | null;
}

describe('assaykit run', () => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
    await folder.write('eval.mjs', sampleEval());
    await folder.write('many.mjs', sampleEval({ count: 400, members: 'flushIntervalMs: 20, batchSize: 5,' }));
  });
  afterAll(() => folder.remove());
  const reportOf = (stdout: string): RunReport => JSON.parse(stdout) as RunReport;
  const runJson = async (...args: readonly string[]): Promise<RunReport> =>
    reportOf((await folder.run('run', ...args, '--json')).stdout);

  it('prints progress on stderr, then the summary with intervals, then the three worst cases', async () => {
    const { status, stdout, stderr } = await folder.run('run', 'eval.mjs', '--run-id', 'first');
    expect(status).toBe(0);
    expect(stderr).toContain('12/12');
    expect(stdout).toContain('12 submitted = 12 scored + 0 unscored + 0 errored + 0 skipped');
    expect(stdout).toMatch(/overall +0\.5833 .* 95 % CI 0\.\d+ to 0\.\d+ \(wilson\)/);
    expect(stdout.match(/^0\.00 {2}c\d+$/gm)).toHaveLength(3);
    expect(stdout).toContain('asked     Question 2?\n  answered  wrong\n  expected  right');
    expect(stdout.indexOf('overall')).toBeLessThan(stdout.indexOf('0.00  c'));
  });

  it('makes what a model says visible instead of letting the terminal obey it', async () => {
    const { stdout } = await folder.run('run', 'eval.mjs', '--only', 'c1');
    expect(stdout).toContain('answered  \\u{1b}[2J\\u{1b}]0;owned\\u{7}\\u{202e}evil\\u{9b}31m 日本語 👍');
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  it('prints one JSON document, moments as ISO, of which nothing moves a terminal', async () => {
    await folder.write('talks.mjs', `console.log('loading');${sampleEval()}`);
    const { status, stdout, stderr } = await folder.run('run', 'talks.mjs', '--json', '--quiet');
    expect([status, stderr]).toEqual([0, 'loading\n']);
    const { summary, worst, resume } = reportOf(stdout);
    expect(summary).toMatchObject({ submitted: 12, scored: 12, stopReason: 'end', passed: 7 });
    expect(new Date(summary.startedAt).toISOString()).toBe(summary.startedAt);
    expect(new Set(worst.map(({ caseId }) => caseId)).size).toBe(3);
    expect(['c1', 'c2', 'c5', 'c8', 'c11']).toEqual(
      expect.arrayContaining(worst.map(({ caseId }) => caseId)),
    );
    expect(resume).toBeNull();
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  it.each([
    [
      ['--limit', '3'],
      ['c0', 'c1', 'c2'],
    ],
    [
      ['--only', 'c1*'],
      ['c1', 'c10', 'c11'],
    ],
    [
      ['--only', 'c4', '--only', 'c7'],
      ['c4', 'c7'],
    ],
    [
      ['--only', 'c1*', '--limit', '2'],
      ['c1', 'c10'],
    ],
  ])('takes a part of the cases: %j', async (options, ids) => {
    const { summary } = await runJson('eval.mjs', ...options);
    const { stdout } = await folder.run('show', summary.runId, '--json', '--order', 'oldest-first');
    expect(
      jsonLines<{ caseId: string }>(stdout)
        .map(({ caseId }) => caseId)
        .sort(),
    ).toEqual(ids);
  });

  it('draws the same sample each time, and another one by another seed', async () => {
    const idsOf = async (...options: readonly string[]): Promise<string[]> => {
      const { summary } = await runJson('many.mjs', '--sample', '10', ...options);
      expect(summary.submitted).toBe(10);
      const { stdout } = await folder.run('show', summary.runId, '--json');
      return jsonLines<{ caseId: string }>(stdout)
        .map(({ caseId }) => caseId)
        .sort();
    };
    const drawn = await idsOf();
    expect(await idsOf()).toEqual(drawn);
    expect(await idsOf('--seed', '7')).not.toEqual(drawn);
  });

  it('keeps the tags of the file and of the command line', async () => {
    await folder.write('tagged.mjs', sampleEval({ members: "tags: ['nightly']," }));
    const { summary } = await runJson(
      'tagged.mjs',
      '--tag',
      'pr-7',
      '--tag',
      'nightly',
      '--store',
      'tags.db',
    );
    const { stdout } = await folder.run('runs', '--tag', 'pr-7', '--store', 'tags.db', '--json');
    expect(jsonLines(stdout)).toMatchObject([{ runId: summary.runId, tags: ['nightly', 'pr-7'] }]);
  });

  it('stores where the command line says, then where the file says, then in assaykit-results', async () => {
    await folder.write('stored.mjs', sampleEval({ members: "store: 'deep/own.db'," }));
    expect((await folder.run('run', 'stored.mjs', '--run-id', 'own')).status).toBe(0);
    expect((await folder.run('run', 'stored.mjs', '--run-id', 'asked', '-s', 'asked')).status).toBe(0);
    for (const [store, runId] of [
      ['deep/own.db', 'own'],
      ['asked', 'asked'],
      ['assaykit-results', 'first'],
    ] as const) {
      const { stdout } = await folder.run('runs', '--store', store, '--json', '--limit', '0');
      expect(jsonLines<{ runId: string }>(stdout).map((each) => each.runId)).toContain(runId);
    }
    expect(existsSync(join(folder.path, 'deep/own.db'))).toBe(true);
  });

  it('ends with 4 when cases errored, unless that is allowed, and with 5 when the budget is reached', async () => {
    folder.env = { FAILS: 'c3' };
    const failed = await folder.run('run', 'eval.mjs', '--store', 'errors.db');
    const allowed = await folder.run('run', 'eval.mjs', '--store', 'errors.db', '--allow-errors');
    folder.env = { DELAY: '5' };
    await folder.write('budget.mjs', sampleEval({ count: 4000, members: 'budget: { maxDurationMs: 300 },' }));
    const budget = await folder.run('run', 'budget.mjs', '--run-id', 'short', '--store', 'errors.db');
    folder.env = {};
    expect([failed.status, allowed.status, budget.status]).toEqual([4, 0, 5]);
    expect(failed.stdout).toContain('ASSAY_TARGET_FAILED 1');
    expect(budget.stdout).toContain(
      'Ended early (budget). Go on:\n  assaykit run budget.mjs --store errors.db --resume --run-id short',
    );
  });

  it('goes on after kill -9 without asking again what is stored', async () => {
    folder.env = { DELAY: '20', TELL: '1' };
    const running = folder.start(['run', 'many.mjs', '--run-id', 'killed', '--store', 'killed', '--quiet']);
    await running.until('asked c120');
    running.child.kill('SIGKILL');
    expect((await running.ended).signal).toBe('SIGKILL');
    const { stdout: list } = await folder.run('runs', '--store', 'killed', '--json');
    const [crashed] = jsonLines<{ state: string; results: { scored: number } }>(list);
    expect(crashed?.state).toBe('crashed');
    const stored = crashed!.results.scored;
    expect(stored).toBeGreaterThan(50);
    const refused = await folder.run('run', 'many.mjs', '--run-id', 'killed', '--store', 'killed');
    expect(refused.status).toBe(64);
    expect(refused.stderr).toContain('go on with that run');
    folder.env = { DELAY: '0', TELL: '1' };
    const again = await folder.run(
      'run',
      'many.mjs',
      '--resume',
      '--run-id',
      'latest',
      '--store',
      'killed',
      '--json',
      '--quiet',
    );
    folder.env = {};
    expect(again.status).toBe(0);
    const { summary } = reportOf(again.stdout);
    expect(summary).toMatchObject({ submitted: 400, skipped: stored, runId: 'killed' });
    expect(again.stderr.match(/^asked /gm)).toHaveLength(400 - stored);
    expect(summary.overall.scored).toBe(400);
  });

  it('asks a model server, and ends although the file closes nothing', async () => {
    const server = await startFakeModelServer({ reply: () => 'Paris' });
    await folder.write(
      'http.mjs',
      `import { LoadBalancedClient, createEvaluator, exactMatch } from 'assaykit';
setInterval(() => {}, 1000);
export default async () => ({
  target: new LoadBalancedClient({ endpoints: ['${server.url}'], model: 'fake', apiKey: 'sk-proj-abcdefgh12345678' }),
  evaluator: createEvaluator({ name: 'capitals', version: '1', dimensions: { accuracy: exactMatch() } }),
  cases: async function* () { yield { id: 'france', input: 'Capital of France?', expected: 'Paris' }; },
  close: () => console.log('closed'),
});
`,
    );
    const { status, stdout, stderr } = await folder.run('run', 'http.mjs', '--store', 'http.db');
    const { stdout: shown } = await folder.run('show', 'latest', 'france', '--store', 'http.db');
    await server.close();
    expect(status).toBe(0);
    expect(stdout).toContain('closed');
    expect(stdout + stderr + shown).not.toContain('sk-proj');
    expect(shown).toContain('model fake');
  });

  it('refuses to write a run that another process writes', async () => {
    folder.env = { DELAY: '200', TELL: '1' };
    const args = ['run', 'many.mjs', '--run-id', 'busy', '--store', 'busy.db', '--quiet', '--resume'];
    const first = folder.start(args.filter((word) => word !== '--resume'));
    await first.until('asked c5');
    const second = await folder.run(...args);
    first.child.kill('SIGKILL');
    await once(first.child, 'close');
    folder.env = {};
    expect([second.status, second.stdout]).toEqual([75, '']);
    expect(second.stderr).toContain('ASSAY_RUN_ACTIVE');
  });

  itWithData('evaluates GSM8K and comes to the published number of right answers', async () => {
    await folder.write(
      'gsm8k.mjs',
      `import { createEvaluator, number, readJsonl } from 'assaykit';
const answers = new Map();
for await (const { id, input } of readJsonl(${JSON.stringify(dataPath('gsm8k/model_solutions_6b.jsonl'))}, {
  map: ({ id, model, solution }) => ({ id: id + ' ' + model, input: solution }) })) answers.set(id, input);
export default {
  target: async (_question, { testCase: { id } }) => answers.get(id + ' ' + process.env.MODEL),
  evaluator: createEvaluator({ name: 'gsm8k', version: '1', dimensions: { accuracy: number() } }),
  cases: readJsonl(${JSON.stringify(dataPath('gsm8k/test.jsonl'))}, {
    map: ({ id, question, answer }) => ({ id, input: question, expected: answer.split('#### ')[1] }) }),
  store: 'gsm8k.db',
};
`,
    );
    folder.env = { MODEL: '6b_finetuning' };
    const { summary } = await runJson('gsm8k.mjs', '--run-id', 'weak');
    folder.env = { MODEL: '6b_verification' };
    const { stdout } = await folder.run('run', 'gsm8k.mjs', '--run-id', 'strong');
    folder.env = {};
    expect(summary).toMatchObject({ submitted: 1319, errored: 0 });
    expect(summary.passed).toBe(286);
    expect(stdout).toContain('1,319 submitted');
    const compared = await folder.run('compare', 'strong', 'weak', '--store', 'gsm8k.db');
    expect(compared.stdout).toContain('a is better');
    const gated = await folder.run(
      'gate',
      'weak',
      '--baseline',
      'strong',
      '--no-worse',
      'accuracy',
      '--store',
      'gsm8k.db',
    );
    expect(gated.status).toBe(1);
  });
});
