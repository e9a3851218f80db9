import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandLine, jsonLines, sampleEval } from '../../support/command-line.js';

interface Listed {
  readonly state: string;
  readonly stopReason: string | null;
  readonly results: { readonly scored: number; readonly errored: number };
}

/** A process on a busy machine needs longer than one at rest: what is asked for is a second of its own. */
const SECOND_MS = 1000;

describe('a run that is interrupted', () => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
    await folder.write('eval.mjs', sampleEval({ count: 500 }));
  });
  afterAll(() => folder.remove());
  const args = (runId: string, ...options: readonly string[]): readonly string[] => [
    'run',
    'eval.mjs',
    '--run-id',
    runId,
    '--store',
    'runs.db',
    '--quiet',
    ...options,
  ];
  const listed = async (runId: string): Promise<Listed> => {
    const { stdout } = await folder.run('runs', '--store', 'runs.db', '--json', '--limit', '0');
    return jsonLines<Listed & { runId: string }>(stdout).find((each) => each.runId === runId)!;
  };

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    '%s ends it cleanly, with %i: what is answered is stored, and it can be resumed',
    async (signal, code) => {
      folder.env = { DELAY: '50', TELL: '1' };
      const running = folder.start(args(signal));
      await running.until('asked c20');
      running.child.kill(signal);
      const ended = await running.ended;
      expect(ended.stderr).toContain('Stopping: no further case is begun; once more ends at once.');
      expect(ended.stdout).toContain('Ended early (drained). Go on:');
      expect([ended.status, ended.signal]).toEqual([code, null]);
      const found = await listed(signal);
      expect(found).toMatchObject({ state: 'drained', results: { errored: 0 } });
      expect(found.results.scored).toBe(ended.stderr.match(/^asked /gm)!.length); // none was cut short
      folder.env = {};
      const again = await folder.run(...args(signal), '--resume', '--json');
      expect(JSON.parse(again.stdout)).toMatchObject({
        summary: { skipped: found.results.scored, passed: 333 },
      });
    },
  );

  it('ends within a second although answers take longer, and asks for those again', async () => {
    folder.env = { DELAY: '60000', TELL: '1' };
    const running = folder.start(args('slow'));
    await running.until('asked c3');
    const signalledAt = performance.now();
    running.child.kill('SIGINT');
    const ended = await running.ended;
    expect(ended.status).toBe(130);
    expect(performance.now() - signalledAt).toBeLessThan(3 * SECOND_MS);
    expect(await listed('slow')).toMatchObject({ state: 'drained', results: { scored: 0, errored: 0 } });
  });

  it('waits for answers as long as --grace says, and the second signal ends it at once', async () => {
    folder.env = { DELAY: '60000', TELL: '1' };
    const running = folder.start(args('twice', '--grace', '600'));
    await running.until('asked c3');
    running.child.kill('SIGINT');
    await running.until('Stopping');
    const signalledAt = performance.now();
    running.child.kill('SIGINT');
    const ended = await running.ended;
    expect(performance.now() - signalledAt).toBeLessThan(3 * SECOND_MS);
    expect(ended.status).toBe(130);
    expect(ended.stdout).toContain('Ended early (aborted); 0 results are stored. Go on:');
    expect(ended.stdout).toContain('--grace 600 --resume --run-id twice');
  });

  it('ends although the file closes for ever', async () => {
    folder.env = { DELAY: '50', TELL: '1' };
    await folder.write(
      'stuck.mjs',
      sampleEval({ count: 500, members: 'close: () => new Promise(() => {}),' }),
    );
    const running = folder.start(['run', 'stuck.mjs', '--store', 'stuck.db', '--quiet']);
    await running.until('asked c9');
    running.child.kill('SIGINT');
    expect((await running.ended).status).toBe(130);
  });

  it('stores what is done when the file throws where nobody catches, and ends with 70', async () => {
    folder.env = {};
    await folder.write(
      'crash.mjs',
      sampleEval({ count: 500 }).replace(
        'if (delay > 0)',
        `if (id === 'c100') setTimeout(() => { throw new Error('refused key sk-proj-abcdefgh12345678'); });
         await new Promise((resolve) => setTimeout(resolve, 5));
         if (delay > 0)`,
      ),
    );
    const ended = await folder.run('run', 'crash.mjs', '--store', 'runs.db', '--run-id', 'crash', '--quiet');
    expect([ended.status, ended.stderr]).toEqual([70, 'assaykit: refused key [redacted]\n']);
    const found = await listed('crash');
    expect(found.stopReason).toBe('aborted');
    expect(found.results.scored).toBeGreaterThanOrEqual(90);
  });

  it('tells the error that nobody caught although the file closes for ever', async () => {
    folder.env = {};
    await folder.write(
      'crash-open.mjs',
      sampleEval({
        count: 5,
        members: 'close: () => new Promise((end) => setTimeout(end, 60_000)),',
      }).replace(
        'if (delay > 0)',
        `if (id === 'c1') void Promise.reject(new Error('nobody catches'));
         if (delay > 0)`,
      ),
    );
    const words = ['run', 'crash-open.mjs', '--store', 'runs.db', '--run-id', 'open', '--quiet'];
    const { status, stderr } = await folder.run(...words);
    expect([status, stderr]).toEqual([70, 'assaykit: nobody catches\n']);
  });

  it('does not end with success when the file waits for what never comes', async () => {
    await folder.write('waits.mjs', 'await new Promise(() => {});\nexport default {};\n');
    const ended = await folder.run('run', 'waits.mjs');
    expect(ended.status).toBe(70);
    expect(ended.stderr).toContain('it waits for a promise that nothing will settle');
  });

  it('does not end with success when the file ends the process', async () => {
    await folder.write('exits.mjs', 'process.exit(0);\n');
    const ended = await folder.run('run', 'exits.mjs');
    expect(ended.status).toBe(70);
    expect(ended.stderr).toContain('something has called process.exit');
  });
});
