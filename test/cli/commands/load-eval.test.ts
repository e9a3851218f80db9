import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandLine, sampleEval } from '../../support/command-line.js';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const stripsTypes = major > 22 || (major === 22 && minor >= 18);

describe('an evaluation file', () => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
  });
  afterAll(() => folder.remove());

  it.each([
    [
      'export const target = 1;',
      65,
      '`target`, `evaluator` and `cases`, or a function that returns it; got undefined',
    ],
    ['export default [1];', 65, 'got an array of 1'],
    ['export default async () => null;', 65, 'got null'],
    ['export default { target: () => "", cases: [] };', 65, '`evaluator` is missing'],
    ['export default { target: () => "", evaluatr: {}, cases: [] };', 64, 'did you mean `evaluator`?'],
    ['export default { target: 3, evaluator: {}, cases: [] };', 64, 'Expected `target` of BatchProcessor'],
    ['export default () => { throw new Error("no key"); };', 70, '"eval.mjs" failed: no key'],
    ['import "nowhere"; export default {};', 70, "Cannot find package 'nowhere'"],
    ['export default {', 70, '"eval.mjs" cannot be loaded: Unexpected end of input'],
  ])('that reads %j is refused', async (text, code, message) => {
    await folder.write('eval.mjs', text);
    const { status, stdout, stderr } = await folder.run('run', 'eval.mjs');
    expect([status, stdout]).toEqual([code, '']);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('is looked for first', async () => {
    const { status, stderr } = await folder.run('run', 'nowhere.mjs');
    expect([status, stderr]).toEqual([
      66,
      'assaykit: No file "nowhere.mjs": name the evaluation file, such as eval.mjs\n',
    ]);
  });

  it('says where a case is wrong', async () => {
    const twice = "[{ id: 'a', input: '1' }, { id: 'a', input: '2' }]";
    await folder.write('cases.mjs', sampleEval().replace(/Array\.from\(.*?\}\)\)/s, twice));
    const { status, stderr } = await folder.run('run', 'cases.mjs', '--quiet');
    expect(status).toBe(65);
    expect(stderr).toContain('ASSAY_DUPLICATE_CASE');
  });

  it('may be CommonJS', async () => {
    const text = sampleEval()
      .replace(/import \{(.*)\} from 'assaykit';/, "const {$1} = require('assaykit');")
      .replace('export default', 'module.exports =');
    await folder.write('eval.cjs', text);
    expect((await folder.run('run', 'eval.cjs', '--quiet')).status).toBe(0);
  });

  it('that Node takes for CommonJS is told how to be a module', async () => {
    await folder.write('package.json', '{ "type": "commonjs" }');
    for (const [text, name] of [
      [sampleEval(), 'eval.js'],
      ['export default {};', 'plain.js'],
    ] as const) {
      await folder.write(name, text);
      const { status, stderr } = await folder.run('run', name, '--quiet');
      expect(status).toBe(70);
      expect(stderr).toContain(
        `(name it ${name.replace('.js', '.mjs')}, or say "type": "module" in package.json)`,
      );
    }
  });

  it(
    stripsTypes ? 'may be TypeScript' : 'that is TypeScript is refused, and what to do is said',
    async () => {
      await folder.write('eval.ts', sampleEval().replace('const delay =', 'const delay: number ='));
      const { status, stderr } = await folder.run('run', 'eval.ts', '--quiet');
      expect(status).toBe(stripsTypes ? 0 : 69);
      expect(stderr).toContain(
        stripsTypes ? '' : 'is TypeScript, of which Node takes the types away from 22.18 on',
      );
    },
  );
});
