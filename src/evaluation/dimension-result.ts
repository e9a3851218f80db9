import { AssayError, toErrorRecord, type ErrorRecord } from '../errors.js';
import { show } from '../foundation/options.js';
import type { DimensionResult, Score } from './evaluation-types.js';

type Draft = { -readonly [Member in keyof DimensionResult]: DimensionResult[Member] };

/**
 * The result of a dimension whose scorer returned `returned`. A score, confidence or relevance outside 0..1 and
 * anything that is no score makes the dimension errored (`ASSAY_INVALID_SCORE`) with the value in the message.
 */
export function dimensionResult(name: string, returned: unknown, durationMs: number): DimensionResult {
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
  return {
    name,
    outcome: 'errored',
    score: null,
    durationMs,
    error: toErrorRecord(thrown, 'ASSAY_EVALUATOR_FAILED'),
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

/** Members are added in one fixed order, so that results of one scorer share a hidden class. */
function richResult(name: string, given: Score & { error?: unknown }, durationMs: number): DimensionResult {
  const score: unknown = given.score;
  let draft: Draft;
  if (typeof score === 'number') {
    draft = plainResult(name, score, durationMs);
  } else if (score === null) {
    // autoevals' (deprecated) way to say that a scorer failed
    draft =
      given.error === undefined || given.error === null
        ? unscoredResult(name, given.reason ?? NO_REASON, durationMs)
        : erroredResult(name, given.error, durationMs);
  } else {
    draft = erroredResult(name, outOfRange(name, 'score', score), durationMs);
  }
  if (given.label !== undefined) draft.label = given.label;
  if (given.reason !== undefined) draft.reason = given.reason;
  if (given.evidence !== undefined) draft.evidence = given.evidence;
  if (given.culturalMarkers !== undefined) draft.culturalMarkers = given.culturalMarkers;
  if (given.metadata !== undefined) draft.metadata = given.metadata;
  const weightError =
    shareError(name, 'confidence', given.confidence) ??
    shareError(name, 'culturalRelevance', given.culturalRelevance);
  if (weightError !== undefined) {
    if (draft.error !== undefined) return draft;
    return { ...draft, outcome: 'errored', score: null, error: weightError };
  }
  if (given.confidence !== undefined) draft.confidence = given.confidence;
  if (given.culturalRelevance !== undefined) draft.culturalRelevance = given.culturalRelevance;
  return draft;
}

function shareError(name: string, member: string, value: unknown): ErrorRecord | undefined {
  if (value === undefined || (typeof value === 'number' && value >= 0 && value <= 1)) return undefined;
  return outOfRange(name, member, value).toRecord();
}

const outOfRange = (name: string, member: string, value: unknown): AssayError =>
  new AssayError(
    'ASSAY_INVALID_SCORE',
    `Expected the ${member} of \`${name}\` to be a number from 0 to 1, got ${show(value)}`,
  );
