import { AssayError, messageOf, toErrorRecord, type AssayErrorCode, type ErrorRecord } from '../errors.js';
import type { PackedError } from './worker-protocol.js';

/**
 * An error of this package that was thrown in a worker: same code, message and allow-listed fields; the error as
 * it was there, with its stack, is the `cause`.
 */
export class RemoteError extends AssayError {
  readonly #record: ErrorRecord;

  constructor(record: ErrorRecord, cause: Error) {
    super(record.code, record.message, { cause, retryable: record.retryable });
    this.#record = record;
    for (const [field, value] of Object.entries(record)) {
      if (!(field in this)) Object.defineProperty(this, field, { value, enumerable: true });
    }
  }

  override toRecord(): ErrorRecord {
    return this.#record;
  }
}

const MOST_CAUSES = 8; // a chain may lead back to its beginning

/** Makes anything that was thrown fit to be sent. Never throws, whatever that thing does when it is looked at. */
export function packError(thrown: unknown): PackedError {
  try {
    return pack(thrown, MOST_CAUSES);
  } catch {
    const message = 'Something was thrown that cannot be looked at';
    return { name: 'Error', message, fields: {}, assay: false };
  }
}

function pack(thrown: unknown, causes: number): PackedError {
  if (AssayError.is(thrown)) {
    return {
      ...common(thrown, causes),
      fields: { ...toErrorRecord(thrown, 'ASSAY_EVALUATOR_FAILED') },
      assay: true,
    };
  }
  if (thrown instanceof Error) {
    return { ...common(thrown, causes), fields: cloneableMembers(thrown), assay: false };
  }
  const fields = typeof thrown === 'object' && thrown !== null ? cloneableMembers(thrown) : {};
  return { name: 'Error', message: messageOf(thrown), fields, assay: false };
}

function common(error: Error, causes: number): Pick<PackedError, 'name' | 'message' | 'stack' | 'cause'> {
  const { name, stack, cause } = error as { readonly [Member in keyof Error]: unknown };
  return {
    name: typeof name === 'string' ? messageOf(name) : 'Error',
    message: messageOf(error),
    ...(typeof stack === 'string' ? { stack: messageOf(stack) } : {}),
    ...(cause instanceof Error && causes > 0 ? { cause: pack(cause, causes - 1) } : {}),
  };
}

function cloneableMembers(thrown: object): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const name of Object.keys(thrown)) {
    try {
      const value = (thrown as Record<string, unknown>)[name];
      if (isCloneable(value)) members[name] = value;
    } catch {
      // A getter that throws has no value to send.
    }
  }
  return members;
}

/** The error as it is thrown on the main thread: an error of this package again, or an Error with the same members. */
export function unpackError(packed: PackedError): Error {
  const error =
    packed.cause === undefined
      ? new Error(packed.message)
      : new Error(packed.message, { cause: unpackError(packed.cause) });
  Object.defineProperty(error, 'name', { value: packed.name, configurable: true, writable: true });
  if (packed.stack !== undefined) error.stack = packed.stack;
  if (packed.assay) {
    const { code, message, retryable, ...fields } = packed.fields as unknown as ErrorRecord;
    return new RemoteError({ code: code satisfies AssayErrorCode, message, retryable, ...fields }, error);
  }
  for (const [field, value] of Object.entries(packed.fields)) {
    if (field !== 'stack' && field !== 'message' && field !== 'name' && field !== 'cause') {
      Object.defineProperty(error, field, { value, enumerable: true, configurable: true, writable: true });
    }
  }
  return error;
}

/** Whether a value survives the way between threads. Plain data is seen at a glance; the rest is tried. */
export function isCloneable(value: unknown): boolean {
  if (isPlain(value, 0)) return true;
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

const DEEPEST_GLANCE = 16;

function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') return false;
  if (typeof value !== 'object' || value === null) return true;
  if (depth > DEEPEST_GLANCE) return false;
  if (Array.isArray(value)) return value.every((member) => isPlain(member, depth + 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const name in value) if (!isPlain((value as Record<string, unknown>)[name], depth + 1)) return false;
  return true;
}
