import { toErrorRecord, type ErrorRecord } from '../errors.js';
import type { ModelResponse } from '../client/model-client.js';
import { evaluateWhole } from '../evaluation/given-evaluation.js';
import { scoringHash } from '../evaluation/scoring-hash.js';
import { evaluationFailure } from '../evaluation/evaluation-failure.js';
import type {
  CaseResult,
  CaseResultBase,
  Evaluation,
  StoredResponse,
} from '../evaluation/evaluation-types.js';
import { roundDuration } from '../foundation/clock.js';
import { nextTurn } from '../foundation/event-loop-turns.js';
import type { ResolvedBatchOptions } from './batch-options.js';
import { unlessCancelled, type CaseTask } from './case-task.js';
import type { EvaluationGate } from './evaluation-gate.js';
import { checkReadable, unstorableParts } from './storable-result.js';
import { TargetCall } from './target-call.js';
import { TargetCaller, type RetriedTry } from './target-caller.js';
import { estimateUsage } from './usage-estimate.js';

/** Takes one case through target and evaluator and says what came of it; never rejects. */
export class CaseRunner<Input, Expected, Metadata> {
  readonly #options: ResolvedBatchOptions<Input, Expected, Metadata>;
  readonly #gate: EvaluationGate;
  readonly #target: TargetCaller<Input, Expected, Metadata>;
  readonly #books: boolean;
  readonly #scoringHash: string;

  constructor(
    options: ResolvedBatchOptions<Input, Expected, Metadata>,
    { gate, onRetry }: { readonly gate: EvaluationGate; readonly onRetry: (retried: RetriedTry) => void },
  ) {
    const { budget, rateLimit } = options;
    this.#options = options;
    this.#gate = gate;
    this.#scoringHash = scoringHash(options.evaluator);
    this.#target = new TargetCaller(options, onRetry);
    this.#books = (budget?.maxTokens ?? budget?.maxCost ?? rateLimit?.tokensPerMinute) !== undefined;
  }

  /** Exactly one result, whatever happens. */
  async run(task: CaseTask<Input, Expected, Metadata>): Promise<CaseResult> {
    const { clock } = this.#options;
    const call = new TargetCall(clock.wallTime());
    try {
      call.response = await this.#target.ask(task, call);
    } catch (thrown) {
      call.endedAt = clock.now();
      return this.#errored(await this.#unanswered(task, call), toErrorRecord(thrown, 'ASSAY_TARGET_FAILED'));
    }
    const { response } = call;
    call.endedAt = clock.now();
    try {
      if (this.#books && !call.cached) task.estimate = estimateUsage(() => this.#target.inputOf(task), call);
      const judged = this.#evaluate(task, response);
      const evaluation = judged instanceof Promise ? await judged : judged;
      if (this.#options.store === undefined) checkReadable(evaluation);
      return this.#concluded(this.#result(task, call), evaluation);
    } catch (thrown) {
      return this.#errored(this.#readableResult(task, call), toErrorRecord(thrown, 'ASSAY_EVALUATOR_FAILED'));
    }
  }

  /** A promise only where there is something to wait for: most evaluations are done at once. */
  #evaluate(
    task: CaseTask<Input, Expected, Metadata>,
    response: ModelResponse,
  ): Evaluation | Promise<Evaluation> {
    const place = this.#gate.enter();
    if (place === undefined) return this.#evaluateInPlace(task, response);
    return place.then(() => {
      if (!task.cancelled) return this.#evaluateInPlace(task, response);
      this.#gate.leave();
      throw task.reason; // evaluating it would only hold up the end
    });
  }

  #evaluateInPlace(
    task: CaseTask<Input, Expected, Metadata>,
    response: ModelResponse,
  ): Evaluation | Promise<Evaluation> {
    let judged: Evaluation | Promise<Evaluation>;
    try {
      judged = evaluateWhole(this.#options.evaluator, response, task);
    } catch (thrown) {
      this.#gate.leave();
      throw thrown;
    }
    if (judged instanceof Promise) return unlessCancelled(judged, task).finally(() => this.#gate.leave());
    this.#gate.leave();
    return judged;
  }

  #concluded(result: ResultDraft, evaluation: Evaluation): CaseResult {
    const hash = this.#scoringHash;
    result.evaluation = evaluation.scoringHash === hash ? evaluation : { ...evaluation, scoringHash: hash }; // it may be the host's own
    if (evaluation.overallScore !== null) result.outcome = 'scored';
    else {
      const failure = evaluationFailure(evaluation);
      result.outcome = failure === undefined ? 'unscored' : 'errored';
      if (failure === undefined) result.reason = unscoredReason(evaluation);
      else result.error = failure;
    }
    return this.#storable(result);
  }

  /** The result; errored, and without what is to blame, when a store could not hold it. */
  #storable(result: ResultDraft): CaseResult {
    const unstorable = this.#options.store === undefined ? [] : unstorableParts(result);
    if (unstorable.length === 0) return result as CaseResult;
    const { metadata, evaluation: _evaluation, reason: _reason, ...rest } = result;
    const parts = unstorable.map(({ part }) => part);
    return {
      ...rest,
      outcome: 'errored',
      error: result.error ?? unstorable[0]!.error.toRecord(),
      ...(metadata === undefined || parts.includes('metadata') ? {} : { metadata }),
      ...(parts.includes('response') ? { response: textOf(result.response!) } : {}),
    } as CaseResult;
  }

