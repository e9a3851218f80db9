import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { gate } from '../../src/decisions/gate/gate.js';
import { planComparison } from '../../src/decisions/plan-comparison.js';
import { runOf } from './run-of.js';

const guide = (name: string): string =>
  readFileSync(new URL(`../../docs/guides/${name}.md`, import.meta.url), 'utf8');

/** `count` times each score, in the order given. */
const scores = (...parts: readonly (readonly [count: number, score: number])[]): number[] =>
  parts.flatMap(([count, score]) => Array.from({ length: count }, () => score));

it('the guide about pull requests shows what the gate says of its 50 cases', async () => {
  // Of the first 50 questions of GSM8K both models solve 5, only the change 4, only the baseline 9.
  const verdict = await gate({
    run: runOf(scores([9, 1], [41, 0])),
    baseline: runOf(scores([5, 1], [4, 0], [9, 1], [32, 0]), { runId: 'main' }),
    require: { accuracy: { min: 0.2, noWorse: true } },
    maxErrorRate: 0.02,
  });
  expect(guide('guard-a-pull-request')).toContain(String(verdict).split('\n\n  run ')[0]);
});

it('the guide about two models shows what a plan says', async () => {
  const plan = await planComparison({ difference: 0.05, discordance: 0.27 });
  expect(guide('which-of-two-models')).toContain(String(plan).trim());
});
