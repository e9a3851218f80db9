import type { ModelClient, TokenUsage } from '../client/model-client.js';
import { tokensOf } from '../client/spending.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { Clock, ClockTimer } from '../foundation/clock.js';
import { judgeUsageOf } from '../evaluation/judge-usage.js';
import type { RunBudget } from './batch-options.js';
import type { BlindBudget, BudgetSummary } from './summary/budget-summary.js';

/** Results before which an error rate says nothing. */
const LEAST_RESULTS = 20;

/** A limit that is reached. */
export interface ExhaustedBudget {
  readonly budget: keyof RunBudget;
  readonly limit: number;
  readonly value: number;
  readonly estimated: boolean;
}

/** What a {@link BudgetWatch} needs to know. */
export interface BudgetWatchOptions {
  readonly clock: Clock;
  /** Monotonic time at which the run began. */
  readonly begunAt: number;
  /** The results so far, those that errored among them. */
  readonly counts: { readonly errored: number; readonly results: number };
  /** Called at every result from then on at which a limit is reached. */
  readonly onExhausted: (exhausted: ExhaustedBudget) => void;
  /** Called once for each limit that what is reported cannot keep. */
  readonly onBlind: (blind: BlindBudget) => void;
}

/** What says how much tokens cost. */
interface PricedUse {
  readonly priced: (usage: TokenUsage) => number | null;
}

/** What is booked beside a result. */
export interface BookedUse {
  /** What it has used, where nobody told. */
  readonly estimate: TokenUsage | undefined;
  /** What tokens of a model cost, for answers that carry no cost; `null` when nobody knows. */
  readonly estimateCost: NonNullable<ModelClient['estimateCost']>;
}

/**
 * Keeps the books of a run and says when its budget is used up. What no server tells is estimated: a limit that counts only
 * what is reported would never be reached where nothing is.
 */
export class BudgetWatch {
  readonly #budget: RunBudget;
  readonly #options: BudgetWatchOptions;
  readonly #timer: ClockTimer | undefined;
  readonly #blind: BlindBudget[] = [];
  #cost = 0;
  #tokens = 0;
  #estimatedCost = 0;
  #estimatedTokens = 0;
  #pricedTokens = 0;
  #unpricedTokens = 0;

  constructor(budget: RunBudget, options: BudgetWatchOptions) {
    this.#budget = budget;
    this.#options = options;
    const { maxDurationMs } = budget;
    if (maxDurationMs === undefined) return;
    // time passes also when no case ends, because the source or the target hangs
    const leftMs = maxDurationMs - this.#elapsedMs;
    this.#timer = options.clock.schedule(() => this.#check(Math.max(maxDurationMs, this.#elapsedMs)), leftMs);
  }

  /** Books a result, which must be in the counts already. */
  spend(result: CaseResult, { estimate, estimateCost }: BookedUse): void {
    const priced = (usage: TokenUsage): number | null => {
      try {
        return estimateCost(usage, result.model ?? undefined);
      } catch {
        return null; // a host's function that fails knows no price, and `budget:blind` says so
      }
    };
    if (!result.cached) {
      const { usage, cost, model } = result;
      if (usage !== null) this.#bookTokens(usage, { guessed: false, model });
      if (estimate !== undefined) this.#bookTokens(estimate, { guessed: true, model });
      if (cost !== null) this.#bookCost(cost, usage);
      else if (usage !== null) this.#guessCost(usage, { reason: 'no-price', model, priced });
      // A host that says what an answer cost has counted its tokens, told or not.
      if (estimate !== undefined && (cost === null || usage !== null))
        this.#guessCost(estimate, { reason: 'no-usage', model, priced });
    }
    for (const dimension of result.evaluation?.dimensions ?? []) {
      const judge = judgeUsageOf(dimension);
      this.#tokens += tokensOf(judge);
      this.#cost += judge?.cost ?? 0;
    }
    this.#check(this.#elapsedMs);
  }

