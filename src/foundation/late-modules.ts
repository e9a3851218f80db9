/**
 * Built-in modules that only some hosts need, loaded by the first call: imported, the four of them made up 7 % of the
 * time that a script takes to start (docs/decisions/doors.md).
 */
export const childProcess = (): typeof import('node:child_process') =>
  process.getBuiltinModule('node:child_process');
export const nodeCrypto = (): typeof import('node:crypto') => process.getBuiltinModule('node:crypto');
export const perfHooks = (): typeof import('node:perf_hooks') => process.getBuiltinModule('node:perf_hooks');
export const zlib = (): typeof import('node:zlib') => process.getBuiltinModule('node:zlib');
