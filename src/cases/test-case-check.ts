import { InputError, messageOf } from '../errors.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import { show } from '../foundation/options.js';

/**
 * Checks that a value can be used as a test case: an object with a non-empty string `id`, an `input` that is not
 * missing, and `cluster`, `group` and `parameters` of their types where they are given. `expected` and `metadata`
 * are the host's. Costs a few property reads: it runs for every case.
 *
 * @param row 1-based number of the case, or of the line in a file or stream, for the error.
 * @param source the file, for the error.
 * @param unit what `row` counts.
 * @throws InputError `ASSAY_INVALID_CASE` naming the field, what was expected and what came.
 */
export function checkTestCase(
  value: unknown,
  row: number,
  {
    source,
    unit = 'case',
  }: { readonly source?: string | undefined; readonly unit?: RowUnit | undefined } = {},
): asserts value is TestCase<unknown, unknown, unknown> {
  let expectation: string | undefined;
  try {
    expectation = missedExpectation(value);
  } catch (error) {
    expectation = `a test case whose members can be read, got ${messageOf(error)}`;
  }
  if (expectation === undefined) return;
  throw new InputError('ASSAY_INVALID_CASE', `${placeOf(row, { source, unit })}: Expected ${expectation}`, {
    row,
    ...(source === undefined ? {} : { source }),
  });
}

function missedExpectation(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `a test case to be an object with \`id\` and \`input\`, got ${show(value)}`;
  }
  const { id, input, cluster, group, parameters } = value as Partial<Record<keyof TestCase, unknown>>;
  if (typeof id !== 'string' || id === '') {
    return `\`id\` to be a non-empty string, got ${show(id)}${hint(value, id)}`;
  }
  if (input === undefined || input === null) {
    return `\`input\` of ${show(id)} to be given, got ${show(input)}${hint(value, input)}`;
  }
  if (cluster !== undefined && typeof cluster !== 'string') {
    return `\`cluster\` of ${show(id)} to be a string, got ${show(cluster)}`;
  }
  if (group !== undefined && typeof group !== 'string') {
    return `\`group\` of ${show(id)} to be a string, got ${show(group)}`;
  }
  if (
    parameters !== undefined &&
    (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters))
  ) {
    return `\`parameters\` of ${show(id)} to be an object, got ${show(parameters)}`;
  }
  return undefined;
}

/** What the row of a piece of input counts: cases, or the lines of a file or stream. */
export type RowUnit = 'case' | 'line';

/** Names where a piece of input stands: `cases.jsonl:3`, or `line 3` without the name of a file. */
export function placeOf(
  row: number,
  { source, unit }: { readonly source?: string | undefined; readonly unit: RowUnit },
): string {
  return source === undefined ? `${unit} ${row}` : `${source}:${row}`;
}

/** For a missing field: what the object has instead, which mostly shows the mistake. */
function hint(value: object, field: unknown): string {
  if (field !== undefined) return '';
  const names = Object.entries(value).flatMap(([name, member]) =>
    name === 'metadata' && typeof member === 'object' && member !== null
      ? Object.keys(member).map((inner) => `metadata.${inner}`) // where readers put what they do not know
      : name,
  );
  return names.length === 0
    ? ' (the object is empty)'
    : ` (it has ${names
        .slice(0, 12)
        .map((name) => `\`${name}\``)
        .join(', ')})`;
}
