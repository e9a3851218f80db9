/**
 * How often `decide` names a winner where there is none, how much power looking costs, and how many cases it takes: the
 * shipped stopping rules, replayed over pairs in random order.
 *
 *   npm run build && node bench/decisions/decide-evidence.mjs [replays]
 *
 * No difference on real data: the scores of both sides are swapped by a coin for each case (GSM8K), or come from two
 * random cases of the same category (MMLU-Pro). Seeds are fixed.
 */
import { OpenRule } from '../../dist/decisions/decide/open-rule.js';
import { Boundaries, PlannedRule } from '../../dist/decisions/decide/planned-rule.js';
import {
  dataPresent,
  gsm8kGradedPairs,
  gsm8kPairs,
  mmluScores,
  percent,
  seededRandom,
  shuffle,
  table,
} from './replay-data.mjs';

const REPLAYS = Number(process.argv[2] ?? 20_000);
const boundaries = new Boundaries();
const planned =
  (cases, looks = 10) =>
  () =>
    new PlannedRule({ cases, looks, level: 0.95, equivalence: undefined, boundaries, intervals: false });
const open = () => new OpenRule({ level: 0.95, equivalence: undefined });

/** Replays pairs through a rule; answers with the outcome and the cases that it took. */
function replay(rule, pairs) {
  for (let i = 0; i < pairs.length; i++) {
    const look = rule.add({ cluster: undefined, ...pairs[i] });
    if (look !== undefined && look.outcome !== 'undecided') return { outcome: look.outcome, cases: i + 1 };
  }
  const outcome = rule.finish?.call(rule)?.outcome ?? 'undecided';
  return { outcome, cases: pairs.length };
}

function replays(ruleOf, pairsOf, seed, count = REPLAYS) {
  const random = seededRandom(seed);
  const found = { a: 0, b: 0, undecided: 0, cases: [] };
  for (let i = 0; i < count; i++) {
    const { outcome, cases } = replay(ruleOf(), pairsOf(random));
    found[outcome]++;
    found.cases.push(cases);
  }
  found.cases.sort((x, y) => x - y);
  return found;
}

const median = (sorted) => sorted[sorted.length >> 1];
const mean = (values) => values.reduce((sum, x) => sum + x, 0) / values.length;
const swapped = (pairs) => (random) =>
  shuffle(
    pairs.map(({ a, b }) => (random() < 0.5 ? { a, b } : { a: b, b: a })),
    random,
  );
const count = REPLAYS.toLocaleString('en-US');

if (dataPresent) {
  const gsm8k = gsm8kPairs();
  const graded = gsm8kGradedPairs();
  const byCategory = new Map();
  for (const { category, score } of mmluScores())
    byCategory.set(category, [...(byCategory.get(category) ?? []), score]);
  const mmlu = (random) =>
    shuffle(
      [...byCategory.values()].flatMap((scores) =>
        scores.map(() => ({
          a: scores[Math.floor(random() * scores.length)],
          b: scores[Math.floor(random() * scores.length)],
        })),
      ),
      random,
    );
  console.log(`\nErrors in ${count} replays without a difference (at most 5 % asked for)\n`);
  const lines = [];
  for (const [name, pairsOf, n, seed] of [
    ['GSM8K, 0/1', swapped(gsm8k), gsm8k.length, 11],
    ['MMLU-Pro, 0/1', mmlu, 752, 12],
    ['GSM8K, graded', swapped(graded), graded.length, 13],
  ]) {
    for (const [mode, ruleOf] of [
      ['plan, 10 looks', planned(n)],
      ['open', open],
    ]) {
      const { a, b } = replays(ruleOf, pairsOf, seed);
      lines.push([name, mode, n, percent((a + b) / REPLAYS, 2)]);
    }
  }
  table(['data', 'mode', 'cases', 'names a winner'], lines);
  console.log('The two real GSM8K models, 21.7 % against 39.0 %, 2,000 orders\n');
  const real = [];
  for (const [mode, ruleOf] of [
    ['open', open],
    ['plan, 10 looks', planned(gsm8k.length)],
    ['plan, 20 looks', planned(gsm8k.length, 20)],
  ]) {
    const { a, b, cases } = replays(ruleOf, (random) => shuffle([...gsm8k], random), 14, 2000);
    real.push([
      mode,
      median(cases),
      cases[Math.floor(cases.length * 0.9)],
      percent(Math.max(a, b) / 2000),
      percent(Math.min(a, b) / 2000),
    ]);
  }
  table(['mode', 'median cases', '90 of 100 at most', 'right winner', 'wrong winner'], real);
}

/** Independent 0/1 pairs with a difference of `points` at a share of discordant ones. */
const pairsWith = (n, points, discordant) => (random) =>
  Array.from({ length: n }, () => {
    const u = random();
    return u < (discordant + points) / 2 ? { a: 1, b: 0 } : u < discordant ? { a: 0, b: 1 } : { a: 1, b: 1 };
  });

console.log('What looking costs: 10 planned looks beside one, 20 % of the pairs differ, 4,000 runs a cell\n');
const costs = [];
for (const [n, points] of [
  [2000, 0.03],
  [2000, 0.05],
  [1000, 0.04],
  [1000, 0.08],
  [500, 0.06],
  [500, 0.12],
]) {
  const looking = replays(planned(n), pairsWith(n, points, 0.2), 21, 4000);
  const once = replays(planned(n, 1), pairsWith(n, points, 0.2), 21, 4000);
  costs.push([
    n,
    `${100 * points} points`,
    percent(once.a / 4000),
    percent(looking.a / 4000),
    (looking.a / once.a).toFixed(3),
    percent(mean(looking.cases) / n),
  ]);
}
table(
  ['cases planned', 'true difference', 'power, one look', 'power, 10 looks', 'kept', 'cases used'],
  costs,
);
