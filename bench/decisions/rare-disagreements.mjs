/**
 * What `anchored` covers where judge and labels rarely disagree, by enumeration: the limits that it uses (Tango's), beside a
 * second design, the equal-tailed interval of a Dirichlet posterior with Jeffreys' prior.
 *
 *   npm run build && node bench/decisions/rare-disagreements.mjs
 *
 * 0/1 labels and a 0/1 judge with 70 % passes, 1,000 items. Nothing is drawn: every count of disagreements is weighed
 * by its chance, and the judge's own mean is normal.
 */
import { tangoInterval } from '../../dist/statistics/paired-table.js';
import { betaQuantile, logGamma, normalCdf } from '../../dist/statistics/special-functions.js';
import { studentQuantile } from '../../dist/statistics/student.js';
import { percent, table } from './replay-data.mjs';

const ITEMS = 1000;
const RARE = 10;
const NODES = 300;
const quantiles = (a, b) => Array.from({ length: NODES }, (_, i) => betaQuantile((i + 0.5) / NODES, a, b));

/** Limits of the difference of two rates: their sum is one Beta, the share of the first of them another. */
function jeffreys(first, second, n) {
  const total = quantiles(first + second + 1, n - first - second + 0.5);
  const share = quantiles(first + 0.5, second + 0.5);
  const values = Float64Array.from(total.flatMap((sum) => share.map((part) => sum * (2 * part - 1)))).sort();
  return [values[Math.floor(0.025 * values.length)], values[Math.ceil(0.975 * values.length) - 1]];
}
const tango = (onlyFirst, onlySecond, n) =>
  tangoInterval({ both: n - onlyFirst - onlySecond, onlyFirst, onlySecond, neither: 0 }, { level: 0.95 });

/** Keeps the limits of each count. */
function kept(limits) {
  const known = new Map();
  return (first, second, n) => {
    const key = `${first} ${second} ${n}`;
    if (!known.has(key)) known.set(key, limits(first, second, n));
    return known.get(key);
  };
}

/** How far the interval of the mean reaches below and above its middle. */
function reach(limits, { first, second, n, spread }) {
  const middle = (first - second) / n;
  if (first + second >= RARE) {
    const variance = (first + second - n * middle ** 2) / (n - 2);
    const side = studentQuantile(0.975, n - 2) * Math.sqrt(variance / n + spread ** 2);
    return { middle, below: side, above: side };
  }
  const [low, high] = limits(first, second, n);
  const ofJudge = 1.96 * spread;
  return { middle, below: Math.hypot(middle - low, ofJudge), above: Math.hypot(high - middle, ofJudge) };
}

/** Coverage and mean width for `n` labels of which a share `onlyLabel` is right alone, and `onlyJudge` the judge. */
function enumerate(limits, { n, onlyLabel, onlyJudge }) {
  const spread = Math.sqrt((0.7 * 0.3) / (ITEMS - n));
  const truth = onlyLabel - onlyJudge;
  let [covered, width] = [0, 0];
  for (let first = 0; first <= n; first++) {
    for (let second = 0; first + second <= n; second++) {
      const agreed = n - first - second;
      const ways = logGamma(n + 1) - logGamma(first + 1) - logGamma(second + 1) - logGamma(agreed + 1);
      const chance =
        Math.exp(ways) * onlyLabel ** first * onlyJudge ** second * (1 - onlyLabel - onlyJudge) ** agreed;
      if (chance < 1e-9) continue;
      const { middle, below, above } = reach(limits, { first, second, n, spread });
      const off = truth - middle;
      covered += chance * (normalCdf((off + below) / spread) - normalCdf((off - above) / spread));
      width += chance * (below + above);
    }
  }
  return { covered, width };
}

const designs = [kept(tango), kept(jeffreys)];
const lines = [];
for (const n of [20, 30, 50, 100]) {
  for (const disagree of [0.01, 0.03, 0.05, 0.08, 0.12, 0.18]) {
    const found = designs.map((limits) =>
      [0.5, 0.7, 1].map((part) =>
        enumerate(limits, { n, onlyLabel: disagree * part, onlyJudge: disagree * (1 - part) }),
      ),
    );
    const cells = found.map((each) => {
      const covered = each.map((one) => one.covered);
      return [
        `${percent(Math.min(...covered))} to ${percent(Math.max(...covered))}`,
        each[1].width.toFixed(3),
      ];
    });
    lines.push([n, percent(disagree, 0), ...cells.flat()]);
  }
}
console.log('\nCoverage of nominal 95 %, disagreements 50, 70 or 100 % on one side; mean width at 70 %\n');
table(['labels', 'disagree', 'Tango', 'width', 'Jeffreys', 'width'], lines);
