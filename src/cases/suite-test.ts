import type { ChatMessage, ModelInput, ModelParameters } from '../client/model-client.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import { show } from '../foundation/options.js';

/** What a suite's file says of all its tests. */
export interface SuiteHead {
  /** Subject of the suite, e.g. `reasoning`. */
  readonly domain: string;
  /** `base_models` or `instruct_models`, as the folders are called; whatever else the file says. */
  readonly modelType: string;
  /** `easy`, `medium` or `hard`: the name of the file. */
  readonly difficulty: string;
  /** How the origin asks: by `/chat/completions`, or by `/completions`. */
  readonly api: 'chat' | 'completions';
}

/** What a case of {@link readSuite} keeps beside its input and what is expected of the answer. */
export interface SuiteMetadata {
  /** The test's own id (`id` or `test_id`), unique only within its file. */
  readonly testId: string;
  /** Subject of the suite, e.g. `reasoning`. */
  readonly domain: string;
  /** `base_models` or `instruct_models`. */
  readonly modelType: string;
  /** `easy`, `medium` or `hard`. */
  readonly difficulty: string;
  /** The test's category within its domain. */
  readonly category?: string;
  /** The test's kind within its domain: `<domain>_type`, else the first field that ends with `_type`. */
  readonly type?: string;
  /** The test's name. */
  readonly name?: string;
  /** What the test is about. */
  readonly description?: string;
  /** The field that `expected` was taken from, e.g. `expected_patterns`. */
  readonly expectedFrom?: string;
  /** Everything else of the test, under the names it has there: weights of criteria, scoring, its own metadata. */
  readonly origin: Readonly<Record<string, unknown>>;
}

/** A test of the origin framework as a test case. `expected` are the phrases or elements to look for, if any. */
export type SuiteCase = TestCase<ModelInput, readonly string[], SuiteMetadata>;

type Fields = Record<string, unknown>;

/**
 * Makes a test case of one test, of whichever shape: `prompt`, `messages`, both, or `system_context` with
 * `instruction` and `constraints`. Nothing of the test is lost: what has no place of its own goes to
 * `metadata.origin`.
 *
 * @returns the case, or what is wrong with the test.
 */
export function suiteTestToCase(
  test: unknown,
  { head, groupBy }: { readonly head: SuiteHead; readonly groupBy: 'category' | 'domain' },
): SuiteCase | string {
  if (!isRecord(test)) return `Expected a test to be an object, got ${show(test)}`;
  const rest: Fields = { ...test };
  const testId = takeId(rest);
  if (testId === undefined) {
    return `Expected \`id\` or \`test_id\` to be a non-empty string, got ${show(test['id'] ?? test['test_id'])}`;
  }
  const input = takeInput(rest, head);
  if (input === undefined) {
    const names = Object.keys(test).join(', ');
    return `Expected test ${show(testId)} to have a \`prompt\`, \`messages\` or an \`instruction\`; it has ${names}`;
  }
  if (typeof input === 'object' && 'problem' in input) return `Test ${show(testId)}: ${input.problem}`;
  const expected = takeExpected(rest);
  const parameters = takeParameters(rest);
  const category = takeText(rest, 'category');
  const type = takeType(rest, head.domain);
  const name = takeText(rest, 'name');
  const description = takeText(rest, 'description');
  const group = groupBy === 'category' ? category : head.domain;
  return {
    id: `${head.domain}/${head.modelType}/${head.difficulty}/${testId}`,
    input,
    ...(expected === undefined ? {} : { expected: expected.phrases }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(group === undefined ? {} : { group }),
    metadata: {
      testId,
      domain: head.domain,
      modelType: head.modelType,
      difficulty: head.difficulty,
      ...(category === undefined ? {} : { category }),
      ...(type === undefined ? {} : { type }),
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      ...(expected === undefined ? {} : { expectedFrom: expected.from }),
      origin: rest,
    },
  };
}

function takeId(rest: Fields): string | undefined {
  const field = rest['id'] === undefined ? 'test_id' : 'id';
  const value = rest[field];
  const id = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof id !== 'string' || id === '') return undefined;
  delete rest[field];
  return id;
}

/** The input; `undefined` if there is none. Takes from `rest` only what the input holds entirely. */
function takeInput(rest: Fields, head: SuiteHead): ModelInput | { readonly problem: string } | undefined {
  const { messages, prompt, instruction } = rest;
  if (messages !== undefined) {
    if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isMessage)) {
      return { problem: 'Expected `messages` to be an array of objects with `role` and `content`' };
    }
    delete rest['messages'];
    if (messages.some((message: ChatMessage) => message.content === prompt)) delete rest['prompt'];
    return messages as readonly ChatMessage[];
  }
  if (prompt !== undefined) {
    if (typeof prompt !== 'string' || prompt === '') {
      return { problem: `Expected \`prompt\` to be a non-empty string, got ${show(prompt)}` };
    }
    delete rest['prompt'];
    return prompt;
  }
  if (instruction === undefined) return undefined;
  return takeInstruction(rest, head);
}

