import { afterAll, beforeAll, expect, it } from 'vitest';
import { Arguments } from '../../../src/cli/arguments.js';
import { openShared } from '../../../src/cli/shared-run.js';
import { CommandLine, sampleEval } from '../../support/command-line.js';
import { describeWithPostgres } from '../../support/with-postgres.js';

describeWithPostgres('assaykit enqueue', (server) => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
    folder.env = { ASSAYKIT_STORE: server().connectionString, DELAY: '20' };
    await folder.write('eval.mjs', sampleEval({ count: 200 }));
  });
  afterAll(() => folder.remove());

  it('opens the store, and takes the queue from it or from an address of its own', async () => {
    const arguments_ = (values: object) => new Arguments([], values as Record<string, string>);
    const address = server().connectionString;
    const same = await openShared(arguments_({ store: address }));
    expect(same.queue).toEqual({ connection: { postgres: address } });
    const redis = { 'queue-url': 'redis://localhost', queue: 'nightly' };
    const apart = await openShared(arguments_(redis), same.store);
    expect(apart).toEqual({
      store: same.store,
      queue: { connection: { redis: 'redis://localhost' }, queue: 'nightly' },
    });
    await same.store.close();
  });

  it('says where the queue must be, and shows no password', async () => {
    const { status, stderr } = await folder.run('enqueue', 'eval.mjs', '--store', 'runs.db', '--run-id', 'x');
    expect([status, stderr]).toEqual([64, expect.stringContaining('--queue-url')]);
    const redis = await folder.run('enqueue', 'eval.mjs', '--queue-url', 'http://me:hunter2@x/');
    expect([redis.status, redis.stderr]).toEqual([64, expect.not.stringContaining('hunter2')]);
    const unknown = await folder.run('status', 'nobody');
    expect(unknown.status).toBe(66);
  });
});
