import { expect, it } from 'vitest';
import { workerExecArguments } from '../../src/workers/exec-arguments.js';

it('keeps the flags that concern every module, and drops those that concern the entry of the host', () => {
  const flags = [
    '--import',
    './hook.mjs',
    '--enable-source-maps',
    '--conditions=dev',
    '--max-http-header-size=9',
  ];
  expect(workerExecArguments(flags)).toEqual(flags);
  const ofHost = [
    '--input-type=module',
    '-e',
    'run()',
    '--inspect-brk=9229',
    '--inspect',
    '--test',
    '--input-type',
    'module',
  ];
  expect(workerExecArguments([...ofHost, ...flags])).toEqual(flags);
});
