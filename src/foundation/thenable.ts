import { AssayError } from '../errors.js';

/**
 * Whether a value must be waited for. Not `instanceof Promise`: promises of other realms (Jest and `node:vm` hand
 * functions of Node's own) and of promise libraries are none.
 */
export function isThenable<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

/**
 * What a function of the host gave where nobody waits. A promise is refused: it would count as yes, or as a text, and one
 * that rejects unheard ends the process.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT`.
 */
export function givenAtOnce<Value>(what: string, given: Value): Value {
  if (!isThenable(given)) return given;
  Promise.resolve(given).catch(() => {});
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected ${what} to give its answer at once, got a promise: it must not be async`,
  );
}
