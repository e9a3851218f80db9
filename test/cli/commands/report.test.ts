import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandLine, sampleEval } from '../../support/command-line.js';

describe('assaykit report', () => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
    await folder.write('eval.mjs', sampleEval());
    for (const runId of ['monday', 'tuesday', '../../up/<b>'])
      await folder.run('run', 'eval.mjs', '--run-id', runId, '--quiet');
  });
  afterAll(() => folder.remove());

  it('writes one page, with a baseline', async () => {
    const args = ['report', 'tuesday', '--baseline', 'monday', '--out', 'deep/page.html', '--json'];
    const { status, stdout, stderr } = await folder.run(...args);
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      results: 12,
      cases: 12,
      path: join(folder.path, 'deep/page.html'),
    });
    const page = await readFile(join(folder.path, 'deep/page.html'), 'utf8');
    expect(page).toMatch(/^<!doctype html>/i);
    expect(page).toContain('monday');
  });

  it('is named after the run, in this folder whatever the run is called', async () => {
    const { status, stdout } = await folder.run('report', '../../up', '--max-cases', '2');
    expect(status).toBe(0);
    expect(stdout.split('\n')).toEqual([
      join(folder.path, '__.._up_b_.html'),
      expect.stringMatching(/^\d+ kB, 12 results, of which 2 can be looked at$/),
      '',
    ]);
  });

  it('ends like any failure of a file when the page cannot be written', async () => {
    await folder.write('file', '');
    const { status, stderr } = await folder.run('report', 'monday', '--out', 'file/page.html', '--json');
    expect(status).toBe(74);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { exitCode: 74, message: expect.stringContaining('file/page.html') as string },
    });
  });

  it('says which run is missing', async () => {
    expect((await folder.run('report', 'nobody')).status).toBe(66);
    expect((await folder.run('report', 'tuesday', '--baseline', 'nobody')).status).toBe(66);
    expect((await folder.run('report', 'tuesday', '--max-cases', '200000')).status).toBe(64);
  });
});
