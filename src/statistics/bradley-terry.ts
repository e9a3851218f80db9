import { AssayError } from '../errors.js';
import {
  betweenZeroAndOne,
  callable,
  checkOptions,
  integer,
  show,
  signal,
  text,
} from '../foundation/options.js';
import { fitBradleyTerry } from './bradley-terry-fit.js';
import type { Interval } from './intervals.js';
import { quantileOfSorted } from './quantiles.js';
import { resample, type ResamplingOptions, threadsCheck } from './resample.js';
import { addGame, type ResamplingJob } from './resampling.js';

/** One comparison of two items. */
export interface Game {
  /** Name of one item. */
  readonly a: string;
  /** Name of the other item, never that of `a`. */
  readonly b: string;
  /** Which one won; a tie is half a win for each. */
  readonly winner: 'a' | 'b' | 'tie';
}

/** Options of {@link bradleyTerry}. */
export interface BradleyTerryOptions extends ResamplingOptions {
  /** Nominal coverage of the intervals, above 0 and below 1. @default 0.95 */
  readonly level?: number | undefined;
  /** Bootstrap resamples of the games; 0 for no intervals. @default 1000 */
  readonly resamples?: number | undefined;
  /** Seed, 0 to 4294967295. @default 0 */
  readonly seed?: number | undefined;
}

/** Where one item stands. */
export interface RankedItem {
  /** Name of the item, as in the games. */
  readonly item: string;
  /** Log strength, mean 0 over items: i beats j with probability 1 / (1 + e^(sⱼ - sᵢ)). */
  readonly strength: number;
  /** The same on Elo's scale: 1000 + 400 / ln 10 · strength. */
  readonly rating: number;
  /** Percentile bootstrap interval of `rating`; `null` without resamples that could be fitted. */
  readonly interval: Interval | null;
}

/** What {@link bradleyTerry} finds. */
export interface BradleyTerryRanking {
  /** How many games the ranking is from, >= 1. */
  readonly games: number;
  /** Strongest first. */
  readonly items: readonly RankedItem[];
  /** Bootstrap resamples that were drawn; 0 when no intervals were asked for. */
  readonly resamples: number;
  /** Resamples without a finite fit (somebody won or lost all games); the intervals are over the others. */
  readonly resamplesWithoutFit: number;
}

const ELO = 400 / Math.LN10;

/**
 * Ranks items by paired comparisons with the Bradley-Terry model (Bradley and Terry 1952), a tie being half a
 * win for each. Unlike sequential Elo the result does not depend on the order of the games.
 *
 * `null` when the strengths are not defined: fewer than two items, or no chain of wins from every item to every
 * other one (somebody won or lost everything).
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for a game of an item without a name, of one against itself or without a
 *   winner; `ASSAY_INVALID_OPTION`, `ASSAY_ABORTED` when aborted.
 */
export async function bradleyTerry(
  games: readonly Game[],
  options: BradleyTerryOptions = {},
): Promise<BradleyTerryRanking | null> {
  const checked = checkOptions<BradleyTerryOptions>('bradleyTerry', options, {
    level: betweenZeroAndOne,
    resamples: integer(0),
    seed: integer(0, 0xffff_ffff),
    threads: threadsCheck,
    onFallback: callable,
    signal,
  });
  const { level = 0.95, resamples = 1000, seed = 0 } = checked;
  games.forEach(checkGame);
  const names = [...new Set(games.flatMap((game) => [game.a, game.b]))].sort();
  const items = names.length;
  const position = new Map(names.map((name, i) => [name, i]));
  const values = Float64Array.from(games, (game) => encodeGame(game, position)).sort();
  const wins = new Float64Array(items * items);
  for (const game of values) addGame(wins, game, items);
  const strengths = items < 2 ? null : fitBradleyTerry(wins, items);
  if (strengths === null) return null;
  const job: ResamplingJob = { kind: 'bradley-terry', values, items, seed, resamples };
  const drawn = resamples === 0 ? [] : await resample(job, checked);
  const columns = names.map((_, i) => columnOf(drawn, i, items));
  const fitted = columns[0]?.length as number;
  const ranked = names.map((item, i): RankedItem => {
    const strength = strengths[i] as number;
    const column = columns[i] as Float64Array;
    const end = (p: number): number => 1000 + ELO * quantileOfSorted(column, p);
    const interval: Interval | null =
      fitted === 0
        ? null
        : { low: end((1 - level) / 2), high: end((1 + level) / 2), level, method: 'bootstrap-percentile' };
    return { item, strength, rating: 1000 + ELO * strength, interval };
  });
  return {
    games: games.length,
    items: ranked.sort((a, b) => b.strength - a.strength || (a.item < b.item ? -1 : 1)),
    resamples,
    resamplesWithoutFit: resamples - fitted,
  };
}

const OUTCOMES: readonly Game['winner'][] = ['a', 'b', 'tie'];

function checkGame({ a, b, winner }: Game): void {
  if (text(a) === undefined && text(b) === undefined && a !== b && OUTCOMES.includes(winner)) return;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected a game of two items with winner 'a', 'b' or 'tie', got ${show(a)} against ${show(b)}: ${show(winner)}`,
  );
}

/** One number a game, the same for both ways of writing it, so that sorting makes the draws independent of order. */
function encodeGame(game: Game, position: ReadonlyMap<string, number>): number {
  const a = position.get(game.a) as number;
  const b = position.get(game.b) as number;
  const outcome = OUTCOMES.indexOf(game.winner);
  const turned = outcome === 2 ? 2 : 1 - outcome;
  return a < b ? (a * position.size + b) * 3 + outcome : (b * position.size + a) * 3 + turned;
}

/** Sorted strengths of one item over all resamples that have a fit. */
function columnOf(chunks: readonly Float64Array[], item: number, items: number): Float64Array {
  const column: number[] = [];
  for (const chunk of chunks) {
    for (let at = item; at < chunk.length; at += items) {
      const strength = chunk[at] as number;
      if (!Number.isNaN(strength)) column.push(strength);
    }
  }
  return Float64Array.from(column).sort();
}
