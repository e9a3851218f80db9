import { toErrorRecord, type AssayErrorCode, type ErrorRecord } from '../errors.js';
import type { ModelResponse } from '../client/model-client.js';
import { checkEvaluation } from '../evaluation/check-evaluation.js';
import { evaluationFailure } from '../evaluation/evaluation-failure.js';
import type {
  CaseResult,
  CaseResultBase,
  Evaluation,
  StoredResponse,
} from '../evaluation/evaluation-types.js';
import { roundDuration } from '../foundation/clock.js';
import { nextTurn } from '../foundation/next-turn.js';
import { isThenable } from '../foundation/thenable.js';
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

  constructor(
    options: ResolvedBatchOptions<Input, Expected, Metadata>,
    gate: EvaluationGate,
    onRetry: (retried: RetriedTry) => void,
  ) {
    const { budget, rateLimit } = options;
    this.#options = options;
    this.#gate = gate;
    this.#target = new TargetCaller(options, onRetry);
    this.#books = (budget?.maxTokens ?? budget?.maxCost ?? rateLimit?.tokensPerMinute) !== undefined;
  }

  /** Exactly one result, whatever happens. */
  async run(task: CaseTask<Input, Expected, Metadata>): Promise<CaseResult> {
    const { clock } = this.#options;
    const startedAt = clock.wallTime();
    const call = new TargetCall();
    let response: ModelResponse;
    try {
      response = await this.#target.ask(task, call);
    } catch (thrown) {
      return this.#unanswered(task, startedAt, clock.now(), call, thrown);
    }
    const answeredAt = clock.now();
    try {
      if (this.#books && !call.cached && response.usage === null)
        task.estimate = estimateUsage(task.testCase.input, response, 1 + call.untold);
      const evaluation = await this.#evaluate(task, response);
      return this.#concluded(this.#result(task, startedAt, answeredAt, response, call.cached), evaluation);
    } catch (thrown) {
      const { cached } = call;
      return this.#errored(task, startedAt, answeredAt, response, cached, thrown, 'ASSAY_EVALUATOR_FAILED');
    }
  }

  async #evaluate(task: CaseTask<Input, Expected, Metadata>, response: ModelResponse): Promise<Evaluation> {
    let evaluation: Evaluation;
    const place = this.#gate.enter();
    if (place !== undefined) await place;
    try {
      if (place !== undefined && task.cancelled) throw task.reason; // evaluating it would only hold up the end
      const judged = this.#options.evaluator.evaluate(response, task);
      evaluation = isThenable(judged) ? await unlessCancelled(judged, task) : judged;
    } finally {
      this.#gate.leave();
    }
    checkEvaluation(evaluation);
    if (this.#options.store === undefined) checkReadable(evaluation);
    return evaluation;
  }

  #concluded(result: ResultDraft, evaluation: Evaluation): CaseResult {
    result.evaluation = evaluation;
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
  #result(
    task: CaseTask<Input, Expected, Metadata>,
    startedAt: number,
    answeredAt: number,
    response: ModelResponse | undefined,
    cached: boolean,
  ): ResultDraft {
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
        targetMs: roundDuration(answeredAt - task.begunAt),
        timeToFirstTokenMs: response === undefined ? null : response.timeToFirstTokenMs,
        evaluationMs: response === undefined ? 0 : roundDuration(this.#options.clock.now() - answeredAt),
      },
      startedAt,
    };
    if (response !== undefined) draft.response = stored(response);
    if (testCase.cluster !== undefined) draft.cluster = testCase.cluster;
    if (testCase.group !== undefined) draft.group = testCase.group;
    if (testCase.metadata !== undefined)
      draft.metadata = testCase.metadata as Readonly<Record<string, unknown>>;
    return draft;
  }

  #errored(
    task: CaseTask<Input, Expected, Metadata>,
    startedAt: number,
    answeredAt: number,
    response: ModelResponse | undefined,
    cached: boolean,
    thrown: unknown,
    code: AssayErrorCode,
  ): CaseResult {
    let result: ResultDraft;
    try {
      result = this.#result(task, startedAt, answeredAt, response, cached);
    } catch {
      result = this.#result(task, startedAt, answeredAt, undefined, cached); // of a response that throws when it is read
    }
    result.error = toErrorRecord(thrown, code);
    return this.#storable(result);
  }

  /** The result of a case whose target failed; what its attempts have used is in it. */
  async #unanswered(
    task: CaseTask<Input, Expected, Metadata>,
    startedAt: number,
    endedAt: number,
    call: TargetCall,
    thrown: unknown,
  ): Promise<CaseResult> {
    if (call.pending) await nextTurn(); // the case was cancelled: its client is about to say what the call came to
    const result = this.#result(task, startedAt, endedAt, undefined, false);
    result.error = toErrorRecord(thrown, 'ASSAY_TARGET_FAILED');
    result.attempts = call.attempts;
    result.endpoint = call.endpoint;
    result.usage = call.spent?.usage ?? null;
    result.cost = call.spent?.cost ?? null;
    if (this.#books) task.estimate = estimateUsage(task.testCase.input, undefined, call.untold);
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

function stored(response: ModelResponse): StoredResponse {
  const kept = textOf(response);
  if (response.toolCalls === undefined && response.logprobs === undefined && response.raw === undefined)
    return kept;
  return {
    ...kept,
    ...(response.toolCalls === undefined ? {} : { toolCalls: response.toolCalls }),
    ...(response.logprobs === undefined ? {} : { logprobs: response.logprobs }),
    ...(response.raw === undefined ? {} : { raw: response.raw }),
  };
}

function unscoredReason(evaluation: Evaluation): string {
  if (evaluation.reason !== undefined) return evaluation.reason;
  const reasons = evaluation.dimensions.flatMap(({ name, reason, error }) => {
    const said = reason ?? error?.message;
    return said === undefined ? [] : [`${name}: ${said}`];
  });
  return reasons.length > 0 ? reasons.join('; ') : 'the evaluator gave neither a score nor a reason';
}
