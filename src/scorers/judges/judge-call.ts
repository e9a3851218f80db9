import type { ModelClient, ModelInput, ModelParameters, ModelResponse } from '../../client/model-client.js';
import { AssayError, messageOf } from '../../errors.js';
import { object, text, type OptionCheck } from '../../foundation/options.js';

/** How a judge's model is asked. */
export interface JudgeModelOptions {
  /** The judge: any client, also the target's own. What it costs is counted apart, in `metadata.judge`. */
  readonly client: ModelClient;
  /** Model to ask; part of the convention. @default the client's own */
  readonly model?: string | undefined;
  /** How it shall answer; part of the convention. @default { temperature: 0 } */
  readonly parameters?: ModelParameters | undefined;
}

/** What judging one answer cost: `metadata.judge` of a judged dimension. */
export interface JudgeUsage {
  /** Calls that were answered. */
  readonly calls: number;
  /** Tokens of the calls whose server reported them. */
  readonly inputTokens: number;
  /** As `inputTokens`, for what the judge wrote. */
  readonly outputTokens: number;
  /** Money in the unit of the client's price table; `null` when no call had a price. */
  readonly cost: number | null;
  /** The models that answered, as they name themselves. */
  readonly models: readonly string[];
}

/** Checks for {@link JudgeModelOptions}. */
export const judgeModelChecks: { readonly [Name in keyof JudgeModelOptions]-?: OptionCheck } = {
  client: (value) =>
    typeof (value as Partial<ModelClient> | null)?.complete === 'function' ? undefined : 'a ModelClient',
  model: text,
  parameters: object,
};

/**
 * Asks the judge. A call that fails makes the dimension errored, never 0.
 *
 * @throws AssayError `ASSAY_JUDGE_FAILED`, retryable when the client's error was; the client's own error when the case
 * was cancelled.
 */
export async function askJudge(
  options: JudgeModelOptions,
  input: ModelInput,
  signal: AbortSignal | undefined,
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

/** The sum of several judges' costs. */
export function sumUsage(usages: readonly JudgeUsage[]): JudgeUsage {
  const models = new Set<string>();
  let calls = 0;
  let inputTokens = 0;
  let outputTokens = 0;
  let cost: number | null = null;
  for (const usage of usages) {
    calls += usage.calls;
    inputTokens += usage.inputTokens;
    outputTokens += usage.outputTokens;
    if (usage.cost !== null) cost = (cost ?? 0) + usage.cost;
    for (const model of usage.models) models.add(model);
  }
  return { calls, inputTokens, outputTokens, cost, models: [...models] };
}

/** What a judged dimension cost; `undefined` for a dimension without a judge, whatever its `metadata.judge` may be. */
export function judgeUsageOf(dimension: {
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}): JudgeUsage | undefined {
  const judged = dimension.metadata?.['judge'];
  return isJudgeUsage(judged) ? judged : undefined;
}

function isJudgeUsage(value: unknown): value is JudgeUsage {
  if (typeof value !== 'object' || value === null) return false;
  const { calls, inputTokens, outputTokens, cost, models } = value as Partial<
    Record<keyof JudgeUsage, unknown>
  >;
  const counts = [calls, inputTokens, outputTokens, cost ?? 0];
  return Array.isArray(models) && cost !== undefined && counts.every(Number.isFinite);
}
