import { parseJson } from '../foundation/lossless-json.js';
import { asWritten } from './read-jsonl.js';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError, messageOf } from '../errors.js';
import { callable, checkOptions, oneOf, show, text, type OptionChecks } from '../foundation/options.js';
import { isRecord, suiteTestToCase, type SuiteCase, type SuiteHead } from './suite-test.js';

/** Something in a suite that does not keep its tests from being used, but should be known. */
export interface SuiteIssue {
  /**
   * `total-mismatch`: the file says another number of tests than it has. `unknown-test`: `categories.json` names a
   * test that no suite beside it has. `uncategorised-test`: a test's category is not in `categories.json`.
   */
  readonly kind: 'total-mismatch' | 'unknown-test' | 'uncategorised-test';
  /** Path of the file. */
  readonly file: string;
  /** What is odd, with the name of the file. */
  readonly message: string;
}

/** Options of {@link readSuite}. */
export interface ReadSuiteOptions {
  /** What cases are grouped by in the summary. @default 'category' */
  readonly groupBy?: 'category' | 'domain' | undefined;
  /** Called with what is odd but harmless. @default it is passed over */
  readonly onIssue?: ((issue: SuiteIssue) => void) | undefined;
}

const CHECKS: OptionChecks<ReadSuiteOptions> = { groupBy: oneOf('category', 'domain'), onIssue: callable };

const CATEGORIES_FILE = 'categories.json';

/**
 * Reads test suites of the framework that this package descends from (cognitopo): one file, or a folder with all
 * files below it in the order of their names, files before folders. One file is in memory at a time.
 *
 * Ids are `domain/modelType/difficulty/id`, as ids repeat between files; domain and so on are taken from the path
 * (`…/reasoning/base_models/easy.json`), else from the file. The input is the test's `messages`, else its `prompt`,
 * else a system message of `system_context` and a user message of `instruction` and `constraints`. `expected` are
 * the phrases of `expected_patterns`, `expected_reasoning_elements`, `expected_reasoning` or
 * `evaluation_config.expected_indicators`. `parameters` win over `max_tokens` and `temperature` beside them. All
 * else is kept in `metadata`, see {@link SuiteMetadata}. `categories.json` holds no tests; in a folder it is
 * compared with the suites beside it.
 *
 * Iterating rejects with an InputError: `ASSAY_INVALID_INPUT` for a file that cannot be read, is not JSON or no
 * suite, `ASSAY_INVALID_CASE` for a test that cannot be used (with `row`, its 1-based number in the file),
 * `ASSAY_DUPLICATE_CASE` for an id that comes twice, `ASSAY_EMPTY_INPUT` for a folder without suites.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`.
 */
export function readSuite(path: string, options: ReadSuiteOptions = {}): AsyncIterable<SuiteCase> {
  const { groupBy, onIssue } = checkOptions('readSuite', options, CHECKS);
  const wrong = text(path);
  if (wrong !== undefined) {
    throw new InputError(
      'ASSAY_INVALID_INPUT',
      `Expected the path of readSuite to be ${wrong}, got ${show(path)}`,
    );
  }
  return { [Symbol.asyncIterator]: () => generate(path, groupBy ?? 'category', onIssue ?? (() => {})) };
}

type Report = (issue: SuiteIssue) => void;

async function* generate(
  path: string,
  groupBy: 'category' | 'domain',
  report: Report,
): AsyncGenerator<SuiteCase, void, undefined> {
  const files = await findFiles(path);
  const isFolder = files.length !== 1 || files[0] !== path;
  if (!files.some((file) => basename(file) !== CATEGORIES_FILE)) {
    if (!isFolder)
      throw failure('ASSAY_INVALID_INPUT', {
        file: path,
        message: 'holds categories, not tests; read the suites beside it',
      });
    throw failure('ASSAY_EMPTY_INPUT', { file: path, message: 'no suites (*.json) in this folder' });
  }
  const seen = new Map<string, string>();
  let siblings = new SiblingSuites(dirname(files[0]!));
  for (const file of files) {
    if (dirname(file) !== siblings.folder) {
      await siblings.compare(report);
      siblings = new SiblingSuites(dirname(file));
    }
    if (basename(file) === CATEGORIES_FILE) {
      siblings.categoriesFile = file;
      continue;
    }
    const { head, tests } = await readSuiteFile(file, report);
    for (const [index, test] of tests.entries()) {
      const made = suiteTestToCase(test, { head, groupBy });
      if (typeof made === 'string')
        throw failure('ASSAY_INVALID_CASE', { file, message: made, row: index + 1 });
      const before = seen.get(made.id);
      if (before !== undefined) {
        throw failure('ASSAY_DUPLICATE_CASE', {
          file,
          message: `${show(made.id)} is also ${before}`,
          row: index + 1,
        });
      }
      seen.set(made.id, `test ${index + 1} of ${file}`);
      siblings.add(made);
      yield made;
    }
  }
  await siblings.compare(report);
}

/** What the suites of one folder have, to be compared with the `categories.json` beside them. */
class SiblingSuites {
  readonly folder: string;
  categoriesFile: string | undefined;
  readonly #testIds = new Set<string>();
  readonly #categories = new Set<string>();

