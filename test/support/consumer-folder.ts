import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** What a child process said and how it ended. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a process that does not end by itself is killed and has the status -1. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly timeoutMs?: number; readonly env?: NodeJS.ProcessEnv },
): Promise<Ended> {
  return new Promise((resolvePromise) => {
    execFile(
      program,
      [...args],
      {
        cwd: options.cwd,
        env: options.env ?? process.env,
        timeout: options.timeoutMs ?? 50_000,
        maxBuffer: 64 << 20,
      },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolvePromise({ status, stdout, stderr });
      },
    );
  });
}

/** An otherwise empty project that has the packed package installed, as a host gets it. */
export class ConsumerFolder {
  readonly path: string;
  /** Paths inside the tarball. */
  readonly packedFiles: readonly string[];

  private constructor(path: string, packedFiles: readonly string[]) {
    this.path = path;
    this.packedFiles = packedFiles;
  }

  /** Packs the built package and installs the tarball with its runtime dependencies and nothing else. */
  static async create(): Promise<ConsumerFolder> {
    if (!existsSync(join(root, 'dist/index.js'))) throw new Error('Build first: npm run build');
    const path = await mkdtemp(join(tmpdir(), 'assaykit-consumer-'));
    // --ignore-scripts: packing must not rebuild dist under the feet of other tests.
    const packed = await runProgram(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', path],
      { cwd: root },
    );
    const report = JSON.parse(packed.stdout) as [{ filename: string; files: { path: string }[] }];
    await writeFile(join(path, 'package.json'), '{"name":"consumer","private":true,"type":"module"}\n');
    const installed = await runProgram(
      'npm',
      ['install', `./${report[0].filename}`, '--prefer-offline', '--no-audit', '--no-fund', '--omit=peer'],
      { cwd: path },
    );
    if (installed.status !== 0) throw new Error(`npm install failed:\n${installed.stderr}`);
    return new ConsumerFolder(
      path,
      report[0].files.map((file) => file.path),
    );
  }

  /** Writes a file into the folder. */
  async write(name: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.path, name)), { recursive: true });
    await writeFile(join(this.path, name), text);
  }

  /** The text of a file of the installed package. */
  readInstalled(name: string): Promise<string> {
    return readFile(join(this.path, 'node_modules/assaykit', name), 'utf8');
  }

  /** Makes a development dependency of the project visible in the folder. */
  async link(name: string): Promise<void> {
    const at = join(this.path, 'node_modules', name);
    if (existsSync(at)) return;
    await mkdir(dirname(at), { recursive: true });
    await symlink(join(root, 'node_modules', name), at);
  }

  /** Runs a script of the folder with Node. */
  node(script: string, options: { readonly timeoutMs?: number } = {}): Promise<Ended> {
    return runProgram(process.execPath, [script], { cwd: this.path, ...options });
  }

  /** Type-checks files of the folder as a strict host on `module: nodenext` would, declarations included. */
  async typeCheck(files: readonly string[]): Promise<string> {
    await this.link('@types/node');
    await this.link('undici-types');
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2023',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
    };
    await this.write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
    const { stdout, stderr } = await runProgram(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json', '--pretty', 'false'],
      { cwd: this.path },
    );
    return stdout + stderr;
  }

  /** Removes the folder. */
  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }
}
