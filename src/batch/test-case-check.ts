import { InputError } from '../errors.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import { show } from '../foundation/options.js';

/**
 * Checks that a value can be used as a test case: an object with a non-empty string `id`, an `input` that is not
 * missing, and `cluster`, `group` and `parameters` of their types where they are given. `expected` and `metadata`
 * are the host's. Costs a few property reads: it runs for every case.
 *
 * @param row 1-based number of the case, or of the line in a file, for the error.
 * @param source the file, for the error.
 * @throws InputError `ASSAY_INVALID_CASE` naming the field, what was expected and what came.
 */
export function checkTestCase(
  value: unknown,
  row: number,
  source?: string,
): asserts value is TestCase<unknown, unknown, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`a test case to be an object with \`id\` and \`input\`, got ${show(value)}`, row, source);
  }
  const { id, input, cluster, group, parameters } = value as Partial<Record<keyof TestCase, unknown>>;
  if (typeof id !== 'string' || id === '') {
    throw invalid(`\`id\` to be a non-empty string, got ${show(id)}${hint(value, id)}`, row, source);
  }
  if (input === undefined || input === null) {
    throw invalid(
      `\`input\` of ${show(id)} to be given, got ${show(input)}${hint(value, input)}`,
      row,
      source,
    );
  }
  if (cluster !== undefined && typeof cluster !== 'string') {
    throw invalid(`\`cluster\` of ${show(id)} to be a string, got ${show(cluster)}`, row, source);
  }
  if (group !== undefined && typeof group !== 'string') {
    throw invalid(`\`group\` of ${show(id)} to be a string, got ${show(group)}`, row, source);
  }
  if (
    parameters !== undefined &&
    (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters))
  ) {
    throw invalid(`\`parameters\` of ${show(id)} to be an object, got ${show(parameters)}`, row, source);
  }
}

/** Names where a piece of input stands: `cases.jsonl:3`, or `case 3` without a file. */
export function placeOf(row: number, source: string | undefined): string {
  return source === undefined ? `case ${row}` : `${source}:${row}`;
}

function invalid(expectation: string, row: number, source: string | undefined): InputError {
  return new InputError('ASSAY_INVALID_CASE', `${placeOf(row, source)}: Expected ${expectation}`, {
    row,
    ...(source === undefined ? {} : { source }),
  });
}

/** For a missing field: what the object has instead, which mostly shows the mistake. */
function hint(value: object, field: unknown): string {
  if (field !== undefined) return '';
  const names = Object.keys(value).slice(0, 12);
  return names.length === 0
    ? ' (the object is empty)'
    : ` (it has ${names.map((name) => `\`${name}\``).join(', ')})`;
}
