import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGunzip, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCsv, type ReadCsvOptions } from '../../src/cases/read-csv.js';
import { readJsonl, type ReadJsonlOptions } from '../../src/cases/read-jsonl.js';
import { InputError } from '../../src/errors.js';
import type { TestCase } from '../../src/evaluation/evaluation-types.js';
import { number } from '../../src/scorers/number.js';

// How public sets come: compressed, without ids, with large numbers, as one document, in older encodings.

let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'assaykit-public-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

type Case = TestCase<unknown, unknown, unknown>;

async function read(source: AsyncIterable<unknown>): Promise<{ cases: Case[]; error?: InputError }> {
  const cases: Case[] = [];
  try {
    for await (const each of source) cases.push(each as Case);
    return { cases };
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return { cases, error: error as InputError };
  }
}

const jsonl = (
  text: string | readonly Uint8Array[],
  options: ReadJsonlOptions<unknown, unknown, unknown> = {},
) => read(readJsonl(typeof text === 'string' ? [text] : text, options));
const csv = (text: string | readonly Uint8Array[], options: ReadCsvOptions<unknown, unknown, unknown> = {}) =>
  read(readCsv(typeof text === 'string' ? [text] : text, options));

/** In chunks of each size, so that nothing depends on where a stream is cut. */
const chunked = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));

describe('a compressed file', () => {
  const lines = Array.from(
    { length: 3000 },
    (_, i) => `{"id":"c${i}","input":"What is ${i} times ${i}?"}\n`,
  ).join('');

  it('is read by its path, and as a stream in any chunks, several members in a row too', async () => {
    const path = join(folder, 'a.jsonl.gz');
    const half = lines.indexOf('{"id":"c1500"');
    const members = [gzipSync(lines.slice(0, half)), gzipSync(lines.slice(half))];
    await writeFile(path, Buffer.concat(members));
    const { cases, error } = await read(readJsonl(path));
    expect(error).toBeUndefined();
    expect(cases).toHaveLength(3000);
    expect(cases[2999]!.id).toBe('c2999');
    for (const size of [1, 7, 1000]) {
      const small = gzipSync('id,input\na,x\nb,y\n');
      expect((await csv(chunked(small, size))).cases.map(({ id }) => id)).toEqual(['a', 'b']);
    }
  });

  it('that is not compressed whatever its name says is read as it is', async () => {
    const path = join(folder, 'plain.csv.gz');
    await writeFile(path, 'id,input\na,x\n');
    expect((await read(readCsv(path))).cases).toEqual([{ id: 'a', input: 'x' }]);
  });

  it('that breaks off gives what came before and names file and line', async () => {
    const path = join(folder, 'torn.jsonl.gz');
    const whole = gzipSync(lines, { level: 0 });
    await writeFile(path, whole.subarray(0, whole.length - 20_000));
    const { cases, error } = await read(readJsonl(path));
    expect(cases.length).toBeGreaterThan(2000);
    expect(error!.message).toMatch(/torn\.jsonl\.gz:\d+: Cannot read .*gzip stream is broken/);
    expect(error).toMatchObject({ code: 'ASSAY_INVALID_INPUT', source: path, row: cases.length + 1 });
  });

  it('that is damaged in the middle gives what came before and names file and line', async () => {
    const path = join(folder, 'damaged.jsonl.gz');
    const whole = Buffer.from(gzipSync(lines));
    const middle = Math.floor(whole.length / 2);
    whole.fill(0xff, middle, middle + 40);
    await writeFile(path, whole);
    const { cases, error } = await read(readJsonl(path));
    expect(error).toMatchObject({ source: path });
    expect(error!.row).toBeGreaterThan(cases.length);
    expect(cases.length).toBeGreaterThan(0);
  });

  it('of another kind is refused by its name', async () => {
    for (const [name, bytes] of [
      ['zip', [0x50, 0x4b, 3, 4, 0]],
      ['zstd', [0x28, 0xb5, 0x2f, 0xfd, 0]],
    ] as const) {
      const { error } = await jsonl([Uint8Array.from(bytes)]);
      expect(error!.message).toContain(`a ${name} file`);
    }
  });

  it('that is tiny and holds much is read in flat memory', async () => {
    const bomb = gzipSync(Buffer.alloc(300_000_000, ' '));
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const timer = setInterval(() => void (most = Math.max(most, process.memoryUsage().arrayBuffers)), 5);
    const { error } = await jsonl([bomb], { maxRecordBytes: 1_000_000 });
    clearInterval(timer);
    expect(error?.message ?? 'nothing').toMatch(/record of more than|nothing/);
    expect(most - before).toBeLessThan(100_000_000);
  });
});

