import { RollingCount } from './rolling-count.js';

const DOUBT = 3;
const MOST_DOUBT = 12;
const FORGET_MS = 10_000;
const REFUSALS = 3;
const CLEARLY_MORE = 2;
const STANDARD_ERRORS = 4;

/**
 * How an answer without a word compares with what others give: `usual` when they give such answers about as often (a
 * small budget of tokens does that to a reasoning model), `unusual` when they do not, or have not answered yet, `alone`
 * when that is beyond chance.
 */
export type Emptiness = 'usual' | 'unusual' | 'alone';

/**
 * What an endpoint has made of its calls lately, whoever was at fault. Health asks whether it can be used at all;
 * this asks whether it deserves more than its share, and whom to believe when it says that a request is bad.
 */
export class TrackRecord {
  readonly #judged = new RollingCount(12, 5000);
  readonly #refused = new RollingCount(12, 5000);
  #empty: RollingCount | undefined;
  #doubtOfEmpty = 0;
  #doubt = 0;
  #lastFailureAt = Number.NEGATIVE_INFINITY;
  #turnedAway = 0;
  #answered = false;

  /** Whether it has ever answered a call. */
  get proven(): boolean {
    return this.#answered;
  }

  /** Calls in a row that it turned away for what it is (its key, its path, its model), without an answer since. */
  get turnedAway(): number {
    return this.#turnedAway;
  }

  /** It answered a call. */
  answered(now: number): void {
    this.#answered = true;
    this.#turnedAway = 0;
    if (this.#doubt > 0) this.#doubt--;
    this.#judged.add(now);
  }

  /** A call came to nothing there. */
  failed(now: number): void {
    if (now - this.#lastFailureAt >= FORGET_MS) this.#doubt = 0;
    this.#doubt = Math.min(MOST_DOUBT, this.#doubt + 1);
    this.#lastFailureAt = now;
  }

  /** It answered without a word. What is not usual is no proof that it can answer at all. */
  answeredEmpty(others: Iterable<TrackRecord>, now: number): Emptiness {
    this.#empty ??= new RollingCount(12, 5000);
    this.#empty.add(now);
    let emptyThere = 0;
    let judgedThere = 0;
    let compared = false;
    for (const other of others) {
      if (other === this) continue;
      compared = true;
      emptyThere += other.#empty?.total(now) ?? 0;
      judgedThere += other.#judged.total(now);
    }
    const judged = this.#judged.total(now) + 1;
    const share = Math.min(1, this.#empty.total(now) / judged);
    const there = judgedThere === 0 ? 0 : Math.min(1, emptyThere / judgedThere);
    if (!compared || share <= CLEARLY_MORE * there) {
      this.#doubt = Math.max(0, this.#doubt - this.#doubtOfEmpty); // the first to answer has nobody to be compared with
      this.#doubtOfEmpty = 0;
      return 'usual';
    }
    this.#doubtOfEmpty++;
    this.#judged.add(now);
    if (judgedThere === 0) return 'unusual';
    const pooled = (share * judged + there * judgedThere) / (judged + judgedThere);
    const error = Math.sqrt(pooled * (1 - pooled) * (1 / judged + 1 / judgedThere));
    return share - there > STANDARD_ERRORS * error ? 'alone' : 'unusual';
  }

  /** It said that a call's request is bad. */
  refusedRequest(now: number): void {
    this.failed(now);
    this.#judged.add(now);
    this.#refused.add(now);
  }

  /** Another endpoint said the same of that request: it was right. */
  refusalConfirmed(now: number): void {
    this.#refused.add(now, -1);
    this.#doubt = Math.max(0, this.#doubt - 1);
  }

  /** It turned a call away for what it is; returns how many that makes in a row. */
  turnedCallAway(): number {
    return ++this.#turnedAway;
  }

  /** Whether lately more of its calls have come to nothing than were answered: it gets no more than its share. */
  doubtful(now: number): boolean {
    return this.#doubt >= DOUBT && now - this.#lastFailureAt < FORGET_MS;
  }

  /**
   * Whether what it says against requests speaks rather against itself: it refuses clearly more of them than the
   * others do, or nobody can be compared with it.
   */
  refusesTooMuch(others: Iterable<TrackRecord>, now: number): boolean {
    const refused = this.#refused.total(now);
    if (refused < REFUSALS) return false;
    let judgedThere = 0;
    let refusedThere = 0;
    for (const other of others) {
      if (other === this) continue;
      judgedThere += other.#judged.total(now);
      refusedThere += other.#refused.total(now);
    }
    if (judgedThere === 0) return true;
    return refused / this.#judged.total(now) > (CLEARLY_MORE * refusedThere) / judgedThere;
  }
}
