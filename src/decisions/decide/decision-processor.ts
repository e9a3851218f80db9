import type { BatchEvents } from '../../batch/batch-events.js';
import { BatchProcessor } from '../../batch/batch-processor.js';
import type { CaseInput } from '../../cases/case-source.js';
import type { ModelInput } from '../../client/model-client.js';
import { AssayError } from '../../errors.js';
import type { TestCase } from '../../evaluation/evaluation-types.js';
import { systemClock } from '../../foundation/clock.js';
import { EventSource } from '../../foundation/event-source.js';
import { show } from '../../foundation/options.js';
import type { Decision } from './decision.js';
import { type DecideOptions, type ResolvedDecision, resolveDecision } from './decision-options.js';
import { DecisionRun, type Sides } from './decision-run.js';
import type { DecisionLook } from './stopping-rule.js';

/** Events of a {@link DecisionProcessor}: those of both runs, and its own. */
export interface DecisionEvents extends BatchEvents {
  /** The complete cases were looked at. */
  'decision:look': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Names the decision. */
    readonly runId: string;
    /** What was seen. */
    readonly look: DecisionLook;
  };
  /** The decision has come to its end. */
  'decision:end': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Names the decision. */
    readonly runId: string;
    /** What came of it. */
    readonly decision: Decision;
  };
}

/**
 * Finds out which of two targets is better, and asks no more cases than that takes: both are asked about the same cases,
 * and what is complete on both sides is looked at while the runs go on. A decision is two runs in the store, side by
 * side; listen to it, drain it and resume it like any run. One decision at a time.
 */
export class DecisionProcessor<
  Input = ModelInput,
  Expected = unknown,
  Metadata = Readonly<Record<string, unknown>>,
> extends EventSource<DecisionEvents> {
  readonly #resolved: ResolvedDecision<Input, Expected, Metadata>;
  #sides: Sides<Input, Expected, Metadata>;
  #running: DecisionRun<Input, Expected, Metadata> | undefined;
  #closed = false;

  /** @throws AssayError `ASSAY_INVALID_OPTION` naming the option, what was expected and what came. */
  constructor(options: DecideOptions<Input, Expected, Metadata>) {
    super();
    this.#resolved = resolveDecision(options);
    this.#sides = this.#createSides({}); // throws for a bad option of theirs
  }

  /** Cases in flight, and cases that are pulled but not begun, of both sides. */
  gauges(): {
    /** Cases in flight; 0 outside of a run. */
    readonly activeWorkers: number;
    /** Cases that are pulled but not begun; 0 outside of a run. */
    readonly queueDepth: number;
  } {
    const [a, b] = this.#sides.map((side) => side.gauges()) as [
      { activeWorkers: number; queueDepth: number },
      { activeWorkers: number; queueDepth: number },
    ];
    return { activeWorkers: a.activeWorkers + b.activeWorkers, queueDepth: a.queueDepth + b.queueDepth };
  }

  /** Asks both sides about the cases until it is settled. Rejects as {@link decide} does. */
  async run(cases: CaseInput<TestCase<Input, Expected, Metadata>>): Promise<Decision> {
    if (this.#closed) throw new AssayError('ASSAY_CLOSED', 'The decision is closed');
    if (this.#running !== undefined) {
      throw new AssayError(
        'ASSAY_BUSY',
        `The processor decides ${show(this.#running.runId)}; wait for it or use another one`,
      );
    }
    const runId =
      this.#resolved.settings.runId ??
      `decision-${new Date(this.#now()).toISOString().replace(/[:.]/g, '-')}`;
    const run = new DecisionRun(this.#resolved, {
      runId,
      onLook: (look) => {
        if (this.wants('decision:look')) this.emit('decision:look', { at: this.#now(), runId, look });
      },
    });
    this.#running = run;
    try {
      return await this.#execute(run, cases);
    } finally {
      this.#running = undefined;
    }
  }

  async #execute(
    run: DecisionRun<Input, Expected, Metadata>,
    cases: CaseInput<TestCase<Input, Expected, Metadata>>,
  ): Promise<Decision> {
    const { runId } = run;
    const unsubscribe: (() => void)[] = [];
    try {
      const decision = await run.execute(cases, (labels) => {
        this.#sides = this.#createSides(labels);
        for (const side of this.#sides)
          unsubscribe.push(side.onAny((event, payload) => this.#forward(event, payload)));
        return this.#sides;
      });
      if (this.wants('decision:end')) this.emit('decision:end', { at: this.#now(), runId, decision });
      return decision;
    } finally {
      for (const each of unsubscribe) each();
    }
  }

  #forward(event: string, payload: unknown): void {
    if (event !== 'listener:error') this.emit(event as 'case:end', payload as DecisionEvents['case:end']);
  }

  #createSides(labels: Readonly<Record<string, string>>): Sides<Input, Expected, Metadata> {
    const { settings, run } = this.#resolved;
    const maxErrorRate = settings.budget?.maxErrorRate;
    const side = (target: typeof settings.a): BatchProcessor<Input, Expected, Metadata> =>
      new BatchProcessor({
        ...run,
        target,
        labels: { ...run.labels, ...labels },
        ...(maxErrorRate === undefined ? {} : { budget: { maxErrorRate } }),
      });
    return [side(settings.a), side(settings.b)];
  }

  /** Ends it without an error, as {@link BatchProcessor.drain} does: undecided, and can be resumed. */
  async drain(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    this.#running?.stop('drained');
    await Promise.all(this.#sides.map((side) => side.drain(options)));
  }

  /** Drains, and refuses further decisions. Targets and store stay the host's. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.drain();
    await Promise.all(this.#sides.map((side) => side.close()));
  }

  /** Same as {@link DecisionProcessor.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #now(): number {
    return (this.#resolved.run.clock ?? systemClock).wallTime();
  }
}