describe('a stream of Node', () => {
  const missing = (): string => join(folder, 'there-is-no-such-file.jsonl.gz');

  it.each<readonly [string, () => AsyncIterable<unknown>]>([
    ['piped through gunzip', () => readJsonl(createReadStream(missing()).pipe(createGunzip()))],
    ['piped twice', () => readJsonl(createReadStream(missing()).pipe(createGunzip()).pipe(createGunzip()))],
    ['by itself', () => readCsv(createReadStream(missing()))],
  ])('of a file that is not there, %s, is an InputError, however late it is read', async (_how, open) => {
    const late = open();
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const source of [open(), late]) {
      const { error } = await read(source);
      expect(error).toMatchObject({ code: 'ASSAY_INVALID_INPUT' });
      expect(error!.message).toContain('ENOENT');
    }
  });

  it('that is piped is still read whole', async () => {
    const path = join(folder, 'piped.jsonl.gz');
    const lines = Array.from({ length: 20_000 }, (_, i) => `{"id":"${i}","input":"x"}\n`).join('');
    await writeFile(path, gzipSync(lines, { level: 1 }));
    const { cases, error } = await read(
      readJsonl(createReadStream(path, { highWaterMark: 512 }).pipe(createGunzip())),
    );
    expect(error).toBeUndefined();
    expect(cases).toHaveLength(20_000);
  });
});

describe('a file without ids', () => {
  it('takes the line as the id, and drops nothing', async () => {
    const { cases } = await jsonl(
      '{"question":"1+1?","answer":2,"id":"dup"}\n\n{"question":"2+2?","answer":4,"id":"dup"}\n',
      {
        id: 'line',
        columns: { input: 'question', expected: 'answer' },
      },
    );
    expect(cases).toEqual([
      { id: '1', input: '1+1?', expected: 2, metadata: { id: 'dup' } },
      { id: '3', input: '2+2?', expected: 4, metadata: { id: 'dup' } },
    ]);
    expect(
      (await csv('q,a\nx,y\n"m\nn",z\nlast,w\n', { id: 'line', columns: { input: 'q', expected: 'a' } }))
        .cases,
    ).toEqual([
      { id: '2', input: 'x', expected: 'y' },
      { id: '3', input: 'm\nn', expected: 'z' },
      { id: '5', input: 'last', expected: 'w' },
    ]);
  });

  it('takes a column as the id', async () => {
    expect((await csv('key,input\nk1,x\n', { id: 'key' })).cases).toEqual([{ id: 'k1', input: 'x' }]);
    expect((await jsonl('{"key":7,"input":"x"}\n', { id: 'key' })).cases).toEqual([{ id: '7', input: 'x' }]);
    const { error } = await jsonl('{"key":7,"input":"x"}\n', { columns: { input: 'question' } });
    expect(error).toMatchObject({ row: 1 });
    expect(error!.message).toContain(
      'Expected a member "question" for `input`, the object has `key`, `input`',
    );
  });

  it('refuses options that contradict each other', () => {
    expect(() => readJsonl('x', { id: 'line', map: () => undefined })).toThrow(/`id` or `map`/);
    expect(() => readCsv('x', { id: 'line', columns: { id: 'a' } })).toThrow(/`id` or `columns.id`/);
    expect(() => readJsonl('x', { columns: { inptu: 'q' } as never })).toThrow(/inptu/);
  });
});

describe('numbers', () => {
  it('that JavaScript would round are kept digit by digit, and scored so', async () => {
    for (const digits of [
      '2432902008176640001',
      '12345678901234567891',
      '9007199254740993',
      '-9007199254740993',
    ]) {
      const { cases } = await jsonl(
        `{"id": ${digits}, "input": "x", "expected": ${digits}, "other": [${digits}]}\n`,
      );
      expect(cases[0]).toMatchObject({ id: digits, expected: digits, metadata: { other: [digits] } });
      const score = await number()({ output: `It is ${digits}`, expected: cases[0]!.expected } as never);
      expect(score).toMatchObject({ score: 1 });
    }
    const { cases } = await jsonl('{"id":1,"input":"x","expected":9007199254740992,"p":0.1}\n');
    expect(cases[0]).toEqual({ id: '1', input: 'x', expected: 9007199254740992, metadata: { p: 0.1 } });
  });

  it('that are none are read by option alone, and the error says how', async () => {
    const line = '{"id":"a","input":"x","expected":NaN,"low":-Infinity}\n';
    expect((await jsonl(line, { nonFinite: true })).cases).toEqual([
      { id: 'a', input: 'x', expected: Number.NaN, metadata: { low: Number.NEGATIVE_INFINITY } },
    ]);
    expect((await jsonl(`{"id":"z","input":"y"}\n${line}`)).error!.message).toMatch(
      /^line 2: .*`nonFinite: true`$/,
    );
  });
});

