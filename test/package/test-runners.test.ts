import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConsumerFolder, type Ended, runProgram } from '../support/consumer-folder.js';
import { compiledProgram } from '../support/guide-programs.js';

const RESULTS = `
export const results = (ones, runId) =>
  Array.from({ length: 100 }, (_, i) => ({
    runId, caseId: 'case-' + i, repetition: 0, outcome: 'scored', model: null, endpoint: null, attempts: 1, usage: null,
    cost: null, cached: false, startedAt: 0,
    timings: { queuedMs: 0, targetMs: 1, timeToFirstTokenMs: null, evaluationMs: 0 },
    response: { text: 'answer', finishReason: 'stop', requestId: null },
    evaluation: {
      evaluator: 'e', version: '1', overallScore: i < ones ? 1 : 0,
      dimensions: [{ name: 'accuracy', outcome: 'scored', score: i < ones ? 1 : 0, durationMs: 0 }],
    },
  }));
`;

/** Two tests in the words of Vitest and of Jest: the run has `ones` right answers of 100. */
const suite = (imports: string, ones: number): string => `
${imports}
import { assayMatchers } from 'assaykit/matchers';
import { results } from './results.mjs';

expect.extend(assayMatchers);
test('holds what is required', async () => {
  await expect(results(${ones}, 'run')).toHold({ accuracy: { min: 0.6 } });
});
test('is no worse than main', async () => {
  await expect(results(${ones}, 'run')).toBeNoWorseThan(results(80, 'main'), { metrics: ['accuracy'] });
});
`;

/** Every feature of the package inside of Jest, a test each. */
const FEATURES = `
import { expect, test } from '@jest/globals';
import { FEATURES, tryFeatures } from './host.mjs';

test.each(FEATURES)('%s', async (name) => {
  expect((await tryFeatures([name]))[name]).toMatch(/^works/);
}, 30_000);
`;

const nodeTest = (ones: number): string => `
import { test } from 'node:test';
import { assertGate, gate } from 'assaykit/decisions';
import { results } from './results.mjs';

test('may be merged', async () => {
  assertGate(await gate({
    run: results(${ones}, 'run'),
    baseline: results(80, 'main'),
    require: { accuracy: { min: 0.6, noWorse: true } },
  }));
});
`;

const TYPED = `
import { expect } from 'vitest';
import { assayMatchers, type AssayMatchers } from 'assaykit/matchers';
import { gate, type GateVerdict } from 'assaykit/decisions';

declare module 'vitest' {
  interface Matchers<T> extends AssayMatchers<Promise<void>> {}
}
expect.extend(assayMatchers);
await expect([]).toHold({ accuracy: { min: 0.8 } });
await expect([]).not.toBeNoWorseThan([], { metrics: ['accuracy'], maxDrop: 0.1 });
const verdict: GateVerdict = await gate({ run: [], require: { overall: { min: 0.5 } } });
console.log(verdict.checks[0]?.interval?.low);
`;

describe('a verdict in a test runner of the host', () => {
  let folder: ConsumerFolder;
  const run = (program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> => {
    const own = Object.entries(process.env).filter(
      ([name]) => !/^(VITEST|NODE_ENV|NODE_OPTIONS|TEST$|JEST)/.test(name),
    );
    return runProgram(program, args, { cwd: folder.path, env: { ...Object.fromEntries(own), ...env } });
  };
  beforeAll(async () => {
    folder = await ConsumerFolder.create();
    await folder.write('results.mjs', RESULTS);
  }, 180_000);
  afterAll(() => folder?.remove());

  it('Vitest passes and fails', async () => {
    await folder.link('vitest');
    const imports = "import { expect, test } from 'vitest';";
    await folder.write('good.vitest.test.mjs', suite(imports, 79));
    await folder.write('bad.vitest.test.mjs', suite(imports, 40));
    const cli = join(folder.path, 'node_modules/vitest/vitest.mjs');
    const vitest = (file: string): Promise<Ended> =>
      run(process.execPath, [cli, 'run', file, '--reporter=verbose']);
    const good = await vitest('good.vitest.test.mjs');
    expect(good.stdout + good.stderr).toContain('2 passed');
    expect(good.status).toBe(0);
    const bad = await vitest('bad.vitest.test.mjs');
    expect(bad.status).toBe(1);
    expect(bad.stdout + bad.stderr).toContain('Fail: accuracy at least 0.6');
    expect(bad.stdout + bad.stderr).toContain('40 points lower');
  });

  it('Jest passes and fails', async ({ skip }) => {
    // Jest is 280 packages: installed here and not with the project. Without a registry it is skipped.
    const installed = await run('npm', [
      'install',
      'jest@30',
      '--no-save',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
    ]);
    if (installed.status !== 0) skip(`Jest cannot be installed: ${installed.stderr.slice(0, 200)}`);
    const imports = "import { expect, test } from '@jest/globals';";
    await folder.write('good.jest.test.mjs', suite(imports, 79));
    await folder.write('bad.jest.test.mjs', suite(imports, 40));
    await folder.write('jest.config.json', '{"testMatch":["**/*.jest.test.mjs"],"transform":{}}');
    const jest = (file: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> => {
      const cli = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];
      return run(process.execPath, [...cli, '--config', 'jest.config.json', file], env);
    };
    const good = await jest('good.jest');
    expect(good.stderr).toContain('2 passed');
    expect(good.status).toBe(0);
    const bad = await jest('bad.jest');
    expect(bad.status).toBe(1);
    expect(bad.stderr).toContain('Fail: accuracy at least 0.6');

    await folder.write('assistant.js', 'export const answer = (sum) => `${eval(sum.slice(8, -1))}`;');
    for (const file of ['suite.js', 'sums.jest.test.js'])
      await folder.write(file, compiledProgram('docs/guides/in-your-tests.md', file));
    await folder.write('jest.config.json', '{"testMatch":["**/*.jest.test.{js,mjs}"],"transform":{}}');
    expect((await jest('sums.jest')).status).toBe(0);

    // Jest gives tests globals of their own, so that `instanceof` fails for whatever Node has made.
    for (const file of ['host.mjs', 'evaluator.mjs'])
      await cp(join(import.meta.dirname, '../../scripts/places', file), join(folder.path, file));
    for (const peer of ['better-sqlite3', '@opentelemetry/api', '@opentelemetry/api-logs'])
      await folder.link(peer);
    await folder.write('features.jest.test.mjs', FEATURES);
    const features = await jest('features.jest', { EVALUATOR_FILE: join(folder.path, 'evaluator.mjs') });
    expect(features.stderr).toMatch(/\d+ passed, \d+ total/);
    expect([features.status, features.stderr]).toEqual([0, expect.not.stringContaining('failed')]);
  }, 240_000);

  it('node:test passes and fails', async () => {
    await folder.write('good.test.mjs', nodeTest(79));
    await folder.write('bad.test.mjs', nodeTest(40));
    expect((await run(process.execPath, ['--test', 'good.test.mjs'])).status).toBe(0);
    const bad = await run(process.execPath, ['--test', 'bad.test.mjs']);
    expect(bad.status).toBe(1);
    expect(bad.stdout).toContain('ASSAY_GATE_NOT_PASSED');
  });

  it('TypeScript knows the matchers', async () => {
    await folder.link('vitest');
    await folder.write('typed.ts', TYPED);
    const own = (await folder.typeCheck(['typed.ts']))
      .split('\n')
      .filter((line) => line.startsWith('typed.ts') || line.includes('assaykit'));
    expect(own).toEqual([]);
  });
});
