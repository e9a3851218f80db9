import { AssayError } from '../../errors.js';
import { findRoot } from '../../statistics/find-root.js';
import {
  checkOptions,
  integer,
  number,
  requireOptions,
  type OptionChecks,
} from '../../foundation/options.js';
import { type AlphaSpending, boundaryOf, checkPlan, type GroupSequentialPlan } from './group-sequential.js';

/** Where a group-sequential test ended. */
export interface GroupSequentialStop extends GroupSequentialPlan {
  /** 1-based look at which it ended. */
  readonly look: number;
  /** Z at that look. */
  readonly z: number;
}

/**
 * What a group-sequential test says once it has ended, in units of drift: multiply by the standard error at full
 * information (or divide by √information) to get the scale of the scores.
 */
export interface StageWiseEstimate {
  /** Two-sided p-value in the stage-wise order. */
  readonly p: number;
  /** Interval of the drift at level 1 - alpha, in the same order: it leaves out 0 just when the boundary is crossed. */
  readonly interval: readonly [low: number, high: number];
  /** As often too high as too low; the plain estimate z/√t is too far from 0 after an early stop. */
  readonly medianUnbiased: number;
  /** z/√t. */
  readonly naiveEstimate: number;
  /** (z ∓ boundary)/√t: holds at every look at once, also before the end (Jennison and Turnbull 2000). */
  readonly repeatedInterval: readonly [low: number, high: number];
}

const STOP_CHECKS: OptionChecks<Pick<GroupSequentialStop, 'look' | 'z'>> = {
  look: integer(1),
  z: number(Number.NEGATIVE_INFINITY),
};

/**
 * p-value, interval and median-unbiased estimate of a group-sequential test that has ended, by the stage-wise order
 * of its outcomes (Tsiatis, Rosner and Mehta 1984): an earlier stop is stronger evidence than a later one. A test
 * that ended without crossing the boundary is treated as at its last look.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for a look that the plan does not have, or values out of range.
 */
export function stageWiseEstimate(stop: GroupSequentialStop): StageWiseEstimate {
  const { look, z, ...plan } = stop;
  checkOptions('stageWiseEstimate', { look, z }, STOP_CHECKS);
  requireOptions('stageWiseEstimate', stop, ['look', 'z']);
  const { fractions, alpha, spending } = checkPlan('stageWiseEstimate', plan);
  if (look > fractions.length) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`look\` of stageWiseEstimate to be one of the plan's ${fractions.length}, got ${look}`,
    );
  }
  return estimateAt({ fractions: fractions.slice(0, look), alpha, spending, z });
}

function estimateAt(stop: {
  readonly fractions: readonly number[];
  readonly alpha: number;
  readonly spending: AlphaSpending;
  readonly z: number;
}): StageWiseEstimate {
  const { fractions, alpha, spending, z } = stop;
  const fraction = fractions.at(-1) as number;
  const root = Math.sqrt(fraction);
  const naiveEstimate = z / root;
  const most = Math.abs(naiveEstimate) + 12 / root;
  const { boundary, walk } = boundaryOf(fractions, { alpha, spending, maxDrift: most });
  const last = fractions.length - 1;
  const tailsAt = (drift: number): { upper: number; lower: number } => {
    const before = walk.crossing(drift);
    const here = walk.tails(fraction, z, { drift, looks: last });
    const earlier = (side: readonly number[]): number =>
      side.slice(0, last).reduce((total, each) => total + each, 0);
    return { upper: earlier(before.upper) + here.upper, lower: earlier(before.lower) + here.lower };
  };
  const bracket: readonly [number, number] = [-most, most];
  const driftAt = (side: 'upper' | 'lower', chance: number): number =>
    findRoot((drift) => tailsAt(drift)[side] - chance, bracket);
  const atZero = tailsAt(0);
  const bound = boundary.z[last] as number;
  return {
    p: Math.min(1, 2 * Math.min(atZero.upper, atZero.lower)),
    interval: [driftAt('upper', alpha / 2), driftAt('lower', alpha / 2)],
    medianUnbiased: driftAt('upper', 0.5),
    naiveEstimate,
    repeatedInterval: [(z - bound) / root, (z + bound) / root],
  };
}