describe('one document', () => {
  const rows = [
    { id: 'a', input: 'x, ] } " \\ é', expected: [1, { b: [2] }] },
    { id: 'b', input: '[{"id":"no"}]', note: { key: 'cases', cases: [] } },
  ];
  const expected = [
    rows[0],
    { id: 'b', input: '[{"id":"no"}]', metadata: { note: { key: 'cases', cases: [] } } },
  ];

  it.each([1, 2, 3, 5, 64, 10_000])('that is an array is read, in chunks of %d bytes', async (size) => {
    for (const indent of [undefined, 2]) {
      const text = Buffer.from(`\uFEFF \n${JSON.stringify(rows, null, indent)}\n`);
      expect((await jsonl(chunked(text, size))).cases).toEqual(expected);
    }
  });

  it.each([1, 3, 17, 10_000])('with the array under a key is read, in chunks of %d bytes', async (size) => {
    const document = {
      other: [[{ cases: [1] }], 'cases'],
      'na"me': { cases: [{}] },
      cases: rows,
      rest: [{ id: 'no' }],
      é: 'é',
    };
    for (const indent of [undefined, 2]) {
      const text = Buffer.from(JSON.stringify(document, null, indent));
      expect((await jsonl(chunked(text, size), { key: 'cases' })).cases).toEqual(expected);
    }
  });

  it('numbers its elements where there are no ids, and errors name the line', async () => {
    expect((await jsonl('[{"input":"x"},{"input":"y"}]', { id: 'line' })).cases.map(({ id }) => id)).toEqual([
      '1',
      '2',
    ]);
    const { cases, error } = await jsonl('[\n  {"id":"a","input":"x"},\n\n  {"id":"b"}\n]\n');
    expect(cases).toHaveLength(1);
    expect(error).toMatchObject({ code: 'ASSAY_INVALID_CASE', row: 4 });
  });

  it.each<readonly [string, string, string | undefined, RegExp]>([
    ['an array that is not closed', '[{"id":"a","input":"x"},', undefined, /the array is not closed/],
    ['an element that is cut off', '[{"id":"a","inp', undefined, /invalid JSON/],
    ['a comma too many', '[{"id":"a","input":"x"},]', undefined, /comma in the array without an element/],
    ['two commas', '[{"id":"a","input":"x"},,{"id":"b","input":"x"}]', undefined, /comma in the array/],
    [
      'text after the array',
      '[{"id":"a","input":"x"}]\n{"id":"b","input":"x"}\n',
      undefined,
      /goes on after its array/,
    ],
    ['an element that is no object', '[1]', undefined, /Expected a JSON object as each element, got 1/],
    [
      'a key that is not there',
      '{"a": [], "b": 1}',
      'c',
      /Expected a member `c` with an array, the document has `a`, `b`/,
    ],
    ['a key without an array', '{"c": {"d": []}}', 'c', /Expected a member `c` with an array/],
  ])('with %s is refused', async (_what, text, key, message) => {
    for (const size of [1, 1000]) {
      expect((await jsonl(chunked(Buffer.from(text), size), { key })).error?.message).toMatch(message);
    }
  });

  it('without elements has no cases', async () => {
    expect(await jsonl('[ \n ]')).toEqual({ cases: [] });
    expect(await jsonl('{"data": []}', { key: 'data' })).toEqual({ cases: [] });
  });

  it('of any size is read in flat memory, whatever stands around the array', async () => {
    function* big(): Generator<string> {
      yield '{"before": [';
      for (let i = 0; i < 400; i++) yield `"${'x'.repeat(100_000)}",`;
      yield '0], "data": [';
      for (let i = 0; i < 200_000; i++)
        yield `${i === 0 ? '' : ','}{"id":"${i}","input":"${'y'.repeat(200)}"}`;
      yield '], "after": "';
      for (let i = 0; i < 400; i++) yield 'z'.repeat(100_000);
      yield '"}';
    }
    let count = 0;
    for await (const each of readJsonl(big(), { key: 'data' })) count += each.id === '' ? 0 : 1;
    expect(count).toBe(200_000);
  });
});

