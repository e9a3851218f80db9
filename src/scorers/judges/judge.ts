import type { ChatMessage, ModelInput } from '../../client/model-client.js';
import { AssayError } from '../../errors.js';
import type { Scorer } from '../../evaluation/evaluation-types.js';
import {
  boolean,
  callable,
  checkOptions,
  oneOf,
  requireOptions,
  text,
  type OptionCheck,
} from '../../foundation/options.js';
import { stableHash } from '../../foundation/stable-hash.js';
import { reasoningHandling } from '../../foundation/reasoning-trace.js';
import type { ReasoningOptions } from '../visible-output.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import {
  JudgeCaller,
  DEFAULT_PARAMETERS,
  judgeModelChecks,
  usageOf,
  withJudgeIdentity,
  type JudgeModelOptions,
} from './judge-call.js';
import {
  fenceInstruction,
  fenceMaterial,
  inputText,
  plainText,
  type JudgeMaterial,
} from './judge-material.js';
import { verdictSchema } from './structured-output.js';
import {
  itemOf,
  ratingBetween,
  readVerdict,
  verdictNameCheck,
  verdictPatternCheck,
  type AcceptVerdict,
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
export interface JudgeOptions extends JudgeModelOptions, ReasoningOptions {
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
  /**
   * Names of the field that holds the verdict, as a label in the text and as a key in JSON; the judge is asked for the
   * first. @default 'GRADE' or 'RATING'
   */
  readonly verdictName?: string | readonly string[] | undefined;
  /** Finds the verdict in place of everything else: the first group of the last match. @default none */
  readonly verdictPattern?: RegExp | undefined;
  /**
   * How the judge shall reply: `text` ends with a line for the verdict, `json` is an object with its reasons and then
   * the verdict. With `json` a model whose protocol has structured output is asked for it; one that refuses is told in
   * words alone. Either form of reply is read.
   * @default 'text'
   */
  readonly format?: 'text' | 'json' | undefined;
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

/** Check of an option of type {@link RatingScale}. */
export const ratingScaleCheck: OptionCheck = (value) => {
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
    ...judgeModelChecks,
    rubric: text,
    grades: gradesCheck,
    rating: ratingScaleCheck,
    showInput: boolean,
    showExpected: boolean,
    prompt: callable,
    verdictName: verdictNameCheck,
    verdictPattern: verdictPatternCheck,
    format: oneOf('text', 'json'),
    reasoning: reasoningHandling,
    promptName: text,
  });
  requireOptions('judge', checked, ['client', 'rubric']);
  if (checked.grades !== undefined && checked.rating !== undefined) {
    throw new AssayError('ASSAY_INVALID_OPTION', 'Expected either `grades` or `rating` of judge, got both');
  }
  const scale = checked.rating === undefined ? gradeScale(checked.grades) : ratingScale(checked.rating);
  const names = [checked.verdictName ?? scale.keyword].flat();
  const form = { names, otherKeys: scale.otherKeys, pattern: checked.verdictPattern };
  const format = checked.format ?? 'text';
  const field = format === 'json' ? names[0]!.toLowerCase() : names[0]!;
  const instruction =
    format === 'json' ? jsonInstruction(field, scale.asked) : lineInstruction(field, scale.asked);
  const caller = new JudgeCaller(checked, format === 'json' ? verdictSchema(field, scale.schema) : undefined);
  const showInput = checked.showInput ?? true;
  const showExpected = checked.showExpected ?? true;
  const prompt = checked.prompt ?? defaultPrompt;
  const convention = conventionText('judge', {
    scale: scale.convention,
    rubric: stableHash(checked.rubric).slice(0, 12),
    prompt: checked.prompt === undefined ? 'default' : (checked.promptName ?? 'custom'),
    verdict: checked.verdictPattern === undefined ? undefined : String(checked.verdictPattern),
    name: checked.verdictName === undefined ? undefined : names.join(','),
    format: format === 'json' ? format : undefined,
    input: showInput,
    expected: showExpected,
    model: checked.model,
    parameters: stableHash(checked.parameters ?? DEFAULT_PARAMETERS).slice(0, 12),
  });
  const scorer = defineScorer(
    convention,
    '2',
    async ({ input, output, expected, signal }) => {
      const pieces: JudgeMaterial[] = [];
      if (showInput) pieces.push({ label: 'QUESTION', text: inputText(input) });
      if (showExpected && expected !== undefined && expected !== null) {
        pieces.push({ label: 'EXPECTED ANSWER', text: plainText(expected) });
      }
      pieces.push({ label: 'ANSWER', text: output });
      const material = fenceMaterial(pieces);
      const response = await caller.ask(
        prompt({
          rubric: checked.rubric,
          material: material.text,
          fenceInstruction: fenceInstruction(material.fence),
          verdictInstruction: instruction,
        }),
        signal,
      );
      const metadata = { text: response.text, judge: usageOf([response]) };
      const verdict = readVerdict(response, form, scale.accept);
      if (!verdict.ok) return { score: null, reason: verdict.reason, metadata };
      const { tier, start, end, value } = verdict;
      return {
        score: value.score,
        label: value.label,
        evidence: [response.text.slice(start, end)],
        metadata: { ...metadata, tier, start, end },
      };
    },
    checked,
  );
  return withJudgeIdentity(scorer, checked.client);
}

interface Scale {
  readonly keyword: string;
  /** Other keys of a JSON reply. */
  readonly otherKeys: readonly string[];
  readonly convention: string;
  /** What the judge may say, in words. */
  readonly asked: string;
  /** The same as a JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly accept: AcceptVerdict<{ readonly score: number; readonly label: string }>;
}

const lineInstruction = (field: string, asked: string): string =>
  `End with one line of exactly this form, with ${asked}:\n${field}: <${field.toLowerCase()}>`;

const jsonInstruction = (field: string, asked: string): string =>
  `Reply with one JSON object and nothing else: first \`"reasoning"\`, your reasons in brief, then ` +
  `\`"${field}"\`, with ${asked}.`;

/** Grades that nobody named otherwise may also be said in full. */
const DEFAULT_WORDS: ReadonlyMap<string, string> = new Map([
  ['correct', 'C'],
  ['incorrect', 'I'],
]);

function gradeScale(given: Readonly<Record<string, number>> | undefined): Scale {
  const grades = given ?? { C: 1, I: 0 };
  const menu = Object.keys(grades);
  const words = given === undefined ? [...menu, ...DEFAULT_WORDS.keys()] : menu;
  const accept = itemOf(words);
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
      const label = given === undefined ? (DEFAULT_WORDS.get(verdict.value) ?? verdict.value) : verdict.value;
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
