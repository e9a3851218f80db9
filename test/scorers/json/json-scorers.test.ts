import { describe, expect, it } from 'vitest';
import type { Score } from '../../../src/evaluation/evaluation-types.js';
import { jsonMatch } from '../../../src/scorers/json/json-match.js';
import { jsonSchema, type StandardSchema } from '../../../src/scorers/json/json-schema.js';
import { jsonValid } from '../../../src/scorers/json/json-valid.js';
import { scoreWith } from '../../support/score-with.js';

const fenced = 'Here:\n```json\n{"a": 1}\n```\nDone.';

describe('jsonValid', () => {
  it.each(['42', 'null', '"x"', ' {"a": [1]} ', '[]'])('accepts %s', (output) => {
    expect(scoreWith(jsonValid(), output, undefined)).toMatchObject({ score: 1 });
  });

  it.each(['{a: 1}', "{'a': 1}", '[1,]', 'NaN', 'True', 'according to [1]', '{"a": "x\ny"}'])(
    'refuses %j, saying why',
    (output) => {
      expect(scoreWith(jsonValid(), output, undefined)).toMatchObject({
        score: 0,
        reason: expect.stringMatching(/^not JSON: /) as string,
      });
    },
  );

  it('finds JSON in a fence or inside of prose only when told to', () => {
    const embedded = 'Set {x} is {"a": "}"} and more';
    expect(scoreWith(jsonValid({ place: 'fenced' }), fenced, undefined)).toMatchObject({ score: 1 });
    expect(scoreWith(jsonValid({ place: 'fenced' }), embedded, undefined)).toMatchObject({ score: 0 });
    expect(scoreWith(jsonValid({ place: 'embedded' }), embedded, undefined)).toMatchObject({ score: 1 });
    expect(scoreWith(jsonValid({ place: 'embedded' }), 'none', undefined)).toMatchObject({ score: 0 });
    expect(scoreWith(jsonValid(), '  ', undefined)).toMatchObject({ reason: 'the answer is empty' });
  });

  it.each([
    ['an object with LaTeX in it', '{"why": "as \\(x\\) lies in [0, 9]", "answer": "4"}'],
    ['the same in a fence', '```json\n{\n "why": "as \\(x\\) is {\\"a\\": 1}",\n "answer": [1, 2]\n}\n```'],
    ['an object that was cut off', '{"first": {"a": 1}, "second": "and'],
  ])('takes no value out of %s, which is no JSON', (_, output) => {
    expect(scoreWith(jsonValid(), output, undefined)).toMatchObject({
      score: 0,
      reason: expect.stringMatching(/^not JSON: /) as string,
    });
  });

  it('reads on after an object that is no JSON', () => {
    const output = '{"why": "\\(x\\)", "answer": 3}\nAs proper JSON:\n{"answer": 4}';
    expect(scoreWith(jsonMatch(), output, { answer: 4 })).toMatchObject({ score: 1 });
  });

  it('does not lose itself in a text of brackets', () => {
    expect(scoreWith(jsonValid({ place: 'embedded' }), '{['.repeat(50_000), undefined)).toMatchObject({
      score: 0,
    });
  });
});

describe('jsonMatch', () => {
  const match = (output: unknown, expected: unknown, options = {}): Score =>
    scoreWith(
      jsonMatch(options),
      typeof output === 'string' ? output : JSON.stringify(output),
      expected,
    ) as Score;

  it.each([
    [
      { a: 1, b: [true, null] },
      { b: [true, null], a: 1 },
    ],
    [[], []],
    [{}, {}],
    [0, 0],
    [{ __proto__x: 1 }, { __proto__x: 1 }],
  ])('%j equals %j', (output, expected) => {
    expect(match(output, expected).score).toBe(1);
  });

  it.each([
    [{ a: 1 }, { a: '1' }, '/a'],
    [{ a: true }, { a: false }, '/a'],
    [{ a: null }, {}, '/a'],
    [{}, { a: null }, '/a'],
    [[1, 2], [2, 1], '/0'],
    [{}, [], ''],
    [{ a: {} }, { a: [] }, '/a'],
    [{ 'x/y~z': 1 }, { 'x/y~z': 2 }, '/x~1y~0z'],
    [1.0000001, 1, ''],
  ])('%j differs from %j at %j', (output, expected, path) => {
    const score = match(output, expected);
    expect(score.score).toBe(0);
    expect((score.metadata!['differences'] as { path: string }[])[0]!.path).toBe(path);
  });

  it('takes an expected member that is undefined for none, as JSON does', () => {
    expect(match('{"a":1}', { a: 1, b: undefined }).score).toBe(1);
    expect(match('{}', { b: undefined }, { measure: 'partial' }).score).toBe(1);
    expect(match('{"b":1}', { b: undefined })).toMatchObject({ score: 0, reason: '/b is unexpected' });
  });

  it('gives the share of leaves that agree, of all that either side has', () => {
    const partial = { measure: 'partial' };
    expect(match({ a: 1, b: 2, c: 3 }, { a: 1, b: 2, d: 4 }, partial)).toMatchObject({
      score: 0.5,
      metadata: { same: 2, total: 4 },
    });
    expect(match({ a: 1, z: 1 }, { a: 1 }, { ...partial, ignoreExtra: true }).score).toBe(1);
    expect(match([1, 2, 3], [1, 2], { ...partial, ignoreExtra: true }).score).toBe(2 / 3);
    expect(match('x', { a: { b: 1, c: 2 } }, partial)).toMatchObject({
      score: 0,
      reason: expect.any(String) as string,
    });
    expect(match('5', { a: { b: 1, c: 2 } }, partial)).toMatchObject({ score: 0, metadata: { total: 2 } });
  });

  it('takes numbers within a tolerance as equal when told to', () => {
    expect(match({ a: 1.05 }, { a: 1 }, { numberTolerance: 0.1 }).score).toBe(1);
    expect(match({ a: 1.05 }, { a: 1 }).score).toBe(0);
  });

  it('parses an expected text, or takes it as a string', () => {
    expect(match('{"a":1}', '{"a": 1}').score).toBe(1);
    expect(match('null', 'null').score).toBe(1);
    expect(match('"x"', 'x', { parseExpected: false }).score).toBe(1);
    expect(() => match('1', 'x')).toThrow('Expected `expected` to be JSON, got "x"');
  });

  it('leaves a case without an expected value unscored', () => {
    expect(match('{}', undefined).score).toBeNull();
  });

  it('lists at most 20 differences and counts all', () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, i]));
    const { metadata, reason } = match({}, many);
    expect(metadata!['differences']).toHaveLength(20);
    expect(metadata!['total']).toBe(50);
    expect(reason).toBe('/k0 is missing, and more differ');
  });
});

