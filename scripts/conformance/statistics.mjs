import { cohenKappa, fleissKappa, percentAgreement } from '../../dist/statistics/agreement.js';
import { classificationReport } from '../../dist/statistics/classification.js';
import { ClusteredMoments } from '../../dist/statistics/clustered.js';
import { kendallTauB, pearson, spearman } from '../../dist/statistics/correlation.js';
import { tInterval } from '../../dist/statistics/intervals.js';
import { krippendorffAlpha } from '../../dist/statistics/krippendorff.js';
import { Moments } from '../../dist/statistics/moments.js';
import { comparePaired } from '../../dist/statistics/paired-differences.js';
import { mcnemarTest, welchTest, wilcoxonSignedRankTest } from '../../dist/statistics/paired-tests.js';
import {
  auroc,
  averagePrecision,
  brierScore,
  calibration,
  logLoss,
} from '../../dist/statistics/probability-scores.js';
import { quantile } from '../../dist/statistics/quantiles.js';
import { readReference, Tally } from './tally.mjs';

/** Tallies by metric name, made at the first figure. */
class Tallies {
  #byName = new Map();

  constructor(reference, tolerance) {
    this.reference = reference;
    this.tolerance = tolerance;
  }

  compare(metric, caseId, found, expected) {
    let tally = this.#byName.get(metric);
    if (tally === undefined)
      this.#byName.set(metric, (tally = new Tally(metric, this.reference, this.tolerance)));
    tally.compare(caseId, found, expected);
  }

