import { AssayError } from '../errors.js';
import { ExactSum } from '../foundation/exact-sum.js';
import { show } from '../foundation/options.js';
import { withoutRounding } from '../foundation/rounding.js';
import { checkShare } from './check-share.js';
import { checkRankable, midRanks } from './correlation.js';
import { checkSameLength } from './paired-numbers.js';

/** Whether something happened: 1 or `true` if it did. */
export type Happened = 0 | 1 | boolean;

/** One bin of {@link calibration}. */
export interface CalibrationBin {
  /** Lower end, included. */
  readonly from: number;
  /** Upper end, excluded but for the last bin. */
  readonly to: number;
  /** Cases whose predicted probability is in the bin. */
  readonly n: number;
  /** Mean predicted probability; `null` for an empty bin. */
  readonly confidence: number | null;
  /** Share of events; `null` for an empty bin. */
  readonly frequency: number | null;
}

/** Bins and the error over them. */
export interface Calibration {
  /** Expected calibration error: mean of |frequency - confidence| over cases; `null` for no cases. */
  readonly expectedCalibrationError: number | null;
  /** Bins of equal width over 0..1, lowest first, empty ones too. */
  readonly bins: readonly CalibrationBin[];
}

/**
 * Area under the ROC curve: the chance that an event got a higher score than a non-event, ties counting half
 * (Mann and Whitney, by mid-ranks). `null` without events or without non-events.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for lists of different lengths, an outcome that is none or a score that is
 *   NaN.
 */
export function auroc(happened: readonly Happened[], scores: readonly number[]): number | null {
  checkSameLength('outcomes and scores', happened, scores);
  const events = countEvents(happened);
  const others = happened.length - events;
  const ranks = midRanks(scores);
  if (events === 0 || others === 0) return null;
  let sum = 0;
  happened.forEach((event, i) => (sum += event ? (ranks[i] as number) : 0));
  return (sum - (events * (events + 1)) / 2) / (events * others);
}

/**
 * Average precision: the step-wise area under the precision-recall curve, Σ (Rₙ - Rₙ₋₁) Pₙ over the distinct
 * scores from high to low, without interpolation. `null` without events.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for lists of different lengths, an outcome that is none or a score that is
 *   NaN.
 */
export function averagePrecision(happened: readonly Happened[], scores: readonly number[]): number | null {
  checkSameLength('outcomes and scores', happened, scores);
  checkRankable(scores);
  const events = countEvents(happened);
  if (events === 0) return null;
  const ranked = withoutRounding(scores);
  const order = scores.map((_, i) => i).sort((i, j) => (ranked[j] as number) - (ranked[i] as number));
  const area = new ExactSum();
  let hits = 0;
  let counted = 0;
  order.forEach((at, i) => {
    if (happened[at]) hits++;
    if (i + 1 < order.length && ranked[order[i + 1] as number] === ranked[at]) return;
    area.add(((hits - counted) / events) * (hits / (i + 1)));
    counted = hits;
  });
  return area.value;
}

/**
 * Brier score: mean square of probability minus outcome, 0 the best (Brier 1950, one of the two classes). `null`
 * for no cases.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for lists of different lengths or a probability outside 0..1.
 */
export function brierScore(happened: readonly Happened[], probabilities: readonly number[]): number | null {
  return meanOver(happened, probabilities, (event, p) => (p - event) ** 2);
}

/**
 * Log loss: mean of -log of the probability given to what happened, natural logarithm. Probabilities are kept
 * `clip` away from 0 and 1, so that one certain mistake does not make it infinite. `null` for no cases.
 *
 * @param clip Above 0 and below 0.5; 1e-15 when left out.
 * @throws AssayError `ASSAY_INVALID_INPUT` for lists of different lengths or a probability outside 0..1.
 */
export function logLoss(
  happened: readonly Happened[],
  probabilities: readonly number[],
  clip = 1e-15,
): number | null {
  if (!(clip > 0 && clip < 0.5)) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`clip\` to be a number above 0 and below 0.5, got ${show(clip)}`,
    );
  }
  return meanOver(happened, probabilities, (event, p) => {
    const kept = Math.min(1 - clip, Math.max(clip, p));
    return event === 1 ? -Math.log(kept) : -Math.log1p(-kept);
  });
}

/**
 * Calibration over equal bins of the predicted probability, [0, 1/k) … [1 - 1/k, 1], with the expected
 * calibration error (Naeini et al. 2015).
 *
 * @param bins Integer >= 1; 10 when left out.
 * @throws AssayError `ASSAY_INVALID_INPUT` for lists of different lengths or a probability outside 0..1.
 */
export function calibration(
  happened: readonly Happened[],
  probabilities: readonly number[],
  bins = 10,
): Calibration {
  if (!Number.isSafeInteger(bins) || bins < 1) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`bins\` to be an integer >= 1, got ${show(bins)}`,
    );
  }
  const filled = Array.from({ length: bins }, () => ({ n: 0, events: 0, sum: new ExactSum() }));
  forEachCase(happened, probabilities, (event, p) => {
    // p * bins may round across an edge (0.29 * 100 is 28.999999999999996): the edge i / bins decides.
    let at = Math.min(bins - 1, Math.floor(p * bins));
    if (at + 1 < bins && p >= (at + 1) / bins) at++;
    else if (p < at / bins) at--;
    const bin = filled[at] as (typeof filled)[number];
    bin.n++;
    bin.events += event;
    bin.sum.add(p);
  });
  const error = new ExactSum();
  for (const { n, events, sum } of filled) if (n > 0) error.add(Math.abs(events - sum.value));
  return {
    expectedCalibrationError: happened.length === 0 ? null : error.value / happened.length,
    bins: filled.map(({ n, events, sum }, i) => ({
      from: i / bins,
      to: (i + 1) / bins,
      n,
      confidence: n === 0 ? null : sum.value / n,
      frequency: n === 0 ? null : events / n,
    })),
  };
}

function meanOver(
  happened: readonly Happened[],
  probabilities: readonly number[],
  loss: (event: 0 | 1, p: number) => number,
): number | null {
  const sum = new ExactSum();
  forEachCase(happened, probabilities, (event, p) => sum.add(loss(event, p)));
  return happened.length === 0 ? null : sum.value / happened.length;
}

function forEachCase(
  happened: readonly Happened[],
  probabilities: readonly number[],
  visit: (event: 0 | 1, p: number) => void,
): void {
  checkSameLength('outcomes and probabilities', happened, probabilities);
  happened.forEach((event, i) => {
    const p = probabilities[i] as number;
    checkShare('probabilities', p);
    visit(eventOf(event), p);
  });
}

function countEvents(happened: readonly Happened[]): number {
  return happened.reduce<number>((sum, event) => sum + eventOf(event), 0);
}

function eventOf(event: Happened): 0 | 1 {
  if (event === 1 || event === true) return 1;
  if (event === 0 || event === false) return 0;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected 0, 1, true or false as an outcome, got ${show(event)}`,
  );
}
