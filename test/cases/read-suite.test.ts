import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSuite, type ReadSuiteOptions, type SuiteIssue } from '../../src/cases/read-suite.js';
import type { SuiteCase } from '../../src/cases/suite-test.js';
import { InputError } from '../../src/errors.js';
import { dataPath, describeWithData, readDataJson } from '../support/data.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assaykit-suite-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, content: unknown): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

async function all(path: string, options?: ReadSuiteOptions): Promise<SuiteCase[]> {
  const cases: SuiteCase[] = [];
  for await (const each of readSuite(path, options)) cases.push(each);
  return cases;
}

async function failure(path: string): Promise<InputError> {
  const error = await all(path).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InputError);
  return error as InputError;
}

const suite = (...tests: object[]) => ({
  suite_info: { name: 'A suite', version: '1.0.0', total_tests: tests.length },
  tests,
});

/** Every text, number and boolean anywhere in a value. */
function leaves(value: unknown): string[] {
  if (value === null || value === undefined) return [];
  if (typeof value === 'object') return Object.values(value).flatMap(leaves);
  return [String(value)];
}

/** Leaves of a test that its case has nowhere. */
function lost(test: unknown, made: SuiteCase): string[] {
  const kept = leaves(made);
  return leaves(test).filter((leaf) => !kept.some((each) => each.includes(leaf)));
}

const user = (content: string) => ({ role: 'user', content });