describe('another encoding', () => {
  const text = 'id,input\na,Zürich “quoted” €\nb,Ελλάδα 𝒳\n';

  it.each(['utf-16', 'utf-16le'] as const)('%s is read, in any chunks', async (encoding) => {
    for (const size of [1, 2, 3, 1000]) {
      const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le');
      expect((await csv(chunked(bytes, size), { encoding })).cases).toEqual((await csv(text)).cases);
    }
  });

  it('big-endian UTF-16 is read, with a mark or by name', async () => {
    for (const [mark, encoding] of [
      ['\uFEFF', 'utf-16'],
      ['', 'utf-16be'],
    ] as const) {
      const bytes = Buffer.from(mark + text, 'utf16le').swap16();
      for (const size of [1, 3, 1000]) {
        const kept = Buffer.from(bytes);
        expect((await csv(chunked(bytes, size), { encoding })).cases).toEqual((await csv(text)).cases);
        expect(bytes.equals(kept)).toBe(true); // the host's
      }
    }
  });

  it('Latin-1 and Windows-1252 are read, compressed too', async () => {
    expect(
      (await csv([Buffer.from('id,input\na,caf\xe9 \x80\n', 'latin1')], { encoding: 'latin1' })).cases,
    ).toEqual([{ id: 'a', input: 'café \x80' }]);
    const windows = gzipSync(Buffer.from('id,input\na,\x93caf\xe9\x94 \x80\n', 'latin1'));
    expect((await csv([windows], { encoding: 'windows-1252' })).cases).toEqual([
      { id: 'a', input: '“café” €' },
    ]);
  });

  it('with half a character is refused with its line, after what came before', async () => {
    const bytes = Buffer.from('id,input\na,x\nb,\ud835y\n', 'utf16le');
    const { cases, error } = await csv([bytes], { encoding: 'utf-16le' });
    expect(cases).toEqual([{ id: 'a', input: 'x' }]);
    expect(error).toMatchObject({ row: 3 });
    expect((await csv([bytes.subarray(0, 51)], { encoding: 'utf-16le' })).error!.message).toMatch(
      /half a character/,
    );
  });
});

describe('quotes', () => {
  it('between tabs are text', async () => {
    const rows = 'id\tinput\texpected\n1\t"Stop!" she said\tx\n2\t5" screen\t"\n3\t"open\ty\n';
    const { cases, error } = await csv(rows, { delimiter: '\t' });
    expect(error).toBeUndefined();
    expect(cases.map(({ input, expected }) => [input, expected])).toEqual([
      ['"Stop!" she said', 'x'],
      ['5" screen', '"'],
      ['"open', 'y'],
    ]);
    expect((await csv('id\tinput\n1\t"a\tb"\n', { delimiter: '\t', quote: '"' })).cases[0]!.input).toBe(
      'a\tb',
    );
  });

  it('are text in CSV by option', async () => {
    expect((await csv('id,input\n1,"a\n2,b"\n', { quote: null })).cases.map(({ input }) => input)).toEqual([
      '"a',
      'b"',
    ]);
  });

  it('that are left open are an error that names the line, also where another one closes them', async () => {
    const text = 'id,input,expected\n1,one,a\n2,"two,b\n3,three,c\n4,four,d\n5,five",e\n6,six,f\n';
    const { cases, error } = await csv(text);
    expect(cases.map(({ id }) => id)).toEqual(['1']);
    expect(error).toMatchObject({ row: 3 });
    expect(error!.message).toMatch(/quoted field holds whole records.*`quote: '"'`/);
    expect((await csv(text, { quote: '"' })).error).toBeUndefined();
    expect((await csv('id,input\n1,"a\n2,b\n')).error).toMatchObject({ row: 2 });
  });

  it('around text of several lines are believed', async () => {
    const poem = 'Roses are red,\nviolets, I say, are blue,\n\nsugar is sweet, and so\nare you';
    const address = 'Hello, world\nDear all, hi\n1, 2\na, b\nc';
    for (const value of [poem, address, 'a,b\nc,d']) {
      const { cases, error } = await csv(`id,input\n1,"${value}"\n2,x\n`);
      expect(error).toBeUndefined();
      expect(cases[0]!.input).toBe(value);
    }
  });

  it('around nothing make an empty text, and nothing without them is not given', async () => {
    const { cases } = await csv('id,input,expected,note\n1,"","",""\n2,x,,\n');
    expect(cases).toEqual([
      { id: '1', input: '', expected: '', metadata: { note: '' } },
      { id: '2', input: 'x' },
    ]);
  });
});
