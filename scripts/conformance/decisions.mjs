import { rareDisagreementMean } from '../../dist/decisions/anchored/anchored-mean.js';
import {
  clusteredPredictionPoweredMean,
  predictionPoweredMean,
  weightedPredictionPoweredMean,
} from '../../dist/decisions/anchored/prediction-powered.js';
import {
  bernoulliConfidenceSequence,
  BetaEProcess,
  betaEValue,
} from '../../dist/decisions/sequential/beta-e-process.js';
import { BettingSequence, BettingTest } from '../../dist/decisions/sequential/betting-sequence.js';
import { combineEValues, eBenjaminiHochberg } from '../../dist/decisions/sequential/e-values.js';
import {
  groupSequentialBoundary,
  groupSequentialInflation,
  groupSequentialPower,
} from '../../dist/decisions/sequential/group-sequential.js';
import { stageWiseEstimate } from '../../dist/decisions/sequential/stage-wise.js';
import { readReference } from './tally.mjs';
import { Tallies } from './tallies.mjs';

/** `gate`, `decide` and `anchored`: the figures beneath. */
export function decisions() {
  return [...groupSequential(), ...anytime(), ...predictionPowered()];
}

function casesOf(file, kind) {
  return readReference(file).cases.filter((each) => each.kind === kind);
}

const planOf = ({ fractions, alpha, spending }) => ({ fractions, alpha, spending });

function groupSequential() {
  const tallies = new Tallies('recursion, rpact', 1e-6);
  for (const each of casesOf('sequential', 'boundary')) {
    const { z, cumulativeAlpha } = groupSequentialBoundary(planOf(each));
    each.expected.z.forEach((expected, k) => {
      // beyond 8 a boundary is never crossed, and its digits say nothing
      const finite = typeof expected === 'number' && expected <= 8;
      const found = finite ? z[k] : z[k] >= 8;
      tallies.compare('group-sequential boundaries', each.id, found, finite ? expected : true);
      tallies.compare('spent alpha', each.id, cumulativeAlpha[k], each.expected.cumulativeAlpha[k]);
    });
  }
  for (const each of casesOf('sequential', 'power')) {
    const found = groupSequentialPower({ ...planOf(each), drift: each.drift });
    tallies.compare('group-sequential power', each.id, found.power, each.expected.power);
    const { expectedFraction } = each.expected;
    tallies.compare('expected information', each.id, found.expectedFraction, expectedFraction);
  }
  for (const each of casesOf('sequential', 'inflation')) {
    const found = groupSequentialInflation({ ...planOf(each), power: each.power });
    tallies.compare('inflation of the cases', each.id, found.inflation, each.expected.inflation);
  }
  for (const each of casesOf('sequential', 'stopping')) {
    const found = stageWiseEstimate({ ...planOf(each), look: each.look, z: each.z });
    const { p, interval, medianUnbiased } = each.expected;
    tallies.compare('stage-wise p', each.id, found.p, p);
    for (const end of [0, 1])
      tallies.compare('stage-wise interval', each.id, found.interval[end], interval[end]);
    tallies.compare('median-unbiased estimate', each.id, found.medianUnbiased, medianUnbiased);
  }
  return tallies.all();
}

function anytime() {
  const tallies = new Tallies('mpmath, confseq', 1e-9);
  for (const { id, wins, losses, a, b, expected } of casesOf('anytime', 'beta e-value')) {
    const found = betaEValue({ wins, losses, a, b });
    for (const field of ['logE', 'logEUp', 'logEDown'])
      tallies.compare('e-value of pairs', id, found[field], expected[field]);
  }
  for (const { id, outcomes, a, expected } of casesOf('anytime', 'beta e-process')) {
    const process = new BetaEProcess({ prior: a });
    for (const outcome of outcomes) process.add(outcome === null ? 0 : outcome === 1 ? 1 : -1);
    tallies.compare('e-process of pairs', id, process.maxLogE, expected.maxLogE);
    tallies.compare('e-process of pairs', id, process.p, expected.p);
  }
  for (const each of casesOf('anytime', 'bernoulli confidence sequence')) {
    const { id, successes, n, a, b, alpha, expected } = each;
    const found = bernoulliConfidenceSequence({ successes, n, a, b, level: 1 - alpha });
    for (const end of [0, 1])
      tallies.compare('confidence sequence of a share', id, found[end], expected.interval[end]);
  }
  for (const kind of ['betting confidence sequence', 'betting interval, fixed n']) {
    for (const each of casesOf('anytime', kind)) bettingSequence(tallies, each);
  }
  for (const { id, differences, alpha, c, expected } of casesOf('anytime', 'betting test of pairs')) {
    const test = new BettingTest({ alpha, maxBet: c });
    for (const difference of differences) test.add(difference);
    tallies.compare('betting test of pairs', id, test.logCapital.up, expected.logUp);
    tallies.compare('betting test of pairs', id, test.logCapital.down, expected.logDown);
    tallies.compare('betting test of pairs', id, test.p, expected.p);
  }
  for (const { id, eValues, alpha, expected } of casesOf('anytime', 'combination')) {
    const found = combineEValues(eValues);
    tallies.compare('combined e-values', id, found.mean, expected.mean);
    tallies.compare('combined e-values', id, found.p, expected.p);
    tallies.compare('e-BH', id, eBenjaminiHochberg(eValues, alpha), expected.eBHRejected);
  }
  return tallies.all();
}

