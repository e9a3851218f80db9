import {
  mcnemarCases,
  mcnemarDetectableDifference,
  mcnemarPower,
} from '../../dist/decisions/paired/mcnemar-power.js';
import { equivalenceOfMeans } from '../../dist/decisions/paired/equivalence-of-means.js';
import { cohenKappa, fleissKappa, percentAgreement } from '../../dist/statistics/agreement.js';
import { boundedMeanInterval } from '../../dist/statistics/bounded-mean.js';
import { classificationReport } from '../../dist/statistics/classification.js';
import { ClusteredMoments } from '../../dist/statistics/clustered.js';
import { kendallTauB, pearson, spearman } from '../../dist/statistics/correlation.js';
import { fisherTest } from '../../dist/statistics/fisher-test.js';
import { gaffkeChances } from '../../dist/statistics/gaffke-distribution.js';
import { tInterval } from '../../dist/statistics/intervals.js';
import { krippendorffAlpha } from '../../dist/statistics/krippendorff.js';
import { Moments } from '../../dist/statistics/moments.js';
import { comparePaired } from '../../dist/statistics/paired-differences.js';
import {
  equivalenceTest,
  mcnemarMidP,
  newcombeInterval,
  nonInferiorityTest,
  tangoInterval,
} from '../../dist/statistics/paired-table.js';
import { mcnemarTest, welchTest, wilcoxonSignedRankTest } from '../../dist/statistics/paired-tests.js';
import {
  auroc,
  averagePrecision,
  brierScore,
  calibration,
  logLoss,
} from '../../dist/statistics/probability-scores.js';
import { quantile } from '../../dist/statistics/quantiles.js';
import { minimumDetectableDifference, requiredCases } from '../../dist/statistics/sample-size.js';
import { ScoreCounts } from '../../dist/statistics/score-counts.js';
import { pairedTPower } from '../../dist/statistics/t-power.js';
import { readReference } from './tally.mjs';
import { Tallies } from './tallies.mjs';

export async function statistics() {
  return [
    ...means(),
    ...quantiles(),
    ...(await paired()),
    ...agreement(),
    ...correlation(),
    ...classification(),
    ...boundedMeans(),
    ...clusteredMeans(),
    ...pairedTables(),
    ...planning(),
  ];
}

function boundedMeans() {
  const { cases } = readReference('bounded_mean');
  const exact = new Tallies('exact recursion, 2 million Dirichlet draws', 1e-9);
  const approximate = new Tallies('exact recursion', 5e-5);
  for (const { id, kind, values, alpha, range, scores, counts, expected } of cases) {
    if (kind === 'gaffke distribution') {
      const sample = ScoreCounts.of(values).below();
      expected.at.forEach((at, i) => {
        const { near, far } = gaffkeChances(sample, { at, side: 'low', extraSize: 1 });
        exact.compare("Gaffke's distribution", id, near, expected.withZero[i]);
        exact.compare("Gaffke's distribution", id, far, expected.withOne[i]);
      });
      continue;
    }
    const sample = values ?? scores.flatMap((score, i) => new Array(counts[i]).fill(score));
    const name = kind === 'counts' ? 'interval, over 300 scores' : 'interval';
    for (const [method, ends] of [
      ['gaffke', expected.gaffke],
      ['mid-gaffke', expected.midGaffke],
    ]) {
      const found = boundedMeanInterval(sample, { level: 1 - alpha, method, range });
      const tallies = kind === 'counts' ? approximate : exact;
      tallies.compare(`${method} ${name}`, id, found.low, ends[0]);
      tallies.compare(`${method} ${name}`, id, found.high, ends[1]);
    }
  }
  return [...exact.all(), ...approximate.all()];
}

function clusteredMeans() {
  const { cases } = readReference('clustered');
  const tallies = new Tallies('clubSandwich, matrix definition', 1e-9);
  for (const { id, values, clusters, expected } of cases) {
    const moments = new ClusteredMoments();
    values.forEach((value, i) => moments.add(value, clusters[i]));
    for (const form of ['cr0', 'cr1', 'cr2']) {
      tallies.compare(
        `clustered error, ${form.toUpperCase()}`,
        id,
        moments.robustError(form),
        expected[form],
      );
    }
    tallies.compare("Satterthwaite's degrees of freedom", id, moments.degreesOfFreedom, expected.df);
    tallies.compare('effective clusters', id, moments.effectiveClusters, expected.effectiveClusters);
    tallies.compare('clustered t interval', id, moments.interval()?.low, expected.interval95?.[0]);
    tallies.compare('clustered t interval', id, moments.interval()?.high, expected.interval95?.[1]);
  }
  return tallies.all();
}

