import { normalCdf } from '../../statistics/special-functions.js';
import { type QuadratureGrid, quadratureGrid } from './quadrature.js';

const FAR = 9.5; // standard deviations beyond which a path is left out: 1e-21
const PANEL = 0.7; // of the smaller of the two steps around a look
const ROOT_TWO_PI = Math.sqrt(2 * Math.PI);

/** Chance of leaving at each look. */
export interface CrossingProbabilities {
  /** Above the upper boundary, by look. */
  readonly upper: readonly number[];
  /** Below the lower boundary, by look. */
  readonly lower: readonly number[];
}

/** Chances of being at least as far up, and at least as far down. */
export interface Tails {
  /** Of this value or a higher one. */
  readonly upper: number;
  /** Of this value or a lower one. */
  readonly lower: number;
}

interface Look {
  readonly fraction: number;
  /** Paths that are still inside after this look: their density without drift, times the weight of the point. */
  readonly mass: Float64Array;
  readonly grid: QuadratureGrid;
}

/**
 * A test statistic that is looked at several times: Z at information fraction t has mean drift·√t and variance 1,
 * and the correlation of two looks is √(s/t). It leaves at the first look with |Z| >= z. In B = Z·√t it is a walk
 * with independent normal steps, whose density is carried from look to look by quadrature (Armitage, McPherson and
 * Rowe 1969). The density with a drift is that without, tilted by exp(drift·B - drift²·t/2), so one pass serves all
 * drifts up to `maxDrift`.
 */
export class BoundedWalk {
  readonly #looks: Look[] = [];
  readonly #bounds: number[] = [];
  readonly #maxDrift: number;

  /** @param maxDrift Largest absolute drift that will be asked for. */
  constructor(maxDrift = 0) {
    this.#maxDrift = Math.abs(maxDrift);
  }

  /** How many looks have been added. */
  get looks(): number {
    return this.#bounds.length;
  }

  /** Chances, without drift unless given, that Z at `fraction` is at least `z` (at most -`z`) and none has left before. */
  tails(
    fraction: number,
    z: number,
    {
      drift = 0,
      looks = this.#looks.length,
    }: { readonly drift?: number | undefined; readonly looks?: number | undefined } = {},
  ): Tails {
    if (looks === 0) {
      const mean = drift * Math.sqrt(fraction);
      return { upper: normalCdf(mean - z), lower: normalCdf(z - mean) };
    }
    const { fraction: before, mass, grid } = this.#looks[looks - 1] as Look;
    const scale = Math.sqrt(fraction - before);
    const target = z * Math.sqrt(fraction) - drift * (fraction - before);
    let [upper, lower] = [0, 0];
    for (let i = 0; i < mass.length; i++) {
      const from = grid.points[i] as number;
      const chance = (mass[i] as number) * tilt(drift, from, before);
      const distance = (target - from) / scale;
      // Both tails by themselves: one minus the other loses the small one.
      upper += chance * normalCdf(-distance);
      lower += chance * normalCdf(distance);
    }
    return { upper, lower };
  }

  /** Adds a look that stops at |Z| >= `z`; `nextFraction` is that of the look after it, if there is one. */
  add(fraction: number, z: number, nextFraction?: number): void {
    const last = this.#looks.at(-1);
    const step = fraction - (last?.fraction ?? 0);
    const nextStep = nextFraction === undefined ? step : nextFraction - fraction;
    const reach = FAR * Math.sqrt(fraction) + this.#maxDrift * fraction;
    const end = Math.min(z * Math.sqrt(fraction), reach);
    const grid = quadratureGrid(-end, end, PANEL * Math.sqrt(Math.min(step, nextStep)));
    const mass = new Float64Array(grid.points.length);
    const scale = 1 / (Math.sqrt(step) * ROOT_TWO_PI);
    for (let j = 0; j < mass.length; j++) {
      const to = grid.points[j] as number;
      let density = 0;
      if (last === undefined) density = Math.exp((-to * to) / (2 * step));
      else {
        for (let i = 0; i < last.mass.length; i++) {
          const distance = to - (last.grid.points[i] as number);
          density += (last.mass[i] as number) * Math.exp((-distance * distance) / (2 * step));
        }
      }
      mass[j] = density * scale * (grid.weights[j] as number);
    }
    this.#looks.push({ fraction, mass, grid });
    this.#bounds.push(z);
  }

  /** Chance of leaving at each look. */
  crossing(drift: number): CrossingProbabilities {
    const upper: number[] = [];
    const lower: number[] = [];
    for (const [k, { fraction }] of this.#looks.entries()) {
      const z = this.#bounds[k] as number;
      upper.push(z === Number.POSITIVE_INFINITY ? 0 : this.tails(fraction, z, { drift, looks: k }).upper);
      lower.push(z === Number.POSITIVE_INFINITY ? 0 : this.tails(fraction, -z, { drift, looks: k }).lower);
    }
    return { upper, lower };
  }
}

function tilt(drift: number, at: number, fraction: number): number {
  return drift === 0 ? 1 : Math.exp(drift * at - (drift * drift * fraction) / 2);
}
