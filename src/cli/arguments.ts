import { parseArgs } from 'node:util';
import { nearestName, showOption, type OptionCheck } from '../foundation/options.js';
import { CommandError } from './command-error.js';
import { COMMON_OPTIONS, type CommandOption, type CommandSyntax } from './command-options.js';

type Given = string | boolean | readonly string[] | undefined;

/** What a command was given: words and options, checked as they are read. */
export class Arguments {
  /** What is no option, in order. */
  readonly words: readonly string[];
  readonly #values: Readonly<Record<string, Given>>;

  constructor(words: readonly string[], values: Readonly<Record<string, Given>>) {
    this.words = words;
    this.#values = values;
  }

  /** A word that the command cannot do without. */
  word(index: number): string {
    return this.words[index] as string; // counted by parseArguments
  }

  /** Whether a flag was given. */
  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** The value of an option, if it was given. @throws CommandError for an empty one. */
  text(name: string): string | undefined {
    const value = this.#values[name] as string | undefined;
    if (value === '') throw new CommandError(`Expected --${name} to have a value, got none`);
    return value;
  }

  /** The values of an option that may be given several times. */
  list(name: string): readonly string[] {
    return (this.#values[name] as readonly string[] | undefined) ?? [];
  }

  /** The value of an option as a number. @throws CommandError when `check` refuses it. */
  number(name: string, check: OptionCheck): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : readNumber(`--${name}`, { written: value, check });
  }

  /** The value of an option that is one of a few words. @throws CommandError for another. */
  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.text(name);
    if (value === undefined || choices.includes(value as Choice)) return value as Choice | undefined;
    throw new CommandError(
      `Expected --${name} to be ${choices.join(' or ')}, got ${showOption(name, value)}`,
    );
  }
}

/** A number of the command line. @throws CommandError when it is none, or `check` refuses it. */
export function readNumber(
  name: string,
  { written, check }: { readonly written: string; readonly check: OptionCheck },
): number {
  const value = written.trim() === '' ? Number.NaN : Number(written);
  const expected = Number.isNaN(value) ? (check('') ?? 'a number') : check(value);
  if (expected === undefined) return value;
  throw new CommandError(`Expected ${name} to be ${expected}, got ${showOption(name, written)}`);
}

/**
 * Takes the words after a command's name apart.
 *
 * @throws CommandError for an option that it does not have (the nearest one is named), a value that is missing, and words
 * that are too few or too many.
 */
export function parseArguments(
  args: readonly string[],
  { name, command }: { readonly name: string; readonly command: CommandSyntax },
): Arguments {
  const options: Readonly<Record<string, CommandOption>> = { ...command.options, ...COMMON_OPTIONS };
  const values: Record<string, Given> = {};
  const words: string[] = [];
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (option === undefined) throw unknownOption(name, token.rawName, Object.keys(options));
    if (option.type === 'boolean') {
      if (token.value !== undefined) throw new CommandError(`Expected ${token.rawName} to have no value`);
      values[token.name] = true;
      continue;
    }
    if (token.value === undefined || looksLikeOption(token.value, token.inlineValue === true))
      throw new CommandError(
        `Expected ${token.rawName} to have a value: ${token.rawName} ${option.value ?? 'VALUE'}`,
      );
    values[token.name] =
      option.multiple === true
        ? [...((values[token.name] as readonly string[] | undefined) ?? []), token.value]
        : token.value;
  }
  const parsed = new Arguments(words, values);
  if (!parsed.flag('help')) checkWords(name, command, words);
  return parsed;
}

/** Whether a value is rather the next option, of which the value was forgotten: `--store --json`; `-1` is a number. */
const looksLikeOption = (value: string, inline: boolean): boolean => !inline && /^-(?![\d.]|$)/.test(value);

function checkWords(
  name: string,
  { usage, words: { least, most } }: CommandSyntax,
  words: readonly string[],
): void {
  if (words.length >= least && words.length <= most) return;
  const surplus = words[most];
  throw new CommandError(
    surplus === undefined
      ? `Expected ${usage} after \`assaykit ${name}\`; try \`assaykit ${name} --help\``
      : `Unexpected ${showOption('', surplus)}: usage is \`assaykit ${name}${usage === '' ? '' : ` ${usage}`} [options]\``,
  );
}

function unknownOption(command: string, written: string, known: readonly string[]): CommandError {
  const nearest = nearestName(written.replace(/^-+/, ''), known);
  const hint = nearest === undefined ? `try \`assaykit ${command} --help\`` : `did you mean --${nearest}?`;
  return new CommandError(`Unknown option ${showName(written)} of \`assaykit ${command}\`; ${hint}`);
}

/** A key that was pasted as an option is not shown. */
const showName = (written: string): string => showOption('', written).replace(/^"(.*)"$/, '$1');
