import type { BatchProcessor } from '../../batch/batch-processor.js';
import type { RunSummary } from '../../batch/summary/run-summary.js';
import { type CaseInput, toCaseSource } from '../../cases/case-source.js';
import { seededOrder } from '../../cases/seeded-order.js';
import { SharedFeed } from '../../cases/shared-feed.js';
import { AssayError } from '../../errors.js';
import type { CaseResult, TestCase } from '../../evaluation/evaluation-types.js';
import { systemClock } from '../../foundation/clock.js';
import { show } from '../../foundation/options.js';
import { stableHash } from '../../foundation/stable-hash.js';
import { errorsAreUnequal } from '../paired/unequal-errors.js';
import { createDecision, type Decision, type DecisionStop } from './decision.js';
import type { ResolvedDecision } from './decision-options.js';
import { OpenRule } from './open-rule.js';
import { PairLedger } from './pair-ledger.js';
import { PlannedRule } from './planned-rule.js';
import { SideCosts } from './side-costs.js';
import type { DecisionLook, DecisionOutcome, StoppingRule } from './stopping-rule.js';

/** A processor for each side. */
export type Sides<Input, Expected, Metadata> = readonly [
  BatchProcessor<Input, Expected, Metadata>,
  BatchProcessor<Input, Expected, Metadata>,
];

const LABEL = 'assaykit:decision';
const KEPT_LOOKS = 100;

/** One decision from its first case to its verdict. */
export class DecisionRun<Input, Expected, Metadata> {
  readonly runId: string;
  readonly #resolved: ResolvedDecision<Input, Expected, Metadata>;
  readonly #onLook: (look: DecisionLook) => void;
  readonly #rule: StoppingRule;
  readonly #ledger: PairLedger;
  readonly #costs: SideCosts;
  readonly #looks: DecisionLook[] = [];
  #sides: Sides<Input, Expected, Metadata> | undefined;
  #feed: SharedFeed<TestCase<Input, Expected, Metadata>> | undefined;
  #outcome: DecisionOutcome = 'undecided';
  #stopped: DecisionStop | undefined;
  #last: DecisionLook | undefined;

