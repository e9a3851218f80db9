import { answerParter } from '../foundation/reasoning-trace.js';
import { AssayError, messageOf } from '../errors.js';
import { systemClock } from '../foundation/clock.js';
import { callable, checkOptions, either, object, show, text } from '../foundation/options.js';
import { stableHash } from '../foundation/stable-hash.js';
import { withoutKeys } from '../foundation/key-like.js';
import { checkCall } from './call/check-call.js';
import { checkParameters } from './check-parameters.js';
import { mergeParameters } from './merge-parameters.js';
import { classifyStatus } from './http/classify-failure.js';
import { CONTENT_FILTER, EMPTY, SERVER } from './http/failure.js';
import { readErrorBody, readErrorReply, type ErrorBody } from './protocols/error-body.js';
import { EndpointError } from './endpoint-error.js';
import type {
  CallOptions,
  ModelClient,
  ModelParameters,
  ModelRequest,
  ModelResponse,
  TokenUsage,
} from './model-client.js';
import { languageModelPrompt, languageModelTools } from './language-model-prompt.js';
import { checkPrices, costOf, estimateCost, type PriceTable } from './price-table.js';
import { notSent } from './not-sent.js';
import { finishReason } from './protocols/finish-reason.js';
import { toolCallOf } from './protocols/read-tool-call.js';
import {
  checkAnswer,
  EmptyAnswer,
  FilteredAnswer,
  list,
  record,
  textField,
  tokenUsageOf,
} from './protocols/protocol.js';
import { requestIdOf } from './http/reply-headers.js';
import { mayPass } from './retry-schedule.js';
import { limitResetMs, retryAfterMs, type ResponseHeaders } from './balancing/retry-after.js';

/**
 * The part of a Vercel AI SDK language model that is needed, by structure: models of `@ai-sdk/*` providers with
 * specification `v2` (AI SDK 5) and `v3` (AI SDK 6) fit, without a dependency on either.
 */
export interface LanguageModel {
  /** Version of the SDK's model interface, as `v2`; not looked at. */
  readonly specificationVersion: string;
  /** Name of the provider, as `openai.chat`; stands as `endpoint` in responses and errors. */
  readonly provider: string;
  /** Name of the model; stands in responses where the result names none. */
  readonly modelId: string;
  // The SDK's own option types differ between versions; what is passed here fits all of them.
  /** Asks the model and waits for the whole answer. */
  doGenerate(options: never): PromiseLike<unknown>;
}

/** How a language model is used as a target. */
export interface LanguageModelOptions {
  /** Parameters of every call; the call's own win. */
  readonly parameters?: ModelParameters | undefined;
  /**
   * What answers are cached under: models with the same share them. Without it nobody shares, as the name of a provider
   * does not tell which server it asks.
   */
  readonly cacheIdentity?: string | undefined;
  /** Prices a model, for `cost` and for budgets. @default none: `cost` is `null` */
  readonly prices?: PriceTable | undefined;
}

/**
 * Makes a {@link ModelClient} of a Vercel AI SDK language model, so that any of its providers can be a target or
 * a judge. Connections, keys and limits are the provider's; one call is one attempt. `extraBody` is passed on as
 * the provider's own options (`providerOptions`).
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 *
 * @example
 * const target = fromLanguageModel(openai('gpt-4.1-mini'));
 */
