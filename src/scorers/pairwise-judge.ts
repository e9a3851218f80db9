import type { ChatMessage, ModelResponse } from '../client/model-client.js';
import { AssayError } from '../errors.js';
import type { ScorerArguments } from '../evaluation/evaluation-types.js';
import { callable, checkOptions, text } from '../foundation/options.js';
import { stableHash } from '../foundation/stable-hash.js';
import { withCorpusMetric, type CorpusMetric, type CorpusScorer } from './corpus-metric.js';
import { conventionText, defineScorer } from './define-scorer.js';
import {
  askJudge,
  DEFAULT_PARAMETERS,
  judgeModelChecks,
  usageOf,
  type JudgeModelOptions,
} from './judge-call.js';
import { fenceInstruction, fenceMaterial, inputText } from './judge-material.js';
import { acceptedTexts, type TextReference } from './text-reference.js';
import { lastVerdictOn, verdictLine } from './verdict.js';

/** Options of {@link pairwiseJudge}. */
export interface PairwiseJudgeOptions<
  Input = unknown,
  Expected = unknown,
  Metadata = unknown,
> extends JudgeModelOptions {
  /** By what the better answer is chosen, in plain words. Part of the convention (as a hash). */
  readonly rubric: string;
  /** The answer to compare with. @default `expected`, when it is one text */
  readonly opponent?: ((args: ScorerArguments<Input, Expected, Metadata>) => string | undefined) | undefined;
}

type Preference = 'output' | 'opponent' | 'tie';