  /** What was counted, and what could not be. */
  summary(): BudgetSummary {
    const { maxCost, maxTokens, maxDurationMs, maxErrorRate } = this.#budget;
    return {
      limits: {
        ...(maxCost === undefined ? {} : { maxCost }),
        ...(maxTokens === undefined ? {} : { maxTokens }),
        ...(maxDurationMs === undefined ? {} : { maxDurationMs }),
        ...(maxErrorRate === undefined ? {} : { maxErrorRate }),
      },
      tokens: this.#tokens,
      estimatedTokens: this.#estimatedTokens,
      cost: this.#spentCost,
      estimatedCost: this.#guessedCost,
      blind: [...this.#blind],
    };
  }

  /** Stops the timer. */
  close(): void {
    this.#timer?.cancel();
  }

  get #elapsedMs(): number {
    return this.#options.clock.now() - this.#options.begunAt;
  }

  /** What tokens without any price would have cost at the average of those with one. */
  get #guessedCost(): number {
    const average = this.#pricedTokens === 0 ? 0 : (this.#cost + this.#estimatedCost) / this.#pricedTokens;
    return this.#estimatedCost + this.#unpricedTokens * average;
  }

  get #spentCost(): number {
    return this.#cost + this.#guessedCost;
  }

  #bookTokens(
    usage: TokenUsage,
    { guessed, model }: { readonly guessed: boolean; readonly model: string | null },
  ): void {
    const tokens = tokensOf(usage);
    this.#tokens += tokens;
    if (!guessed) return;
    this.#estimatedTokens += tokens;
    if (this.#budget.maxTokens !== undefined)
      this.#announceBlind({ budget: 'maxTokens', reason: 'no-usage', model, estimated: true });
  }

  #bookCost(cost: number, usage: TokenUsage | null): void {
    this.#cost += cost;
    this.#pricedTokens += tokensOf(usage);
  }

  #guessCost(
    usage: TokenUsage,
    { reason, model, priced }: Pick<BlindBudget, 'reason' | 'model'> & PricedUse,
  ): void {
    if (this.#budget.maxCost === undefined) return;
    const cost = priced(usage);
    const tokens = tokensOf(usage);
    if (cost === null) this.#unpricedTokens += tokens;
    else {
      this.#estimatedCost += cost;
      this.#pricedTokens += tokens;
    }
    const known = cost !== null || this.#pricedTokens > 0;
    this.#announceBlind({ budget: 'maxCost', reason, model, estimated: known });
  }

  #announceBlind(blind: BlindBudget): void {
    if (this.#blind.some((each) => each.budget === blind.budget)) return;
    this.#blind.push(blind);
    this.#options.onBlind(blind);
  }

  #check(durationMs: number): void {
    const { counts, onExhausted } = this.#options;
    const { maxCost, maxTokens, maxDurationMs, maxErrorRate } = this.#budget;
    if (maxCost !== undefined && this.#spentCost >= maxCost) {
      const estimated = this.#guessedCost > 0;
      onExhausted({ budget: 'maxCost', limit: maxCost, value: this.#spentCost, estimated });
    } else if (maxTokens !== undefined && this.#tokens >= maxTokens) {
      const estimated = this.#estimatedTokens > 0;
      onExhausted({ budget: 'maxTokens', limit: maxTokens, value: this.#tokens, estimated });
    } else if (maxDurationMs !== undefined && durationMs >= maxDurationMs) {
      onExhausted({ budget: 'maxDurationMs', limit: maxDurationMs, value: durationMs, estimated: false });
    } else if (maxErrorRate !== undefined && counts.results >= LEAST_RESULTS) {
      const rate = counts.errored / counts.results;
      if (rate > maxErrorRate)
        onExhausted({ budget: 'maxErrorRate', limit: maxErrorRate, value: rate, estimated: false });
    }
  }
}

/** Watches a budget, if there is one. */
export function watchBudget(
  budget: RunBudget | undefined,
  options: BudgetWatchOptions,
): BudgetWatch | undefined {
  return budget === undefined ? undefined : new BudgetWatch(budget, options);
}
