import { distance } from 'fastest-levenshtein';
import { AssayError } from '../errors.js';
import { isSecretName, looksLikeKey } from './key-like.js';
import { isThenable } from './thenable.js';

/** How one option is checked: returns what was expected, or `undefined` when the value is good. */
export type OptionCheck = (value: unknown) => string | undefined;

/** A check per option name. An option that is not listed is unknown. */
export type OptionChecks<Options> = { readonly [Name in keyof Options]-?: OptionCheck };

/**
 * Checks an options object: unknown keys (with the nearest known one suggested) and bad values throw
 * `ASSAY_INVALID_OPTION`, naming the option, what was expected and what came. Explicit `undefined` means
 * default and passes. Returns a frozen shallow copy.
 */
export function checkOptions<Options extends object>(
  owner: string,
  options: Options,
  checks: OptionChecks<Options>,
): Readonly<Options> {
  if (typeof options !== 'object' || options === null) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected the options of ${owner} to be an object, got ${show(options)}`,
    );
  }
  const known = checks as Record<string, OptionCheck>;
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(known, name) ? known[name] : undefined;
    if (check === undefined) throw unknownOption(owner, name, Object.keys(known));
    const error = value === undefined ? undefined : invalidOption(owner, { name, value, check });
    if (error !== undefined) throw error;
  }
  return Object.freeze({ ...options });
}

/** The error for a bad value of an option; `undefined` when it is good. */
export function invalidOption(
  owner: string,
  { name, value, check }: { readonly name: string; readonly value: unknown; readonly check: OptionCheck },
): AssayError | undefined {
  const expected = check(value);
  if (expected === undefined) return undefined;
  return new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected \`${name}\` of ${owner} to be ${expected}, got ${showOption(name, value)}`,
  );
}

/**
 * Checks an argument that stands alone; `purpose` ends the sentence of what was expected: ` to watch`.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function checkArgument(value: unknown, check: OptionCheck, purpose = ''): void {
  const expected = check(value);
  if (expected === undefined) return;
  throw new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected ${expected}${purpose}, got ${showOption('', value)}`,
  );
}

/**
 * Throws when an option without a default is missing.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` naming the first one.
 */
export function requireOptions<Options extends object>(
  owner: string,
  options: Options,
  names: readonly (keyof Options & string)[],
): void {
  const missing = names.find((name) => options[name] === undefined);
  if (missing === undefined) return;
  throw new AssayError('ASSAY_INVALID_OPTION', `Expected \`${missing}\` of ${owner} to be given`);
}

/** The error for an option that nobody knows; suggests the nearest name. */
export function unknownOption(owner: string, name: string, known: readonly string[]): AssayError {
  if (looksLikeKey(name)) {
    return new AssayError(
      'ASSAY_INVALID_OPTION',
      `Unknown option of ${owner}: its name looks like a key and is not shown`,
    );
  }
  return new AssayError(
    'ASSAY_INVALID_OPTION',
    `Unknown option \`${name}\` of ${owner}${hintOf(name, known)}`,
  );
}

/** The error for a metric that no result has. */
export function unknownMetric(owner: string, metric: string, known: readonly string[]): AssayError {
  return new AssayError(
    'ASSAY_INVALID_OPTION',
    `Unknown metric ${show(metric)} of ${owner}${hintOf(metric, known)}`,
  );
}