  constructor(
    resolved: ResolvedDecision<Input, Expected, Metadata>,
    { runId, onLook }: { readonly runId: string; readonly onLook: (look: DecisionLook) => void },
  ) {
    const { settings, plan } = resolved;
    const { level, equivalence, metric, budget } = settings;
    this.runId = runId;
    this.#resolved = resolved;
    this.#onLook = onLook;
    this.#rule =
      plan === null ? new OpenRule({ level, equivalence }) : new PlannedRule({ ...plan, level, equivalence });
    this.#ledger = new PairLedger(metric);
    this.#costs = new SideCosts(budget, {
      clock: resolved.run.clock ?? systemClock,
      onExhausted: () => this.stop('budget'),
    });
  }

  /** Begins no further case. The first reason stands. */
  stop(reason: DecisionStop): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = reason;
    void this.#feed?.stop().catch(() => {}); // an error in closing the input comes after the reason to stop
    for (const side of this.#sides ?? []) void side.drain();
  }

  /** Runs it; `createSides` makes the processors, whose runs shall carry the labels. */
  async execute(
    cases: CaseInput<TestCase<Input, Expected, Metadata>>,
    createSides: (labels: Readonly<Record<string, string>>) => Sides<Input, Expected, Metadata>,
  ): Promise<Decision> {
    const { settings, run } = this.#resolved;
    const { store } = run;
    const ordered = await this.#order(cases);
    const total = Array.isArray(ordered) ? ordered.length : null;
    const text = this.#description(ordered);
    if (settings.resume === true && store !== undefined) {
      for (const side of [0, 1] as const) await this.#takeUp(side, text);
    }
    const sides = createSides({ [LABEL]: text });
    this.#sides = sides;
    const concurrency = run.concurrency ?? 16;
    const feed = new SharedFeed(toCaseSource(ordered), {
      readers: 2,
      window: 2 * concurrency,
      aheadOf: 'settled',
      onCase: (testCase) => {
        this.#ledger.submit(testCase);
        this.#judge();
      },
    });
    this.#feed = feed;
    const summaries = await this.#runSides(sides, feed);
    const ended = summaries.find(({ stopReason }) => stopReason !== 'end');
    if (this.#stopped === undefined && ended !== undefined)
      this.stop(ended.stopReason === 'budget' ? 'budget' : 'drained');
    if (this.#stopped === undefined) this.#see(this.#rule.finish(), true);
    this.#costs.close();
    return this.#decision(summaries as [RunSummary, RunSummary], total);
  }

  async #runSides(
    sides: Sides<Input, Expected, Metadata>,
    feed: SharedFeed<TestCase<Input, Expected, Metadata>>,
  ): Promise<RunSummary[]> {
    const { settings, run } = this.#resolved;
    const { signal } = settings;
    const unsubscribe = sides.map((processor, side) =>
      processor.on('case:end', ({ result }) => this.#record(side as 0 | 1, result)),
    );
    const resume = settings.resume === true && run.store !== undefined;
    const runs = sides.map((processor, side) =>
      processor.run(feed.reader(side), {
        runId: this.#runIdOf(side),
        resume,
        retryErrored: false, // a verdict that was looked at must not change because a case was asked again
        ...(signal === undefined ? {} : { signal }),
      }),
    );
    for (const each of runs) each.catch(() => this.stop('drained')); // the other side must not go on alone
    if (this.#stopped !== undefined) for (const each of sides) void each.drain(); // stopped before they began
    try {
      const settled = await Promise.allSettled(runs);
      const failed = settled.find((each) => each.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      return settled.map((each) => (each as PromiseFulfilledResult<RunSummary>).value);
    } finally {
      for (const off of unsubscribe) off();
      await feed.stop().catch(() => {});
      this.#costs.close();
    }
  }

  #record(side: 0 | 1, result: CaseResult): void {
    if (result.outcome === 'errored' && result.error.code === 'ASSAY_ABORTED') return; // is asked again when resumed
    this.#ledger.record(side, result);
    this.#costs.add(side, result, true);
    this.#judge();
  }

  #judge(): void {
    while (this.#stopped === undefined) {
      const pair = this.#ledger.take();
      if (pair === undefined) break;
      this.#see(this.#rule.add(pair));
    }
    this.#feed?.settle(this.#ledger.settled);
  }

  #see(look: DecisionLook | undefined, last = false): void {
    if (look === undefined) return;
    this.#last = look;
    this.#looks.push(look);
    if (this.#looks.length > KEPT_LOOKS) this.#looks.shift();
    this.#onLook(look);
    const planned = this.#resolved.plan;
    const ended = planned !== null && look.cases >= planned.cases;
    if (look.outcome === 'undecided' && !ended && !last) return;
    const { errored, erroredAlone } = this.#ledger;
    if (errorsAreUnequal({ cases: look.cases, errored, alone: erroredAlone })) this.stop('unequal-errors');
    else if (look.outcome === 'undecided') this.stop('end');
    if (this.#stopped !== undefined) return;
    this.#outcome = look.outcome;
    this.stop('settled');
  }

  async #order(
    cases: CaseInput<TestCase<Input, Expected, Metadata>>,
  ): Promise<CaseInput<TestCase<Input, Expected, Metadata>>> {
    const { order = Array.isArray(cases) ? { seed: 0 } : undefined } = this.#resolved.settings;
    if (order === undefined) {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        "Expected `order` of decide to be said for cases that are no array: `{ seed }` reads and shuffles them, 'as-given' " +
          'is right only for cases that come in random order',
      );
    }
    if (order === 'as-given') return cases;
    const source = toCaseSource(cases);
    const all: TestCase<Input, Expected, Metadata>[] = [];
    for (let next = await source.next(); next !== undefined; next = await source.next()) all.push(next);
    const ordered = seededOrder(all, order.seed);
    return this.#resolved.plan === null ? ordered : ordered.slice(0, this.#resolved.plan.cases);
  }

  /** What must be the same when a decision is resumed, as text. */
  #description(cases: CaseInput<TestCase<Input, Expected, Metadata>>): string {
    const { settings, plan } = this.#resolved;
    const { metric, level, equivalence = null, order = null } = settings;
    const ids = Array.isArray(cases)
      ? stableHash(cases.map((each: TestCase<Input, Expected, Metadata>) => each?.id))
      : null;
    return JSON.stringify({ metric, plan: plan ?? 'open', level, equivalence, order, cases: ids });
  }

  /** Reads what a side has answered, after a check that the decision is the same. */
  async #takeUp(side: 0 | 1, description: string): Promise<void> {
    const { store } = this.#resolved.run;
    const runId = this.#runIdOf(side);
    const before = (await store?.manifest(runId))?.labels?.[LABEL];
    if (before !== undefined && before !== description) {
      throw new AssayError(
        'ASSAY_MANIFEST_MISMATCH',
        `Decision ${show(this.runId)} was begun differently and cannot be resumed, as its chance of error would not hold:\n` +
          `  stored ${before}\n  now    ${description}`,
      );
    }
    for await (const result of store?.query({ runId }) ?? []) {
      this.#ledger.record(side, result);
      this.#costs.add(side, result, false);
    }
  }

  #runIdOf(side: number): string {
    return `${this.runId}-${side === 0 ? 'a' : 'b'}`;
  }

  #decision(summaries: readonly [RunSummary, RunSummary], total: number | null): Decision {
    const { settings, plan } = this.#resolved;
    const { metric, level, equivalence = null } = settings;
    const { interval, intervalLevel, estimate, p, method } = this.#rule.end();
    const last = this.#last;
    const all = plan === null ? total : Math.min(plan.cases, total ?? plan.cases);
    const side = (index: 0 | 1): Decision['a'] => ({
      runId: this.#runIdOf(index),
      asked: this.#costs.asked[index],
      errored: this.#ledger.errored[index],
      mean: (index === 0 ? last?.meanA : last?.meanB) ?? null,
      cost: this.#costs.cost[index],
      summary: summaries[index],
    });
    return createDecision({
      outcome: this.#outcome,
      stopReason: this.#stopped ?? 'end',
      runId: this.runId,
      metric,
      mode: plan === null ? 'open' : 'plan',
      level,
      equivalence,
      cases: this.#ledger.settled,
      pairs: last?.pairs ?? 0,
      interval,
      intervalLevel,
      estimate,
      p,
      method,
      looks: [...this.#looks],
      a: side(0),
      b: side(1),
      calls: this.#costs.asked[0] + this.#costs.asked[1],
      callsSaved: all === null ? null : Math.max(0, 2 * all - this.#costs.asked[0] - this.#costs.asked[1]),
      costSaved: all === null ? null : this.#costs.saved(all),
    });
  }
}
