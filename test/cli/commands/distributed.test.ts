import { afterAll, beforeAll, expect, it } from 'vitest';
import { CommandLine, jsonLines, sampleEval } from '../../support/command-line.js';
import { describeWithPostgres } from '../../support/with-postgres.js';

const PATIENCE_MS = 300_000; // of machines with other things to do

describeWithPostgres('assaykit enqueue, worker and status', (server) => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
    folder.env = { ASSAYKIT_STORE: server().connectionString, DELAY: '20' };
    await folder.write('eval.mjs', sampleEval({ count: 200 }));
    await folder.write('other.mjs', sampleEval({ count: 200, members: "model: 'another'" }));
  });
  afterAll(() => folder.remove());

  it(
    'does a run on a worker that SIGTERM ends in peace, and on the one after it',
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

  it(
    'says what a worker refuses, cancels a run and puts it back',
    async () => {
      await folder.run('enqueue', 'eval.mjs', '--run-id', 'refused');
      const worker = folder.start(['worker', 'other.mjs']);
      await worker.until('refused');
      worker.child.kill('SIGTERM');
      expect((await worker.ended).stderr).toContain('cannot be resumed');
      const cancelled = await folder.run('status', 'refused', '--cancel');
      expect(cancelled.stdout).toContain('refused: stopped (cancelled), 0 of 200 results');
      const back = await folder.run('enqueue', 'eval.mjs', '--run-id', 'refused', '--requeue');
      expect(back.stdout).toContain('batches of refused are in the queue again');
      expect((await folder.run('status', 'refused')).stdout).toContain('refused: waiting');
    },
    PATIENCE_MS,
  );

  it('says where the queue must be, and shows no password', async () => {
    const { status, stderr } = await folder.run('enqueue', 'eval.mjs', '--store', 'runs.db', '--run-id', 'x');
    expect([status, stderr]).toEqual([64, expect.stringContaining('--queue-url')]);
    const redis = await folder.run('enqueue', 'eval.mjs', '--queue-url', 'http://me:hunter2@x/');
    expect([redis.status, redis.stderr]).toEqual([64, expect.not.stringContaining('hunter2')]);
    const unknown = await folder.run('status', 'nobody');
    expect(unknown.status).toBe(66);
  });
});