/** One test of each shape that the origin's suites have, written for this file. */
const SHAPES: Record<string, { readonly test: Record<string, unknown>; readonly made: Partial<SuiteCase> }> =
  {
    'a prompt with parameters': {
      test: {
        id: 'logic_01',
        name: 'Test 1: Syllogism',
        category: 'basic_logic',
        reasoning_type: 'deduction',
        description: 'A plain syllogism',
        prompt: 'All men are mortal. Socrates',
        parameters: { max_tokens: 120, temperature: 0.4, top_p: 0.9, stream: false, stop: ['\n\n'] },
        max_tokens: 500,
      },
      made: {
        input: 'All men are mortal. Socrates',
        parameters: { maxTokens: 120, temperature: 0.4, topP: 0.9, stop: ['\n\n'] },
        group: 'basic_logic',
        metadata: {
          testId: 'logic_01',
          domain: 'reasoning',
          modelType: 'base_models',
          difficulty: 'easy',
          category: 'basic_logic',
          type: 'deduction',
          name: 'Test 1: Syllogism',
          description: 'A plain syllogism',
          origin: { parameters: { stream: false }, max_tokens: 500 },
        },
      },
    },
    'messages with weighted criteria': {
      test: {
        id: 'mediation_01',
        name: 'Test 1: Water rights',
        category: 'conflict',
        social_type: 'mediation',
        description: 'Mediate',
        messages: [{ role: 'system', content: 'You mediate.' }, user('Two villages share a well.')],
        parameters: { max_tokens: 800, temperature: 0.7, exclude: true, effort: 'high' },
        evaluation_criteria: { fairness: 0.6, clarity: 0.5 },
      },
      made: {
        input: [{ role: 'system', content: 'You mediate.' }, user('Two villages share a well.')],
        parameters: { maxTokens: 800, temperature: 0.7 },
        metadata: expect.objectContaining({
          type: 'mediation',
          origin: {
            parameters: { exclude: true, effort: 'high' },
            evaluation_criteria: { fairness: 0.6, clarity: 0.5 },
          },
        }) as never,
      },
    },
    'a prompt with expected patterns and scoring': {
      test: {
        id: 'ar_001',
        category: 'game_theory',
        prompt: 'The best move is to',
        max_tokens: 80,
        temperature: 0,
        expected_patterns: ['start', 'commit'],
        scoring: { exact_match: 1, partial_match: 0.5, semantic_similarity: 0.3 },
        metadata: { reasoning_steps: 3, concepts_tested: ['strategy'], creation_date: '2025-01-18' },
      },
      made: {
        input: 'The best move is to',
        expected: ['start', 'commit'],
        parameters: { maxTokens: 80, temperature: 0 },
        metadata: expect.objectContaining({
          expectedFrom: 'expected_patterns',
          origin: {
            scoring: { exact_match: 1, partial_match: 0.5, semantic_similarity: 0.3 },
            metadata: { reasoning_steps: 3, concepts_tested: ['strategy'], creation_date: '2025-01-18' },
          },
        }) as never,
      },
    },
    'an instruction with context and constraints': {
      test: {
        id: 'plan_01',
        category: 'planning',
        system_context: 'You plan expeditions.',
        instruction: 'Plan a crossing of the pass.',
        constraints: ['three days', 'no horses'],
        expected_reasoning_elements: ['weather', 'food'],
        scoring_criteria: { completeness: 0.5, realism: 0.5 },
      },
      made: {
        expected: ['weather', 'food'],
        metadata: expect.objectContaining({
          expectedFrom: 'expected_reasoning_elements',
          origin: { scoring_criteria: { completeness: 0.5, realism: 0.5 } },
        }) as never,
      },
    },
    'a prompt with an evaluation config': {
      test: {
        id: 'verify_01',
        name: 'Verify',
        category: 'verification',
        description: 'Check a proof',
        prompt: 'Is the proof right?',
        parameters: { max_tokens: 300, temperature: 0.1 },
        reasoning_type: 'verification',
        evaluation_config: {
          reasoning_type: 'verification',
          expected_indicators: ['therefore', 'because'],
          custom_weights: null,
        },
        metadata: { source: 'written for the test' },
      },
      made: {
        expected: ['therefore', 'because'],
        metadata: expect.objectContaining({ expectedFrom: 'evaluation_config.expected_indicators' }) as never,
      },
    },
    'a test_id in place of an id': {
      test: {
        test_id: 'cx_17',
        category: 'synthesis',
        difficulty: 'expert',
        prompt: 'Put both reports together.',
        parameters: { max_tokens: 900 },
        expected_reasoning: ['compare', 'weigh'],
        evaluation_config: { expected_indicators: ['however'] },
        metadata: {
          target_score_range: [60, 80],
          estimated_tokens: 700,
          requires_domain_expertise: true,
          reasoning_patterns: ['a'],
        },
      },
      made: {
        expected: ['compare', 'weigh'],
        metadata: expect.objectContaining({
          testId: 'cx_17',
          difficulty: 'easy',
          expectedFrom: 'expected_reasoning',
        }) as never,
      },
    },
    'messages with parameters only': {
      test: {
        id: 'basic_09',
        name: 'Haiku',
        category: 'patterns',
        reasoning_type: 'pattern_recognition',
        description: 'Finish a haiku',
        messages: [user('Finish this haiku.')],
        parameters: { max_tokens: 100, temperature: 0.6 },
      },
      made: { input: [user('Finish this haiku.')], parameters: { maxTokens: 100, temperature: 0.6 } },
    },
    'messages and a prompt': {
      test: {
        id: 'long_01',
        suite: 'long context',
        category: 'context',
        api_type: 'chat',
        messages: [user('Summarise the report.')],
        prompt: 'Summarise the report, please.',
        parameters: { max_tokens: 200 },
        evaluation_config: { expected_indicators: [] },
        metadata: {
          domain: 'law',
          complexity: 'high',
          context_size: 9000,
          timeout_seconds: 120,
          reasoning_patterns: [],
        },
      },
      made: {
        input: [user('Summarise the report.')],
        metadata: expect.objectContaining({
          origin: expect.objectContaining({
            prompt: 'Summarise the report, please.',
            api_type: 'chat',
          }) as never,
        }) as never,
      },
    },
    'an integration of several domains': {
      test: {
        id: 'integration_03',
        name: 'Trade and language',
        category: 'knowledge_language',
        integration_type: 'knowledge_language_synthesis',
        description: 'Two domains',
        domains_required: ['knowledge', 'language'],
        complexity_level: 'high',
        cultural_context: 'coastal trade',
        prompt: 'Explain the loan words.',
        parameters: { max_tokens: 300, temperature: 0.5 },
      },
      made: {
        metadata: expect.objectContaining({
          type: 'knowledge_language_synthesis',
          origin: {
            domains_required: ['knowledge', 'language'],
            complexity_level: 'high',
            cultural_context: 'coastal trade',
          },
        }) as never,
      },
    },
  };

