import { expect, it } from 'vitest';
import { processExecArguments, threadExecArguments } from '../../src/workers/exec-arguments.js';

const ofModules = ['--import', './hook.mjs', '--enable-source-maps', '--conditions=dev'];
const ofTheProcess = ['--max-http-header-size=9', '--max-old-space-size=300', '--expose-gc', '--title=x'];
const ofTheEntry = [
  '--input-type=module',
  '-e',
  'run()',
  '--inspect-brk=9229',
  '--inspect',
  '--test',
  '--test-isolation=none',
  '--input-type',
  'module',
];

it("passes a host's flags on to a worker process, without those that concern the host's entry", () => {
  const flags = [...ofModules, ...ofTheProcess];
  expect(processExecArguments(flags)).toEqual(flags);
  expect(processExecArguments([...ofTheEntry, ...flags])).toEqual(flags);
});

it("lets a thread inherit the host's flags, and names those of modules where some cannot be inherited", () => {
  expect(threadExecArguments([...ofModules, ...ofTheProcess])).toBeUndefined();
  expect(threadExecArguments([...ofTheEntry, ...ofTheProcess, ...ofModules])).toEqual(ofModules);
});
