import type { Scorer } from '../evaluation/evaluation-types.js';
import { checkOptions, requireOptions } from '../foundation/options.js';
import { reasoningHandling } from '../foundation/reasoning-trace.js';
import { conventionText, defineScorer } from '../scorers/define-scorer.js';
import { withJudgeIdentity } from '../scorers/judges/judge-call.js';
import { inputText } from '../scorers/judges/judge-material.js';
import type { ReasoningOptions } from '../scorers/visible-output.js';
import { ClaimJudge, claimCallers, claimChecks, claimConvention, type ClaimOptions } from './claim-judge.js';
import { scoreClaims } from './score-claims.js';

/** Options of {@link answerRelevance}. */
export interface AnswerRelevanceOptions extends ClaimOptions, ReasoningOptions {}

const QUESTIONS = {
  source: 'ANSWER',
  question:
    'Does it help to answer the QUESTION? Whether it is true does not matter; quote the part of the QUESTION that it is about.',
};

/**
 * The share of the answer's claims that help to answer the question: how much of it is beside the point. Whether they are
 * true does not matter here. A judge finds the claims and says so of each; `metadata.claims` keeps them.
 *
 * Unscored where the answer makes no claim, and where the judge's replies cannot be read. What the judge cost is in
 * `metadata.judge`; a call that fails makes the dimension errored (`ASSAY_JUDGE_FAILED`).
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function answerRelevance(options: AnswerRelevanceOptions): Scorer {
  const checked = checkOptions<AnswerRelevanceOptions>('answerRelevance', options, {
    ...claimChecks,
    reasoning: reasoningHandling,
  });
  requireOptions('answerRelevance', checked, ['client']);
  const callers = claimCallers(checked);
  const scorer = defineScorer(
    { convention: conventionText('answer-relevance', claimConvention(checked)), version: '1' },
    async ({ input, output, signal }) => {
      if (output.trim() === '')
        return { score: null, reason: 'there is no claim to judge: the answer is empty' };
      const question = inputText(input);
      return scoreClaims(new ClaimJudge(callers, { questions: QUESTIONS, signal }), {
        from: { text: output, about: question },
        against: [{ label: 'QUESTION', text: question }],
        maxClaims: checked.maxClaims ?? 50,
        holds: 'about the question',
      });
    },
    checked,
  );
  return withJudgeIdentity(scorer, checked.client);
}
