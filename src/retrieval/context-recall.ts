import { InputError } from '../errors.js';
import type { AnyOutputScorer } from '../evaluation/evaluation-types.js';
import { checkOptions, requireOptions, show } from '../foundation/options.js';
import { conventionText } from '../scorers/define-scorer.js';
import { withJudgeIdentity } from '../scorers/judges/judge-call.js';
import { inputText } from '../scorers/judges/judge-material.js';
import { atPlace, placeInCase, type PlaceInCase } from '../scorers/place-in-case.js';
import { responseScorer } from '../scorers/response-scorer.js';
import { ClaimJudge, claimCallers, claimChecks, claimConvention, type ClaimOptions } from './claim-judge.js';
import { NO_CONTEXTS, passagesOf } from './contexts.js';
import { scoreClaims } from './score-claims.js';

/** Options of {@link contextRecall}. */
export interface ContextRecallOptions extends ClaimOptions {
  /**
   * Where in the case the expected answer stands: a text, whose claims the judge finds, or a list of texts, each a claim, which
   * saves that call and its noise.
   * @default 'expected'
   */
  readonly expected?: PlaceInCase | undefined;
}

const QUESTIONS = {
  source: 'EXPECTED ANSWER',
  question: 'Do the PASSAGES say it, or does it follow from them?',
};

/**
 * The share of the expected answer's claims that the retrieved passages (`contexts` of the answer) support: whether what
 * was retrieved suffices for the answer, whatever the model made of it. `metadata.claims` keeps each claim with its verdict
 * and evidence.
 *
 * Unscored where the case expects nothing, or nothing that claims anything, where the target does not tell what it
 * retrieved, or only ids of it, and where the judge's replies cannot be read. With nothing retrieved no claim is supported.
 * What the judge cost is in `metadata.judge`; a call that fails makes the dimension errored (`ASSAY_JUDGE_FAILED`).
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`; the dimension errors with `ASSAY_INVALID_CASE` for an expected answer that is
 *   neither a text nor a list of texts.
 */
export function contextRecall(options: ContextRecallOptions): AnyOutputScorer {
  const checked = checkOptions<ContextRecallOptions>('contextRecall', options, {
    ...claimChecks,
    expected: placeInCase,
  });
  requireOptions('contextRecall', checked, ['client']);
  const { expected: place = 'expected', maxClaims = 50 } = checked;
  const callers = claimCallers(checked);
  const convention = conventionText('context-recall', { ...claimConvention(checked), expected: place });
  const scorer = responseScorer({ convention, version: '1' }, async (args) => {
    const expected = expectedAt(atPlace(args, place), place);
    if (expected === undefined)
      return { score: null, reason: `the case has no expected answer: it has no \`${place}\`` };
    const { contexts } = args.response;
    if (contexts === undefined) return { score: null, reason: NO_CONTEXTS };
    const passages = passagesOf(contexts);
    if (passages.length === 0 && contexts.length > 0)
      return { score: null, reason: 'the contexts of the answer have no text' };
    return scoreClaims(new ClaimJudge(callers, { questions: QUESTIONS, signal: args.signal }), {
      from: typeof expected === 'string' ? { text: expected, about: inputText(args.input) } : expected,
      against: passages.map((text, i) => ({ label: `PASSAGE ${i + 1}`, text })),
      maxClaims,
      holds: 'supported by the passages',
    });
  });
  return withJudgeIdentity(scorer, checked.client);
}

/** @throws InputError `ASSAY_INVALID_CASE` */
function expectedAt(given: unknown, place: string): string | readonly string[] | undefined {
  if (given === undefined || given === null || given === '') return undefined;
  if (typeof given === 'string') return given;
  if (Array.isArray(given) && given.every((claim) => typeof claim === 'string')) return given;
  throw new InputError(
    'ASSAY_INVALID_CASE',
    `Expected \`${place}\` of the case to be a text or a list of claims, got ${show(given)}`,
  );
}
