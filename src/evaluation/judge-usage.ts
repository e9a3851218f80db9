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

/**
 * What the attempts of a judge's failed call used, as its client's error tells: they are paid for, too. `undefined` when it
 * tells nothing.
 */
export function failedJudgeUsage(thrown: unknown): JudgeUsage | undefined {
  try {
    for (const error of [thrown, (thrown as { readonly cause?: unknown } | null | undefined)?.cause]) {
      const { judge, usage, cost } = (error ?? {}) as Readonly<Record<'judge' | 'usage' | 'cost', unknown>>;
      if (isJudgeUsage(judge)) return judge; // of a judge that was asked several times
      const { inputTokens, outputTokens } = (usage ?? {}) as Partial<JudgeUsage>;
      const spent = { calls: 0, inputTokens, outputTokens, cost: cost ?? null, models: [] };
      if (isJudgeUsage(spent)) return spent;
    }
  } catch {
    // an error that throws as it is read
  }
  return undefined;
}

function isJudgeUsage(value: unknown): value is JudgeUsage {
  if (typeof value !== 'object' || value === null) return false;
  const { calls, inputTokens, outputTokens, cost, models } = value as Partial<
    Record<keyof JudgeUsage, unknown>
  >;
  const counts = [calls, inputTokens, outputTokens, cost ?? 0];
  return Array.isArray(models) && cost !== undefined && counts.every(Number.isFinite);
}
