import type { ChatMessage, ModelResponse } from '../../client/model-client.js';
import { AssayError } from '../../errors.js';
import type { Score, Scorer } from '../../evaluation/evaluation-types.js';
import { boolean, checkOptions, requireOptions, type OptionCheck } from '../../foundation/options.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import { usageOf, withJudgeIdentity } from './judge-call.js';
import { inputText, plainText, type JudgeMaterial } from './judge-material.js';
import {
  ratingScaleCheck,
  RubricJudge,
  rubricChecks,
  type AskedVerdict,
  type JudgePromptParts,
  type RatingScale,
  type RubricOptions,
} from './rubric-judge.js';
import { itemOf, ratingBetween, readVerdict, type AcceptVerdict } from './verdict.js';

/** Options of {@link judge}. Give either `grades` or `rating`. */
export interface JudgeOptions extends RubricOptions {
  /** The grades on the menu with their scores, 0..1. @default { C: 1, I: 0 } (correct, incorrect) */
  readonly grades?: Readonly<Record<string, number>> | undefined;
  /** A scale instead of grades; `minimum` scores 0 and `maximum` 1. */
  readonly rating?: RatingScale | undefined;
  /** Whether the judge sees the case's input. @default true */
  readonly showInput?: boolean | undefined;
  /** Whether the judge sees the expected answer, where there is one. @default true */
  readonly showExpected?: boolean | undefined;
}

const gradesCheck: OptionCheck = (value) =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).length >= 2 &&
  !Object.hasOwn(value, '') &&
  Object.values(value).every((score) => typeof score === 'number' && score >= 0 && score <= 1)
    ? undefined
    : 'at least two grades with scores from 0 to 1';

/**
 * Lets a model judge the answer by a rubric, with a grade or a rating.
 *
 * - Input, expected answer and answer stand between fences that hold a hash of them, so that the answer can neither
 *   end its part nor pose as instructions.
 * - The judge's last verdict counts: a labelled field, a line of its own, or a member of a JSON reply; never what it
 *   quotes, nor what stands in its reasoning. No verdict, one that is not on the menu, or one in a reply that was cut
 *   off is *unscored* with the reason, never 0. A call that fails makes the dimension errored (`ASSAY_JUDGE_FAILED`).
 * - `label` is the verdict; `metadata.text` the judge's whole reply; `metadata.tier` says by which rule the verdict was
 *   found in it, `metadata.start` and `metadata.end` where; `metadata.judge` what the call cost ({@link JudgeUsage}),
 *   which is no part of the target's usage and cost.
 *
 * @example
 * judge({ client, rubric: 'Is the answer correct and complete?', grades: { C: 1, P: 0.5, I: 0 } })
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function judge(options: JudgeOptions): Scorer {
  const checked = checkOptions('judge', options, {
    ...rubricChecks,
    grades: gradesCheck,
    rating: ratingScaleCheck,
    showInput: boolean,
    showExpected: boolean,
  });
  requireOptions('judge', checked, ['client', 'rubric']);
  if (checked.grades !== undefined && checked.rating !== undefined) {
    throw new AssayError('ASSAY_INVALID_OPTION', 'Expected either `grades` or `rating` of judge, got both');
  }
  const { showInput = true, showExpected = true } = checked;
  const scale = checked.rating === undefined ? gradeScale(checked.grades) : ratingScale(checked.rating);
  const asked = new RubricJudge(checked, { verdict: scale, defaultPrompt });
  const convention = conventionText('judge', {
    scale: scale.convention,
    ...asked.rubricConvention,
    ...asked.convention,
    input: showInput,
    expected: showExpected,
    ...asked.modelConvention,
  });
  const scorer = defineScorer(
    { convention, version: '2' },
    async ({ input, output, expected, signal }) => {
      const pieces: JudgeMaterial[] = [];
      if (showInput) pieces.push({ label: 'QUESTION', text: inputText(input) });
      if (showExpected && expected !== undefined && expected !== null) {
        pieces.push({ label: 'EXPECTED ANSWER', text: plainText(expected) });
      }
      pieces.push({ label: 'ANSWER', text: output });
      return gradedScore(await asked.ask(pieces, signal), asked.form, scale);
    },
    checked,
  );
  return withJudgeIdentity(scorer, checked.client);
}

function gradedScore(reply: ModelResponse, form: RubricJudge['form'], scale: Scale): Score {
  const metadata = { text: reply.text, judge: usageOf([reply]) };
  const verdict = readVerdict(reply, { form, accept: scale.accept });
  if (!verdict.ok) return { score: null, reason: verdict.reason, metadata };
  const { tier, start, end, value } = verdict;
  return {
    score: value.score,
    label: value.label,
    evidence: [reply.text.slice(start, end)],
    metadata: { ...metadata, tier, start, end },
  };
}

interface Scale extends AskedVerdict {
  readonly convention: string;
  readonly accept: AcceptVerdict<{ readonly score: number; readonly label: string }>;
}

/** Grades that nobody named otherwise may also be said in full. */
const DEFAULT_WORDS: ReadonlyMap<string, string> = new Map([
  ['correct', 'C'],
  ['incorrect', 'I'],
  ['not correct', 'I'],
  ['wrong', 'I'],
]);

function gradeScale(given: Readonly<Record<string, number>> | undefined): Scale {
  const grades = given ?? { C: 1, I: 0 };
  const menu = Object.keys(grades);
  const words = given === undefined ? [...menu, ...DEFAULT_WORDS.keys()] : menu;
  const meaning = (word: string): string => (given === undefined ? (DEFAULT_WORDS.get(word) ?? word) : word);
  const accept = itemOf(words, meaning);
  return {
    keyword: 'GRADE',
    otherKeys: ['verdict', 'judgement', 'judgment', 'label', 'classification', 'decision'],
    convention: menu.map((grade) => `${grade}:${grades[grade]}`).join('|'),
    asked: `one of ${menu.join(', ')} as the grade`,
    schema: { type: 'string', enum: menu },
    accept(said) {
      const verdict = accept(said);
      if (!verdict.ok)
        return { ...verdict, reason: verdict.reason.replace(words.join(', '), menu.join(', ')) };
      const label = meaning(verdict.value);
      return { ...verdict, value: { score: grades[label]!, label } };
    },
  };
}

function ratingScale({ minimum, maximum }: RatingScale): Scale {
  const accept = ratingBetween(minimum, maximum);
  return {
    keyword: 'RATING',
    otherKeys: ['score', 'verdict', 'rate', 'grade'],
    convention: `${minimum}..${maximum}`,
    asked: `a number from ${minimum} (worst) to ${maximum} (best) as the rating`,
    schema: { type: 'number' },
    accept(said) {
      const verdict = accept(said);
      if (!verdict.ok) return verdict;
      const score = Math.min(Math.max((verdict.value - minimum) / (maximum - minimum), 0), 1);
      return { ...verdict, value: { score, label: String(verdict.value) } };
    },
  };
}

const defaultPrompt = (parts: JudgePromptParts): readonly ChatMessage[] => [
  {
    role: 'system',
    content:
      `You judge an answer by a rubric.\n\n${parts.fenceInstruction}\n\nRubric:\n${parts.rubric}\n\n` +
      `Reason briefly first. ${parts.verdictInstruction}`,
  },
  {
    role: 'user',
    content: `${parts.material}\n\nJudge the answer by the rubric. ${parts.verdictInstruction}`,
  },
];
