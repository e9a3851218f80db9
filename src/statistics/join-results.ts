import { InputError } from '../errors.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import { nextTurn } from '../foundation/event-loop-turns.js';

/** What a comparison needs of a result: a few numbers, not its text. */
export interface ComparedResult {
  readonly caseId: string;
  readonly repetition: number;
  readonly cluster: string | undefined;
  /** Hash of what its case is made of, when it is known. */
  readonly caseHash: string | undefined;
  /** Evaluator and version, when it was evaluated. */
  readonly evaluator: string | undefined;
  /** Hash of what it was scored by, when it is known. */
  readonly scoringHash: string | undefined;
  /** Scores by position of their metric; NaN where there is none. */
  readonly scores: readonly number[];
}

/** One side of a join. */
export interface JoinSource {
  readonly results: Iterable<CaseResult> | AsyncIterable<CaseResult>;
  /** Whether it holds each case and repetition once for sure, as a store does; else all keys are remembered. */
  readonly unique: boolean;
}

/** What a join came to. */
export interface JoinCounts {
  readonly results: readonly [number, number];
  readonly runIds: readonly [string | undefined, string | undefined];
  readonly unmatched: readonly [UnmatchedResults, UnmatchedResults];
}

/** Results of one run that the other one does not have. */
export interface UnmatchedResults {
  /** How many there are, listed in `ids` or not. */
  readonly count: number;
  /** The first of them by case id: `id`, or `id#repetition` for repetitions after the first. */
  readonly ids: readonly string[];
}

/** Positions of metrics by name: the overall score first, then dimensions as they are met. */
export class MetricNames {
  readonly #positions = new Map<string, number>();

  /** Names of the dimensions; the one at position i is metric i + 1. */
  get dimensions(): readonly string[] {
    return [...this.#positions.keys()];
  }

  /** The scores of a result, overall first. */
  scoresOf(result: CaseResult): number[] {
    const evaluation = result.evaluation;
    const scores = [evaluation?.overallScore ?? Number.NaN];
    for (const dimension of evaluation?.dimensions ?? []) {
      let position = this.#positions.get(dimension.name);
      if (position === undefined) {
        position = this.#positions.size + 1;
        this.#positions.set(dimension.name, position);
      }
      while (scores.length <= position) scores.push(Number.NaN);
      scores[position] = dimension.score ?? Number.NaN;
    }
    return scores;
  }
}

const TURNS_BETWEEN_PAUSES = 500; // some milliseconds

/** How {@link joinResults} joins. */
export interface JoinOptions {
  readonly names: MetricNames;
  /** Results whose partner is missing that are listed by id. */
  readonly unmatchedLimit: number;
  readonly onPair: (a: ComparedResult, b: ComparedResult) => void;
}

/**
 * Joins two streams of results by case and repetition: both are read in turn, and of a result only its numbers
 * are held until its partner comes. Runs over the same cases hold them in nearly the same order, so few wait
 * at any time; at worst (nothing matches) all wait, about 250 bytes each. Keys of a source that may repeat itself
 * take about 100 bytes each.
 *
 * @throws InputError `ASSAY_DUPLICATE_CASE` when a source repeats itself (one that must not: when it is noticed).
 */
export async function joinResults(
  a: JoinSource,
  b: JoinSource,
  { names, unmatchedLimit, onPair }: JoinOptions,
): Promise<JoinCounts> {
  const waiting = [new Map<string, ComparedResult>(), new Map<string, ComparedResult>()] as const;
  const seen = [a, b].map(({ unique }) => (unique ? undefined : new Set<string>()));
  const results: [number, number] = [0, 0];
  const runIds: [string | undefined, string | undefined] = [undefined, undefined];
  for await (const [side, result] of inTurn(a.results, b.results)) {
    results[side] += 1;
    runIds[side] ??= result.runId;
    const { evaluation } = result;
    const compared: ComparedResult = {
      caseId: result.caseId,
      repetition: result.repetition,
      cluster: result.cluster,
      caseHash: result.caseHash,
      evaluator: evaluation === undefined ? undefined : `${evaluation.evaluator} ${evaluation.version}`,
      scoringHash: evaluation?.scoringHash,
      scores: names.scoresOf(result),
    };
    const key = `${result.repetition}:${result.caseId}`;
    if (seen[side]?.has(key) || waiting[side].has(key)) {
      throw new InputError(
        'ASSAY_DUPLICATE_CASE',
        `Expected one result for case ${JSON.stringify(result.caseId)}, repetition ${result.repetition}, got two`,
      );
    }
    seen[side]?.add(key);
    const partner = waiting[1 - side]?.get(key);
    if (partner !== undefined) {
      waiting[1 - side]?.delete(key);
      if (side === 0) onPair(compared, partner);
      else onPair(partner, compared);
    } else waiting[side].set(key, compared);
  }
  return {
    results,
    runIds,
    unmatched: [unmatchedOf(waiting[0], unmatchedLimit), unmatchedOf(waiting[1], unmatchedLimit)],
  };
}

function unmatchedOf(waiting: ReadonlyMap<string, ComparedResult>, limit: number): UnmatchedResults {
  const ids = Array.from(waiting.values(), ({ caseId, repetition }) =>
    repetition === 0 ? caseId : `${caseId}#${repetition}`,
  );
  return { count: ids.length, ids: ids.sort().slice(0, limit) };
}

/** Both streams, one result of each in turn; both are closed however the reading ends. */
async function* inTurn(
  a: JoinSource['results'],
  b: JoinSource['results'],
): AsyncGenerator<readonly [0 | 1, CaseResult]> {
  const iterators = [iteratorOf(a), iteratorOf(b)] as const;
  const open = new Set<0 | 1>([0, 1]);
  let turns = 0;
  try {
    while (open.size > 0) {
      // Results that are at hand would be read in one go, and neither a timer nor an abort would get a turn.
      if (++turns % TURNS_BETWEEN_PAUSES === 0) await nextTurn();
      for (const side of open) {
        const next = await iterators[side].next();
        if (next.done === true) open.delete(side);
        else yield [side, next.value];
      }
    }
  } finally {
    for (const side of open) await iterators[side].return?.();
  }
}

function iteratorOf(source: JoinSource['results']): Iterator<CaseResult> | AsyncIterator<CaseResult> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}
