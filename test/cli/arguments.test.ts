import { describe, expect, it } from 'vitest';
import { parseArguments, readNumber } from '../../src/cli/arguments.js';
import type { CommandSyntax } from '../../src/cli/command-options.js';
import { integer, number } from '../../src/foundation/options.js';

const syntax: CommandSyntax = {
  usage: 'RUN',
  words: { least: 1, most: 2 },
  options: {
    only: { type: 'string', multiple: true, help: '' },
    store: { type: 'string', short: 's', value: 'PATH', help: '' },
    force: { type: 'boolean', help: '' },
    size: { type: 'string', help: '' },
  },
};
const parse = (...args: readonly string[]): ReturnType<typeof parseArguments> =>
  parseArguments(args, { name: 'show', command: syntax });

describe('the words of a command', () => {
  it('are told apart from options, wherever these stand', () => {
    const given = parse('-s', 'a.db', 'one', '--force', '--only', 'x', 'two', '--only=-y');
    expect(given.words).toEqual(['one', 'two']);
    expect([given.text('store'), given.flag('force'), given.flag('json')]).toEqual(['a.db', true, false]);
    expect(given.list('only')).toEqual(['x', '-y']);
    expect([given.text('size'), given.number('size', integer(0))]).toEqual([undefined, undefined]);
  });

  it('take what follows -- as it is', () => {
    expect(parse('--', '--force').words).toEqual(['--force']);
  });

  it('may be missing when help is asked for', () => {
    expect(parse('--help').flag('help')).toBe(true);
    expect(() => parse()).toThrow('Expected RUN after `assaykit show`');
    expect(() => parse('a', 'b', 'c')).toThrow('Unexpected "c"');
  });

  it('take the last value of an option that is given twice', () => {
    expect(parse('one', '-s', 'a', '--store', 'b').text('store')).toBe('b');
  });

  it('have numbers that are numbers', () => {
    expect(parse('one', '--size', '-1').number('size', number(-2))).toBe(-1);
    for (const written of ['', ' ', '1,5', '1e999', 'NaN', '7x'])
      expect(() => readNumber('--size', { written, check: integer(0) })).toThrow(
        'Expected --size to be an integer >= 0, got',
      );
  });
});
