import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandLine, sampleEval } from '../../support/command-line.js';

describe('assaykit serve', () => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
    await folder.write('eval.mjs', sampleEval());
    await folder.run('run', 'eval.mjs', '--run-id', 'monday', '--quiet');
  });
  afterAll(() => folder.remove());

  it('serves the runs of a store until Ctrl-C, and a second one is told that the port is in use', async () => {
    const serving = folder.start(['serve', '--json']);
    let printed = '';
    serving.child.stdout!.on('data', (text: string) => (printed += text));
    await serving.until('Ctrl-C ends it');
    await expect.poll(() => printed).toContain('\n');
    const { url, port } = JSON.parse(printed) as { readonly url: string; readonly port: number };
    const answer = await fetch(url.replace('/?', '/runs?'));
    expect(await answer.json()).toMatchObject({ runs: [{ runId: 'monday', results: 12 }] });
    const second = await folder.run('serve', '--port', String(port));
    expect([second.status, second.stderr]).toEqual([75, expect.stringContaining(`Port ${port} is in use`)]);
    const following = await fetch(url);
    expect(following.status).toBe(200);
    serving.child.kill('SIGINT');
    const { status, signal, stderr } = await serving.ended;
    expect([status, signal, stderr]).toEqual([0, null, 'Ctrl-C ends it.\n']);
  });

  it('says what is wrong with its options', async () => {
    expect((await folder.run('serve', '--port', '70000')).status).toBe(64);
    expect((await folder.run('serve', '--store', 'nowhere')).status).toBe(66);
    expect((await folder.run('serve', 'monday')).status).toBe(64);
  });
});
