import { AssayError } from '../errors.js';
import { checkOptions, integer, number, oneOf, requireOptions, show } from '../foundation/options.js';
import { reaches, withoutRounding } from '../foundation/rounding.js';
import { Moments } from './moments.js';
import { passAtK, passHatK } from './pass-at-k.js';
import { median } from './quantiles.js';

/** A reducer that counts answers which reach a threshold. */
export interface ThresholdReducer {
  /**
   * `at-least`: 1 when at least `k` repetitions passed, else 0. `pass-at`: pass@k, the chance that one of k
   * passes. `pass-hat`: pass^k, the chance that all k pass.
   */
  readonly reducer: 'at-least' | 'pass-at' | 'pass-hat';
  /** Integer >= 1. */
  readonly k: number;
  /** A repetition passes with at least this score, 0..1. @default 1 */
  readonly threshold?: number | undefined;
}

/** How the scores of the repetitions of one case become one figure. */
export type RepetitionReducer = 'mean' | 'median' | 'mode' | 'max' | ThresholdReducer;

/**
 * Reduces the scores of one case's repetitions to one figure. `null` where it is not defined: no scores, or
 * fewer than `k`. The mode of a tie is the value that came first.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for an unknown reducer or a bad `k` or threshold, `ASSAY_INVALID_INPUT`
 *   for a score that is no finite number.
 */
export function reduceRepetitions(scores: readonly number[], reducer: RepetitionReducer): number | null {
  for (const score of scores) {
    if (!Number.isFinite(score)) {
      throw new AssayError('ASSAY_INVALID_INPUT', `Expected finite scores, got ${show(score)}`);
    }
  }
  if (typeof reducer === 'object') return reduceByThreshold(scores, reducer);
  switch (reducer) {
    case 'mean':
      return Moments.of(scores).mean;
    case 'median':
      return median(scores);
    case 'mode':
      return modeOf(scores);
    case 'max':
      return Moments.of(scores).max;
    default:
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected a reducer: 'mean', 'median', 'mode', 'max' or an object, got ${show(reducer)}`,
      );
  }
}

function reduceByThreshold(scores: readonly number[], reducer: ThresholdReducer): number | null {
  const { k, threshold = 1 } = checkOptions<ThresholdReducer>('the repetition reducer', reducer, {
    reducer: oneOf('at-least', 'pass-at', 'pass-hat'),
    k: integer(1),
    threshold: number(0, 1),
  });
  requireOptions('the repetition reducer', reducer, ['reducer', 'k']);
  const passed = scores.filter((score) => reaches(score, threshold)).length;
  if (reducer.reducer === 'pass-at') return passAtK(scores.length, passed, k);
  if (reducer.reducer === 'pass-hat') return passHatK(scores.length, passed, k);
  if (scores.length < k) return null;
  return passed >= k ? 1 : 0;
}

function modeOf(scores: readonly number[]): number | null {
  const counts = new Map<number, number>();
  for (const score of withoutRounding(scores)) counts.set(score, (counts.get(score) ?? 0) + 1);
  let found: number | null = null;
  let most = 0;
  for (const [score, count] of counts) {
    if (count > most) [found, most] = [score, count];
  }
  return found;
}
