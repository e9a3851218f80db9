/** Stands between two values; no {@link storableText}, no {@link keyText} and no JSON has a `|` behind U+001A. */
const SEPARATOR = '\u001a|';
/** Stands for NULL. */
const NOTHING = '\u001a-';

/** Types of columns whose values are written as they are. */
export type ColumnType = 'text' | 'jsonb' | 'integer' | 'double precision' | 'boolean';

/**
 * The values of a column as one parameter of a statement; {@link columnSql} reads it. The literal of an array costs a
 * backslash for each quote of JSON, on both sides: a third of the time that an append takes.
 */
export function columnText(values: readonly (string | number | boolean | null)[], type: ColumnType): string {
  if (type !== 'text' && type !== 'jsonb') return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
  // With a last NULL, because the text of one empty value is that of no value.
  return [...values.map((value) => value ?? NOTHING), NOTHING].join(SEPARATOR);
}

/** SQL of the array that is in a parameter; arrays of text have one value more, which is NULL. */
export function columnSql(parameter: string, type: ColumnType): string {
  if (type !== 'text' && type !== 'jsonb') return `${parameter}::${type}[]`;
  const array = `string_to_array(${parameter}::text, E'\\x1a|', E'\\x1a-')`;
  return type === 'text' ? array : `${array}::jsonb[]`;
}
