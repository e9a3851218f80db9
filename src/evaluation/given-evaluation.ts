import type { ModelResponse } from '../client/model-client.js';
import { systemClock } from '../foundation/clock.js';
import { isThenable } from '../foundation/thenable.js';
import { checkEvaluation } from './check-evaluation.js';
import type { DimensionResult, Evaluation, EvaluationContext } from './evaluation-types.js';

/** `Type` with every optional member also as an explicit `undefined`, as hosts write them. */
export type OrUndefined<Type> = {
  readonly [Name in keyof Type]: undefined extends Type[Name] ? Type[Name] | undefined : Type[Name];
};

/** A dimension as a subclass of `Evaluator` may give it: {@link DimensionResult} with less to say. */
export type GivenDimension = OrUndefined<
  Omit<DimensionResult, 'durationMs'> & {
    /** Time that the measurement took, milliseconds. @default that of the whole evaluation */
    readonly durationMs?: number;
  }
>;

/** What a subclass of `Evaluator` may return: an {@link Evaluation} in which what the evaluator is may be left out. */
export type GivenEvaluation = OrUndefined<
  Omit<Evaluation, 'evaluator' | 'version' | 'dimensions'> & {
    /** Name of the evaluator. @default its `name` */
    readonly evaluator?: string;
    /** Version of the evaluator. @default its `version` */
    readonly version?: string;
    /** What was measured, one entry a dimension. */
    readonly dimensions: readonly GivenDimension[];
  }
>;

/** The part of an `Evaluator` that judges. */
interface Judging<Input, Expected, Metadata> {
  readonly name: string;
  readonly version: string;
  evaluate(
    response: ModelResponse,
    context: EvaluationContext<Input, Expected, Metadata>,
  ): GivenEvaluation | Promise<GivenEvaluation>;
}

/**
 * What an evaluator says of an answer, checked and with what it left out filled in.
 *
 * @throws AssayError `ASSAY_INVALID_SCORE`, `ASSAY_EVALUATOR_FAILED`; what `evaluate` throws.
 */
export function evaluateWhole<Input, Expected, Metadata>(
  evaluator: Judging<Input, Expected, Metadata>,
  response: ModelResponse,
  context: EvaluationContext<Input, Expected, Metadata>,
): Evaluation | Promise<Evaluation> {
  const begunAt = systemClock.now();
  const given = evaluator.evaluate(response, context);
  return isThenable(given)
    ? Promise.resolve(given).then((late) => wholeEvaluation(late, evaluator, systemClock.now() - begunAt))
    : wholeEvaluation(given, evaluator, systemClock.now() - begunAt);
}

/**
 * A whole evaluation of what a subclass returned, checked; the same object when nothing was left out. `durationMs`: how
 * long it took, milliseconds.
 *
 * @throws AssayError as {@link checkEvaluation} does.
 */
function wholeEvaluation(
  given: GivenEvaluation,
  by: { readonly name: string; readonly version: string },
  durationMs: number,
): Evaluation {
  const whole = isWhole(given) ? given : completed(given, by, durationMs);
  checkEvaluation(whole);
  return whole;
}

function isWhole(given: GivenEvaluation): given is Evaluation {
  if (typeof given !== 'object' || given === null || !Array.isArray(given.dimensions)) return true; // the check refuses it
  if (given.evaluator === undefined || given.version === undefined) return false;
  for (const dimension of given.dimensions as readonly (GivenDimension | null)[]) {
    if (dimension !== null && dimension.durationMs === undefined) return false;
  }
  return true;
}

function completed(
  given: GivenEvaluation,
  by: { readonly name: string; readonly version: string },
  durationMs: number,
): Evaluation {
  return {
    ...given,
    evaluator: given.evaluator ?? by.name,
    version: given.version ?? by.version,
    dimensions: given.dimensions.map((dimension: GivenDimension | null) =>
      typeof dimension !== 'object' || dimension === null
        ? dimension // the check refuses it
        : { ...dimension, durationMs: dimension.durationMs ?? durationMs },
    ),
  } as Evaluation;
}
