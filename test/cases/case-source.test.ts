import { describe, expect, it } from 'vitest';
import { toCaseSource, type CaseSource } from '../../src/cases/case-source.js';
import { checkTestCase } from '../../src/cases/test-case-check.js';
import { InputError } from '../../src/errors.js';

async function drain<Case>(source: CaseSource<Case>): Promise<Case[]> {
  const all: Case[] = [];
  for (let next = await source.next(); next !== undefined; next = await source.next()) all.push(next);
  return all;
}

describe('a case source', () => {
  it('knows the length of an array and a set, and answers without a promise', () => {
    const source = toCaseSource(['a', 'b']);
    expect(source.total).toBe(2);
    expect([source.next(), source.next(), source.next(), source.next()]).toEqual([
      'a',
      'b',
      undefined,
      undefined,
    ]);
    expect(toCaseSource(new Set(['a', 'b', 'c'])).total).toBe(3);
  });

  it('pulls a generator one case at a time, and nothing before it is asked', () => {
    let made = 0;
    function* generate() {
      for (;;) yield ++made;
    }
    const source = toCaseSource(generate());
    expect(source.total).toBeNull();
    expect(made).toBe(0);
    expect(source.next()).toBe(1);
    expect(made).toBe(1);
  });

  it('reads async iterables to their end', async () => {
    async function* generate() {
      yield 1;
      await Promise.resolve();
      yield 2;
    }
    const source = toCaseSource(generate());
    expect(source.total).toBeNull();
    expect(await drain(source)).toEqual([1, 2]);
    expect(await source.next()).toBeUndefined();
  });

  it('lets generators clean up when it is closed early, once', async () => {
    const cleaned: string[] = [];
    function* sync() {
      try {
        yield 1;
        yield 2;
      } finally {
        cleaned.push('sync');
      }
    }
    async function* async() {
      try {
        yield 1;
        yield 2;
      } finally {
        await Promise.resolve();
        cleaned.push('async');
      }
    }
    for (const source of [toCaseSource(sync()), toCaseSource(async()), toCaseSource([1, 2])]) {
      expect(await source.next()).toBe(1);
      await source.close();
      await source.close();
      expect(await source.next()).toBeUndefined();
    }
    expect(cleaned).toEqual(['sync', 'async']);
  });

  it('does not clean up what has ended or failed by itself', async () => {
    const returned: string[] = [];
    const iterable = (name: string, step: () => IteratorResult<number>) => ({
      [Symbol.iterator]: () => ({
        next: step,
        return: () => {
          returned.push(name);
          return { done: true as const, value: undefined };
        },
      }),
    });
    const ended = toCaseSource(iterable('ended', () => ({ done: true, value: undefined })));
    expect(ended.next()).toBeUndefined();
    await ended.close();
    const failing = toCaseSource(
      iterable('failing', () => {
        throw new Error('broken');
      }),
    );
    expect(() => failing.next()).toThrow('broken');
    expect(failing.next()).toBeUndefined();
    await failing.close();
    const untouched = toCaseSource(iterable('untouched', () => ({ done: true, value: undefined })));
    await untouched.close();
    expect(untouched.next()).toBeUndefined();
    expect(returned).toEqual([]);
  });

  it('closes at once although the source hangs', async () => {
    const hanging: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: () => new Promise(() => {}),
      }),
    };
    const source = toCaseSource(hanging);
    void source.next();
    await source.close();
    expect(await source.next()).toBeUndefined();
  });

  it('ends after an async source fails', async () => {
    async function* generate() {
      yield 1;
      throw new Error('lost');
    }
    const source = toCaseSource(generate());
    expect(await source.next()).toBe(1);
    await expect(source.next()).rejects.toThrow('lost');
    expect(await source.next()).toBeUndefined();
  });

  it('refuses a hole, which must not pass for the end', async () => {
    const sources = [toCaseSource([1, undefined, 2]), toCaseSource(new Set([1, undefined]))];
    for (const source of sources) {
      expect(source.next()).toBe(1);
      expect(() => source.next()).toThrow(
        expect.objectContaining({
          code: 'ASSAY_INVALID_CASE',
          row: 2,
          message: expect.stringMatching(/^case 2: .*hole/),
        }),
      );
    }
    async function* generate() {
      yield undefined;
    }
    await expect(toCaseSource(generate()).next()).rejects.toMatchObject({
      code: 'ASSAY_INVALID_CASE',
      row: 1,
    });
  });

  it('refuses a path, and whatever cannot be iterated', () => {
    expect(() => toCaseSource('cases.jsonl' as unknown as string[])).toThrow(
      /"cases.jsonl"; to read a file use readJsonl/,
    );
    expect(() => toCaseSource({ id: 'a' } as unknown as string[])).toThrow(
      /an async iterable, got an object/,
    );
    expect(() => toCaseSource(undefined as unknown as string[])).toThrow(InputError);
  });
});

describe('the check of a test case', () => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /case 7: Expected a test case to be an object with `id` and `input`, got undefined/],
    [['a'], /got an array of 1/],
    ['prompt', /got "prompt"/],
    [{}, /`id` to be a non-empty string, got undefined \(the object is empty\)/],
    [{ name: 'a', prompt: 'b' }, /`id` .* got undefined \(it has `name`, `prompt`\)/],
    [{ id: 5, input: 'x' }, /`id` to be a non-empty string, got 5$/],
    [{ id: '', input: 'x' }, /`id` to be a non-empty string, got ""$/],
    [{ id: 'a', question: 'x' }, /`input` of "a" to be given, got undefined \(it has `id`, `question`\)/],
    [{ id: 'a', input: null }, /`input` of "a" to be given, got null/],
    [{ id: 'a', input: 'x', cluster: 3 }, /`cluster` of "a" to be a string, got 3/],
    [{ id: 'a', input: 'x', group: {} }, /`group` of "a" to be a string, got an object/],
    [{ id: 'a', input: 'x', parameters: 'hot' }, /`parameters` of "a" to be an object, got "hot"/],
    [{ id: 'a', input: 'x', parameters: [] }, /`parameters` of "a" to be an object, got an array of 0/],
  ];

  it.each(wrong)('refuses %j by naming the field', (value, message) => {
    expect(() => checkTestCase(value, 7)).toThrow(message);
    try {
      checkTestCase(value, 7, { source: 'cases.jsonl' });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      expect(error).toMatchObject({ code: 'ASSAY_INVALID_CASE', row: 7, source: 'cases.jsonl' });
      expect((error as Error).message).toMatch(/^cases\.jsonl:7: /);
    }
  });

  it('lets every good case pass, whatever its input is', () => {
    const good = [
      { id: 'a', input: 'x' },
      { id: 'a', input: '' },
      { id: 'a', input: 0 },
      {
        id: 'a',
        input: [{ role: 'user', content: 'x' }],
        expected: null,
        metadata: 3,
        cluster: 'c',
        group: 'g',
        parameters: {},
      },
    ];
    for (const each of good) expect(() => checkTestCase(each, 1)).not.toThrow();
  });
});