  constructor(folder: string) {
    this.folder = folder;
  }

  add({ metadata }: SuiteCase): void {
    if (metadata === undefined) return;
    this.#testIds.add(metadata.testId);
    if (metadata.category !== undefined) this.#categories.add(metadata.category);
  }

  async compare(report: Report): Promise<void> {
    const file = this.categoriesFile;
    if (file === undefined) return;
    const content = await readJsonFile(file);
    const categories = isRecord(content) ? content['categories'] : undefined;
    if (!isRecord(categories))
      throw failure('ASSAY_INVALID_INPUT', { file, message: 'Expected an object with `categories`' });
    for (const [name, category] of Object.entries(categories)) {
      const ids: unknown = isRecord(category) ? category['test_ids'] : undefined;
      if (!Array.isArray(ids)) continue;
      const unknown = ids.filter((id) => !this.#testIds.has(String(id)));
      if (unknown.length === 0) continue;
      const message = `${file}: category ${show(name)} names ${unknown.length} tests that no suite beside it has, ${show(unknown[0])} for one`;
      report({ kind: 'unknown-test', file, message });
    }
    for (const name of this.#categories) {
      if (Object.hasOwn(categories, name)) continue;
      report({
        kind: 'uncategorised-test',
        file,
        message: `${file}: tests have the category ${show(name)}, which is not listed`,
      });
    }
  }
}

async function findFiles(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const files: string[] = [];
    const below: string[] = [];
    const entries = (await readdir(path)).filter((name) => !name.startsWith('.')).sort();
    for (const name of entries) {
      const entry = join(path, name);
      if ((await stat(entry)).isDirectory()) below.push(...(await findFiles(entry)));
      else if (name.endsWith('.json')) files.push(entry);
    }
    return [...files, ...below]; // the suites of one folder in a row
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw failure('ASSAY_INVALID_INPUT', {
      file: path,
      message: `cannot be read: ${messageOf(error)}`,
      cause: error,
    });
  }
}

async function readJsonFile(file: string): Promise<unknown> {
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (error) {
    throw failure('ASSAY_INVALID_INPUT', {
      file,
      message: `cannot be read: ${messageOf(error)}`,
      cause: error,
    });
  }
  try {
    return parseJson(content.replace(/^\uFEFF/, ''), { inexact: asWritten });
  } catch (error) {
    throw failure('ASSAY_INVALID_INPUT', {
      file,
      message: `invalid JSON: ${messageOf(error)}`,
      cause: error,
    });
  }
}

async function readSuiteFile(
  file: string,
  report: Report,
): Promise<{ readonly head: SuiteHead; readonly tests: readonly unknown[] }> {
  const content = await readJsonFile(file);
  if (!isRecord(content) || !Array.isArray(content['tests'])) {
    throw failure('ASSAY_INVALID_INPUT', {
      file,
      message: 'Expected a suite, an object with an array `tests`',
    });
  }
  const tests: readonly unknown[] = content['tests'];
  const info = isRecord(content['suite_info']) ? content['suite_info'] : {};
  const total = info['total_tests'] ?? content['total_tests'];
  if (total !== undefined && total !== tests.length) {
    const message = `${file}: \`total_tests\` is ${show(total)}, the suite has ${tests.length}`;
    report({ kind: 'total-mismatch', file, message });
  }
  return { head: readHead(file, content, info), tests };
}

function readHead(file: string, content: Record<string, unknown>, info: Record<string, unknown>): SuiteHead {
  const string = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  const [domainFolder, typeFolder] = resolve(file).split(/[\\/]/).slice(-3);
  const inTree = typeFolder?.endsWith('_models') === true;
  const stem = basename(file, '.json');
  const testType = string(content['test_type']);
  const declaredType = string(info['target_models']) ?? testType?.replace(/_models?(_.*)?$/, '_models');
  const modelType = (inTree ? typeFolder : undefined) ?? declaredType ?? 'any_models';
  const endpoint = string(content['api_endpoint']) ?? string(info['api_type']);
  const byEndpoint = endpoint === undefined ? undefined : /chat/.test(endpoint) ? 'chat' : 'completions';
  return {
    domain:
      (inTree ? domainFolder : undefined) ?? string(content['domain']) ?? string(info['domain']) ?? stem,
    modelType,
    difficulty: inTree ? stem : (string(content['difficulty']) ?? string(info['difficulty']) ?? stem),
    api: byEndpoint ?? (modelType.startsWith('base') ? 'completions' : 'chat'),
  };
}

/** What is wrong with a file, or with test `row` of it. */
interface SuiteFailure {
  readonly file: string;
  readonly message: string;
  readonly row?: number;
  readonly cause?: unknown;
}

function failure(
  code: 'ASSAY_INVALID_CASE' | 'ASSAY_DUPLICATE_CASE' | 'ASSAY_EMPTY_INPUT' | 'ASSAY_INVALID_INPUT',
  { file, message, row, cause }: SuiteFailure,
): InputError {
  const place = row === undefined ? file : `${file}, test ${row}`;
  return new InputError(code, `${place}: ${message}`, {
    source: file,
    ...(row === undefined ? {} : { row }),
    ...(cause === undefined ? {} : { cause }),
  });
}
