/**
 * How often `gate` fails runs that are unchanged, and runs that have dropped: `noWorse` at level 0.95.
 *
 *   npm run build && node bench/decisions/gate-evidence.mjs [runs]
 *
 * Unchanged: both runs answer each case with the same chance of being right, which differs from case to case (and, with
 * clusters of five, moves by document and run). Seeds are fixed: the same figures on every machine.
 */
import { noWorseTest } from '../../dist/decisions/gate/paired-check.js';
import { midPLevel } from '../../dist/decisions/paired/unconditional-mcnemar.js';
import { mcnemarMidP } from '../../dist/statistics/paired-table.js';
import { normal, percent, seededRandom, table } from './replay-data.mjs';

const RUNS = Number(process.argv[2] ?? 10_000);
const requirement = {
  metric: 'accuracy',
  group: null,
  slice: null,
  better: 'higher',
  kind: 'noWorse',
  asked: 0,
};
const clip = (x) => Math.min(1, Math.max(0, x));

/** Scores of two runs that do not differ. */
function unchanged(n, graded, clustered, random) {
  const [run, baseline, clusters] = [[], [], []];
  let effects = [0, 0];
  for (let i = 0; i < n; i++) {
    if (clustered && i % 5 === 0) effects = [0.25 * normal(random), 0.25 * normal(random)];
    const ease = 0.45 + 0.6 * random();
    const score = (effect) => {
      const chance = clip(ease + (clustered ? effect : 0));
      if (!graded) return random() < chance ? 1 : 0;
      return random() < 0.4 ? 1 : clip(chance + 0.25 * normal(random)); // a pile at the top, as judges give it
    };
    run.push(score(effects[0]));
    baseline.push(score(effects[1]));
    clusters.push(`doc-${Math.floor(i / 5)}`);
  }
  return { run, baseline, clusters: clustered ? clusters : null };
}

/** 0/1 scores with a true drop of 15 points at a share of discordant pairs. */
function dropped(n, discordant, random) {
  const losses = (discordant + 0.15) / 2;
  const [run, baseline] = [[], []];
  for (let i = 0; i < n; i++) {
    const u = random();
    const [a, b] = u < losses ? [0, 1] : u < discordant ? [1, 0] : random() < 0.7 ? [1, 1] : [0, 0];
    run.push(a);
    baseline.push(b);
  }
  return { run, baseline, clusters: null };
}

async function outcomes(sampleOf, seed) {
  const random = seededRandom(seed);
  const counts = { fail: 0, pass: 0, undecided: 0 };
  for (let i = 0; i < RUNS; i++) {
    const found = await noWorseTest(requirement, sampleOf(random), {
      level: 0.95,
      seed: i,
      signal: undefined,
    });
    if (found.verdict !== undefined) counts.undecided++;
    else counts[found.p <= 0.05 ? 'fail' : 'pass']++;
  }
  return counts;
}

const levels = new Map();

/** The chance that `noWorse` fails independent 0/1 cases, enumerated: `drop` of the mean at a share of pairs that differ. */
function exactly(n, discordant, drop) {
  const logFactorial = [0];
  for (let i = 1; i <= n; i++) logFactorial.push(logFactorial[i - 1] + Math.log(i));
  const power = (p, k) => (k === 0 ? 0 : k * Math.log(p)); // 0 to the 0th is 1
  const binomial = (x, m, p) =>
    Math.exp(logFactorial[m] - logFactorial[x] - logFactorial[m - x] + power(p, x) + power(1 - p, m - x));
  const win = (discordant - drop) / 2 / discordant;
  const level = levels.get(n) ?? levels.set(n, midPLevel(n, 0.05)).get(n);
  let total = 0;
  for (let m = 0; m <= n; m++) {
    let failing = 0;
    for (let wins = 0; wins <= m; wins++)
      if (mcnemarMidP(wins, m - wins).pWorse <= level) failing += binomial(wins, m, win);
    total += binomial(m, n, discordant) * failing;
  }
  return total;
}

const SHARES = [0.1, 0.2, 0.3, 0.4, 1];
const shares = (n, drop) => SHARES.map((share) => (share < drop ? '-' : percent(exactly(n, share, drop), 2)));
console.log('\nIndependent 0/1 cases, enumerated: chance to fail, by the share of pairs that differ\n');
table(
  ['true drop', 'n', ...SHARES.map((share) => percent(share, 0))],
  [0, 0.15].flatMap((drop) =>
    [20, 50, 200].map((n) => [drop === 0 ? 'none' : '15 points', n, ...shares(n, drop)]),
  ),
);

console.log(`\n${RUNS.toLocaleString('en-US')} unchanged runs\n`);
const lines = [];
let seed = 1;
for (const graded of [false, true]) {
  for (const clustered of [false, true]) {
    for (const n of [20, 50, 200]) {
      const { fail, undecided } = await outcomes((random) => unchanged(n, graded, clustered, random), seed++);
      lines.push([
        graded ? 'graded' : '0/1',
        clustered ? 'clusters of 5' : 'independent',
        n,
        percent(fail / RUNS, 2),
        percent(undecided / RUNS),
      ]);
    }
  }
}
table(['scores', 'cases', 'n', 'fails', 'undecided'], lines);
console.log(`${RUNS.toLocaleString('en-US')} runs with a true drop of 15 points, 0/1\n`);
const power = [];
for (const n of [50, 200])
  for (const discordant of [0.2, 0.3, 0.4]) {
    const { fail } = await outcomes((random) => dropped(n, discordant, random), seed++);
    power.push([n, percent(discordant, 0), percent(fail / RUNS)]);
  }
table(['n', 'pairs that differ', 'fails'], power);
