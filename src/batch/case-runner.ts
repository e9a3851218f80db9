import { AssayError, toErrorRecord, type AssayErrorCode, type ErrorRecord } from '../errors.js';
import {
  isModelClient,
  type ModelClient,
  type ModelInput,
  type ModelRequest,
  type ModelResponse,
} from '../client/model-client.js';
import { checkEvaluation } from '../evaluation/check-evaluation.js';
import { evaluationFailure } from '../evaluation/evaluation-failure.js';
import type {
  CaseResult,
  CaseResultBase,
  Evaluation,
  StoredResponse,
} from '../evaluation/evaluation-types.js';
import { roundDuration } from '../foundation/clock.js';
import { show } from '../foundation/options.js';
import { stableHash } from '../foundation/stable-hash.js';
import { isThenable } from '../foundation/thenable.js';
import type { ResolvedBatchOptions, TargetAnswer, TargetFunction } from './batch-options.js';
import { mergeParameters, unlessCancelled, type CaseTask } from './case-task.js';
import type { EvaluationGate } from './evaluation-gate.js';
import { describeTarget } from './run-manifest.js';
import { checkReadable, unstorableParts } from './storable-result.js';
import { responseOf } from './whole-response.js';

/** Takes one case through target and evaluator and says what came of it; never rejects. */
export class CaseRunner<Input, Expected, Metadata> {
  readonly #options: ResolvedBatchOptions<Input, Expected, Metadata>;
  readonly #gate: EvaluationGate;
  readonly #client: ModelClient | undefined;
  #targetHash: string | undefined;

  constructor(options: ResolvedBatchOptions<Input, Expected, Metadata>, gate: EvaluationGate) {
    this.#options = options;
    this.#gate = gate;
    this.#client = isModelClient(options.target) ? options.target : undefined;
  }

  /** Exactly one result, whatever happens. */
  async run(task: CaseTask<Input, Expected, Metadata>): Promise<CaseResult> {
    const { clock } = this.#options;
    const startedAt = clock.wallTime();
    const call: CallState = { cached: false };
    let response: ModelResponse;
    try {
      response = responseOf(
        await (this.#options.cache === undefined ? this.#ask(task) : this.#askCached(task, call)),
      );
    } catch (thrown) {
      return this.#errored(task, startedAt, clock.now(), undefined, false, thrown, 'ASSAY_TARGET_FAILED');
    }
    const answeredAt = clock.now();
    try {
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

  #ask(task: CaseTask<Input, Expected, Metadata>): TargetAnswer | Promise<TargetAnswer> {
    const client = this.#client;
    if (client !== undefined) {
      const options = { cancellation: task, timeoutMs: this.#options.caseTimeoutMs };
      return unlessCancelled(client.complete(this.#request(task), options), task);
    }
    const target = this.#options.target as TargetFunction<Input, Expected, Metadata>;
    const answer = target(task.testCase.input, task);
    return isThenable(answer) ? unlessCancelled(answer, task) : answer;
  }

  /**
   * The answer from the cache, or from whoever is asking for the same at this moment. An error or a truncated answer
   * of another case is none for this one: then it asks again, and the second time for itself alone.
   */
  async #askCached(task: CaseTask<Input, Expected, Metadata>, call: CallState): Promise<TargetAnswer> {
    const request = this.#request(task);
    const key = this.#cacheKey(request, task.repetition);
    for (let others = 0; key !== undefined && others < 2; others++) {
      call.cached = true;
      const answer = this.#options.cache!.getOrCompute(
        key,
        async (signal) => {
          call.cached = false;
          return responseOf(
            await (this.#client === undefined ? this.#ask(task) : this.#complete(request, signal)),
          );
        },
        { signal: task.signal, keepIf: isWholeAnswer },
      );
      try {
        const response = await unlessCancelled(answer, task);
        if (!call.cached || isWholeAnswer(response)) return response;
      } catch (thrown) {
        if (!call.cached || task.cancelled) throw thrown;
      }
    }
    call.cached = false;
    return this.#ask(task);
  }

  #complete(request: ModelRequest, signal: AbortSignal): Promise<ModelResponse> {
    return this.#client!.complete(request, { signal, timeoutMs: this.#options.caseTimeoutMs });
  }

  /** `undefined` for an input that has no stable text (it holds a function or itself): such a case is just asked. */
  #cacheKey(request: ModelRequest, repetition: number): string | undefined {
    this.#targetHash ??= stableHash(describeTarget(this.#options));
    try {
      return stableHash([this.#targetHash, request, repetition]);
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }

  #request(task: CaseTask<Input, Expected, Metadata>): ModelRequest {
    const input: unknown = task.testCase.input;
    if (this.#client !== undefined && typeof input !== 'string' && !Array.isArray(input)) {
      throw new AssayError(
        'ASSAY_INVALID_CASE',
        `Expected \`input\` of case ${JSON.stringify(task.testCase.id)} to be a prompt or an array of messages, got ${show(input)}`,
      );
    }
    return {
      input: input as ModelInput,
      model: this.#options.model,
      parameters: mergeParameters(this.#options.parameters, task.testCase.parameters),
    };
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
    if (response === undefined) {
      const { attempts, endpoint } = failedCall(thrown);
      result.attempts = attempts;
      result.endpoint = endpoint;
    }
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

interface CallState {
  cached: boolean;
}

/** Truncated answers are not kept: asked again they may come out whole. */
function isWholeAnswer(response: ModelResponse): boolean {
  return response.finishReason !== 'length';
}

/** What an error of the client says of the call that failed. */
function failedCall(thrown: unknown): { readonly attempts: number; readonly endpoint: string | null } {
  try {
    const { attempts, endpoint } = (thrown ?? {}) as {
      readonly attempts?: unknown;
      readonly endpoint?: unknown;
    };
    return {
      attempts: Array.isArray(attempts) ? attempts.length : 0,
      endpoint: typeof endpoint === 'string' ? endpoint : null,
    };
  } catch {
    return { attempts: 0, endpoint: null };
  }
}

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
