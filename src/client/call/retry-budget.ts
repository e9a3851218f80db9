import { checkOptions, number, positive } from '../../foundation/options.js';
import { RollingCount } from '../balancing/rolling-count.js';

/** How many retries there may be, so that they cannot become a storm. */
export interface RetryBudgetOptions {
  /** Retries as a share of the calls of the last ten seconds, >= 0. @default 0.2 */
  readonly ratio?: number | undefined;
  /** Retries a second that are always allowed, > 0. @default 10 */
  readonly minimumPerSecond?: number | undefined;
}

/** {@link RetryBudgetOptions} with nothing left open. */
export interface RetryBudgetSettings {
  readonly ratio: number;
  readonly minimumPerSecond: number;
}

/** Checks the options and fills in the defaults; `undefined` when retries are not budgeted. */
export function retryBudgetOptions(options: RetryBudgetOptions | false): RetryBudgetSettings | undefined {
  if (options === false) return undefined;
  const checked = checkOptions('retryBudget', options, { ratio: number(0), minimumPerSecond: positive });
  return { ratio: checked.ratio ?? 0.2, minimumPerSecond: checked.minimumPerSecond ?? 10 };
}

const WINDOW_SECONDS = 10;
const SLOT_MS = 500;

/**
 * A budget of retries over a sliding window of ten seconds: 20 % of the calls plus a floor of ten a second
 * (the form and the numbers are Finagle's). An empty budget does not fail a call: it says how long to wait.
 */
export class RetryBudget {
  readonly #settings: RetryBudgetSettings;
  readonly #calls = new RollingCount((WINDOW_SECONDS * 1000) / SLOT_MS, SLOT_MS);
  readonly #retries = new RollingCount((WINDOW_SECONDS * 1000) / SLOT_MS, SLOT_MS);

  constructor(settings: RetryBudgetSettings) {
    this.#settings = settings;
  }

  /** A call came in. */
  deposit(now: number): void {
    this.#calls.add(now);
  }

  /** Takes one retry; `false` when there is none left. */
  withdraw(now: number): boolean {
    if (this.available(now) < 1) return false;
    this.#retries.add(now);
    return true;
  }

  /** Retries left at `now`. */
  available(now: number): number {
    const { ratio, minimumPerSecond } = this.#settings;
    const allowed = this.#calls.total(now) * ratio + minimumPerSecond * WINDOW_SECONDS;
    return allowed - this.#retries.total(now);
  }

  /** How long to wait before asking again, milliseconds: until a slot of the window has passed. */
  get waitMs(): number {
    return SLOT_MS;
  }
}