  /** What every result has. One literal: copying it from part to part cost 2 us a case. */
  #result(task: CaseTask<Input, Expected, Metadata>, call: TargetCall): ResultDraft {
    const { response, cached, endedAt } = call;
    const { testCase } = task;
    const draft: ResultDraft = {
      runId: task.runId,
      caseId: testCase.id,
      repetition: task.repetition,
      outcome: 'errored',
      model: response !== undefined && response.model !== '' ? response.model : (this.#options.model ?? null),
      endpoint: response === undefined ? null : response.endpoint,
      attempts: response === undefined ? 0 : response.attempts,
      usage: response === undefined ? null : response.usage,
      cost: response === undefined ? null : cached && response.cost !== null ? 0 : response.cost,
      cached,
      timings: {
        queuedMs: roundDuration(task.begunAt - task.pulledAt),
        targetMs: roundDuration(endedAt - task.begunAt),
        timeToFirstTokenMs: response === undefined ? null : response.timeToFirstTokenMs,
        evaluationMs: response === undefined ? 0 : roundDuration(this.#options.clock.now() - endedAt),
      },
      startedAt: call.startedAt,
    };
    if (response !== undefined) draft.response = stored(response);
    if (testCase.cluster !== undefined) draft.cluster = testCase.cluster;
    if (testCase.group !== undefined) draft.group = testCase.group;
    const metadata = this.#metadataOf(task);
    if (metadata !== undefined) draft.metadata = metadata as Readonly<Record<string, unknown>>;
    if (task.kept !== undefined) draft.caseHash = task.kept.hash;
    return draft;
  }

  /** What the results of a case have of its metadata: where a store keeps only a part of the case, that of the part. */
  #metadataOf({ testCase, kept }: CaseTask<Input, Expected, Metadata>): unknown {
    const { store, keepCases = true } = this.#options;
    return store === undefined || keepCases === true ? testCase.metadata : kept?.metadata;
  }

  /** The result without a response that throws when it is read. */
  #readableResult(task: CaseTask<Input, Expected, Metadata>, call: TargetCall): ResultDraft {
    try {
      return this.#result(task, call);
    } catch {
      call.response = undefined;
      return this.#result(task, call);
    }
  }

  /** The result of a case whose target failed; what its attempts have used is in it. */
  async #unanswered(task: CaseTask<Input, Expected, Metadata>, call: TargetCall): Promise<ResultDraft> {
    if (call.pending) await nextTurn(); // the case was cancelled: its client is about to say what the call came to
    call.cached = false;
    const result = this.#result(task, call);
    result.attempts = call.attempts;
    result.endpoint = call.endpoint;
    result.usage = call.spent?.usage ?? null;
    result.cost = call.spent?.cost ?? null;
    if (this.#books) task.estimate = estimateUsage(() => this.#target.inputOf(task), call);
    return result;
  }

  #errored(result: ResultDraft, error: ErrorRecord): CaseResult {
    result.error = error;
    return this.#storable(result);
  }
}

/** A result that is being filled in. */
type ResultDraft = {
  -readonly [Name in keyof CaseResultBase]: CaseResultBase[Name];
} & {
  outcome: CaseResult['outcome'];
  evaluation?: Evaluation;
  response?: StoredResponse;
  error?: ErrorRecord;
  reason?: string;
};

function textOf({ text, finishReason, requestId }: StoredResponse): StoredResponse {
  return { text, finishReason, requestId };
}

const KEPT_IF_THERE = [
  'reasoning',
  'output',
  'contexts',
  'metadata',
  'toolCalls',
  'warnings',
  'logprobs',
  'raw',
] as const;

function stored(response: ModelResponse): StoredResponse {
  const kept: { -readonly [Name in keyof StoredResponse]: StoredResponse[Name] } = textOf(response);
  for (const name of KEPT_IF_THERE) if (response[name] !== undefined) kept[name] = response[name] as never;
  return kept;
}

function unscoredReason(evaluation: Evaluation): string {
  if (evaluation.reason !== undefined) return evaluation.reason;
  const reasons = evaluation.dimensions.flatMap(({ name, reason, error }) => {
    const said = reason ?? error?.message;
    return said === undefined ? [] : [`${name}: ${said}`];
  });
  return reasons.length > 0 ? reasons.join('; ') : 'the evaluator gave neither a score nor a reason';
}