describe('jsonSchema', () => {
  const schema = {
    type: 'object',
    required: ['city'],
    properties: { city: { type: 'string' }, size: { type: 'integer' } },
    additionalProperties: false,
  };

  it('checks JSON Schema through ajv, and says what is wrong', async () => {
    const scorer = jsonSchema(schema);
    expect(await scoreWith(scorer, '{"city": "Paris"}', undefined)).toMatchObject({ score: 1 });
    expect(await scoreWith(scorer, '{"city": 1, "size": 1.5}', undefined)).toMatchObject({
      score: 0,
      reason: '/city: must be string',
      metadata: { issues: ['/city: must be string', '/size: must be integer'] },
    });
    expect(await scoreWith(scorer, 'Paris', undefined)).toMatchObject({ score: 0 });
  });

  it('answers without a promise once ajv is loaded', async () => {
    const scorer = jsonSchema(schema);
    await scoreWith(scorer, '{}', undefined);
    expect(scoreWith(scorer, '{"city": "Paris"}', undefined)).toMatchObject({ score: 1 });
  });

  it('knows draft 2020-12 and the schemas true and false', async () => {
    const tuple = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      prefixItems: [{ type: 'integer' }],
    };
    expect(await scoreWith(jsonSchema(tuple), '["x"]', undefined)).toMatchObject({ score: 0 });
    expect(await scoreWith(jsonSchema(tuple), '[1]', undefined)).toMatchObject({ score: 1 });
    expect(await scoreWith(jsonSchema(true), '1', undefined)).toMatchObject({ score: 1 });
    expect(await scoreWith(jsonSchema(false), '1', undefined)).toMatchObject({ score: 0 });
  });

  it('fails on a schema that is none', async () => {
    const scoring = scoreWith(jsonSchema({ type: 'objekt' }), '{}', undefined);
    await expect(scoring).rejects.toThrow('The JSON Schema given to jsonSchema is invalid');
  });

  it.each([[false], [true]])('checks a Standard Schema (async: %s)', async (async) => {
    const standard: StandardSchema = {
      '~standard': {
        version: 1,
        vendor: 'mine',
        validate: (value) => {
          const result =
            (value as { city?: unknown }).city === 'Paris'
              ? { value }
              : { issues: [{ message: 'not Paris', path: ['city', { key: 0 }] }, { message: 'bad' }] };
          return async ? Promise.resolve(result) : result;
        },
      },
    };
    const scorer = jsonSchema(standard, { place: 'embedded' });
    expect(await scoreWith(scorer, 'It is {"city": "Paris"}.', undefined)).toMatchObject({ score: 1 });
    expect(await scoreWith(scorer, '{}', undefined)).toMatchObject({
      score: 0,
      reason: '/city/0: not Paris',
      metadata: { issues: ['/city/0: not Paris', 'bad'] },
    });
    expect(scorer.convention).toBe('json-schema(place=embedded,schema=mine)');
  });

  it.each([undefined, null, 'object', () => true])('refuses %j as a schema at once', (given) => {
    expect(() => jsonSchema(given as never)).toThrow('to be a Standard Schema or a JSON Schema');
  });

  it('names a JSON Schema in its convention by its content', () => {
    expect(jsonSchema(schema).convention).not.toBe(jsonSchema({ type: 'array' }).convention);
    expect(jsonSchema({ type: 'array', items: {} }).convention).toBe(
      jsonSchema({ items: {}, type: 'array' }).convention,
    );
    expect(jsonSchema(schema, { schemaName: 'city-2' }).convention).toContain('schema=city-2');
  });
});
