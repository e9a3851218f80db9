const DEPTH = 4; // how far into a body words are looked for

/** What servers call the words of an error. */
export const MESSAGE_NAMES = [
  'message',
  'msg',
  'errormsg',
  'errormessage',
  'errmsg',
  'errordescription',
  'faultstring',
  'detail',
  'details',
  'description',
  'reason',
  'title',
  'error',
  'raw',
  'text',
  'statustext',
  'info',
];

const SAYING = [...MESSAGE_NAMES, 'code', 'errorcode', 'type', 'status', 'faultcode'];

/** Whether the value of an `error` member tells of an error: something in it means something. */
export function saysError(error: unknown, depth = 0): boolean {
  if (typeof error === 'string') return !MEANS_NOTHING.test(error.trim());
  if (typeof error === 'number') return error !== 0 && error !== 200;
  if (typeof error !== 'object' || error === null) return error === true;
  if (depth >= DEPTH) return false;
  if (Array.isArray(error)) return error.some((value) => saysError(value, depth + 1));
  const told = members(error);
  return SAYING.some((name) => saysError(told.get(name), depth + 1));
}

const MEANS_NOTHING = /^(|0|200|ok|success|succeeded|none|null|nil|undefined|false|no error|\{\}|\[\])$/i;

/** Members of an error body by their names in lower case, with and without what joins words. */
export type Members = ReadonlyMap<string, unknown>;

/** The members of a part of an error body: `error_msg`, `errorMsg` and `ErrorMsg` are one; of a list those of its first. */
export function members(value: unknown): Members {
  if (typeof value === 'string') return new Map([['message', value]]);
  if (typeof value !== 'object' || value === null) return new Map();
  if (Array.isArray(value)) return members(firstOf(value));
  const found = new Map<string, unknown>();
  for (const [name, member] of Object.entries(value)) {
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, member);
    const joined = key.replace(/[_-]/g, '');
    if (!found.has(joined)) found.set(joined, member);
  }
  return found;
}

/** The first of a list that says something. */
export function firstOf(values: readonly unknown[]): unknown {
  return values.find((each) => each !== null && each !== '') ?? undefined;
}
