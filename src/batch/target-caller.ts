import { CancellableCall } from '../client/cancellable-call.js';
import { LoadBalancedClient } from '../client/load-balanced-client.js';
import {
  isModelClient,
  type ModelClient,
  type ModelInput,
  type ModelRequest,
  type ModelResponse,
} from '../client/model-client.js';
import { mergeParameters } from '../client/merge-parameters.js';
import { sumSpending } from '../client/spending.js';
import { RetrySchedule } from '../client/retry-schedule.js';
import { AssayError, toErrorRecord, type ErrorRecord } from '../errors.js';
import { show } from '../foundation/options.js';
import { stableHash } from '../foundation/stable-hash.js';
import { isThenable } from '../foundation/thenable.js';
import type { ResolvedBatchOptions, TargetAnswer, TargetContext, TargetFunction } from './batch-options.js';
import { cacheIdentityOf } from './cache-identity.js';
import { unlessCancelled, type CaseTask } from './case-task.js';
import { caseTimeout } from './run-error.js';
import type { TargetCall } from './target-call.js';
import { responseOf } from './whole-response.js';

/** A try that failed and will be followed by another. */
export interface RetriedTry {
  readonly caseId: string;
  /** Number of the try that failed, from 1. */
  readonly attempt: number;
  /** Wait before the next, milliseconds. */
  readonly delayMs: number;
  readonly error: ErrorRecord;
}

/** Asks the target for a case: through the cache, and again where a failure may pass. */
export class TargetCaller<Input, Expected, Metadata> {
  readonly #options: ResolvedBatchOptions<Input, Expected, Metadata>;
  readonly #client: ModelClient | undefined;
  readonly #retry: RetrySchedule | undefined;
  readonly #onRetry: (retried: RetriedTry) => void;
  #identity: string | undefined;
  #readsCase: boolean;

  constructor(
    options: ResolvedBatchOptions<Input, Expected, Metadata>,
    onRetry: (retried: RetriedTry) => void,
  ) {
    const { target, retry, clock, random } = options;
    this.#options = options;
    this.#onRetry = onRetry;
    this.#client = isModelClient(target) ? target : undefined;
    this.#readsCase = typeof target === 'function' && target.length > 1;
    this.#retry =
      retry === false || this.#client?.retriesItself === true
        ? undefined
        : new RetrySchedule(retry ?? {}, { clock, random });
  }

  /** What the target is asked about a case. @throws what the prompt throws for a case that it cannot be made of */
  inputOf({ testCase }: CaseTask<Input, Expected, Metadata>): unknown {
    const { prompt } = this.#options;
    return prompt === undefined ? testCase.input : prompt.render(testCase);
  }

  /** The answer to a case; `call` is filled in as it goes. Rejects with what the target failed with. */
  ask(task: CaseTask<Input, Expected, Metadata>, call: TargetCall): Promise<ModelResponse> {
    return this.#options.cache === undefined ? this.#askTarget(task, call) : this.#askCached(task, call);
  }

