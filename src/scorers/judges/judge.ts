import type { ChatMessage, ModelInput } from '../../client/model-client.js';
import { AssayError } from '../../errors.js';
import type { Scorer } from '../../evaluation/evaluation-types.js';
import {
  boolean,
  callable,
  checkOptions,
  requireOptions,
  text,
  type OptionCheck,
} from '../../foundation/options.js';
import { stableHash } from '../../foundation/stable-hash.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import {
  askJudge,
  DEFAULT_PARAMETERS,
  judgeModelChecks,
  usageOf,
  type JudgeModelOptions,
} from './judge-call.js';
import {
  fenceInstruction,
  fenceMaterial,
  inputText,
  plainText,
  type JudgeMaterial,
} from './judge-material.js';
import {
  lastVerdictBetween,
  lastVerdictOn,
  verdictLine,
  verdictPatternCheck,
  type Verdict,
} from './verdict.js';

/** What a prompt for a judge is made from. */
export interface JudgePromptParts {
  /** The `rubric` option. */
  readonly rubric: string;
  /** All that is to be judged (input, expected answer, answers), each between fences that it cannot forge. */
  readonly material: string;
  /** Tells the judge what the fences mean; leave it out and the answer may give orders. */
  readonly fenceInstruction: string;
  /** Tells the judge how to end its reply. */
  readonly verdictInstruction: string;
}

/** A scale of numbers. */
export interface RatingScale {
  /** The worst rating; scores 0. */
  readonly minimum: number;
  /** The best rating; scores 1. */
  readonly maximum: number;
}

/** Options of {@link judge}. Give either `grades` or `rating`. */
export interface JudgeOptions extends JudgeModelOptions {
  /** What to judge and how, in plain words. Part of the convention (as a hash). */
  readonly rubric: string;
  /** The grades on the menu with their scores, 0..1. @default { C: 1, I: 0 } (correct, incorrect) */
  readonly grades?: Readonly<Record<string, number>> | undefined;
  /** A scale instead of grades; `minimum` scores 0 and `maximum` 1. */
  readonly rating?: RatingScale | undefined;
  /** Whether the judge sees the case's input. @default true */
  readonly showInput?: boolean | undefined;
  /** Whether the judge sees the expected answer, where there is one. @default true */
  readonly showExpected?: boolean | undefined;
  /** Your own prompt. It must ask for the verdict in the form that `verdictPattern` finds. */
  readonly prompt?: ((parts: JudgePromptParts) => ModelInput) | undefined;
  /** Finds the verdict: group 1 of the last match. @default `GRADE: x` or `RATING: n` */
  readonly verdictPattern?: RegExp | undefined;
  /** Names your own `prompt` in the convention; change it with the prompt. */
  readonly promptName?: string | undefined;
}

const gradesCheck: OptionCheck = (value) =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).length >= 2 &&
  !Object.hasOwn(value, '') &&
  Object.values(value).every((score) => typeof score === 'number' && score >= 0 && score <= 1)
    ? undefined
    : 'at least two grades with scores from 0 to 1';

const ratingCheck: OptionCheck = (value) => {
  const { minimum, maximum, ...others } = (value ?? {}) as Partial<Record<keyof RatingScale, unknown>>;
  return Number.isFinite(minimum) &&
    Number.isFinite(maximum) &&
    (minimum as number) < (maximum as number) &&
    Object.keys(others).length === 0
    ? undefined
    : '{ minimum, maximum } with minimum < maximum';
};

