import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CASE_HASH_LENGTH, keepCase, readCase } from '../../src/stores/kept-case.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';

const content = (input: unknown) => ({
  input,
  expected: undefined,
  metadata: undefined,
  group: undefined,
  cluster: undefined,
});

/** The rule, as simply as it can be written. */
function sortedJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${sortedJson(member)}`).join(',')}}`;
}

const shuffled = (value: unknown): unknown =>
  typeof value !== 'object' || value === null
    ? value
    : Array.isArray(value)
      ? value.map(shuffled)
      : Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([key, member]) => [key, shuffled(member)]),
        );

describe('keepCase', () => {
  it('writes plain data as JSON with sorted keys, whatever order they came in, and reads it back', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__'));
        const input = JSON.parse(JSON.stringify(value)) as unknown; // without -0
        const { hash, text } = keepCase(content(input));
        expect(text).toBe(`{"input":${sortedJson(input)}}`);
        expect(hash).toBe(createHash('sha256').update(text).digest('base64url').slice(0, CASE_HASH_LENGTH));
        expect(keepCase(content(shuffled(input)))).toEqual({ hash, text });
        expect(readCase(text)).toEqual({ input });
      }),
    );
  });

  it('sorts keys that are numbers as texts, also beside others', () => {
    const { text } = keepCase(content([{ b: 1, 10: 1, 9: { z: 1, a: undefined, c: 2 } }]));
    expect(text).toBe('{"input":[{"10":1,"9":{"c":2,"z":1},"b":1}]}');
  });

  it('leaves the objects of the host as they were', () => {
    const input = [{ role: 'user', content: { z: 1, a: 2 } }];
    keepCase(content(Object.freeze(input)));
    expect(JSON.stringify(input)).toBe('[{"role":"user","content":{"z":1,"a":2}}]');
  });

  it('tells what JSON cannot hold from what it can', () => {
    const at = new Date(0);
    const inputs = [at, Number.NaN, -0, 1n, new Map([[1, 2]]), [undefined], { a: { z: 1, b: at } }];
    for (const input of inputs) expect(readCase(keepCase(content(input)).text)).toMatchObject({ input });
    expect(() => keepCase(content(Object.assign([], { 0: null })))).not.toThrow();
  });

  it('refuses a case that contains itself', () => {
    const input: Record<string, unknown> = { z: 1 };
    input['a'] = input;
    expect(() => keepCase(content(input))).toThrow(/cannot be kept/);
  });
});

describe('cases in a MemoryResultStore', () => {
  it('come back as they were, of one byte a character and of two', async () => {
    await using store = new MemoryResultStore();
    const inputs = ['plain', 'größer', '日本語 😀', '\u0000'];
    const cases = inputs.map((input) => keepCase(content(input)));
    const results = cases.map(({ hash }, i) => ({ ...RESULT, caseId: `${i}`, caseHash: hash }));
    await store.append(results, { cases: [...cases, cases[0]!] });
    const found: unknown[] = [];
    for await (const { testCase } of store.query({ withCase: true })) found.push(testCase?.input);
    expect(found).toEqual(inputs);
  });
});

const RESULT = {
  runId: 'run',
  repetition: 0,
  outcome: 'unscored',
  reason: 'none',
  model: null,
  endpoint: null,
  attempts: 0,
  usage: null,
  cost: null,
  cached: false,
  timings: { queuedMs: 0, targetMs: 0, timeToFirstTokenMs: null, evaluationMs: 0 },
  startedAt: 0,
  response: { text: '', finishReason: 'stop', requestId: null },
  evaluation: { evaluator: 'e', version: '1', overallScore: null, dimensions: [], reason: 'none' },
} as const;
