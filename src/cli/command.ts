import type { Arguments } from './arguments.js';
import type { CommandSyntax } from './command-options.js';
import type { Output } from './output.js';

/** A command of `assaykit`: one file of `commands/` each, loaded when it is called. */
export interface Command extends CommandSyntax {
  /** What it does, for its help; lines of at most 80 columns. */
  readonly about: string;
  /** Does it, and resolves to the exit code. */
  run(call: CommandCall): Promise<number>;
}

/** One call of a command. */
export interface CommandCall {
  /** What it was given. */
  readonly given: Arguments;
  /** Where it prints. */
  readonly output: Output;
  /** All words of the command line, to be repeated in what it advises. */
  readonly argv: readonly string[];
}
