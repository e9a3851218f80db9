import type { ModelClient, ModelInput, ModelParameters, ModelResponse } from '../../client/model-client.js';
import { AssayError, messageOf } from '../../errors.js';
import { sumUsage, type JudgeUsage } from '../../evaluation/judge-usage.js';
import { nodeCrypto } from '../../foundation/late-modules.js';
import { object, text, type OptionCheck } from '../../foundation/options.js';
import { responseFormatFor, type VerdictSchema } from './structured-output.js';

/** How a judge's model is asked. */
export interface JudgeModelOptions {
  /** The judge: any client, also the target's own. What it costs is counted apart, in `metadata.judge`. */
  readonly client: ModelClient;
  /** Model to ask; part of the convention. @default the client's own */
  readonly model?: string | undefined;
  /** How it shall answer; part of the convention. @default { temperature: 0 } */
  readonly parameters?: ModelParameters | undefined;
}

/** Checks for {@link JudgeModelOptions}. */
export const judgeModelChecks: { readonly [Name in keyof JudgeModelOptions]-?: OptionCheck } = {
  client: (value) =>
    typeof (value as Partial<ModelClient> | null)?.complete === 'function' ? undefined : 'a ModelClient',
  model: text,
  parameters: object,
};

/** Asks a judge for replies of one form; what its model refuses is not asked for again. */
export class JudgeCaller {
  readonly #options: JudgeModelOptions;
  readonly #schema: VerdictSchema | undefined;
  #refused = false;

  /** With a `schema` the model is asked for structured output where its protocol has it. */
  constructor(options: JudgeModelOptions, schema?: VerdictSchema) {
    this.#options = options;
    this.#schema = schema;
  }

  /** As {@link askJudge}; a request that is refused because of the form is made once more without it. */
  async ask(input: ModelInput, signal: AbortSignal | undefined): Promise<ModelResponse> {
    const format =
      this.#schema === undefined || this.#refused
        ? undefined
        : responseFormatFor(this.#options.client, this.#schema);
    if (format === undefined) return askJudge(this.#options, { input, signal });
    const parameters = { ...(this.#options.parameters ?? DEFAULT_PARAMETERS), responseFormat: format };
    try {
      return await askJudge({ ...this.#options, parameters }, { input, signal });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const response = await askJudge(this.#options, { input, signal });
      this.#refused = true; // it was the form: without it the model answers
      return response;
    }
  }
}

const isRefusal = (error: unknown): boolean =>
  AssayError.is(error) && AssayError.is(error.cause) && error.cause.code === 'ASSAY_BAD_REQUEST';

/**
 * Asks the judge. A call that fails makes the dimension errored, never 0.
 *
 * @throws AssayError `ASSAY_JUDGE_FAILED`, retryable when the client's error was; the client's own error when the case
 * was cancelled.
 */
export async function askJudge(
  options: JudgeModelOptions,
  { input, signal }: { readonly input: ModelInput; readonly signal: AbortSignal | undefined },
): Promise<ModelResponse> {
  const parameters = options.parameters ?? DEFAULT_PARAMETERS;
  try {
    return await options.client.complete({ input, model: options.model, parameters }, { signal });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new AssayError('ASSAY_JUDGE_FAILED', `The judge failed: ${messageOf(cause)}`, {
      cause,
      retryable: AssayError.is(cause) && cause.retryable,
    });
  }
}

/** Gives a scorer the identity of the client that it asks; a client without one shares its verdicts with nobody. */
export function withJudgeIdentity<Judging extends object>(
  scorer: Judging,
  client: ModelClient,
): Judging & { readonly cacheIdentity: string } {
  return Object.assign(scorer, { cacheIdentity: client.cacheIdentity ?? nodeCrypto().randomUUID() });
}

/** Parameters of a judge when none are given: no sampling, so that the same answer gets the same verdict. */
export const DEFAULT_PARAMETERS: ModelParameters = Object.freeze({ temperature: 0 });

/** What some replies of judges cost together. */
export function usageOf(responses: readonly ModelResponse[]): JudgeUsage {
  return sumUsage(
    responses.map(({ usage, cost, model }) => ({
      calls: 1,
      inputTokens: usage?.inputTokens ?? 0,
      outputTokens: usage?.outputTokens ?? 0,
      cost,
      models: model === '' ? [] : [model],
    })),
  );
}
