import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createInterface } from 'node:readline';

const script = fileURLToPath(new URL('store-child.mjs', import.meta.url));

/** What store-child.mjs is told to do. */
export interface ChildSettings {
  readonly kind: 'sqlite' | 'gzip';
  readonly path: string;
  readonly options?: object;
  readonly batches?: number;
  readonly size?: number;
  readonly name?: string;
  readonly singles?: boolean;
  readonly unlimit?: boolean;
}

/** What store-child.mjs says. */
export interface ChildMessage {
  readonly acknowledged?: number;
  readonly failed?: number;
  readonly code?: string;
  readonly retryable?: boolean;
  readonly message?: string;
  readonly event?: string;
  readonly readable?: number;
  readonly closed?: boolean;
}

/** Runs the script to its end, under a limit of file size if one is given (bytes). */
export async function runChild(
  settings: ChildSettings,
  limits: { readonly fileBytes?: number; readonly uid?: number } = {},
): Promise<ChildMessage[]> {
  const own = [process.execPath, script, JSON.stringify(settings)];
  const [command, ...parameters] =
    limits.fileBytes === undefined ? own : ['prlimit', `--fsize=${limits.fileBytes}:unlimited`, ...own];
  const { stdout } = await promisify(execFile)(command as string, parameters, {
    ...(limits.uid === undefined ? {} : { uid: limits.uid, gid: limits.uid }),
    maxBuffer: 1 << 26,
  });
  return messagesIn(stdout);
}

/** Starts the script; `seen` grows with what it says. */
export function startChild(settings: ChildSettings): {
  readonly child: ChildProcess;
  readonly seen: ChildMessage[];
  readonly exited: Promise<void>;
} {
  const child = spawn(process.execPath, [script, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const seen: ChildMessage[] = [];
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  lines.on('line', (line) => {
    if (line.endsWith('}')) seen.push(JSON.parse(line) as ChildMessage);
  });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return { child, seen, exited };
}

const messagesIn = (output: string): ChildMessage[] =>
  output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ChildMessage);
