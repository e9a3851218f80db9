/** Points of a quadrature rule with their weights. */
export interface QuadratureGrid {
  /** Where the function is taken, ascending. */
  readonly points: Float64Array;
  /** What each value counts. */
  readonly weights: Float64Array;
}

const NODES = 12;

const RULE = gaussLegendre(NODES);

/**
 * Gauss-Legendre rule of 12 nodes on each of equal panels that are at most `panel` wide: exact to double precision
 * for functions that are smooth on the scale of a panel.
 */
export function quadratureGrid(low: number, high: number, panel: number): QuadratureGrid {
  const panels = Math.max(1, Math.ceil((high - low) / panel));
  const points = new Float64Array(panels * NODES);
  const weights = new Float64Array(panels * NODES);
  const half = (high - low) / panels / 2;
  for (let i = 0; i < panels; i++) {
    const centre = low + (2 * i + 1) * half;
    for (let j = 0; j < NODES; j++) {
      points[i * NODES + j] = centre + half * (RULE.points[j] as number);
      weights[i * NODES + j] = half * (RULE.weights[j] as number);
    }
  }
  return { points, weights };
}

/** Nodes and weights on -1..1: roots of the Legendre polynomial by Newton's method from Tricomi's guess. */
function gaussLegendre(n: number): QuadratureGrid {
  const points = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let step = 0; step < 20; step++) {
      let [before, value] = [1, x];
      for (let k = 2; k <= n; k++)
        [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
      slope = (n * (x * value - before)) / (x * x - 1);
      const next = x - value / slope;
      if (Math.abs(next - x) < 1e-16) break;
      x = next;
    }
    points[i] = x;
    weights[i] = 2 / ((1 - x * x) * slope * slope);
  }
  return { points, weights };
}
