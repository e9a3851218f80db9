/**
 * Whether a value must be waited for. Not `instanceof Promise`: promises of other realms (Jest and `node:vm` hand
 * functions of Node's own) and of promise libraries are none.
 */
export function isThenable<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