/**
 * Lets a model choose between the answer and another one, in both orders: 1 when the answer wins both times, 0 when
 * it loses both times, 0.5 otherwise (a tie, or a judge that changes its mind with the order). When a verdict is
 * missing or not on the menu the pair is unscored; when a call fails the dimension errors.
 *
 * `metadata.first` (answer shown as A) and `metadata.second` (as B) hold each verdict and the judge's whole reply,
 * `metadata.consistent` whether both orders agree, `metadata.judge` what both calls cost. The scorer's `corpus`
 * metric reports over a run: wins, ties, losses, `consistency`, `firstPositionRate` (the share of decided verdicts
 * that went to position A; 0.5 without position bias), `unparsed` pairs, and what one order alone would have given.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function pairwiseJudge<Input = unknown, Expected = unknown, Metadata = unknown>(
  options: PairwiseJudgeOptions<Input, Expected, Metadata>,
): CorpusScorer<Input, Expected, Metadata> {
  const checked = checkOptions('pairwiseJudge', options, {
    ...judgeModelChecks,
    rubric: text,
    opponent: callable,
  });
  for (const required of ['client', 'rubric'] as const) {
    if (checked[required] === undefined) {
      throw new AssayError('ASSAY_INVALID_OPTION', `Expected \`${required}\` of pairwiseJudge to be given`);
    }
  }
  const convention = conventionText('pairwise-judge', {
    rubric: stableHash(checked.rubric).slice(0, 12),
    opponent: checked.opponent === undefined ? 'expected' : 'custom',
    model: checked.model,
    parameters: stableHash(checked.parameters ?? DEFAULT_PARAMETERS).slice(0, 12),
  });
  const scorer = defineScorer<Input, Expected, Metadata>(convention, '1', async (args) => {
    const opponent = checked.opponent === undefined ? singleText(args.expected) : checked.opponent(args);
    if (opponent === undefined) return { score: null, reason: 'the case has no answer to compare with' };
    const question = inputText(args.input);
    const ask = (a: string, b: string): Promise<ModelResponse> =>
      askJudge(checked, pairPrompt(checked.rubric, question, a, b), args.signal);
    const replies = await Promise.all([ask(args.output, opponent), ask(opponent, args.output)]);
    return pairScore(replies);
  });
  return withCorpusMetric(scorer, pairwiseCorpus);
}

const MENU = ['A', 'B', 'TIE'] as const;
const VERDICT = verdictLine('VERDICT');
const VERDICT_INSTRUCTION =
  'End with one line of exactly this form, with A, B or TIE as the verdict:\nVERDICT: <verdict>';

function pairScore([firstReply, secondReply]: readonly [ModelResponse, ModelResponse]) {
  const first = lastVerdictOn(firstReply.text, VERDICT, MENU);
  const second = lastVerdictOn(secondReply.text, VERDICT, MENU);
  const metadata = {
    first: { verdict: first.ok ? first.value : null, text: firstReply.text },
    second: { verdict: second.ok ? second.value : null, text: secondReply.text },
    judge: usageOf([firstReply, secondReply]),
  };
  if (!first.ok || !second.ok) {
    const reason = [first, second].flatMap((verdict) => (verdict.ok ? [] : [verdict.reason])).join('; ');
    return { score: null, reason, metadata: { ...metadata, corpus: UNPARSED } };
  }
  const asFirst = preferenceOf(first.value, 'A');
  const asSecond = preferenceOf(second.value, 'B');
  const consistent = asFirst === asSecond;
  const preference = consistent ? asFirst : 'tie';
  const verdicts = [first.value, second.value];
  return {
    score: worth(preference),
    label: preference === 'output' ? 'win' : preference === 'opponent' ? 'loss' : 'tie',
    metadata: {
      ...metadata,
      consistent,
      corpus: [
        1,
        Number(preference === 'output'),
        Number(preference === 'tie'),
        Number(consistent),
        verdicts.filter((verdict) => verdict === 'A').length,
        verdicts.filter((verdict) => verdict !== 'TIE').length,
        Number(asFirst === 'output'),
        Number(asFirst === 'tie'),
        0,
      ],
    },
  };
}

const UNPARSED = Object.freeze([0, 0, 0, 0, 0, 0, 0, 0, 1]);

const preferenceOf = (verdict: (typeof MENU)[number], own: 'A' | 'B'): Preference =>
  verdict === 'TIE' ? 'tie' : verdict === own ? 'output' : 'opponent';

const worth = (preference: Preference): number =>
  preference === 'output' ? 1 : preference === 'tie' ? 0.5 : 0;

const pairwiseCorpus: CorpusMetric = {
  name: 'pairwise',
  size: UNPARSED.length,
  summarize(totals) {
    const [pairs, wins, ties, consistent, firstPosition, decided, oneOrderWins, oneOrderTies, unparsed] =
      totals as [number, number, number, number, number, number, number, number, number];
    const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
    return {
      score: share(wins + ties / 2, pairs),
      details: {
        pairs,
        wins,
        ties,
        losses: pairs - wins - ties,
        consistency: share(consistent, pairs),
        firstPositionRate: share(firstPosition, decided),
        oneOrderScore: share(oneOrderWins + oneOrderTies / 2, pairs),
        unparsed,
      },
    };
  },
};

/** A single accepted text; with several there is no one answer to compare with. */
function singleText(expected: unknown): string | undefined {
  const accepted = acceptedTexts(expected as TextReference);
  return accepted?.length === 1 ? accepted[0] : undefined;
}

function pairPrompt(rubric: string, question: string, a: string, b: string): readonly ChatMessage[] {
  const material = fenceMaterial([
    { label: 'QUESTION', text: question },
    { label: 'ANSWER A', text: a },
    { label: 'ANSWER B', text: b },
  ]);
  return [
    {
      role: 'system',
      content:
        'You compare two answers to a question and say which is better by a rubric. Their order and their length ' +
        `mean nothing.\n\n${fenceInstruction(material.fence)}\n\nRubric:\n${rubric}\n\n` +
        `Reason briefly first. ${VERDICT_INSTRUCTION}`,
    },
    {
      role: 'user',
      content: `${material.text}\n\nWhich answer is better by the rubric? ${VERDICT_INSTRUCTION}`,
    },
  ];
}