export function fromLanguageModel(model: LanguageModel, options: LanguageModelOptions = {}): ModelClient {
  if (typeof (model as Partial<LanguageModel> | null | undefined)?.doGenerate !== 'function') {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected a language model with \`doGenerate\`, got ${show(model)}`,
    );
  }
  const { parameters, cacheIdentity, prices } = checkOptions('fromLanguageModel', options, {
    parameters: object,
    cacheIdentity: text,
    prices: either(object, callable),
  });
  if (prices !== undefined) checkPrices(prices);
  refuse(checkParameters(parameters));
  const doGenerate = model.doGenerate.bind(model) as unknown as (
    options: Record<string, unknown>,
  ) => PromiseLike<unknown>;
  return {
    ...(cacheIdentity === undefined
      ? {}
      : { cacheIdentity: stableHash([cacheIdentity, model.provider, model.modelId, parameters]) }),
    async complete(request: ModelRequest, call: CallOptions = {}): Promise<ModelResponse> {
      refuse(checkCall(request, call));
      const begunAt = systemClock.now();
      const bound = bindCall(call);
      try {
        bound.signal.throwIfAborted();
        const given = mergeParameters(parameters, request.parameters) ?? {};
        const result = await bound.race(
          doGenerate({ ...callOptions(request, given), abortSignal: bound.signal }),
        );
        const latencyMs = systemClock.now() - begunAt;
        const answer = readResult(model, { result, parameters: given, latencyMs });
        const cost = costOf(prices, { reported: answer.model, asked: model.modelId, usage: answer.usage });
        return request.includeRaw === true ? { ...answer, cost, raw: result } : { ...answer, cost };
      } catch (error) {
        throw bound.signal.aborted
          ? abortedError(bound.signal.reason)
          : readError(model, error, systemClock.now() - begunAt);
      } finally {
        bound.release();
      }
    },
    ...(prices === undefined
      ? {}
      : { estimateCost: (usage, named = model.modelId) => estimateCost(prices, { model: named, usage }) }),
    describe: () => ({
      client: 'LanguageModel',
      models: [model.modelId],
      protocols: [model.provider],
      parameters: withoutKeys(parameters ?? {}),
    }),
  };
}

function refuse(error: AssayError | undefined): void {
  if (error !== undefined) throw error;
}

interface BoundCall {
  readonly signal: AbortSignal;
  race<T>(work: PromiseLike<T>): Promise<T>;
  release(): void;
}

// One signal from the caller's and the time limit. A provider that ignores it must not hold the caller: the race settles.
function bindCall({ signal, timeoutMs }: CallOptions): BoundCall {
  const controller = new AbortController();
  const aborted = (): void => controller.abort(signal?.reason);
  if (signal?.aborted === true) aborted();
  signal?.addEventListener('abort', aborted, { once: true });
  const timer =
    timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY
      ? undefined
      : systemClock.schedule(
          () => controller.abort(new AssayError('ASSAY_DEADLINE', `no answer in ${timeoutMs} ms`)),
          timeoutMs,
        );
  return {
    signal: controller.signal,
    race: (work) =>
      new Promise((resolve, reject) => {
        const stop = (): void => reject(controller.signal.reason);
        if (controller.signal.aborted) stop();
        controller.signal.addEventListener('abort', stop, { once: true });
        work.then(resolve, reject);
      }),
    release() {
      timer?.cancel();
      signal?.removeEventListener('abort', aborted);
    },
  };
}

function abortedError(reason: unknown): AssayError {
  if (AssayError.is(reason)) return reason;
  return new EndpointError('ASSAY_ABORTED', 'the call was aborted', { cause: reason });
}

function callOptions(request: ModelRequest, parameters: ModelParameters): Record<string, unknown> {
  const { stop, extraBody } = parameters;
  return {
    prompt: languageModelPrompt(request.input),
    maxOutputTokens: parameters.maxTokens,
    temperature: parameters.temperature,
    topP: parameters.topP,
    seed: parameters.seed,
    stopSequences: typeof stop === 'string' ? [stop] : stop,
    tools: languageModelTools(parameters.tools),
    responseFormat: parameters.responseFormat,
    providerOptions: extraBody,
  };
}

const answerApart = answerParter();

function readResult(
  model: LanguageModel,
  {
    result,
    parameters,
    latencyMs,
  }: { readonly result: unknown; readonly parameters: ModelParameters; readonly latencyMs: number },
): ModelResponse {
  const { content, finishReason: reason, usage, response, warnings } = record(result);
  if (!Array.isArray(content)) {
    throw new EndpointError('ASSAY_MALFORMED_RESPONSE', `${model.provider}: the result has no content`, {
      endpoint: model.provider,
      endpointAtFault: true,
    });
  }
  const toolCalls = content
    .map((part) => record(part))
    .filter((part) => part['type'] === 'tool-call')
    .map(({ toolCallId, toolName, input }, index) =>
      toolCallOf(index, { id: toolCallId, name: toolName, given: input }),
    );
  const told = [
    ...notSent('an AI SDK model', { unsupported: ['logprobs'], own: parameters }),
    ...list(warnings).map(warningText),
  ];
  const textsOf = (type: string): string =>
    content
      .map((part) => (record(part)['type'] === type ? (textField(record(part), 'text') ?? '') : ''))
      .join('');
  const said = textsOf('text');
  const tokens = usageOf(record(usage));
  try {
    checkAnswer({
      reason: unifiedReason(reason),
      answered: toolCalls.length > 0 || content.some((part) => record(part)['type'] === 'text'),
      filled: toolCalls.length > 0 || said !== '',
    });
  } catch (error) {
    throw noAnswer(model, { error: error as Error, usage: tokens });
  }
  return {
    ...answerApart(said, textsOf('reasoning')),
    model: textField(record(response), 'modelId') ?? model.modelId,
    finishReason: finishReason(unifiedReason(reason)),
    usage: tokens,
    cost: null,
    endpoint: model.provider,
    requestId: textField(record(response), 'id') ?? null,
    attempts: 1,
    latencyMs,
    timeToFirstTokenMs: null,
    ...(toolCalls.length > 0 ? { toolCalls } : {}),
    ...(told.length > 0 ? { warnings: told } : {}),
  };
}