/**
 * Lets a model judge the answer by a rubric, with a grade or a rating.
 *
 * - Input, expected answer and answer stand between fences that hold a hash of them, so that the answer can neither
 *   end its part nor pose as instructions.
 * - The judge's last verdict counts. No verdict, or one that is not on the menu, is *unscored* with the reason, never
 *   0. A call that fails makes the dimension errored (`ASSAY_JUDGE_FAILED`).
 * - `label` is the verdict; `metadata.text` the judge's whole reply; `metadata.judge` what the call cost
 *   ({@link JudgeUsage}), which is no part of the target's usage and cost.
 *
 * @example
 * judge({ client, rubric: 'Is the answer correct and complete?', grades: { C: 1, P: 0.5, I: 0 } })
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function judge(options: JudgeOptions): Scorer {
  const checked = checkOptions('judge', options, {
    ...judgeModelChecks,
    rubric: text,
    grades: gradesCheck,
    rating: ratingCheck,
    showInput: boolean,
    showExpected: boolean,
    prompt: callable,
    verdictPattern: verdictPatternCheck,
    promptName: text,
  });
  requireOptions('judge', checked, ['client', 'rubric']);
  if (checked.grades !== undefined && checked.rating !== undefined) {
    throw new AssayError('ASSAY_INVALID_OPTION', 'Expected either `grades` or `rating` of judge, got both');
  }
  const scale = checked.rating === undefined ? gradeScale(checked.grades) : ratingScale(checked.rating);
  const pattern = checked.verdictPattern ?? verdictLine(scale.keyword);
  const showInput = checked.showInput ?? true;
  const showExpected = checked.showExpected ?? true;
  const prompt = checked.prompt ?? defaultPrompt;
  const convention = conventionText('judge', {
    scale: scale.convention,
    rubric: stableHash(checked.rubric).slice(0, 12),
    prompt: checked.prompt === undefined ? 'default' : (checked.promptName ?? 'custom'),
    verdict: checked.verdictPattern === undefined ? undefined : String(checked.verdictPattern),
    input: showInput,
    expected: showExpected,
    model: checked.model,
    parameters: stableHash(checked.parameters ?? DEFAULT_PARAMETERS).slice(0, 12),
  });
  return defineScorer(convention, '1', async ({ input, output, expected, signal }) => {
    const pieces: JudgeMaterial[] = [];
    if (showInput) pieces.push({ label: 'QUESTION', text: inputText(input) });
    if (showExpected && expected !== undefined && expected !== null) {
      pieces.push({ label: 'EXPECTED ANSWER', text: plainText(expected) });
    }
    pieces.push({ label: 'ANSWER', text: output });
    const material = fenceMaterial(pieces);
    const response = await askJudge(
      checked,
      prompt({
        rubric: checked.rubric,
        material: material.text,
        fenceInstruction: fenceInstruction(material.fence),
        verdictInstruction: scale.instruction,
      }),
      signal,
    );
    const metadata = { text: response.text, judge: usageOf([response]) };
    const verdict = scale.read(response.text, pattern);
    if (!verdict.ok) {
      const cut = response.finishReason === 'length' ? ' (its reply was cut off at the token limit)' : '';
      return { score: null, reason: verdict.reason + cut, metadata };
    }
    return { score: verdict.value.score, label: verdict.value.label, metadata };
  });
}

interface Scale {
  readonly keyword: string;
  readonly convention: string;
  readonly instruction: string;
  read(reply: string, pattern: RegExp): Verdict<{ readonly score: number; readonly label: string }>;
}

function gradeScale(grades: Readonly<Record<string, number>> = { C: 1, I: 0 }): Scale {
  const menu = Object.keys(grades);
  return {
    keyword: 'GRADE',
    convention: menu.map((grade) => `${grade}:${grades[grade]}`).join('|'),
    instruction: `End with one line of exactly this form, with one of ${menu.join(', ')} as the grade:\nGRADE: <grade>`,
    read(reply, pattern) {
      const verdict = lastVerdictOn(reply, pattern, menu);
      return verdict.ok
        ? { ...verdict, value: { score: grades[verdict.value]!, label: verdict.value } }
        : verdict;
    },
  };
}

function ratingScale({ minimum, maximum }: RatingScale): Scale {
  return {
    keyword: 'RATING',
    convention: `${minimum}..${maximum}`,
    instruction: `End with one line of exactly this form, with a number from ${minimum} (worst) to ${maximum} (best):\nRATING: <number>`,
    read(reply, pattern) {
      const verdict = lastVerdictBetween(reply, pattern, minimum, maximum);
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
