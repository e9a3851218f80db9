import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Ended } from './consumer-folder.js';

const root = resolve(import.meta.dirname, '../..');
const CLI = join(root, 'dist/doors/cli.js');
const READY_MS = 20_000;

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  /** How it ended, and how long after `signalled`. */
  readonly ended: Promise<Ended & { readonly signal: NodeJS.Signals | null }>;
  /** Resolves once its output holds the text; rejects when it ends before. */
  until(text: string): Promise<void>;
}

/** A folder in which the built package is found, to run `assaykit` in. */
export class CommandLine {
  readonly path: string;
  /** Laid over the environment of the commands. */
  env: NodeJS.ProcessEnv = {};

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes the folder. */
  static async create(): Promise<CommandLine> {
    const path = await mkdtemp(join(tmpdir(), 'assaykit-cli-'));
    await mkdir(join(path, 'node_modules'));
    await symlink(root, join(path, 'node_modules/assaykit'));
    return new CommandLine(path);
  }

  /** Writes a file into the folder. */
  write(name: string, text: string): Promise<void> {
    return writeFile(join(this.path, name), text);
  }

  /** Runs `assaykit` with these words to its end. */
  async run(...args: readonly string[]): Promise<Ended> {
    const { status, stdout, stderr } = await this.start(args).ended;
    return { status, stdout, stderr };
  }

  /** Runs a line of the shell, in which `$ASSAYKIT` is the command. */
  async shell(line: string): Promise<Ended> {
    const { status, stdout, stderr } = await this.#spawn('bash', ['-c', line]).ended;
    return { status, stdout, stderr };
  }

  /** Begins `assaykit` with these words. */
  start(args: readonly string[]): Running {
    return this.#spawn(process.execPath, [CLI, ...args]);
  }

  #spawn(program: string, args: readonly string[]): Running {
    const child = spawn(program, args, {
      cwd: this.path,
      env: {
        ...process.env,
        GITHUB_ACTIONS: undefined,
        GITHUB_STEP_SUMMARY: undefined,
        ASSAYKIT_STORE: undefined,
        FORCE_COLOR: undefined,
        ASSAYKIT: `${process.execPath} ${CLI}`,
        ...this.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<Awaited<Running['ended']>>((end) => {
      child.on('close', (status, signal) => end({ status: status ?? -1, signal, stdout, stderr }));
    });
    const until = async (text: string): Promise<void> => {
      const holds = (): boolean => stdout.includes(text) || stderr.includes(text);
      await new Promise<void>((ready, fail) => {
        const check = (): void => void (holds() && ready());
        child.stdout.on('data', check);
        child.stderr.on('data', check);
        child.on('close', () => fail(new Error(`ended without ${text}: ${stdout}${stderr}`)));
        AbortSignal.timeout(READY_MS).addEventListener('abort', () =>
          fail(new Error(`no ${text}: ${stderr}`)),
        );
        check();
      });
    };
    return { child, ended, until };
  }

  /** Removes the folder. */
  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }
}

/** Lines of JSON. */
export const jsonLines = <T>(text: string): T[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);

/**
 * An evaluation file: `count` questions (`c0`, …), of which each third is answered wrongly, each in `DELAY` milliseconds. Case
 * `c1` is answered by what a hostile model would say. It says `asked ID` for each question where `TELL` is set.
 */
export const sampleEval = (options: { readonly count?: number; readonly members?: string } = {}): string => `
import { createEvaluator, exactMatch } from 'assaykit';
const delay = Number(process.env.DELAY ?? 0);
const hostile = '\\u001b[2J\\u001b]0;owned\\u0007\\u202eevil\\u009b31m 日本語 👍';
export default {
  target: async (input, { testCase: { id } }) => {
    if (process.env.TELL) console.error('asked ' + id);
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    if (id === process.env.FAILS) throw new Error('the server said no');
    return id === 'c1' ? hostile : Number(id.slice(1)) % 3 === 2 ? 'wrong' : 'right';
  },
  evaluator: createEvaluator({ name: 'sample', version: '1', dimensions: { same: exactMatch() } }),
  cases: Array.from({ length: ${options.count ?? 12} }, (_, i) => ({
    id: 'c' + i, input: 'Question ' + i + '?', expected: 'right', group: i % 2 ? 'odd' : 'even',
  })),
  concurrency: 4,
  ${options.members ?? ''}
};
`;

/** Two runs of 120 cases, the second with right answers only, and a third one by another evaluator. */
export async function folderWithRuns(): Promise<CommandLine> {
  const folder = await CommandLine.create();
  const text = sampleEval({ count: 120 });
  await folder.write('main.mjs', text);
  await folder.write('better.mjs', text.replace('% 3 === 2', '% 3 === 3'));
  await folder.write('other.mjs', text.replace("version: '1'", "version: '2'"));
  for (const name of ['main', 'better', 'other'])
    await folder.run('run', `${name}.mjs`, '--run-id', name, '--store', 'runs.db', '--quiet');
  folder.env = { ASSAYKIT_STORE: 'runs.db' };
  return folder;
}