describe('readSuite', () => {
  it.each(Object.entries(SHAPES))('reads %s, losing nothing', async (_shape, { test, made }) => {
    const file = write('reasoning/base_models/easy.json', suite(test));
    const [read, ...others] = await all(file);
    expect(others).toEqual([]);
    expect(read).toMatchObject({
      id: `reasoning/base_models/easy/${(test['id'] ?? test['test_id']) as string}`,
      ...made,
    });
    expect(lost(test, read!)).toEqual([]);
  });

  it('puts an instruction into messages for a chat model, into one prompt for a base model', async () => {
    const { test } = SHAPES['an instruction with context and constraints']!;
    const task = 'Plan a crossing of the pass.\n\nConstraints:\n- three days\n- no horses';
    const [chat] = await all(write('planning/instruct_models/hard.json', suite(test)));
    expect(chat!.input).toEqual([{ role: 'system', content: 'You plan expeditions.' }, user(task)]);
    const [base] = await all(write('planning/base_models/hard.json', suite(test)));
    expect(base!.input).toBe(`You plan expeditions.\n\n${task}`);
    const bare = suite({ id: 'x', instruction: 'Plan.' });
    const [plain] = await all(write('planning/instruct_models/easy.json', bare));
    expect(plain!.input).toEqual([user('Plan.')]);
  });

  it('reads a whole tree, keyed so that repeated ids do not collide, and groups as told', async () => {
    const test = { id: 'basic_01', category: 'c', prompt: 'p' };
    for (const domain of ['logic', 'music'])
      for (const type of ['base_models', 'instruct_models'])
        for (const level of ['easy', 'hard']) write(`${domain}/${type}/${level}.json`, suite(test));
    const cases = await all(folder);
    expect(cases.map(({ id }) => id)).toEqual(
      ['logic', 'music'].flatMap((domain) =>
        ['base_models', 'instruct_models'].flatMap((type) =>
          ['easy', 'hard'].map((level) => `${domain}/${type}/${level}/basic_01`),
        ),
      ),
    );
    expect(new Set(cases.map(({ group }) => group))).toEqual(new Set(['c']));
    const byDomain = await all(folder, { groupBy: 'domain' });
    expect(new Set(byDomain.map(({ group }) => group))).toEqual(new Set(['logic', 'music']));
  });

  it('takes the key from the file where the path does not say', async () => {
    const head = {
      domain: 'abstract',
      difficulty: 'medium',
      test_type: 'base_model_completion',
      api_endpoint: 'v1/completions',
    };
    const [experimental] = await all(write('one.json', { ...head, tests: [{ id: 1, prompt: 'p' }] }));
    expect(experimental!.id).toBe('abstract/base_models/medium/1');
    const info = { target_models: 'instruct_models', difficulty: 'hard' };
    const [core] = await all(write('two.json', { suite_info: info, tests: [{ id: 'a', prompt: 'p' }] }));
    expect(core!.id).toBe('two/instruct_models/hard/a');
    const [bare] = await all(write('three.json', { tests: [{ id: 'a', prompt: 'p' }] }));
    expect(bare!.id).toBe('three/any_models/three/a');
  });

  it('does not keep the prompt twice when the messages hold it', async () => {
    const test = { id: 'a', prompt: 'same', messages: [user('same')] };
    const [read] = await all(write('a.json', suite(test)));
    expect(read!.metadata!.origin).toEqual({});
  });

  it('lets parameters win over the fields beside them, which are kept where they differ', async () => {
    const test = { id: 'a', prompt: 'p', parameters: { max_tokens: 100 }, max_tokens: 400, temperature: 0.3 };
    const [read] = await all(write('a.json', suite(test)));
    expect(read!.parameters).toEqual({ maxTokens: 100, temperature: 0.3 });
    expect(read!.metadata!.origin).toEqual({ max_tokens: 400 });
  });

  it('reports a wrong total, and categories that do not fit, without failing', async () => {
    const issues: SuiteIssue[] = [];
    const tests = [
      { id: 'a', category: 'known', prompt: 'p' },
      { id: 'b', category: 'other', prompt: 'p' },
    ];
    const file = write('logic/base_models/easy.json', { suite_info: { total_tests: 30 }, tests });
    const categories = write('logic/base_models/categories.json', {
      categories: { known: { description: 'd', test_ids: ['a', 'gone', 'lost'] } },
      logic_type_mapping: { known: 'deduction' },
    });
    write('music/base_models/easy.json', suite({ id: 'gone', prompt: 'p' }));
    expect(await all(folder, { onIssue: (issue) => issues.push(issue) })).toHaveLength(3);
    expect(issues).toEqual([
      { kind: 'total-mismatch', file, message: `${file}: \`total_tests\` is 30, the suite has 2` },
      {
        kind: 'unknown-test',
        file: categories,
        message: `${categories}: category "known" names 2 tests that no suite beside it has, "gone" for one`,
      },
      {
        kind: 'uncategorised-test',
        file: categories,
        message: `${categories}: tests have the category "other", which is not listed`,
      },
    ]);
    expect(await all(folder)).toHaveLength(3);
  });
});

