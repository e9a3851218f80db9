import { readFileSync } from 'node:fs';

/**
 * Runs the command line and ends the process. An evaluation file may leave sockets and timers behind, so the process is
 * ended once all that was printed is out.
 */
export async function main(argv: readonly string[]): Promise<void> {
  const [first] = argv;
  if (first === '--version' || first === '-v' || first === 'version') {
    process.stdout.on('error', () => {});
    process.stdout.write(`${versionOf()}\n`);
    return;
  }
  const { callCommand } = await import('./call-command.js');
  process.exit(await callCommand(argv));
}

function versionOf(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
