import { writeSync } from 'node:fs';
import { format } from 'node:util';
import { AssayError, messageOf } from '../errors.js';
import { redactKeys } from '../foundation/key-like.js';
import { nearestName, showOption } from '../foundation/options.js';
import { parseArguments } from './arguments.js';
import { CommandError } from './command-error.js';
import { COMMANDS } from './command-table.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { helpOf, helpOfAll } from './help.js';
import { Output, safeLine, safeLines } from './output.js';

const STDERR = 2;
/** Calls the command that the words name; resolves to the exit code, whatever happens, when all is printed. */
export async function callCommand(argv: readonly string[]): Promise<number> {
  const output = new Output(process.stdout, process.stderr, { json: argv.includes('--json') });
  const verbose = argv.includes('--verbose');
  process.on('uncaughtException', (error) => {
    if (process.listenerCount('uncaughtException') > 1) return; // a command that has something to save
    report(error, { output, verbose });
    process.exit(EXIT.internal);
  });
  process.once('beforeExit', tellEmptyLoop);
  process.once('exit', tellEnded);
  if (output.json) keepApart(output);
  let exitCode: number;
  try {
    exitCode = await call(argv, output);
    if (output.failure !== undefined) {
      exitCode = EXIT.storage;
      report(output.failure, { output, verbose, exitCode });
    }
  } catch (error) {
    report(error, { output, verbose });
    exitCode = codeOf(error);
  }
  await output.flush();
  process.off('beforeExit', tellEmptyLoop);
  process.off('exit', tellEnded);
  return exitCode;
}

/** What an evaluation file prints must not stand between the JSON. */
function keepApart(output: Output): void {
  const print = (...values: readonly unknown[]): void => output.note(format(...values));
  Object.assign(console, { log: print, info: print, debug: print, table: print, dir: print });
}

/** Node ends without a word, and with success, when all that is left is a promise that nobody settles. */
function tellEmptyLoop(): void {
  lastWords('it waits for a promise that nothing will settle');
  process.exit(EXIT.internal);
}

/** The evaluation file has ended the process. With success, of all things: somebody may be told that all is well. */
function tellEnded(exitCode: number): void {
  if (exitCode !== EXIT.done) return;
  process.exitCode = EXIT.internal;
  lastWords('something has called process.exit');
}

function lastWords(why: string): void {
  try {
    writeSync(STDERR, `assaykit: ended before it was done: ${why}\n`);
  } catch {
    // nobody reads
  }
}

async function call(argv: readonly string[], output: Output): Promise<number> {
  const [name, ...args] = argv[0] === 'help' && argv.length > 1 ? [...argv.slice(1, 2), '--help'] : argv;
  if (name === undefined) {
    output.note(helpOfAll());
    return EXIT.usage;
  }
  if (name === 'help' || name === '--help' || name === '-h') {
    await output.text(helpOfAll());
    return EXIT.done;
  }
  if (!Object.hasOwn(COMMANDS, name)) throw unknownCommand(name);
  const command = await (COMMANDS[name] as (typeof COMMANDS)[string]).load();
  const given = parseArguments(args, { name, command });
  if (given.flag('help')) {
    await output.text(helpOf(name, command));
    return EXIT.done;
  }
  return command.run({ given, output, argv });
}

function unknownCommand(name: string): CommandError {
  const nearest = nearestName(name, Object.keys(COMMANDS));
  const hint = nearest === undefined ? 'try `assaykit --help`' : `did you mean \`assaykit ${nearest}\`?`;
  return new CommandError(`Unknown command ${showOption('', name)}; ${hint}`);
}

function codeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  return AssayError.is(error) ? exitCodeOf(error.code) : EXIT.internal;
}

/** One line that says what is wrong, without keys; the stack only where it is asked for. */
function report(
  error: unknown,
  {
    output,
    verbose,
    exitCode = codeOf(error),
  }: { readonly output: Output; readonly verbose: boolean; readonly exitCode?: number },
): void {
  const code = AssayError.is(error) ? error.code : null;
  const message = safeLine(redactKeys(messageOf(error)));
  if (output.json) output.note(JSON.stringify({ error: { code, message, exitCode } }));
  else output.note(`assaykit: ${message}${code === null ? '' : ` (${code})`}`);
  if (verbose) for (const stack of stacksOf(error)) output.note(safeLines(redactKeys(stack)));
}

function stacksOf(error: unknown): string[] {
  const stacks: string[] = [];
  for (let each = error; each instanceof Error && stacks.length < 4; each = each.cause)
    stacks.push(`${stacks.length === 0 ? '' : 'caused by '}${each.stack ?? String(each)}`);
  return stacks;
}
