import type { AttemptRecord, EndpointError } from '../endpoint-error.js';
import type { Attempt } from './attempt.js';
import { attemptRecord, type AttemptEnd } from './attempt-outcome.js';
import { sumSpending, type Spending } from '../spending.js';

/** What the attempts of a call that gave no answer came to, and what they cost: they are paid for all the same. */
export class CallLedger {
  readonly records: AttemptRecord[] = [];
  spent: Spending | undefined = undefined;

  /** Notes an attempt that failed, or that the end of its call cut short. */
  note(attempt: Attempt, { code, durationMs }: AttemptEnd): void {
    this.records.push(attemptRecord(attempt, { code, durationMs }));
  }

  /** Books what an attempt has used; `cost` of `usage` in the host's money. */
  book(attempt: Attempt, costOf: (usage: NonNullable<Attempt['usage']>) => number | null): void {
    const { usage } = attempt;
    if (usage !== null) this.spent = sumSpending(this.spent, { usage, cost: costOf(usage) });
  }

  /** Writes all of it into the error that the call fails with. */
  close(error: EndpointError): void {
    error.attempts = this.records;
    error.usage = this.spent?.usage ?? null;
    error.cost = this.spent?.cost ?? null;
  }
}
