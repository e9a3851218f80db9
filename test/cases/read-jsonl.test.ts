import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJsonl, type ReadJsonlOptions } from '../../src/cases/read-jsonl.js';
import type { FileSource } from '../../src/cases/file-source.js';
import { InputError } from '../../src/errors.js';

const OPEN_FILES = '/proc/self/fd';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assaykit-jsonl-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(content: string | Uint8Array, name = 'cases.jsonl'): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** What was read before it failed, and the error. */
async function failure(
  source: FileSource,
  options?: ReadJsonlOptions,
): Promise<{ ids: string[]; error: InputError }> {
  const ids: string[] = [];
  try {
    for await (const { id } of readJsonl(source, options)) ids.push(id);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return { ids, error: error as InputError };
  }
  return expect.unreachable();
}

const stream = (text: string): Iterable<string> => [text];

describe('readJsonl', () => {
  it('reads the fields of test cases, and puts all others into metadata', async () => {
    const path = file(
      [
        '{"id":"a","input":"2+2?","expected":"4"}',
        '{"id":"b","input":[{"role":"user","content":"hi"}],"cluster":"c1","group":"g","parameters":{"temperature":0},"level":3,"metadata":{"source":"x"}}',
        '{"id":17,"input":"q","cluster":4,"expected":null,"__proto__":{"x":1}}',
      ].join('\n'),
    );
    expect(await all(readJsonl(path))).toEqual([
      { id: 'a', input: '2+2?', expected: '4' },
      {
        id: 'b',
        input: [{ role: 'user', content: 'hi' }],
        cluster: 'c1',
        group: 'g',
        parameters: { temperature: 0 },
        metadata: { source: 'x', level: 3 },
      },
      { id: '17', input: 'q', cluster: '4', metadata: JSON.parse('{"__proto__":{"x":1}}') },
    ]);
  });

  it('reads BOM, CRLF, blank lines and a last line without an end', async () => {
    const text = '\uFEFF{"id":"é","input":"1"}\r\n\r\n   \n{"id":"日本","input":"2"}';
    expect((await all(readJsonl(file(text)))).map(({ id }) => id)).toEqual(['é', '日本']);
    expect(await all(readJsonl(file('')))).toEqual([]);
    expect(await all(readJsonl(file('\uFEFF\n')))).toEqual([]);
  });

  it('reads paths, file URLs, Node streams, web streams and lists of chunks', async () => {
    const text = '{"id":"a","input":"1"}\n{"id":"b","input":"2"}\n';
    const path = file(text);
    const sources: FileSource[] = [
      path,
      pathToFileURL(path),
      createReadStream(path, { highWaterMark: 3 }),
      createReadStream(path, { encoding: 'utf8' }),
      Readable.from([text.slice(0, 10), text.slice(10)]),
      new Response(text).body!,
      [Buffer.from(text)],
    ];
    for (const source of sources) {
      expect((await all(readJsonl(source))).map(({ id }) => id)).toEqual(['a', 'b']);
    }
  });

  it('puts a character together that two chunks of text have cut in two', async () => {
    const text = '{"id":"a","input":"x😀y"}\n';
    const at = text.indexOf('😀') + 1;
    const [halved] = await all(readJsonl([text.slice(0, at), text.slice(at)]));
    expect(halved).toEqual({ id: 'a', input: 'x😀y' });
    const [mixed] = await all(readJsonl([Buffer.from(text.slice(0, at - 1)), '\ud83d', '', '\ude00y"}']));
    expect(mixed).toEqual({ id: 'a', input: 'x😀y' });
  });

  it('reads a file again at each iteration, and closes it when the reader leaves early', async () => {
    const path = file('{"id":"a","input":"1"}\n{"id":"b","input":"2"}\n');
    const cases = readJsonl(path);
    for await (const { id } of cases) {
      expect(id).toBe('a');
      break;
    }
    expect(await all(cases)).toHaveLength(2);
    const source = createReadStream(path);
    for await (const { id } of readJsonl(source)) {
      expect(id).toBe('a');
      break;
    }
    expect(source.destroyed).toBe(true);
  });

  it.runIf(existsSync(OPEN_FILES))(
    'has closed the file when the reader has left, however it left',
    async () => {
      const path = file('{"id":"a","input":"1"}\n{"id":"b","input":"2"}\n', 'left.jsonl');
      const isOpen = (): boolean =>
        readdirSync(OPEN_FILES).some((name) => {
          try {
            return readlinkSync(join(OPEN_FILES, name)) === path;
          } catch {
            return false; // the folder's own handle
          }
        });
      for await (const { id } of readJsonl(path)) {
        expect([id, isOpen()]).toEqual(['a', true]);
        break;
      }
      expect(isOpen()).toBe(false);
      await all(readJsonl(path));
      expect(isOpen()).toBe(false);
      const failing = readJsonl(path, {
        map: () => {
          throw new Error('no');
        },
      });
      await expect(all(failing)).rejects.toThrow('no');
      expect(isOpen()).toBe(false);
    },
  );

  it('gives a map the object and its line; undefined leaves the line out', async () => {
    const path = file(
      '{"question":"1+1","answer":2}\n\n{"question":"skip","answer":0}\n{"question":"2+2","answer":4}\n',
    );
    const cases = readJsonl(path, {
      map: (row: { question: string; answer: number }, { row: line, source }) => {
        expect(source).toBe(path);
        return row.question === 'skip'
          ? undefined
          : { id: `line-${line}`, input: row.question, expected: row.answer };
      },
    });
    const expected: { id: string; input: string; expected?: number | undefined }[] = await all(cases);
    expect(expected).toEqual([
      { id: 'line-1', input: '1+1', expected: 2 },
      { id: 'line-4', input: '2+2', expected: 4 },
    ]);
  });

  it('reads no further than it is asked to', async () => {
    let chunks = 0;
    function* endless() {
      for (;;) yield `{"id":"${chunks}","input":"a"}\n{"id":"${chunks++}b","input":"b"}\n`;
    }
    const iterator = readJsonl(endless())[Symbol.asyncIterator]();
    expect(chunks).toBe(0);
    await iterator.next();
    await iterator.next();
    expect(chunks).toBe(1);
    await iterator.next();
    expect(chunks).toBe(2);
    await iterator.return?.();
  });

  it('is not disturbed by where the chunks are cut', async () => {
    const rows = fc.array(
      fc.record({ id: fc.string({ minLength: 1 }), input: fc.string({ unit: 'grapheme' }) }),
      {
        maxLength: 8,
      },
    );
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 7 }), async (cases, size) => {
        const bytes = Buffer.from(cases.map((each) => `${JSON.stringify(each)}\n`).join(''));
        const chunks = [];
        for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
        expect(await all(readJsonl(chunks))).toEqual(cases);
      }),
      { numRuns: 100 },
    );
  });
});

