import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunComparison } from '../../../src/statistics/compare-runs.js';
import { folderWithRuns, type CommandLine } from '../../support/command-line.js';

describe('assaykit compare', () => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await folderWithRuns();
  });
  afterAll(() => folder.remove());

  it('compares two runs, case by case', async () => {
    const { status, stdout } = await folder.run('compare', 'better', 'main');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^same +120 +0\.9917 +0\.6583 +\+0\.3333 .* 40\/0\/80 +a is better$/m);
    const json = await folder.run('compare', 'better', 'main', '--json');
    const { metrics, pairs } = JSON.parse(json.stdout) as RunComparison;
    expect([pairs, metrics.map(({ name }) => name)]).toEqual([120, ['overall', 'same']]);
  });

  it('refuses with 3 to compare what was not scored alike, unless it is forced', async () => {
    const refused = await folder.run('compare', 'other', 'main');
    expect([refused.status, refused.stdout]).toEqual([3, '']);
    expect(refused.stderr).toContain('ASSAY_COMPARISON_REFUSED');
    const forced = await folder.run('compare', 'other', 'main', '--force');
    expect(forced.status).toBe(0);
    expect(forced.stdout).toContain('FORCED although not scored alike');
  });

  it('finds the other run in another store', async () => {
    const copied = await folder.run('convert', 'runs.db', 'copy', 'main', 'better');
    expect([copied.status, copied.stdout]).toEqual([0, 'main: 120 results\nbetter: 120 results\n']);
    const { stdout } = await folder.run('compare', 'better', 'main', '--store-b', 'copy', '--json');
    expect((JSON.parse(stdout) as RunComparison).pairs).toBe(120);
    const gated = await folder.run(
      'gate',
      'better',
      '--baseline',
      'main',
      '--baseline-store',
      'copy',
      '--no-worse',
      'same',
    );
    expect(gated.status).toBe(0);
  });
});