  /**
   * The answer from the cache, or from whoever is asking for the same at this moment. An error or a truncated answer
   * of another case is none for this one: then it asks again, and the second time for itself alone.
   */
  async #askCached(task: CaseTask<Input, Expected, Metadata>, call: TargetCall): Promise<ModelResponse> {
    for (let others = 0; others < 2; others++) {
      const readsCase = this.#readsCase;
      const key = this.#cacheKey(task);
      if (key === undefined) break;
      const isForAll = (response: ModelResponse): boolean =>
        isWholeAnswer(response) && this.#readsCase === readsCase;
      call.cached = true;
      const answer = this.#options.cache!.getOrCompute(
        key,
        (signal) => {
          call.cached = false;
          call.sharedSignal = signal;
          return this.#askTarget(task, call);
        },
        { signal: task.signal, keepIf: isForAll },
      );
      try {
        const response = await unlessCancelled(answer, task);
        if (!call.cached || isForAll(response)) return response;
      } catch (thrown) {
        if (!call.cached || task.cancelled) throw thrown;
      }
    }
    call.cached = false;
    call.sharedSignal = undefined;
    return this.#askTarget(task, call);
  }

  /** Asks until there is an answer, or a failure that will not pass. */
  async #askTarget(task: CaseTask<Input, Expected, Metadata>, call: TargetCall): Promise<ModelResponse> {
    const signal = call.sharedSignal;
    this.#retry?.callBegun();
    for (let retries = 0; ; retries++) {
      try {
        if (this.#client !== undefined)
          return withFailedTries(responseOf(await this.#askClient(task, call)), call);
        const answer = await this.#askFunction(task);
        call.cached = saysCached(answer);
        return withFailedTries(responseOf(answer), call);
      } catch (thrown) {
        if (this.#client === undefined) call.failed(thrown, 1);
        else if (this.#isTimeUp(task, thrown)) throw caseTimeout(this.#options.caseTimeoutMs, thrown);
        const delayMs = task.cancelled ? undefined : this.#retry?.delayMs(thrown, retries);
        if (delayMs === undefined || this.#options.clock.now() + delayMs >= task.deadline) throw thrown;
        const error = toErrorRecord(thrown, 'ASSAY_TARGET_FAILED');
        this.#onRetry({ caseId: task.testCase.id, attempt: call.attempts, delayMs, error });
        await this.#pause(task, { delayMs, signal });
        for (let ms = this.#retry!.withdraw(); ms > 0; ms = this.#retry!.withdraw())
          await this.#pause(task, { delayMs: ms, signal });
      }
    }
  }

  /** A client has the time of the case, and may notice its end before the case does. */
  #isTimeUp({ deadline }: CaseTask<Input, Expected, Metadata>, thrown: unknown): boolean {
    return (
      AssayError.is(thrown) && thrown.code === 'ASSAY_DEADLINE' && this.#options.clock.now() + 1 >= deadline
    );
  }

  #askFunction(task: CaseTask<Input, Expected, Metadata>): TargetAnswer | Promise<TargetAnswer> {
    const target = this.#options.target as TargetFunction<Input, Expected, Metadata>;
    const { cache } = this.#options;
    const context = cache === undefined || this.#readsCase ? task : this.#watched(task);
    const answer = target(this.inputOf(task) as Input, context);
    return isThenable(answer) ? unlessCancelled(answer, task) : answer;
  }

  /** The context of a function that says by no parameter whether it looks at it: what it reads must be in the cache's key. */
  #watched(task: CaseTask<Input, Expected, Metadata>): TargetContext<Input, Expected, Metadata> {
    const read = (): void => void (this.#readsCase = true);
    return {
      get testCase() {
        read();
        return task.testCase;
      },
      repetition: task.repetition,
      get signal() {
        return task.signal;
      },
    };
  }

  #askClient(task: CaseTask<Input, Expected, Metadata>, call: TargetCall): Promise<ModelResponse> {
    const signal = call.sharedSignal;
    const timeoutMs = this.#options.caseTimeoutMs;
    // An answer that others wait for, too, is cancelled by the cache's signal, else by the case itself.
    const client = this.#client!;
    const options =
      signal === undefined && client instanceof LoadBalancedClient
        ? new CancellableCall(task, timeoutMs)
        : { signal: signal ?? task.signal, timeoutMs };
    const answer = client.complete(this.#request(task), options);
    call.pending = true;
    answer.then(
      () => (call.pending = false),
      (thrown: unknown) => {
        call.pending = false;
        call.failed(thrown, 0); // here: a case that is cancelled fails of that, and not of this
      },
    );
    return signal === undefined ? unlessCancelled(answer, task) : answer;
  }

  #pause(
    task: CaseTask<Input, Expected, Metadata>,
    { delayMs, signal }: { readonly delayMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        timer.cancel();
        task.offCancel(cancelled);
        signal?.removeEventListener('abort', aborted);
        settle();
      };
      const cancelled = (reason: unknown): void => end(() => reject(reason));
      const aborted = (): void => cancelled(signal!.reason);
      const timer = this.#options.clock.schedule(() => end(resolve), delayMs);
      if (signal === undefined) task.onCancel(cancelled);
      else if (signal.aborted) aborted();
      else signal.addEventListener('abort', aborted, { once: true });
    });
  }

  /**
   * `undefined` for an input that has no stable text (it holds a function or itself): such a case is just asked. A function
   * that looks at the case may answer by anything in it.
   */
  #cacheKey(task: CaseTask<Input, Expected, Metadata>): string | undefined {
    this.#identity ??= cacheIdentityOf(this.#options);
    const request = this.#request(task);
    const asked = this.#readsCase ? [request, task.testCase] : request;
    try {
      return stableHash([this.#identity, asked, task.repetition]);
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }

  #request(task: CaseTask<Input, Expected, Metadata>): ModelRequest {
    const input = this.inputOf(task);
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
}

/** Only answers that came to their end are kept: cut off, filtered or ended for no known reason, they may come out whole next time. */
function isWholeAnswer({ finishReason }: ModelResponse): boolean {
  return finishReason === 'stop' || finishReason === 'tool-calls';
}

/** The answer together with what the tries before it came to. */
function withFailedTries(response: ModelResponse, { attempts, spent }: TargetCall): ModelResponse {
  if (attempts === 0) return response;
  const { usage, cost } = response;
  return {
    ...response,
    attempts: response.attempts + attempts,
    ...(spent === undefined ? {} : sumSpending(spent, { usage, cost })),
  };
}

/** Whether the members of a response that a function gave say so; a bare JSON value may have a member of that name. */
function saysCached(answer: TargetAnswer): boolean {
  if (typeof answer !== 'object' || answer === null || !('text' in answer || 'output' in answer))
    return false;
  return (answer as { readonly cached?: unknown }).cached === true;
}
