import type strict from 'node:assert/strict';

type Assertions = Pick<typeof strict, 'deepEqual' | 'equal' | 'match' | 'ok' | 'rejects'>;

const load = (): Assertions => process.getBuiltinModule('node:assert/strict');

/** `node:assert`, loaded at the first assertion: loading it asks the environment for colours and opens `process.stderr`. */
export const assert: Assertions = {
  get deepEqual() {
    return load().deepEqual;
  },
  get equal() {
    return load().equal;
  },
  get match() {
    return load().match;
  },
  get ok() {
    return load().ok;
  },
  get rejects() {
    return load().rejects;
  },
};
