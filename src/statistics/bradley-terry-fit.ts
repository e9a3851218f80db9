const ROUNDING = 1e-12;

/**
 * Maximum-likelihood log strengths of the Bradley-Terry model, mean 0, by Newton's method with step halving (the
 * likelihood is concave in them). `null` when it has no finite maximum: that needs a chain of wins (a tie is
 * half a win for each) from every item to every other one (Ford 1957).
 *
 * @param wins `wins[i * items + j]`: how often i won against j.
 */
export function fitBradleyTerry(wins: Float64Array, items: number): Float64Array | null {
  if (!everyoneReaches(wins, items, false) || !everyoneReaches(wins, items, true)) return null;
  let strengths = new Float64Array(items);
  let likelihood = logLikelihood(wins, items, strengths);
  for (let step = 0; step < 100; step++) {
    const move = newtonStep(wins, items, strengths);
    const largest = move.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
    // Near the maximum a step that gains eight digits of the strengths is lost in the likelihood's rounding.
    const enough = likelihood - ROUNDING * Math.abs(likelihood);
    let next = strengths;
    let reached = likelihood;
    for (let scale = 1; scale > 1e-6; scale /= 2) {
      next = strengths.map((strength, i) => strength + scale * (move[i] as number));
      reached = logLikelihood(wins, items, next);
      if (reached >= enough) break;
    }
    strengths = next;
    likelihood = reached;
    if (largest < 1e-10) break;
  }
  const mean = strengths.reduce((sum, each) => sum + each, 0) / items;
  return strengths.map((each) => each - mean);
}

function logLikelihood(wins: Float64Array, items: number, strengths: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < items; i++) {
    for (let j = 0; j < items; j++) {
      const won = wins[i * items + j] as number;
      if (won > 0) sum -= won * softplus((strengths[j] as number) - (strengths[i] as number));
    }
  }
  return sum;
}

/** log(1 + e^x) without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** Solves (information + 1/items in every cell) · step = gradient; the added part fixes the free constant. */
function newtonStep(wins: Float64Array, items: number, strengths: Float64Array): Float64Array {
  const information = new Float64Array(items * items).fill(1 / items);
  const gradient = new Float64Array(items);
  for (let i = 0; i < items; i++) {
    for (let j = 0; j < items; j++) {
      if (i === j) continue;
      const won = wins[i * items + j] as number;
      const games = won + (wins[j * items + i] as number);
      if (games === 0) continue;
      const chance = 1 / (1 + Math.exp((strengths[j] as number) - (strengths[i] as number)));
      (gradient[i] as number) += won - games * chance;
      const weight = games * chance * (1 - chance);
      (information[i * items + i] as number) += weight;
      (information[i * items + j] as number) -= weight;
    }
  }
  return solveSymmetric(information, gradient, items);
}

/** Cholesky decomposition in place, then both triangles; the matrix must be positive definite. */
function solveSymmetric(matrix: Float64Array, right: Float64Array, size: number): Float64Array {
  const at = (i: number, j: number): number => matrix[i * size + j] as number;
  for (let j = 0; j < size; j++) {
    for (let i = j; i < size; i++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      matrix[i * size + j] = i === j ? Math.sqrt(Math.max(sum, 1e-300)) : sum / at(j, j);
    }
  }
  const solution = right.slice();
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) (solution[i] as number) -= at(i, k) * (solution[k] as number);
    (solution[i] as number) /= at(i, i);
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) (solution[i] as number) -= at(k, i) * (solution[k] as number);
    (solution[i] as number) /= at(i, i);
  }
  return solution;
}

/** Whether item 0 reaches all items along wins (or along losses). */
function everyoneReaches(wins: Float64Array, items: number, backwards: boolean): boolean {
  const seen = new Set([0]);
  const open = [0];
  for (let from = open.pop(); from !== undefined; from = open.pop()) {
    for (let to = 0; to < items; to++) {
      const won = backwards ? wins[to * items + from] : wins[from * items + to];
      if ((won as number) > 0 && !seen.has(to)) {
        seen.add(to);
        open.push(to);
      }
    }
  }
  return seen.size === items;
}
