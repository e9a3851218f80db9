/**
 * How often `anchored`'s interval of nominal 95 % holds the true mean, beside what the judge alone says.
 *
 *   npm run build && node bench/decisions/anchored-evidence.mjs [draws]
 *
 * Real: PandaLM's pairs, humans as labels and gpt-3.5 as judge; 2,000 answers are drawn from them anew each time.
 * Simulated: 1,000 answers. Seeds are fixed.
 */
import { anchoredMean } from '../../dist/decisions/anchored/anchored-mean.js';
import { midPInterval } from '../../dist/statistics/intervals.js';
import { boundedMeanInterval } from '../../dist/statistics/bounded-mean.js';
import { dataPresent, normal, pandaLm, percent, seededRandom, table } from './replay-data.mjs';

const DRAWS = Number(process.argv[2] ?? 4000);
const SIZES = [30, 50, 100, 200, 500];
const clip = (x) => Math.min(1, Math.max(0, x));
const binary = (right, passes, fails) => (random) => {
  const label = random() < right ? 1 : 0;
  return { label, judge: label === 1 ? (random() < fails ? 0 : 1) : random() < passes ? 1 : 0 };
};
const judges = [
  ['0/1, agrees 0.85', 1000, 0.7, binary(0.7, 0.15, 0.15)],
  ['0/1, agrees 0.97', 1000, 0.7, binary(0.7, 0.03, 0.03)],
  ['0/1, passes half of the wrong ones', 1000, 0.85, binary(0.85, 0.5, 0.02)],
  ['0/1, knows nothing', 1000, 0.7, binary(0.7, 0.6, 0.4)],
  [
    'graded, correlation 0.8',
    1000,
    0.5,
    (random) => {
      const label = random();
      return { label, judge: clip(label + 0.1 + 0.2 * normal(random)) };
    },
  ],
];
if (dataPresent) {
  const pairs = pandaLm();
  const truth = pairs.reduce((sum, { label }) => sum + label, 0) / pairs.length;
  const draw = (random) => pairs[Math.floor(random() * pairs.length)];
  judges.unshift(['PandaLM, gpt-3.5 against humans', 2000, truth, draw]);
  const decided = pairs.filter(({ label }) => label !== 0.5);
  const first = decided.filter(({ label }) => label === 1).length / decided.length;
  judges.splice(1, 0, [
    'PandaLM, first answer or not, 0/1',
    2000,
    first,
    (random) => {
      const { label, judge } = decided[Math.floor(random() * decided.length)];
      return { label, judge: judge === 1 ? 1 : 0 };
    },
  ]);
}

const lines = [];
const saved = [];
for (const [index, [name, size, truth, draw]] of judges.entries()) {
  const coverage = [];
  let judgeAlone = 0;
  let [narrower, widths] = [0, 0];
  for (const n of SIZES) {
    const random = seededRandom(100 + 10 * index + n);
    let covered = 0;
    for (let i = 0; i < DRAWS; i++) {
      const items = Array.from({ length: size }, () => draw(random));
      const sample = {
        labels: items.slice(0, n).map(({ label }) => label),
        judge: items.slice(0, n).map(({ judge }) => judge),
        unlabelledJudge: items.slice(n).map(({ judge }) => judge),
      };
      const { interval } = anchoredMean(sample, 0.95);
      if (interval[0] <= truth && truth <= interval[1]) covered++;
      if (n === 200 && i < 400) {
        const alone = boundedMeanInterval(sample.labels);
        narrower += interval[1] - interval[0];
        widths += alone.high - alone.low;
      }
      if (n === 30) {
        const scores = items.map(({ judge }) => judge);
        const isBinary = scores.every((x) => x === 0 || x === 1);
        const mean = scores.reduce((sum, x) => sum + x, 0) / size;
        const spread = Math.sqrt(scores.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (size - 1) / size);
        const own = isBinary
          ? midPInterval({ successes: Math.round(mean * size), n: size })
          : { low: mean - 1.96 * spread, high: mean + 1.96 * spread };
        if (own.low <= truth && truth <= own.high) judgeAlone++;
      }
    }
    coverage.push(percent(covered / DRAWS));
  }
  lines.push([name, percent(judgeAlone / DRAWS, 0), ...coverage]);
  saved.push([name, percent(1 - (narrower / widths) ** 2, 0)]);
}
console.log(`\nCoverage of nominal 95 %, ${DRAWS.toLocaleString('en-US')} draws a cell\n`);
table(['judge', 'judge alone', ...SIZES.map((n) => `${n} labels`)], lines);
console.log(
  'Labels that 200 labels with the judge save beside labels alone (by the width of the intervals)\n',
);
table(['judge', 'saved'], saved);
