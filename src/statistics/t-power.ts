import { normalCdf, stirlingError } from './special-functions.js';
import { studentQuantile } from './student.js';

/** A paired t test that is planned. */
export interface PairedTPlan {
  /** True mean of the differences in units of their standard deviation. */
  readonly effectSize: number;
  /** Pairs, integer >= 2. */
  readonly n: number;
  /** Level of the two-sided test. */
  readonly alpha: number;
}

/**
 * Power of a two-sided paired t test, on either side, for normal differences: the noncentral t distribution as an integral
 * over the estimated standard deviation. Agrees with R's `power.t.test` to 1e-9.
 */
export function pairedTPower({ effectSize, n, alpha }: PairedTPlan): number {
  const degreesOfFreedom = n - 1;
  const critical = -studentQuantile(alpha / 2, degreesOfFreedom);
  const shift = Math.abs(effectSize) * Math.sqrt(n);
  return overEstimatedDeviation(degreesOfFreedom, (deviation) => {
    const bound = critical * deviation;
    return normalCdf(shift - bound) + normalCdf(-shift - bound);
  });
}

/**
 * Mean of `f` over the ratio of estimated to true standard deviation, sqrt(χ²/ν): by the trapezoidal rule in the logarithm
 * of the ratio, where the density falls off at both ends and the rule converges faster than any power of its step.
 */
function overEstimatedDeviation(degreesOfFreedom: number, f: (deviation: number) => number): number {
  const half = degreesOfFreedom / 2;
  const step = 0.1 / Math.sqrt(half + 0.5);
  // log of the density at 0 of the logarithm, by Stirling's formula
  const constant = Math.log(2) + (Math.log(half) - Math.log(2 * Math.PI)) / 2 - stirlingError(half);
  let sum = 0;
  for (const direction of [1, -1]) {
    for (let i = direction === 1 ? 0 : 1; ; i++) {
      const logarithm = direction * i * step;
      const density = Math.exp(constant - half * (Math.expm1(2 * logarithm) - 2 * logarithm));
      sum += density * f(Math.exp(logarithm));
      if (density < 1e-18 && i > 0) break;
    }
  }
  return Math.min(1, sum * step);
}