function takeInstruction(rest: Fields, head: SuiteHead): ModelInput | { readonly problem: string } {
  const { system_context: context, instruction, constraints } = rest;
  if (typeof instruction !== 'string' || instruction === '') {
    return { problem: `Expected \`instruction\` to be a non-empty string, got ${show(instruction)}` };
  }
  if (context !== undefined && typeof context !== 'string') {
    return { problem: `Expected \`system_context\` to be a string, got ${show(context)}` };
  }
  const list = typeof constraints === 'string' ? [constraints] : (constraints ?? []);
  if (!Array.isArray(list) || !list.every((each) => typeof each === 'string')) {
    return { problem: `Expected \`constraints\` to be an array of strings, got ${show(constraints)}` };
  }
  for (const field of ['system_context', 'instruction', 'constraints']) delete rest[field];
  const task =
    list.length === 0
      ? instruction
      : `${instruction}\n\nConstraints:\n${list.map((each) => `- ${each}`).join('\n')}`;
  if (context === undefined || context === '')
    return head.api === 'chat' ? [{ role: 'user', content: task }] : task;
  if (head.api === 'completions') return `${context}\n\n${task}`;
  return [
    { role: 'system', content: context },
    { role: 'user', content: task },
  ];
}

const EXPECTED_FIELDS = ['expected_patterns', 'expected_reasoning_elements', 'expected_reasoning'];

/** The phrases to look for: the first of the fields that hold such; a list that moved is not kept twice. */
function takeExpected(
  rest: Fields,
): { readonly phrases: readonly string[]; readonly from: string } | undefined {
  for (const from of EXPECTED_FIELDS) {
    const phrases = asPhrases(rest[from]);
    if (phrases === undefined) continue;
    delete rest[from];
    return { phrases, from };
  }
  const configuration = rest['evaluation_config'];
  const phrases = isRecord(configuration) ? asPhrases(configuration['expected_indicators']) : undefined;
  return phrases === undefined ? undefined : { phrases, from: 'evaluation_config.expected_indicators' };
}

function asPhrases(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string' && value !== '') return [value];
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.every((each) => typeof each === 'string') ? value : undefined;
}

const PARAMETERS: Readonly<Record<string, keyof ModelParameters>> = {
  max_tokens: 'maxTokens',
  temperature: 'temperature',
  top_p: 'topP',
  seed: 'seed',
  stop: 'stop',
};

/**
 * The parameters of the request. `parameters` wins over fields beside it, which most tests contradict; those that
 * are no parameters of a request (`stream`, `exclude`, `effort`) and those that lost stay in `origin`.
 */
function takeParameters(rest: Fields): ModelParameters | undefined {
  const own = rest['parameters'];
  const inner: Fields = isRecord(own) ? { ...own } : {};
  const made: Record<string, unknown> = {};
  for (const [name, parameter] of Object.entries(PARAMETERS)) {
    if (isParameter(name, inner[name])) {
      made[parameter] = inner[name];
      delete inner[name];
      if (rest[name] === made[parameter]) delete rest[name];
    } else if (isParameter(name, rest[name])) {
      made[parameter] = rest[name];
      delete rest[name];
    }
  }
  if (isRecord(own)) {
    if (Object.keys(inner).length === 0) delete rest['parameters'];
    else rest['parameters'] = inner;
  }
  return Object.keys(made).length === 0 ? undefined : (made as ModelParameters);
}

function isParameter(name: string, value: unknown): boolean {
  if (name === 'stop') return typeof value === 'string' || (Array.isArray(value) && value.length > 0);
  return typeof value === 'number' && Number.isFinite(value);
}

function takeType(rest: Fields, domain: string): string | undefined {
  const own = takeText(rest, `${domain}_type`);
  if (own !== undefined) return own;
  const field = Object.keys(rest).find((name) => name.endsWith('_type') && name !== 'api_type');
  return field === undefined ? undefined : takeText(rest, field);
}

function takeText(rest: Fields, field: string): string | undefined {
  const value = rest[field];
  if (typeof value !== 'string') return undefined;
  delete rest[field];
  return value;
}

function isMessage(value: unknown): boolean {
  if (!isRecord(value) || typeof value['role'] !== 'string') return false;
  return typeof value['content'] === 'string' || Array.isArray(value['content']);
}

/** Whether a value is an object that is no array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
