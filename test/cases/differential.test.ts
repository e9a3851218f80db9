import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCsv, type ReadCsvOptions } from '../../src/cases/read-csv.js';
import { readJsonl } from '../../src/cases/read-jsonl.js';

// The same text through csv-parse, the library that most people read CSV with, and through ours.

type Rows = readonly Readonly<Record<string, string>>[];

async function ours(
  text: string,
  options: ReadCsvOptions<unknown, unknown, unknown> = {},
): Promise<Rows | 'refused'> {
  const rows: Record<string, string>[] = [];
  try {
    const map = (row: Readonly<Record<string, string>>): undefined => void rows.push({ ...row });
    const cut = Math.floor(text.length / 3);
    const chunks = [text.slice(0, cut), text.slice(cut)];
    for await (const each of readCsv(chunks, { map, ...options })) void each;
    return rows;
  } catch {
    return 'refused';
  }
}

function theirs(text: string, delimiter: string, quote: '"' | null): Rows | 'refused' {
  try {
    return parse(text, {
      columns: true,
      bom: true,
      delimiter,
      quote: quote ?? false,
      record_delimiter: ['\r\n', '\n'],
      skip_empty_lines: true,
      relax_quotes: false,
    }) as unknown as Rows;
  } catch {
    return 'refused';
  }
}

const cell = fc.oneof(
  fc.string({ maxLength: 6, unit: fc.constantFrom('a', ' ', ',', ';', '"', '\n', 'é', '𝒳', "'", '\\', '0') }),
  fc.constantFrom('', '""', 'two words', '1,5', 'line\nbreak', '"quoted"'),
);

const quoted = (value: string, delimiter: string, always: boolean): string =>
  always || value.includes(delimiter) || /["\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;

describe('readCsv against csv-parse', () => {
  it.each([',', ';', '|', '\t'] as const)(
    'reads what is well formed as it does, between `%s`',
    async (delimiter) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(cell, cell, cell, fc.boolean()), { minLength: 1, maxLength: 8 }),
          fc.constantFrom('\n', '\r\n'),
          fc.boolean(),
          async (rows, lineEnd, mark) => {
            const lines = [
              ['id', 'input', 'note'].join(delimiter),
              ...rows.map(([a, b, c, always]) =>
                [a, b, c].map((each) => quoted(each, delimiter, always)).join(delimiter),
              ),
            ];
            const text = (mark ? '\uFEFF' : '') + lines.join(lineEnd);
            expect(await ours(text, { delimiter, quote: '"' })).toEqual(theirs(text, delimiter, '"'));
          },
        ),
        { numRuns: 300 },
      );
    },
  );

  it('agrees on whatever both accept of text that is anything', async () => {
    let both = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.string({ maxLength: 40, unit: fc.constantFrom('a', 'b', ',', ',', '"', '\n', '\n', ' ', '\r\n') }),
        async (body) => {
          const text = `x,y\n${body}`;
          const [a, b] = [await ours(text, { quote: '"' }), theirs(text, ',', '"')];
          if (a === 'refused' || b === 'refused') return;
          both++;
          expect(a).toEqual(b);
        },
      ),
      { numRuns: 2000 },
    );
    expect(both).toBeGreaterThan(50);
  });

  it('agrees where quotes are text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            ...(['a', 'b'].map(() =>
              fc.string({ maxLength: 5, unit: fc.constantFrom('a', '"', ' ', ',', "'") }),
            ) as [fc.Arbitrary<string>, fc.Arbitrary<string>]),
          ),
          { minLength: 1, maxLength: 6 },
        ),
        async (rows) => {
          const text = ['x\ty', ...rows.map((row) => row.join('\t'))].join('\n');
          expect(await ours(text, { delimiter: '\t' })).toEqual(theirs(text, '\t', null));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('readJsonl against JSON.parse', () => {
  it('reads the lines of JSON Lines, and the elements of one array however it is laid out', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 }), {
          maxLength: 6,
        }),
        fc.constantFrom(undefined, 2),
        fc.integer({ min: 1, max: 30 }),
        async (values, indent, size) => {
          const rows = values.map((value, i) => ({ ...value, id: `c${i}`, input: 'x' }));
          const plain = JSON.parse(JSON.stringify(rows)) as unknown[];
          const read = async (text: string, key?: string): Promise<unknown[]> => {
            const bytes = Buffer.from(text);
            const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
              bytes.subarray(i * size, (i + 1) * size),
            );
            const seen: unknown[] = [];
            const map = (row: object): undefined => void seen.push(row);
            for await (const each of readJsonl(chunks, { map, key })) void each;
            return seen;
          };
          expect(await read(rows.map((row) => JSON.stringify(row)).join('\n'))).toEqual(plain);
          expect(await read(JSON.stringify(rows, null, indent))).toEqual(plain);
          const document = { first: values, rows, last: values };
          expect(await read(JSON.stringify(document, null, indent), 'rows')).toEqual(plain);
        },
      ),
      { numRuns: 200 },
    );
  });
});
