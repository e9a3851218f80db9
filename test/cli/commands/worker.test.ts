import { afterAll, beforeAll, expect, it } from 'vitest';
import { CommandLine, jsonLines, sampleEval } from '../../support/command-line.js';
import { describeWithPostgres } from '../../support/with-postgres.js';

const PATIENCE_MS = 300_000; // of machines with other things to do

describeWithPostgres('assaykit worker', (server) => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
    folder.env = { ASSAYKIT_STORE: server().connectionString, DELAY: '20' };
    await folder.write('eval.mjs', sampleEval({ count: 200 }));
  });
  afterAll(() => folder.remove());

  it(
    'does a run on a worker that SIGTERM ends cleanly, and on the one after it',
    async () => {
      const enqueued = await folder.run('enqueue', 'eval.mjs', '--run-id', 'nightly', '--tag', 'slow');
      expect(enqueued).toEqual({ status: 0, stdout: '200 cases in 4 batches: nightly\n', stderr: '' });
      const waiting = await folder.run('status', 'nightly');
      expect(waiting.stdout).toContain('nightly: waiting, 0 of 200 results');
      const first = folder.start(['worker', 'eval.mjs', '--concurrency', '2']);
      await first.until('Waiting for batches');
      for (let done = 0; done < 10;) {
        const { stdout } = await folder.run('status', 'nightly', '--json');
        done = jsonLines<{ results: { scored: number } }>(stdout)[0]!.results.scored;
      }
      first.child.kill('SIGTERM');
      expect(await first.ended).toMatchObject({ status: 0, stderr: expect.stringContaining('given-back') });
      const second = folder.start(['worker', 'eval.mjs', '--concurrency', '32']);
      const ended = await folder.run('status', 'nightly', '--wait', '--every', '0.1');
      expect(ended.status).toBe(0);
      expect(ended.stdout).toContain('200 submitted = 200 scored');
      second.child.kill('SIGINT');
      expect((await second.ended).status).toBe(0);
      const { stdout } = await folder.run('runs', '--json', '--tag', 'slow');
      expect(jsonLines(stdout)).toMatchObject([{ runId: 'nightly', state: 'ended' }]);
    },
    PATIENCE_MS,
  );
});
