import { seededRandom, type RandomSource } from '../foundation/seeded-random.js';
import { stableHash } from '../foundation/stable-hash.js';
import type { CaseChange, CaseRow } from '../page/case-data.js';
import type { ShownDraw } from '../page/report-data.js';
import { BoundedBest } from './bounded-best.js';

/** What is known of a result before it is chosen. */
export interface Candidate {
  readonly caseId: string;
  readonly repetition: number;
  readonly outcome: CaseRow['outcome'];
  readonly score: number | null;
  readonly passed: boolean | null;
  /** Whether there is an answer that could be labelled. */
  readonly answered: boolean;
  readonly change: CaseChange | null;
  readonly baselineScore: number | null;
}

/** A result that goes into the page. */
export interface ChosenCase extends Candidate {
  /** Position in the order of the table. */
  readonly rank: number;
  /** Position in the order of the labelling mode; `undefined` when it was not drawn. */
  readonly label: number | undefined;
}

/** Answers that the labelling mode offers at most. */
const LABELLED = 100;
const SEED = 1;

const CLASSES: Readonly<Record<CaseChange, number>> = {
  'to-fail': 0,
  lost: 0,
  'to-pass': 3,
  gained: 3,
  lower: 4,
  higher: 6,
  same: 7,
};

/** What is told first: cases that got worse, errors, failures, cases that got better, and then the others. */
function classOf({ change, outcome, passed }: Candidate): number {
  const changed = change === null ? 7 : CLASSES[change];
  const came = outcome === 'errored' ? 1 : passed === false ? 2 : outcome === 'unscored' ? 5 : 7;
  return Math.min(changed, came);
}

interface Ranked {
  readonly candidate: Candidate;
  readonly order: number;
  /** Lower comes first within its class: how far the score fell, or the score. */
  readonly weight: number;
  readonly sequence: number;
}

const byRank = (a: Ranked, b: Ranked): number =>
  a.order - b.order || a.weight - b.weight || a.sequence - b.sequence;

interface Drawn {
  readonly candidate: Candidate;
  readonly chance: number;
}

/**
 * Chooses the results that go into a page while all of them stream by: first a random sample for the labelling mode, then
 * the worst news. The same results in the same order give the same choice.
 */
export class CaseSelection {
  readonly #most: number;
  readonly #ranked: BoundedBest<Ranked>;
  readonly #drawn: BoundedBest<Drawn>;
  readonly #random: RandomSource = seededRandom(SEED);
  #answers = 0;
  #seen = 0;

  constructor(most: number) {
    this.#most = most;
    this.#ranked = new BoundedBest(most, byRank);
    // Each answer gets a random number, the lowest are the sample: any sample is as likely as any other.
    this.#drawn = new BoundedBest(Math.min(LABELLED, most), (a, b) => a.chance - b.chance);
  }

  /** Takes in a result. */
  add(candidate: Candidate): void {
    const { score, baselineScore, answered } = candidate;
    const fell = score !== null && baselineScore !== null ? score - baselineScore : 0;
    const order = classOf(candidate);
    const weight = order === 0 || order === 4 ? fell : order === 3 || order === 6 ? -fell : (score ?? 0);
    this.#ranked.add({ candidate, order, weight, sequence: this.#seen++ });
    if (!answered) return;
    this.#answers++;
    this.#drawn.add({ candidate, chance: this.#random() });
  }

  /** The chosen results in the order of the table, by their key; and how those to be labelled were drawn. */
  choose(runId: string): {
    readonly cases: ReadonlyMap<string, ChosenCase>;
    readonly draw: ShownDraw | null;
  } {
    const labels = new Map(this.#drawn.values.map(({ candidate }, i) => [candidate, i] as const));
    const ranked = this.#ranked.values.map(({ candidate }) => candidate);
    const others = ranked.filter((candidate) => !labels.has(candidate)).slice(0, this.#most - labels.size);
    const inRank = new Set(ranked);
    const kept = new Set([...others, ...labels.keys()]);
    const ordered = [
      ...ranked.filter((each) => kept.has(each)),
      ...[...labels.keys()].filter((each) => !inRank.has(each)),
    ];
    const cases = new Map(
      ordered.map((candidate, rank) => [
        caseKey(candidate),
        { ...candidate, rank, label: labels.get(candidate) },
      ]),
    );
    if (labels.size === 0) return { cases, draw: null };
    const draw = { runId, purpose: 'anchor' as const, n: labels.size, population: this.#answers, seed: SEED };
    return { cases, draw: { sheet: stableHash({ ...draw, by: 'report' }).slice(0, 16), ...draw } };
  }
}

/** Names a result within its run. */
export const caseKey = ({ caseId, repetition }: Pick<Candidate, 'caseId' | 'repetition'>): string =>
  `${repetition}:${caseId}`;
