import type { Command } from './command.js';
import { COMMON_OPTIONS, type CommandOptions } from './command-options.js';
import { COMMANDS } from './command-table.js';

/** What `assaykit --help` prints. */
export function helpOfAll(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  return [
    'Evaluates answers of AI models, and shows what came of it.',
    '',
    'Usage: assaykit COMMAND [options]',
    '',
    'Commands:',
    ...Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'A RUN is `latest`, `latest~1` (the one before), a run id, or the beginning of one.',
    '`assaykit COMMAND --help` tells the options of a command; `assaykit --version` the version.',
    '',
    'Exit codes: 0 done, 1 gate failed, 2 undecided, 3 not comparable, 4 some cases errored,',
    '5 ended early, 64 wrong usage, 65 wrong input, 66 not found, 69 a package is missing,',
    '70 a mistake in a program, 74 store or file failed, 75 in use, 130 Ctrl-C.',
  ].join('\n');
}

/** What `assaykit NAME --help` prints. */
export function helpOf(name: string, { usage, about, options }: Command): string {
  return [
    `Usage: assaykit ${name}${usage === '' ? '' : ` ${usage}`} [options]`,
    '',
    about,
    '',
    'Options:',
    ...optionLines({ ...options, ...COMMON_OPTIONS }),
  ].join('\n');
}

function optionLines(options: CommandOptions): string[] {
  const rows = Object.entries(options).map(([name, option]) => {
    const short = option.short === undefined ? '' : `-${option.short}, `;
    const value = option.type === 'string' ? ` ${option.value ?? 'VALUE'}` : '';
    return [`${short}--${name}${value}`, `${option.help}${option.multiple === true ? ' (repeatable)' : ''}`];
  });
  const width = Math.max(...rows.map(([left = '']) => left.length));
  return rows.map(([left = '', right = '']) => `  ${left.padEnd(width)}  ${right}`);
}
