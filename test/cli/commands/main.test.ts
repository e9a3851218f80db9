import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_VERSION } from '../../../src/foundation/package-version.js';
import { CommandLine } from '../../support/command-line.js';

describe('the command line', () => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
  });
  afterAll(() => folder.remove());

  it.each(['--version', '-v', 'version'])('%s tells the version', async (word) => {
    expect(await folder.run(word)).toEqual({ status: 0, stdout: `${PACKAGE_VERSION}\n`, stderr: '' });
  });

  it('tells what it can do when it is asked, and with an error when nothing is asked', async () => {
    const asked = await folder.run('--help');
    expect([asked.status, asked.stderr]).toEqual([0, '']);
    expect(asked.stdout).toContain('assaykit COMMAND [options]');
    const nothing = await folder.run();
    expect([nothing.status, nothing.stdout, nothing.stderr]).toEqual([64, '', asked.stdout]);
    const [first, second] = [await folder.run('gate', '-h'), await folder.run('help', 'gate')];
    expect(first.stdout).toContain('Usage: assaykit gate RUN [options]');
    expect(second).toEqual(first);
  });
});
