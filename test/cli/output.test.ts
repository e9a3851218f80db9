import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Output, safeJson, safeLine, safeLines } from '../../src/cli/output.js';

const HOSTILE = 'a\u001b[2J\u009b31m\u202eb\u2066c\u200bd\u2028e\u007ff\ud800';

describe('what a command prints', () => {
  it('shows what would move a cursor, hide or turn text round', () => {
    expect(safeLines(`${HOSTILE}\n\tx`)).toBe(
      'a\\u{1b}[2J\\u{9b}31m\\u{202e}b\\u{2066}c\\u{200b}d\\u{2028}e\\u{7f}f\\u{d800}\n    x',
    );
    expect(safeLines('of Windows\r\nand\rnot\n')).toBe('of Windows\nand\\u{d}not\n');
    expect(safeLine(' two\r\nlines ')).toBe('two lines');
  });

  it('is JSON that reads the same, and is inert where it is shown', () => {
    const value = { text: HOSTILE, n: [1, null] };
    expect(JSON.parse(safeJson(value))).toEqual(value);
    expect(safeJson(value)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b\u2028\u202e\u2066]/);
    expect(safeJson({ big: 12345678901234567890n })).toBe('{"big":"12345678901234567890"}');
    expect(safeJson(undefined)).toBe('null');
  });

  it('has colours on a terminal that shows them, and nowhere else', () => {
    const painted = (members: object): string =>
      new Output(Object.assign(new PassThrough(), members), new PassThrough(), { json: false }).paint(
        'x',
        'bad',
      );
    expect(painted({ isTTY: true, columns: 80, hasColors: () => true })).toBe('\u001b[31mx\u001b[39m');
    expect(painted({ isTTY: true, columns: 80, hasColors: () => false })).toBe('x');
    expect(painted({ hasColors: () => true })).toBe('x');
  });

  it('fits a terminal, and is not cut elsewhere', () => {
    const columns = (members: object): number =>
      new Output(Object.assign(new PassThrough(), members), new PassThrough(), { json: false }).columns;
    expect(columns({ isTTY: true, columns: 72 })).toBe(72);
    expect(columns({ isTTY: true, columns: 0 })).toBe(Infinity);
    expect(columns({ columns: 72 })).toBe(Infinity);
  });

  it('waits for a slow reader, and goes nowhere once the reader has left', async () => {
    const out = new PassThrough({ highWaterMark: 16 });
    const output = new Output(out, new PassThrough(), { json: false });
    let room = false;
    const written = output.text('x'.repeat(100)).then(() => (room = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(room).toBe(false);
    out.destroy(Object.assign(new Error('gone'), { code: 'EPIPE' }));
    await written;
    expect([output.gone, output.failure]).toEqual([true, undefined]);
    await output.text('more');
  });

  it('remembers why it could not be written', async () => {
    const out = new PassThrough();
    const output = new Output(out, new PassThrough(), { json: false });
    out.destroy(Object.assign(new Error('disk full'), { code: 'ENOSPC' }));
    await new Promise((resolve) => out.once('close', resolve));
    expect(output.failure?.message).toBe('disk full');
  });
});
