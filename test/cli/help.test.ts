import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.js';
import { EXIT, exitCodeOf } from '../../src/cli/exit-codes.js';
import { helpOf, helpOfAll } from '../../src/cli/help.js';

describe('the help', () => {
  it('lists each command, and each exit code', () => {
    const help = helpOfAll();
    for (const name of Object.keys(COMMANDS)) expect(help).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const code of Object.values(EXIT)) expect(help).toMatch(new RegExp(`\\b${code} `));
  });

  it.each(Object.keys(COMMANDS))('of %s tells its options, in lines that a terminal holds', async (name) => {
    const command = await COMMANDS[name]!.load();
    const help = helpOf(name, command);
    for (const option of Object.keys(command.options)) expect(help).toMatch(new RegExp(`--${option}\\b`));
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(Math.max(...command.about.split('\n').map((line) => line.length))).toBeLessThanOrEqual(90);
  });
});

describe('exit codes', () => {
  it('are told apart, and none but that of a gate that fails is 1', () => {
    expect(new Set(Object.values(EXIT)).size).toBe(Object.values(EXIT).length);
    expect(exitCodeOf('ASSAY_SOMETHING_NEW')).toBe(EXIT.internal);
    expect(exitCodeOf('ASSAY_STORE_LOCKED')).toBe(EXIT.busy);
  });
});
