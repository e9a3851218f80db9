import { expect, it } from 'vitest';
import type { ScorerArguments } from '../../src/evaluation/evaluation-types.js';
import { defineScorer } from '../../src/scorers/define-scorer.js';

it('a scorer carries its rule, sees the answer without its reasoning and scores', async () => {
  const polite = defineScorer({ convention: 'polite', version: '2' }, ({ output }) =>
    output.includes('please'),
  );
  expect([polite.convention.startsWith('polite'), polite.version]).toEqual([true, '2']);
  const scoreOf = async (output: string): Promise<unknown> =>
    polite({ input: 'q', output } as ScorerArguments);
  expect(await scoreOf('<think>please?</think>No.')).toBe(false);
  expect(await scoreOf('<think>hm</think>Yes, please.')).toBe(true);
});

it.each<[readonly unknown[], string]>([
  [['polite', '1', () => 1], 'Expected the options of defineScorer to be an object, got "polite"'],
  [[{ convention: 'polite' }, () => 1], 'Expected `version` of defineScorer to be given'],
  [[{ convention: 'polite', version: 1 }, () => 1], 'Expected `version` of defineScorer to be'],
  [[{ convention: 'polite', version: '1' }], 'Expected a function that scores, got undefined'],
])('refuses %j', (given, message) => {
  const define = defineScorer as (...args: readonly unknown[]) => unknown;
  expect(() => define(...given)).toThrow(message);
});
