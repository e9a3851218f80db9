import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandLine, jsonLines, sampleEval } from '../../support/command-line.js';

describe('the command line', () => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
    await folder.write('eval.mjs', sampleEval({ count: 3000 }));
    await folder.run('run', 'eval.mjs', '--run-id', 'one', '--quiet');
  });
  afterAll(() => folder.remove());

  it.each([
    [['rums'], 'Unknown command "rums"; did you mean `assaykit runs`?'],
    [['explode'], 'Unknown command "explode"; try `assaykit --help`'],
    [['runs', '--stroe', 'x'], 'Unknown option --stroe of `assaykit runs`; did you mean --store?'],
    [['runs', '-x'], 'Unknown option -x of `assaykit runs`; try `assaykit runs --help`'],
    [['runs', '--limit', 'many'], 'Expected --limit to be an integer >= 0, got "many"'],
    [['runs', '--limit', '-1'], 'Expected --limit to be an integer >= 0, got "-1"'],
    [['runs', '--limit='], 'Expected --limit to have a value, got none'],
    [['runs', '--store', '--json'], 'Expected --store to have a value: --store PATH'],
    [['runs', '--json=yes'], 'Expected --json to have no value'],
    [
      ['runs', '--state', 'dead'],
      'Expected --state to be running or waiting or ended or drained or crashed, got "dead"',
    ],
    [['runs', 'surplus'], 'Unexpected "surplus": usage is `assaykit runs [options]`'],
    [['show'], 'Expected RUN [CASE] after `assaykit show`; try `assaykit show --help`'],
    [['run', 'eval.mjs', '--limit', '1', '--sample', '1'], 'Expected --limit or --sample, got both'],
    [
      ['run', 'eval.mjs', '--resume'],
      'Expected --resume with --run-id, which names the run to go on with (or `latest`)',
    ],
    [
      ['run', 'eval.mjs', '--seed', '1.5'],
      'Expected --seed to be an integer from 0 to 4294967295, got "1.5"',
    ],
    [['gate', 'one', '--min', 'same=2'], 'Expected --min to be a number from 0 to 1, got "2"'],
  ])('refuses %j with a line that says what was expected', async (words, message) => {
    const { status, stdout, stderr } = await folder.run(...words);
    expect([status, stdout]).toEqual([64, '']);
    expect(
      stderr.replace(
        /^\{.*"message":(".*?"),"exitCode":64\}\}$/m,
        (_, text: string) => `assaykit: ${JSON.parse(text) as string}`,
      ),
    ).toBe(`assaykit: ${message}\n`);
  });

  it('shows no key that stands in the wrong place', async () => {
    const key = 'sk-proj-abcdefgh12345678abcd';
    const said = await Promise.all([
      folder.run(key),
      folder.run('runs', `--${key}`),
      folder.run('runs', '--limit', key),
      folder.run('runs', key),
      folder.run('runs', '--store', `mysql://user:${key}@host/db`),
      folder.run('runs', '--store', `postgres://user:${key}@127.0.0.1:1/db`),
    ]);
    expect(said.map(({ status }) => status)).toEqual([64, 64, 64, 64, 64, 74]);
    expect(said.map(({ stdout, stderr }) => stdout + stderr).join('')).not.toContain(key);
  });

  it('prints the stack with --verbose only, and an error as JSON with --json', async () => {
    await folder.write('broken.mjs', "throw new Error('first line\\nsecond\\u001b[2J line');\n");
    const plain = await folder.run('run', 'broken.mjs');
    expect([plain.status, plain.stderr]).toEqual([
      70,
      'assaykit: "broken.mjs" cannot be loaded: first line second\\u{1b}[2J line (--verbose shows where)\n',
    ]);
    const verbose = await folder.run('run', 'broken.mjs', '--verbose');
    expect(verbose.stderr).toContain('caused by Error: first line');
    expect(verbose.stderr).toContain('broken.mjs:1:');
    const json = await folder.run('show', 'two', '--json');
    expect([json.status, json.stdout]).toEqual([66, '']);
    expect(JSON.parse(json.stderr)).toEqual({
      error: {
        code: null,
        message: 'No run "two": the newest is "one"; `assaykit runs` lists them',
        exitCode: 66,
      },
    });
  });

  it.each([
    'show one --limit 0',
    'show one --limit 0 --json',
    'show one c1 --json',
    'runs',
    'run eval.mjs --limit 3 --quiet',
    '--help',
  ])('says nothing when its reader leaves: %s | head', async (words) => {
    const { status, stdout, stderr } = await folder.shell(
      `set -o pipefail; $ASSAYKIT ${words} | head -c 1; echo " \${PIPESTATUS[0]}"`,
    );
    expect(status).toBe(0);
    expect(stdout.trimEnd().split(' ').at(-1)).toBe('0');
    expect(stderr.replace(/^.* results of one: .*\n/gm, '')).toBe('');
  });

  it('keeps the exit code of a question when its reader leaves', async () => {
    const { stdout } = await folder.shell(
      '$ASSAYKIT gate one --min 0.99 | head -c 0; echo "${PIPESTATUS[0]}"',
    );
    expect(stdout.trim()).toBe('1');
  });

  it.skipIf(!existsSync('/dev/full'))('says so when what it prints cannot be written', async () => {
    const { status, stderr } = await folder.shell('$ASSAYKIT show one --limit 0 --json > /dev/full');
    expect(status).toBe(74);
    expect(stderr).toContain('ENOSPC');
  });

  it('prints no colours without a terminal, and all rows as lines of JSON', async () => {
    const { stdout } = await folder.run('show', 'one', '--limit', '0', '--json');
    expect(jsonLines(stdout)).toHaveLength(3000);
    const { stdout: text } = await folder.run('show', 'one');
    expect(text).not.toContain('\u001b');
  });

  it.skipIf(!existsSync('/usr/bin/script'))(
    'fits the terminal, with colours unless NO_COLOR asks for none',
    async () => {
      const shown = async (columns: number, env: string): Promise<string[]> => {
        const line = `script -qec "stty cols ${columns}; env ${env} $ASSAYKIT show one --limit 5" /dev/null`;
        const { stdout } = await folder.shell(`TERM=xterm ${line}`);
        return stdout.split(/\r?\n/).filter((text) => /^(?:\u001b\[\d+m)*(?:score|\d\.\d\d)/.test(text));
      };
      const [wide, narrow] = [await shown(120, '-u NO_COLOR -u CI'), await shown(40, 'NO_COLOR=1')];
      expect(wide).toHaveLength(6);
      expect(wide.join('')).toContain('\u001b[1mscore');
      expect(narrow.join('')).not.toContain('\u001b');
      expect(narrow).toHaveLength(6);
      expect(Math.max(...narrow.map((text) => text.length))).toBeLessThanOrEqual(40);
    },
  );
});