// Version 2 says which setting or tool it leaves out, version 3 which feature; both may just say something.
function warningText(warning: unknown): string {
  const { type, setting, feature, tool, details, message } = record(warning);
  if (typeof message === 'string') return message;
  const named = setting ?? feature ?? record(tool)['name'] ?? record(tool)['id'];
  const what = `${String(type)}${typeof named === 'string' ? ` \`${named}\`` : ''}`;
  return typeof details === 'string' ? `${what}: ${details}` : what;
}

/** What the SDK calls a result is none: it was broken off, filtered, or there is nothing in it. It was paid for all the same. */
function noAnswer(
  model: LanguageModel,
  { error, usage }: { readonly error: Error; readonly usage: TokenUsage | null },
): EndpointError {
  const failure =
    error instanceof FilteredAnswer ? CONTENT_FILTER : error instanceof EmptyAnswer ? EMPTY : SERVER;
  const told = new EndpointError(failure.code, `${model.provider}: ${error.message}`, {
    retryable: failure.retryable,
    endpoint: model.provider,
    endpointAtFault: failure.endpointAtFault,
  });
  told.usage = usage;
  return told;
}

// Version 3 reports `{ unified, raw }` and `{ total, cacheRead, … }` where version 2 has a string and a number.
function unifiedReason(reason: unknown): unknown {
  return typeof reason === 'string' ? reason : record(reason)['unified'];
}

function usageOf({
  inputTokens,
  outputTokens,
  cachedInputTokens,
}: Record<string, unknown>): TokenUsage | null {
  const cached = cachedInputTokens ?? record(inputTokens)['cacheRead'];
  return tokenUsageOf(total(inputTokens), total(outputTokens), cached);
}

function total(tokens: unknown): unknown {
  return typeof tokens === 'object' && tokens !== null ? record(tokens)['total'] : tokens;
}

function readError(model: LanguageModel, error: unknown, durationMs: number): AssayError {
  if (AssayError.is(error)) return error;
  const { statusCode, responseHeaders, responseBody, data } = record(error);
  const status = typeof statusCode === 'number' ? statusCode : null;
  const headers = record(responseHeaders) as ResponseHeaders;
  const body = errorBodyOf(data, responseBody);
  const waitMs = retryAfterMs(headers, systemClock.wallTime()) ?? body.waitMs;
  const failure = status === null ? undefined : classifyStatus({ status, body, waitMs });
  const code = failure?.code ?? 'ASSAY_TARGET_FAILED';
  // The SDK's errors hold request bodies and headers: only the message goes on.
  const told = new EndpointError(code, `${model.provider}: ${messageOf(error).slice(0, 300)}`, {
    retryable: failure?.retryable ?? mayPass(error),
    endpoint: model.provider,
    status,
    endpointAtFault: failure?.endpointAtFault ?? true,
    retryAfterMs: waitMs ?? limitResetMs(headers, systemClock.wallTime()),
    requestId: requestIdOf(headers),
  });
  told.attempts = [{ endpoint: model.provider, code, status, durationMs }];
  return told;
}

function errorBodyOf(data: unknown, responseBody: unknown): ErrorBody {
  if (typeof data === 'object' && data !== null) return readErrorBody(data, systemClock.wallTime());
  return readErrorReply(
    typeof responseBody === 'string' ? Buffer.from(responseBody) : undefined,
    systemClock.wallTime(),
  );
}