function bettingSequence(tallies, { id, values, alpha, c, fixedN, expected }) {
  const sequence = new BettingSequence({ alpha, maxBet: c, fixedN: fixedN ?? undefined });
  const { at, interval } = expected;
  values.forEach((value, i) => {
    sequence.add(value);
    const found = sequence.interval();
    const wanted = at === undefined ? i + 1 === values.length && interval : interval[at.indexOf(i + 1)];
    if (!wanted) return;
    for (const end of [0, 1]) tallies.compare('betting confidence sequence', id, found[end], wanted[end]);
  });
}

function predictionPowered() {
  const tallies = new Tallies('ppi_py, definition', 1e-9);
  const ends = (metric, id, found, expected) =>
    expected.forEach((end, i) => tallies.compare(metric, id, found?.[i], end));
  const minus = (b, a) => b.map((value, i) => value - a[i]);
  const samples = [
    ...casesOf('anchored', 'mean').map((each) => ({ each, sample: each })),
    ...casesOf('anchored', 'paired difference').map((each) => ({
      each,
      sample: {
        labels: minus(each.labelsB, each.labelsA),
        judge: minus(each.judgeB, each.judgeA),
        unlabelledJudge: minus(each.unlabelledB, each.unlabelledA),
      },
    })),
  ];
  for (const { each, sample } of samples) {
    const { labels, judge, unlabelledJudge } = sample;
    const { id, alpha, expected } = each;
    for (const [name, lambda] of [
      ['ppi', 1],
      ['ppiPlus', 'tuned'],
    ]) {
      const metric = name === 'ppi' ? 'prediction-powered mean' : 'power-tuned prediction-powered mean';
      const options = { lambda, form: 'published', level: 1 - alpha };
      const found = predictionPoweredMean({ labels, judge, unlabelledJudge }, options);
      tallies.compare(metric, id, found.mean, expected[name].mean);
      tallies.compare(metric, id, found.standardError, expected[name].stderr);
      ends(metric, id, found.interval, expected[name].interval);
    }
  }
  for (const { id, alpha, expected, ...sample } of casesOf('anchored', 'clustered')) {
    const { labels, judge, unlabelledJudge, clusters, unlabelledClusters } = sample;
    const found = clusteredPredictionPoweredMean(
      { labels, judge, unlabelledJudge, clusters, unlabelledClusters },
      { level: 1 - alpha },
    );
    tallies.compare('prediction-powered mean of clusters', id, found.mean, expected.mean);
    tallies.compare('prediction-powered mean of clusters', id, found.standardError, expected.stderr);
    ends('prediction-powered mean of clusters', id, found.interval, expected.interval);
  }
  for (const { id, alpha, lambda, labels, judge, probability, expected } of casesOf(
    'anchored',
    'known probability',
  )) {
    const options = { lambda, level: 1 - alpha };
    const found = weightedPredictionPoweredMean({ labels, judge, probability }, options);
    tallies.compare('prediction-powered mean, known chances', id, found.mean, expected.mean);
    tallies.compare('prediction-powered mean, known chances', id, found.standardError, expected.stderr);
  }
  for (const { id, alpha, labels, judge, unlabelledJudge, expected } of casesOf(
    'anchored',
    'rare residuals',
  )) {
    const found = rareDisagreementMean({ labels, judge, unlabelledJudge }, 1 - alpha);
    tallies.compare('anchored mean, rare disagreement', id, found.mean, expected.mean);
    ends('anchored mean, rare disagreement', id, found.interval, expected.interval);
  }
  return tallies.all();
}
