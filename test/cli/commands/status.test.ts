import { afterAll, beforeAll, expect, it } from 'vitest';
import { CommandLine, sampleEval } from '../../support/command-line.js';
import { describeWithPostgres } from '../../support/with-postgres.js';

const PATIENCE_MS = 300_000; // of machines with other things to do

describeWithPostgres('assaykit status', (server) => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
    folder.env = { ASSAYKIT_STORE: server().connectionString, DELAY: '20' };
    await folder.write('eval.mjs', sampleEval({ count: 200 }));
    await folder.write('other.mjs', sampleEval({ count: 200, members: "model: 'another'" }));
  });
  afterAll(() => folder.remove());

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
});