  all() {
    return [...this.#byName.values()];
  }
}

export async function statistics() {
  return [
    ...means(),
    ...quantiles(),
    ...(await paired()),
    ...agreement(),
    ...correlation(),
    ...classification(),
  ];
}

function means() {
  const { cases } = readReference('mean_stderr');
  const tallies = new Tallies('mpmath (50 digits), scipy', 1e-9);
  for (const { id, values, clusters, expected } of cases) {
    const moments = Moments.of(values);
    tallies.compare('mean', id, moments.mean, expected.mean);
    tallies.compare('sample variance', id, moments.variance, expected.variance);
    tallies.compare('standard error', id, moments.standardError, expected.stderr);
    for (const percent of [90, 95, 99]) {
      const wanted = expected[`t${percent}`];
      if (wanted === undefined || wanted === null) continue;
      const { mean, standardError, n } = moments;
      const found = tInterval({ mean, standardError, degreesOfFreedom: n - 1 }, { level: percent / 100 });
      tallies.compare('t interval', id, found.low, wanted[0]);
      tallies.compare('t interval', id, found.high, wanted[1]);
    }
    if (clusters === undefined) continue;
    const clustered = new ClusteredMoments();
    values.forEach((value, i) => clustered.add(value, clusters[i]));
    tallies.compare(
      'clustered standard error (CR1)',
      id,
      clustered.robustError('cr1'),
      expected.clusteredStderr,
    );
  }
  return tallies.all();
}

function quantiles() {
  const { cases, tolerance } = readReference('quantiles');
  const tallies = new Tallies('numpy', tolerance);
  for (const { id, values, type7, nearestRank } of cases) {
    for (const [p, wanted] of Object.entries(type7)) {
      tallies.compare('quantiles (type 7)', id, quantile(values, Number(p)), wanted);
    }
    for (const [p, wanted] of Object.entries(nearestRank)) {
      tallies.compare('quantiles (nearest rank)', id, quantile(values, Number(p), 'nearest-rank'), wanted);
    }
  }
  return tallies.all();
}

async function paired() {
  const { cases, tolerance } = readReference('paired');
  const tallies = new Tallies('numpy, scipy, full enumeration', tolerance);
  for (const { id, a, b, expected } of cases) {
    const found = await comparePaired(a, b);
    const mcnemar = mcnemarTest(found.wins, found.losses);
    tallies.compare('paired difference', id, found.difference, expected.meanDiff);
    tallies.compare('paired standard error', id, found.standardError, expected.stderrPaired);
    tallies.compare('paired correlation', id, found.correlation, expected.correlation);
    tallies.compare('paired t test', id, found.pValues.t, expected.tTestP);
    tallies.compare('paired t interval', id, found.interval?.low, expected.ci95[0]);
    tallies.compare('paired t interval', id, found.interval?.high, expected.ci95[1]);
    tallies.compare('Welch test', id, welchTest(Moments.of(a), Moments.of(b))?.pValue, expected.welchP);
    tallies.compare('sign test', id, mcnemar.pValue, expected.signTestP);
    if ('permutationP' in expected) {
      tallies.compare('sign-flip permutation test', id, found.pValues.signFlip, expected.permutationP);
    }
    if ('mcnemarExactP' in expected) {
      tallies.compare('exact McNemar test', id, found.pValue, expected.mcnemarExactP);
      tallies.compare('corrected McNemar chi-square', id, mcnemar.chiSquare, expected.mcnemarChi2Corrected);
    }
    if ('wilcoxonExactP' in expected) {
      const differences = a.map((value, i) => value - b[i]);
      tallies.compare(
        'exact Wilcoxon test',
        id,
        wilcoxonSignedRankTest(differences)?.pValue,
        expected.wilcoxonExactP,
      );
    }
  }
  return tallies.all();
}

function agreement() {
  const { cases, tolerance } = readReference('agreement');
  const tallies = new Tallies('numpy from the definitions', tolerance);
  for (const { id, kind, a, b, labels, units, expected } of cases) {
    if (kind === 'two raters') {
      tallies.compare(
        'percent agreement',
        id,
        percentAgreement(a.map((each, i) => [each, b[i]])),
        expected.percent,
      );
      for (const weights of ['none', 'linear', 'quadratic']) {
        const name = weights === 'none' ? 'cohen' : `cohen${weights[0].toUpperCase()}${weights.slice(1)}`;
        const options = weights === 'none' ? { labels } : { labels, weights };
        tallies.compare(`Cohen's kappa (weights: ${weights})`, id, cohenKappa(a, b, options), expected[name]);
      }
      continue;
    }
    for (const level of ['nominal', 'ordinal', 'interval', 'ratio']) {
      const found = krippendorffAlpha(units, { level });
      tallies.compare(`Krippendorff's alpha (${level})`, id, found, expected[`krippendorff_${level}`]);
    }
    if ('fleiss' in expected) tallies.compare("Fleiss' kappa", id, fleissKappa(units), expected.fleiss);
  }
  return tallies.all();
}

function correlation() {
  const { cases, tolerance } = readReference('correlation');
  const tallies = new Tallies('scipy', tolerance);
  for (const { id, x, y, expected } of cases) {
    tallies.compare('Pearson correlation', id, pearson(x, y), expected.pearson);
    tallies.compare('Spearman correlation', id, spearman(x, y), expected.spearman);
    tallies.compare("Kendall's tau-b", id, kendallTauB(x, y), expected.kendallTauB);
  }
  return tallies.all();
}

function classification() {
  const { cases, tolerance } = readReference('classification');
  const tallies = new Tallies('numpy from the definitions', tolerance);
  for (const { id, kind, gold, pred, labels, y, p, expected } of cases) {
    if (kind !== 'labels') {
      tallies.compare('AUROC', id, auroc(y, p), expected.auroc);
      tallies.compare('average precision', id, averagePrecision(y, p), expected.averagePrecision);
      tallies.compare('Brier score', id, brierScore(y, p), expected.brier);
      tallies.compare('log loss', id, logLoss(y, p), expected.logLossClip1e15);
      const found = calibration(y, p).expectedCalibrationError;
      tallies.compare('expected calibration error', id, found, expected.ece10);
      continue;
    }
    const report = classificationReport(gold, pred, { labels });
    report.classes.forEach((each, i) => {
      tallies.compare('precision, recall, F1 by class', id, each.precision, expected.precision[i]);
      tallies.compare('precision, recall, F1 by class', id, each.recall, expected.recall[i]);
      tallies.compare('precision, recall, F1 by class', id, each.f1, expected.f1[i]);
    });
    tallies.compare('F1 macro, micro, weighted', id, report.f1.macro, expected.macroF1);
    tallies.compare('F1 macro, micro, weighted', id, report.f1.micro, expected.microF1);
    tallies.compare('F1 macro, micro, weighted', id, report.f1.weighted, expected.weightedF1);
    tallies.compare('balanced accuracy', id, report.balancedAccuracy, expected.balancedAccuracy);
    tallies.compare('Matthews correlation', id, report.matthews, expected.mcc);
  }
  return tallies.all();
}
