import { failedJudgeUsage } from './judge-usage.js';
import { AssayError, toErrorRecord } from '../errors.js';
import { show } from '../foundation/options.js';
import type { DimensionResult, Score } from './evaluation-types.js';

type Draft = { -readonly [Member in keyof DimensionResult]: DimensionResult[Member] };

/**
 * The result of a dimension whose scorer returned `returned`. A score, confidence or relevance outside 0..1 and
 * anything that is no score makes the dimension errored (`ASSAY_INVALID_SCORE`) with the value in the message.
 */
export function dimensionResult(name: string, returned: unknown, durationMs: number): DimensionResult {
  try {
    return readResult(name, returned, durationMs);
  } catch (error) {
    return erroredResult(name, error, durationMs); // a getter of what was returned threw
  }
}

function readResult(name: string, returned: unknown, durationMs: number): DimensionResult {
  if (typeof returned === 'number') return plainResult(name, returned, durationMs);
  if (typeof returned === 'boolean') return { name, outcome: 'scored', score: returned ? 1 : 0, durationMs };
  if (returned === null) return unscoredResult(name, NO_REASON, durationMs);
  if (typeof returned === 'object' && 'score' in returned)
    return richResult(name, returned as Score, durationMs);
  return erroredResult(
    name,
    new AssayError(
      'ASSAY_INVALID_SCORE',
      `Expected the scorer of \`${name}\` to return a score, a number in 0..1, a boolean or null, got ${show(returned)}`,
    ),
    durationMs,
  );
}

/** The result of a dimension whose scorer threw or ran out of time. */
export function erroredResult(name: string, thrown: unknown, durationMs: number): DimensionResult {
  const judge = failedJudgeUsage(thrown);
  return {
    name,
    outcome: 'errored',
    score: null,
    durationMs,
    error: toErrorRecord(thrown, 'ASSAY_EVALUATOR_FAILED'),
    ...(judge === undefined ? {} : { metadata: { judge } }),
  };
}

const NO_REASON = 'the scorer returned null without a reason';

const unscoredResult = (name: string, reason: string, durationMs: number): DimensionResult => ({
  name,
  outcome: 'unscored',
  score: null,
  durationMs,
  reason,
});

function plainResult(name: string, score: number, durationMs: number): DimensionResult {
  if (score >= 0 && score <= 1) return { name, outcome: 'scored', score, durationMs };
  return erroredResult(name, outOfRange(name, 'score', score), durationMs);
}

/**
 * Members are added in one fixed order, so that results of one scorer share a hidden class, and each is read once: it
 * may be a getter of the host's.
 */
function richResult(name: string, given: Score & { error?: unknown }, durationMs: number): DimensionResult {
  const { score, label, reason, evidence, culturalMarkers, metadata, confidence, culturalRelevance, error } =
    given as { readonly [Member in keyof Score]: unknown } & { readonly error?: unknown };
  const why = textMember(name, 'reason', reason);
  let draft: Draft;
  if (typeof score === 'number') {
    draft = plainResult(name, score, durationMs);
  } else if (score === null) {
    // autoevals' (deprecated) way to say that a scorer failed
    draft =
      error === undefined || error === null
        ? unscoredResult(name, why ?? NO_REASON, durationMs)
        : erroredResult(name, error, durationMs);
  } else {
    draft = erroredResult(name, outOfRange(name, 'score', score), durationMs);
  }
  const kind = textMember(name, 'label', label);
  if (kind !== undefined) draft.label = kind;
  if (why !== undefined) draft.reason = why;
  if (evidence !== undefined) draft.evidence = evidence as readonly string[];
  if (culturalMarkers !== undefined) draft.culturalMarkers = culturalMarkers as readonly string[];
  if (metadata !== undefined) draft.metadata = metadata as Readonly<Record<string, unknown>>;
  const wrong =
    shareError(name, { member: 'confidence', value: confidence }) ??
    shareError(name, { member: 'culturalRelevance', value: culturalRelevance });
  if (wrong !== undefined) {
    if (draft.error !== undefined) return draft;
    return { ...draft, outcome: 'errored', score: null, error: wrong.toRecord() };
  }
  if (confidence !== undefined) draft.confidence = confidence as number;
  if (culturalRelevance !== undefined) draft.culturalRelevance = culturalRelevance as number;
  return draft;
}

// Numbers and the like are what a host without types means by a label; an object is a mistake, and may throw later.
function textMember(name: string, member: string, value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  throw new AssayError(
    'ASSAY_INVALID_SCORE',
    `Expected the ${member} of \`${name}\` to be a string, got ${show(value)}`,
  );
}

/** The error for a confidence or a relevance that is given and is no number in 0..1. */
export function shareError(
  name: string,
  { member, value }: { readonly member: string; readonly value: unknown },
): AssayError | undefined {
  if (value === undefined || (typeof value === 'number' && value >= 0 && value <= 1)) return undefined;
  return outOfRange(name, member, value);
}

const outOfRange = (name: string, member: string, value: unknown): AssayError =>
  new AssayError(
    'ASSAY_INVALID_SCORE',
    `Expected the ${member} of \`${name}\` to be a number from 0 to 1, got ${show(value)}`,
  );
