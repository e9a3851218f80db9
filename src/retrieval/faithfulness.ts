import type { Scorer } from '../evaluation/evaluation-types.js';
import { checkOptions, requireOptions } from '../foundation/options.js';
import { reasoningHandling } from '../foundation/reasoning-trace.js';
import { conventionText, defineScorer } from '../scorers/define-scorer.js';
import { withJudgeIdentity } from '../scorers/judges/judge-call.js';
import { inputText } from '../scorers/judges/judge-material.js';
import type { ReasoningOptions } from '../scorers/visible-output.js';
import { ClaimJudge, claimCallers, claimChecks, claimConvention, type ClaimOptions } from './claim-judge.js';
import { NO_CONTEXTS, passagesOf } from './contexts.js';
import { scoreClaims } from './score-claims.js';

/** Options of {@link faithfulness}. */
export interface FaithfulnessOptions extends ClaimOptions, ReasoningOptions {}

const QUESTIONS = {
  source: 'ANSWER',
  question: 'Do the PASSAGES say it, or does it follow from them?',
};

/**
 * The share of the answer's claims that the retrieved passages (`contexts` of the answer) support: how much of it is made up.
 * A judge finds the claims, and says of each whether the passages support it and where; `metadata.claims` keeps all of that,
 * with a check of whether the evidence really stands in the passages.
 *
 * Unscored where the answer makes no claim (it is empty, or says that it does not know), where the target does not tell
 * what it retrieved, or only ids of it, and where the judge's replies cannot be read. With nothing retrieved no claim is
 * supported. What the judge cost is in `metadata.judge`; a call that fails makes the dimension errored (`ASSAY_JUDGE_FAILED`).
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function faithfulness(options: FaithfulnessOptions): Scorer {
  const checked = checkOptions<FaithfulnessOptions>('faithfulness', options, {
    ...claimChecks,
    reasoning: reasoningHandling,
  });
  requireOptions('faithfulness', checked, ['client']);
  const callers = claimCallers(checked);
  const scorer = defineScorer(
    { convention: conventionText('faithfulness', claimConvention(checked)), version: '1' },
    async ({ input, output, response, signal }) => {
      const { contexts } = response;
      if (contexts === undefined) return { score: null, reason: NO_CONTEXTS };
      if (output.trim() === '')
        return { score: null, reason: 'there is no claim to judge: the answer is empty' };
      const passages = passagesOf(contexts);
      if (passages.length === 0 && contexts.length > 0)
        return { score: null, reason: 'the contexts of the answer have no text' };
      return scoreClaims(new ClaimJudge(callers, { questions: QUESTIONS, signal }), {
        from: { text: output, about: inputText(input) },
        against: passages.map((text, i) => ({ label: `PASSAGE ${i + 1}`, text })),
        maxClaims: checked.maxClaims ?? 50,
        holds: 'supported by the passages',
      });
    },
    checked,
  );
  return withJudgeIdentity(scorer, checked.client);
}