function hintOf(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest !== undefined
    ? `; did you mean \`${nearest}\`?`
    : `; known are ${known.map((candidate) => `\`${candidate}\``).join(', ')}`;
}

/** Of the known names the one that may be meant by a misspelt one; `undefined` when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const nearest = known
    .map((candidate) => ({ candidate, edits: distance(candidate.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)[0];
  const near = nearest !== undefined && nearest.edits <= Math.max(2, Math.floor(name.length / 3));
  return near ? nearest.candidate : undefined;
}

/** Short, safe text for a value in an error message. */
export function show(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    if (isThenable(value)) return 'a promise';
    return Array.isArray(value) ? `an array of ${value.length}` : 'an object';
  } catch {
    return 'an object that cannot be looked at'; // a revoked proxy
  }
}

/**
 * A bad value of an option, for an error: a text that is, or looks like, a key is not shown. Hosts give keys in the
 * wrong place.
 */
export function showOption(name: string, value: unknown): string {
  if (typeof value !== 'string' || (!looksLikeKey(value) && !(value !== '' && isSecretName(name)))) {
    return show(value);
  }
  return `a text of ${value.length} characters that may be a key`;
}

/** An integer within the bounds. */
export function integer(minimum: number, maximum = Number.MAX_SAFE_INTEGER): OptionCheck {
  return (value) =>
    Number.isSafeInteger(value) && (value as number) >= minimum && (value as number) <= maximum
      ? undefined
      : `an integer ${range(minimum, maximum, Number.MAX_SAFE_INTEGER)}`;
}

/** A finite number within the bounds, both included. */
export function number(minimum: number, maximum = Number.POSITIVE_INFINITY): OptionCheck {
  return (value) =>
    typeof value === 'number' && Number.isFinite(value) && value >= minimum && value <= maximum
      ? undefined
      : `a number ${range(minimum, maximum, Number.POSITIVE_INFINITY)}`;
}

/** A finite number above zero. */
export const positive: OptionCheck = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? undefined : 'a number > 0';

/** A number strictly between 0 and 1: a confidence level, a chance. */
export const betweenZeroAndOne: OptionCheck = (value) =>
  typeof value === 'number' && value > 0 && value < 1 ? undefined : 'a number above 0 and below 1';

/** A number above 0, at most 1: a share or a difference that may be whole. */
export const aboveZeroToOne: OptionCheck = (value) =>
  typeof value === 'number' && value > 0 && value <= 1 ? undefined : 'a number above 0, at most 1';

/** Milliseconds: a finite number >= 0, or `Infinity` for no limit. */
export const milliseconds: OptionCheck = (value) =>
  typeof value === 'number' && value >= 0 ? undefined : 'a number of milliseconds >= 0 (Infinity: no limit)';

/** `true` or `false`. */
export const boolean: OptionCheck = (value) => (typeof value === 'boolean' ? undefined : 'true or false');

/** A string that is not empty. */
export const text: OptionCheck = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'a non-empty string';

/** A function. */
export const callable: OptionCheck = (value) => (typeof value === 'function' ? undefined : 'a function');

/** Any object that is not null. */
export const object: OptionCheck = (value) =>
  typeof value === 'object' && value !== null ? undefined : 'an object';

/** Something that has at least one of the methods; `what` names it. */
export function having(what: string, ...methods: readonly string[]): OptionCheck {
  return (value) => {
    const members = (value ?? {}) as Readonly<Record<string, unknown>>;
    return methods.some((method) => typeof members[method] === 'function')
      ? undefined
      : `${what} with ${methods.map((method) => `\`${method}\``).join(' or ')}`;
  };
}

/** An array; what is in it is checked elsewhere. */
export const list: OptionCheck = (value) => (Array.isArray(value) ? undefined : 'an array');

/** Anything: for values that are checked elsewhere. */
export const anything: OptionCheck = () => undefined;

/** An AbortSignal. */
export const signal: OptionCheck = (value) => (value instanceof AbortSignal ? undefined : 'an AbortSignal');

/** One of the listed strings. */
export function oneOf(...allowed: readonly string[]): OptionCheck {
  return (value) =>
    allowed.includes(value as string) ? undefined : allowed.map((each) => `'${each}'`).join(' or ');
}

/** Any of several checks. */
export function either(...checks: readonly OptionCheck[]): OptionCheck {
  return (value) => {
    const expected: string[] = [];
    for (const check of checks) {
      const failed = check(value);
      if (failed === undefined) return undefined;
      expected.push(failed);
    }
    return expected.join(', or ');
  };
}

function range(minimum: number, maximum: number, open: number): string {
  return maximum === open ? `>= ${minimum}` : `from ${minimum} to ${maximum}`;
}