describe('readSuite refuses', () => {
  const good = { id: 'good', prompt: 'p' };
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    ['text', /Expected a test to be an object, got "text"/],
    [{ prompt: 'p' }, /Expected `id` or `test_id` to be a non-empty string, got undefined/],
    [
      { id: 'x', question: 'p' },
      /Expected test "x" to have a `prompt`, `messages` or an `instruction`; it has id, question/,
    ],
    [{ id: 'x', prompt: '' }, /Test "x": Expected `prompt` to be a non-empty string, got ""/],
    [
      { id: 'x', messages: [] },
      /Test "x": Expected `messages` to be an array of objects with `role` and `content`/,
    ],
    [{ id: 'x', messages: [{ content: 'p' }] }, /`messages`/],
    [{ id: 'x', instruction: 3 }, /`instruction` to be a non-empty string, got 3/],
    [{ id: 'x', instruction: 'i', system_context: 3 }, /`system_context` to be a string/],
    [{ id: 'x', instruction: 'i', constraints: [3] }, /`constraints` to be an array of strings/],
  ];

  it.each(wrong)('the test %j, naming file and row', async (test, message) => {
    const file = write('logic/base_models/easy.json', { tests: [good, test] });
    const error = await failure(file);
    expect(error).toMatchObject({ code: 'ASSAY_INVALID_CASE', source: file, row: 2 });
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(`${file}, test 2: `)).toBe(true);
  });

  it('an id that comes twice, naming both places', async () => {
    const file = write('logic/base_models/easy.json', { tests: [good, { ...good, prompt: 'other' }] });
    const error = await failure(file);
    expect(error).toMatchObject({ code: 'ASSAY_DUPLICATE_CASE', source: file, row: 2 });
    expect(error.message).toContain(`"logic/base_models/easy/good" is also test 1 of ${file}`);
  });

  it('files that are broken or no suites, after giving the cases of the files before', async () => {
    write('a/base_models/easy.json', suite(good));
    const broken = write('b/base_models/easy.json', '{"tests": [');
    const ids: string[] = [];
    const error = await (async () => {
      for await (const { id } of readSuite(folder)) ids.push(id);
    })().catch((thrown: unknown) => thrown);
    expect(ids).toEqual(['a/base_models/easy/good']);
    expect(error).toMatchObject({ code: 'ASSAY_INVALID_INPUT', source: broken });
    expect((error as Error).message).toContain(`${broken}: invalid JSON: `);
    expect((await failure(write('c.json', { cases: [] }))).message).toContain(
      'Expected a suite, an object with an array `tests`',
    );
    expect((await failure(write('d.json', []))).message).toContain('Expected a suite');
  });

  it('paths that lead nowhere, folders without suites, and categories alone', async () => {
    expect((await failure(join(folder, 'nowhere'))).message).toContain('ENOENT');
    const empty = await failure(folder);
    expect(empty).toMatchObject({ code: 'ASSAY_EMPTY_INPUT', source: folder });
    const categories = write('x/categories.json', { categories: {} });
    expect((await failure(categories)).message).toContain('holds categories, not tests');
    expect(await failure(join(folder, 'x'))).toMatchObject({ code: 'ASSAY_EMPTY_INPUT' });
    write('x/easy.json', suite(good));
    writeFileSync(categories, '[]');
    expect((await failure(join(folder, 'x'))).message).toContain('Expected an object with `categories`');
    expect(() => readSuite('')).toThrow(InputError);
    expect(() => readSuite('x', { group: 'domain' } as object)).toThrow(/did you mean `groupBy`/);
  });
});

describeWithData('the origin framework’s suites', () => {
  const files: readonly (readonly [string, number])[] = [
    ['abstract_reasoning/base_models/medium', 12],
    ['creativity/base_models/medium', 113],
    ['integration/instruct_models/easy', 30],
    ['knowledge/instruct_models/easy', 210],
    ['reasoning/base_models/easy', 210],
    ['reasoning/instruct_models/easy', 51],
    ['social/instruct_models/hard', 16],
  ];

  it.each(files)('loads %s, losing nothing', async (name, count) => {
    const { tests } = readDataJson<{ tests: Record<string, unknown>[] }>(`cognitopo/domains/${name}.json`);
    const cases = await all(dataPath(`cognitopo/domains/${name}.json`));
    expect(cases).toHaveLength(count);
    tests.forEach((test, i) => {
      expect(cases[i]!.id).toBe(`${name}/${test['id'] as string}`);
      expect(cases[i]!.input).toEqual(test['messages'] ?? test['prompt']);
      expect(lost(test, cases[i]!)).toEqual([]);
      const { max_tokens: maxTokens } = (test['parameters'] ?? test) as { max_tokens: number };
      expect(cases[i]!.parameters?.maxTokens).toBe(maxTokens);
    });
  });

  it('loads all of them at once, each case under its own id', async () => {
    const issues: SuiteIssue[] = [];
    const cases = await all(dataPath('cognitopo/domains'), { onIssue: (issue) => issues.push(issue) });
    expect(cases).toHaveLength(642);
    expect(new Set(cases.map(({ id }) => id)).size).toBe(642);
    expect(new Set(cases.map(({ metadata }) => metadata!.testId)).size).toBeLessThan(642);
    expect(issues.map(({ kind, message }) => [kind, message.replace(/^.*domains\//, '')])).toEqual([
      ['total-mismatch', 'social/instruct_models/hard.json: `total_tests` is 30, the suite has 16'],
    ]);
  });
});
