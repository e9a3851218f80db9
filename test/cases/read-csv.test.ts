import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJsonl } from '../../src/cases/read-jsonl.js';
import { readCsv, type ReadCsvOptions } from '../../src/cases/read-csv.js';
import { AssayError, InputError } from '../../src/errors.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assaykit-csv-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const read = (text: string, options?: ReadCsvOptions) => all(readCsv([text], options));

async function failure(text: string, options?: ReadCsvOptions): Promise<InputError> {
  const error = await read(text, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InputError);
  return error as InputError;
}

describe('readCsv', () => {
  it('takes the columns named like fields, and puts the others into metadata', async () => {
    const path = join(folder, 'cases.csv');
    writeFileSync(path, 'id,input,expected,level,group\r\na,2+2?,4,easy,sums\r\nb,"3+3?",6,,sums\r\n');
    expect(await all(readCsv(path))).toEqual([
      { id: 'a', input: '2+2?', expected: '4', group: 'sums', metadata: { level: 'easy' } },
      { id: 'b', input: '3+3?', expected: '6', group: 'sums' },
    ]);
  });

  it('reads quotes, doubled quotes, delimiters and line breaks within quotes', async () => {
    const text = 'id,input\na,"He said ""go, now""."\nb,"two\r\nlines, and\n\nmore"\nc,5" pipe\nd,""""\n';
    expect((await read(text)).map(({ input }) => input)).toEqual([
      'He said "go, now".',
      'two\r\nlines, and\n\nmore',
      '5" pipe',
      '"',
    ]);
  });

  it('reads BOM, CRLF, blank lines and a last record without an end', async () => {
    const cases = await read('\uFEFFid,input\r\n\r\na,x\r\n\nb,"y"');
    expect(cases).toEqual([
      { id: 'a', input: 'x' },
      { id: 'b', input: 'y' },
    ]);
    expect(await read('')).toEqual([]);
    expect(await read('id,input\n')).toEqual([]);
    expect(await read('id,input\r\r\n\r\r\na,x\r\r\n')).toEqual([{ id: 'a', input: 'x' }]);
  });

  it('reads a BOM before a quoted field that has line breaks and quotes, wherever the chunks are cut', async () => {
    const bytes = Buffer.from('\uFEFF"first ""a"",\nthen b",x\r\nsecond,y\r\n');
    for (const size of [1, 2, 3, 4, 100]) {
      const chunks = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      expect(await all(readCsv(chunks, { header: ['input', 'id'] }))).toEqual([
        { id: 'x', input: 'first "a",\nthen b' },
        { id: 'y', input: 'second' },
      ]);
    }
  });

  it('refuses lines that end with a lone carriage return instead of reading the file as one header', async () => {
    expect((await failure('id,input\ra,x\rb,y\r')).message).toMatch(/^line 1: a carriage return without/);
    expect(await failure('id,input\na,x\nb,y\rc,z\n')).toMatchObject({ row: 3 });
    expect(await read('id,input\na,"x\ry"\n')).toEqual([{ id: 'a', input: 'x\ry' }]);
  });

  it('takes an empty quoted field for a record, not for a blank line', async () => {
    expect((await failure('id,input\n""\n')).message).toMatch(/^line 2: Expected 2 fields.* got 1$/);
  });

  it('counts lines, not cases, when the stream has no name', async () => {
    expect((await failure('id,input\n\na,x\n,y\n')).message).toMatch(/^line 4: Expected `id`/);
  });

  it('takes the columns it is told to', async () => {
    const text = 'key,question,answer,input,tuning\nk1,q1,a1,note,"{""temperature"":0.5}"\n';
    const columns = { id: 'key', input: 'question', expected: 'answer', parameters: 'tuning' };
    expect(await read(text, { columns })).toEqual([
      {
        id: 'k1',
        input: 'q1',
        expected: 'a1',
        parameters: { temperature: 0.5 },
        metadata: { input: 'note' },
      },
    ]);
  });

  it('says which separator a file with one long column seems to have', async () => {
    for (const sign of [';', '\t', '|']) {
      const { message, row } = await failure(['id', 'input', 'expected'].join(sign) + '\n1' + sign + '2');
      expect([message, row]).toEqual([
        expect.stringContaining(`say \`delimiter: ${JSON.stringify(sign)}\` where`),
        1,
      ]);
    }
    expect(await read('input\n1;2\n', { id: 'line' })).toEqual([{ id: '2', input: '1;2' }]);
  });

  it('reads other delimiters and files without a header', async () => {
    expect(await read('a;"x;y"\n', { delimiter: ';', header: ['id', 'input'] })).toEqual([
      { id: 'a', input: 'x;y' },
    ]);
    expect(await read('id\tinput\na\tx,y\n', { delimiter: '\t' })).toEqual([{ id: 'a', input: 'x,y' }]);
  });

  it('names the index column that pandas writes', async () => {
    expect(await read(',id,input\n0,a,x\n')).toEqual([
      { id: 'a', input: 'x', metadata: { 'column 1': '0' } },
    ]);
  });

  it('gives a map the row by column and the line on which it begins', async () => {
    const places: number[] = [];
    const cases = await all(
      readCsv(['q,a\n"one\ntwo",1\nskip,0\nthree,3\n'], {
        map: (row, { row: line }) => {
          places.push(line);
          if (row['q'] === 'skip') return undefined;
          return { id: `line-${line}`, input: row['q'] ?? '', expected: Number(row['a']) };
        },
      }),
    );
    expect(places).toEqual([2, 4, 5]);
    expect(cases).toEqual([
      { id: 'line-2', input: 'one\ntwo', expected: 1 },
      { id: 'line-5', input: 'three', expected: 3 },
    ]);
  });

  it('reads back what was written, wherever the chunks are cut', async () => {
    const cell = fc.string({
      unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', ' ', 'é', '🗼'),
      minLength: 1,
      maxLength: 8,
    });
    const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell)),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        async (rows, size, crlf) => {
          const end = crlf ? '\r\n' : '\n';
          const text = [['id', 'input'], ...rows].map((row) => `${row.map(quoted).join(',')}${end}`).join('');
          const bytes = Buffer.from(text);
          const chunks = [];
          for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
          expect(await all(readCsv(chunks))).toEqual(rows.map(([id, input]) => ({ id, input })));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('readCsv refuses', () => {
  it('a record with too few or too many fields, naming the line on which it begins', async () => {
    const error = await failure('id,input\na,"x\ny"\nb\n');
    expect(error).toMatchObject({ code: 'ASSAY_INVALID_INPUT', row: 4 });
    expect(error.message).toBe('line 4: Expected 2 fields, as the header has, got 1');
    expect((await failure('id,input\na,x,y\n')).message).toContain('got 3');
  });

  it('quotes out of place', async () => {
    expect((await failure('id,input\na,"x"y\n')).message).toBe(
      'line 2: text after the closing quote of field 2',
    );
    expect((await failure('id,input\na,x\nb,"never\nclosed\n')).message).toBe(
      'line 3: the quote of field 2 is never closed',
    );
  });

  it('a missing id or input, which an empty cell is too', async () => {
    const error = await failure('id,input\na,x\nb,\n');
    expect(error).toMatchObject({ code: 'ASSAY_INVALID_CASE', row: 3 });
    expect(error.message).toContain('`input` of "b" to be given');
    expect((await failure('key,input\na,x\n')).message).toContain(
      '`id` to be a non-empty string, got undefined (it has `input`, `metadata.key`)',
    );
  });

  it('a header that does not fit', async () => {
    expect((await failure('id,q\na,x\n', { columns: { input: 'question' } })).message).toBe(
      'line 1: Expected a column "question" for `input`, the header has "id", "q"',
    );
    expect((await failure('id,id,input\na,b,x\n')).message).toContain(
      'two columns of the header are named "id"',
    );
    expect(() => readCsv('x.csv', { columns: { id: 'q', input: 'q' } })).toThrow(
      /one field from a column, got "q"/,
    );
  });

  it('cells that should hold JSON and do not', async () => {
    expect((await failure('id,input,parameters\na,x,hot\n')).message).toContain(
      'line 2: `parameters` is not valid JSON',
    );
    expect((await failure('id,input,metadata\na,x,3\n')).message).toContain(
      '`metadata` to hold a JSON object, got "3"',
    );
  });

  it('a record longer than allowed, as an open quote makes it', async () => {
    const error = await failure(`id,input\na,"${'x\n'.repeat(100)}`, { maxRecordBytes: 100 });
    expect(error.message).toBe(
      'line 2: a record of more than 100 bytes (`maxRecordBytes`); is a quote left open?',
    );
  });

  it('a limit beyond the longest text there can be, at once', () => {
    const expected = /maxRecordBytes.*536870888/;
    expect(() => readCsv('x', { maxRecordBytes: 2 ** 29 })).toThrow(expected);
    expect(() => readJsonl('x', { maxRecordBytes: 2 ** 29 })).toThrow(expected);
  });

  it('text that is not UTF-8', async () => {
    const error = await all(readCsv([Buffer.from('id,input\na,caf\xe9\n', 'latin1')])).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      message: expect.stringMatching(/^line 2: the text is not valid UTF-8; .*`encoding`$/) as unknown,
      row: 2,
    });
  });

  it('options that do not fit, at once', () => {
    expect(() => readCsv('x', { columns: { inputs: 'q' } } as object)).toThrow(/did you mean `input`/);
    expect(() => readCsv('x', { columns: { input: 'q' }, map: () => undefined })).toThrow(AssayError);
    expect(() => readCsv('x', { delimiter: ':' as ',' })).toThrow(/delimiter/);
    expect(() => readCsv('x', { header: [] })).toThrow(/array of column names/);
  });
});