function pairedTables() {
  const { cases } = readReference('equivalence');
  const tallies = new Tallies('PropCIs, ratesci, R', 1e-9);
  const pair = (name, id, found, expected) =>
    expected.forEach((end, i) => tallies.compare(name, id, found[i], end));
  for (const each of cases) {
    const { id, kind, both, onlyFirst, onlySecond, neither, expected } = each;
    if (kind === 'fisher') {
      const { pValue, less, greater } = fisherTest(each.table);
      pair(
        "Fisher's exact test",
        id,
        [pValue, less, greater],
        [expected.p, expected.pLess, expected.pGreater],
      );
    }
    if (kind === 'tost paired t') {
      const { margin, alpha } = each;
      const found = equivalenceOfMeans(each.differences, { margin, alpha });
      tallies.compare('equivalence of paired means', id, found.p, expected.p);
      pair('equivalence of paired means', id, found.interval, expected.interval);
    }
    if (kind !== 'paired table') continue;
    const table = { both, onlyFirst, onlySecond, neither };
    for (const percent of [90, 95, 99]) {
      const level = { level: percent / 100 };
      if (expected[`tango${percent}`] !== undefined)
        pair("Tango's interval", id, tangoInterval(table, level), expected[`tango${percent}`]);
      if (expected[`newcombe${percent}`] !== undefined)
        pair("Newcombe's interval", id, newcombeInterval(table, level), expected[`newcombe${percent}`]);
    }
    tallies.compare('McNemar mid-p', id, mcnemarMidP(onlyFirst, onlySecond).p, expected.mcnemarMidP);
    for (const { margin, p } of expected.nonInferiority)
      tallies.compare('non-inferiority of 0/1 pairs', id, nonInferiorityTest(table, margin).p, p);
    for (const { margin, p } of expected.equivalence)
      tallies.compare('equivalence of 0/1 pairs', id, equivalenceTest(table, margin).p, p);
  }
  return tallies.all();
}

function planning() {
  const { cases } = readReference('equivalence');
  const tallies = new Tallies('enumeration, R', 1e-8);
  for (const { id, kind, n, p10, p01, alpha, power, discordant, effectSize, expected } of cases) {
    if (kind === 'mcnemar power') {
      tallies.compare('McNemar power', id, mcnemarPower({ n, p10, p01, alpha }), expected.exact);
      const midP = mcnemarPower({ n, p10, p01, alpha, test: 'mid-p' });
      tallies.compare('McNemar power', id, midP, expected.midP);
    }
    if (kind === 'mcnemar cases needed') {
      const found = mcnemarCases({ p10, p01, alpha, power });
      tallies.compare('McNemar cases needed', id, found.first, expected.first);
      tallies.compare('McNemar cases needed', id, found.always, expected.always);
    }
    if (kind === 'mcnemar detectable difference') {
      const found = mcnemarDetectableDifference({ n, discordant, alpha, power });
      tallies.compare('McNemar detectable difference', id, found, expected.difference);
    }
    const plan = { differenceVariance: 1, alpha, power };
    if (kind === 'paired t cases needed') {
      const found = requiredCases({ ...plan, difference: effectSize });
      tallies.compare('paired t cases needed', id, found, expected.n);
      tallies.compare('paired t power', id, pairedTPower({ effectSize, n: found, alpha }), expected.power);
    }
    if (kind === 'paired t detectable') {
      const found = minimumDetectableDifference({ ...plan, cases: n });
      tallies.compare('paired t detectable difference', id, found, expected.effectSize);
    }
  }
  return tallies.all();
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
    tallies.compare('paired t interval', id, found.intervals.t?.low, expected.ci95[0]);
    tallies.compare('paired t interval', id, found.intervals.t?.high, expected.ci95[1]);
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