describe('readJsonl refuses', () => {
  it('a broken line, naming file and line, after giving the cases before it', async () => {
    const path = file('{"id":"a","input":"1"}\n\n{"id":"b","input":"2"}\n{"id":"c","inp');
    const { ids, error } = await failure(path);
    expect(ids).toEqual(['a', 'b']);
    expect(error).toMatchObject({ code: 'ASSAY_INVALID_INPUT', source: path, row: 4 });
    expect(error.message.startsWith(`${path}:4: invalid JSON: `)).toBe(true);
    expect(error.cause).toBeInstanceOf(SyntaxError);
  });

  it('a file that is one JSON document, saying so', async () => {
    const { error } = await failure(stream('{\n  "cases": [{"id":"a","input":"1"}]\n}\n'));
    expect(error.message).toMatch(
      /^line 1: invalid JSON: .*; is this one JSON document and not one object a line\? Then name the array by `key`$/,
    );
    const later = await failure(stream('{"id":"a","input":"1"}\n[\n'));
    expect(later.error.message).not.toContain('one JSON document');
  });

  it('a line that is no object', async () => {
    for (const [line, got] of [
      ['["a"]', 'an array of 1'],
      ['3', '3'],
      ['null', 'null'],
    ] as const) {
      const { error } = await failure(stream(`{"id":"a","input":"1"}\n${line}\n`));
      expect(error.message).toBe(`line 2: Expected a JSON object on each line, got ${got}`);
    }
  });

  it('a missing field, naming it and what is there instead', async () => {
    const path = file('{"id":"a","input":"1"}\n{"id":"b","prompt":"2"}\n');
    const { ids, error } = await failure(path);
    expect(ids).toEqual(['a']);
    expect(error).toMatchObject({ code: 'ASSAY_INVALID_CASE', source: path, row: 2 });
    expect(error.message).toContain(`${path}:2: Expected \`input\` of "b" to be given, got undefined`);
    const nameless = await failure(stream('{"input":"1","key":"k"}'));
    expect(nameless.error.message).toContain('`id`');
    expect(nameless.error.message).toContain('(it has `input`, `metadata.key`)');
    const nulled = await failure(stream('{"id":"a","input":null}'));
    expect(nulled.error.message).toContain('`input` of "a" to be given, got null');
  });

  it('a field that stands both in the row and in its metadata', async () => {
    const { error } = await failure(stream('{"id":"a","input":"1","level":2,"metadata":{"level":1}}'));
    expect(error.message).toContain('`level` is given both in the row and in its `metadata`');
    const text = await failure(stream('{"id":"a","input":"1","level":2,"metadata":"x"}'));
    expect(text.error.message).toContain('`metadata` to be an object');
  });

  it('text that is not UTF-8, naming the line', async () => {
    const path = file(
      Buffer.concat([
        Buffer.from('{"id":"a","input":"1"}\n{"id":"b","input":"'),
        Buffer.from([0xe9]),
        Buffer.from('"}\n'),
      ]),
    );
    const { ids, error } = await failure(path);
    expect(ids).toEqual(['a']);
    expect(error.message).toMatch(/cases\.jsonl:2: the text is not valid UTF-8; .*`encoding`$/);
  });

  it('a line longer than allowed, without reading it whole', async () => {
    let chunks = 0;
    function* endless() {
      yield '{"id":"a","input":"1"}\n';
      for (;;) {
        chunks++;
        yield 'x'.repeat(1000);
      }
    }
    const { ids, error } = await failure(endless(), { maxRecordBytes: 10_000 });
    expect(ids).toEqual(['a']);
    expect(chunks).toBe(11);
    expect(error).toMatchObject({ code: 'ASSAY_INVALID_INPUT', row: 2 });
    expect(error.message).toMatch(
      /^line 2: a record of more than 10000 bytes \(`maxRecordBytes`\); is this one JSON document/,
    );
  });

  it('a file that is not there, naming it', async () => {
    const path = join(folder, 'nowhere.jsonl');
    const { error } = await failure(path);
    expect(error).toMatchObject({ code: 'ASSAY_INVALID_INPUT', source: path });
    expect(error.message).toContain(`Cannot read ${path}: ENOENT`);
    expect((await failure(folder)).error.message).toContain('EISDIR');
  });

  it('a stream that breaks', async () => {
    async function* breaking() {
      yield '{"id":"a","input":"1"}\n';
      throw new Error('connection lost');
    }
    const { ids, error } = await failure(breaking());
    expect(ids).toEqual(['a']);
    expect(error.message).toBe('line 2: Cannot read the stream: connection lost');
  });

  it('chunks that are neither bytes nor text', async () => {
    for (const chunk of [3, null, new ArrayBuffer(2)]) {
      const { error } = await failure([chunk] as never);
      expect(error).toMatchObject({ code: 'ASSAY_INVALID_INPUT' });
      expect(error.message).toMatch(/^Cannot read the stream: Expected chunks of bytes or text, got /);
    }
  });

  it('what a map throws or makes, naming the line', async () => {
    const text = '{"n":1}\n{"n":2}\n';
    const throwing = await all(
      readJsonl(stream(text), {
        map: () => {
          throw new Error('no such column');
        },
      }),
    ).catch((error: unknown) => error);
    expect(throwing).toMatchObject({
      code: 'ASSAY_INVALID_INPUT',
      row: 1,
      message: 'line 1: `map` failed: no such column',
    });
    const empty = await all(readJsonl(stream(text), { map: () => ({ id: '', input: 'x' }) })).catch(
      (error: unknown) => error,
    );
    expect(empty).toMatchObject({ code: 'ASSAY_INVALID_CASE', row: 1 });
  });

  it('sources and options that are none, at once', () => {
    expect(() => readJsonl('')).toThrow(/path, a file: URL or a stream, got ""/);
    expect(() => readJsonl(new URL('https://example.org/x.jsonl'))).toThrow(/got https:/);
    expect(() => readJsonl(new URL('file://elsewhere/x.jsonl'))).toThrow(/got file:\/\/elsewhere/);
    expect(() => readJsonl(3 as unknown as string)).toThrow(InputError);
    expect(() => readJsonl(Buffer.from('{}') as never)).toThrow(/put bytes into an array/);
    expect(() => readJsonl('x', { mpa: () => undefined } as object)).toThrow(/did you mean `map`/);
    expect(() => readJsonl('x', { maxRecordBytes: 0 })).toThrow(/maxRecordBytes/);
  });
});
