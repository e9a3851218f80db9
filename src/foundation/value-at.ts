/**
 * What stands at a path such as `metadata.calls` or `choices.0.text`, `undefined` where nothing does. Only a value's own
 * members are looked at: `constructor` is no member of an object that has none.
 */
export function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}
