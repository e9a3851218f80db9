import { AssayError } from '../../errors.js';
import type { ChatMessage, ModelInput, ModelResponse } from '../../client/model-client.js';
import type { ScorerArguments } from '../../evaluation/evaluation-types.js';
import {
  callable,
  checkOptions,
  oneOf,
  requireOptions,
  text,
  type OptionCheck,
} from '../../foundation/options.js';
import { stableHash } from '../../foundation/stable-hash.js';
import { withCorpusMetric, type CorpusMetric, type CorpusScorer } from '../../evaluation/corpus-metric.js';
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
import { fenceInstruction, fenceMaterial, inputText } from './judge-material.js';
import { ratingScaleCheck, type JudgePromptParts, type RatingScale } from './judge.js';
import { readScorePair } from './score-pair.js';
import { verdictSchema } from './structured-output.js';
import { acceptedTexts, type TextReference } from '../text-reference.js';
import {
  itemOf,
  readVerdict,
  verdictNameCheck,
  verdictPatternCheck,
  type VerdictRead,
  type VerdictForm,
} from './verdict.js';

/** What the judge writes for each verdict; of several words the first one is asked for. */
export interface PairVerdicts {
  /** The answer shown first is better. */
  readonly a: string | readonly string[];
  /** The answer shown second is better. */
  readonly b: string | readonly string[];
  /** Neither is. Left out: the judge has to choose. */
  readonly tie?: string | readonly string[] | undefined;
}

/** Options of {@link pairwiseJudge}. */
export interface PairwiseJudgeOptions<Input = unknown, Expected = unknown, Metadata = unknown>
  extends JudgeModelOptions, ReasoningOptions {
  /** By what the better answer is chosen, in plain words. Part of the convention (as a hash). */
  readonly rubric: string;
  /** The answer to compare with. @default `expected`, when it is one text */
  readonly opponent?: ((args: ScorerArguments<Input, Expected, Metadata>) => string | undefined) | undefined;
  /** What the verdicts are called. @default { a: 'A', b: 'B', tie: 'TIE' } */
  readonly verdicts?: PairVerdicts | undefined;
  /**
   * The judge gives both answers a score on this scale in place of a verdict: `8 9`, or a labelled line for each. The
   * higher one wins, equal ones are a tie. Not with `verdicts`, `verdictName`, `verdictPattern` or `format`.
   */
  readonly scores?: RatingScale | undefined;
  /** Names of the field that holds the verdict; the judge is asked for the first. @default 'VERDICT' */
  readonly verdictName?: string | readonly string[] | undefined;
  /** Your own prompt. It must ask for the verdict in the form that `verdictPattern` finds. */
  readonly prompt?: ((parts: JudgePromptParts) => ModelInput) | undefined;
  /** Finds the verdict in place of everything else: the first group of the last match. @default none */
  readonly verdictPattern?: RegExp | undefined;
  /** As `format` of `judge`. @default 'text' */
  readonly format?: 'text' | 'json' | undefined;
  /** Names your own `prompt` in the convention; change it with the prompt. */
  readonly promptName?: string | undefined;
}

const isWords = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.length > 0 && value.every((word) => text(word) === undefined)
    : text(value) === undefined;

const verdictsCheck: OptionCheck = (value) => {
  const { a, b, tie, ...others } = (value ?? {}) as Partial<PairVerdicts>;
  const given = [a, b, ...(tie === undefined ? [] : [tie])];
  const words = given.flat();
  return given.every(isWords) && new Set(words).size === words.length && Object.keys(others).length === 0
    ? undefined
    : '{ a, b, tie } with a different word, or list of words, for each';
};

type Preference = 'output' | 'opponent' | 'tie';

/**
 * Lets a model choose between the answer and another one, in both orders: 1 when the answer wins both times, 0 when
 * it loses both times, 0.5 otherwise (a tie, or a judge that changes its mind with the order). When a verdict is
 * missing or not on the menu the pair is unscored; when a call fails the dimension errors.
 *
 * `metadata.first` (answer shown as A) and `metadata.second` (as B) hold each verdict (`A`, `B` or `TIE`, whatever the
 * judge calls them), the judge's whole reply and by which rule (`tier`) and where in it the verdict was found,
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
    verdicts: verdictsCheck,
    scores: ratingScaleCheck,
    verdictName: verdictNameCheck,
    format: oneOf('text', 'json'),
    reasoning: reasoningHandling,
    prompt: callable,
    verdictPattern: verdictPatternCheck,
    promptName: text,
  });
  requireOptions('pairwiseJudge', checked, ['client', 'rubric']);
  const besides = (['verdicts', 'verdictName', 'verdictPattern', 'format'] as const).find(
    (name) => checked[name] !== undefined,
  );
  if (checked.scores !== undefined && besides !== undefined) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected either \`scores\` or \`${besides}\` of pairwiseJudge, got both`,
    );
  }
  const menu = pairMenu(checked.verdicts ?? { a: 'A', b: 'B', tie: 'TIE' });
  const names = [checked.verdictName ?? 'VERDICT'].flat();
  const format = checked.format ?? 'text';
  const field = format === 'json' ? names[0]!.toLowerCase() : names[0]!;
  const prompt = checked.prompt ?? defaultPrompt;
  const { scores } = checked;
  const form: VerdictForm = { names, otherKeys: PAIR_KEYS, pattern: checked.verdictPattern };
  const read: ReadPair =
    scores === undefined
      ? (response) => pairVerdict(response, form, menu)
      : (response) => scoredVerdict(response, scores);
  const instruction =
    scores === undefined ? verdictInstruction(menu, field, format) : scoresInstruction(scores);
  const allWords = VERDICTS.flatMap((verdict) => wordsFor(menu, verdict));
  const caller = new JudgeCaller(
    checked,
    format === 'json' ? verdictSchema(field, { type: 'string', enum: allWords }) : undefined,
  );
  const convention = conventionText('pairwise-judge', {
    rubric: stableHash(checked.rubric).slice(0, 12),
    opponent: checked.opponent === undefined ? 'expected' : 'custom',
    verdicts: VERDICTS.map((verdict) => wordsFor(menu, verdict).join(','))
      .filter((listed) => listed !== '')
      .join('|'),
    prompt: checked.prompt === undefined ? 'default' : (checked.promptName ?? 'custom'),
    verdict: checked.verdictPattern === undefined ? undefined : String(checked.verdictPattern),
    name: checked.verdictName === undefined ? undefined : names.join(','),
    scores: scores === undefined ? undefined : `${scores.minimum}..${scores.maximum}`,
    format: format === 'json' ? format : undefined,
    model: checked.model,
    parameters: stableHash(checked.parameters ?? DEFAULT_PARAMETERS).slice(0, 12),
  });
  const scorer = defineScorer<Input, Expected, Metadata>(
    convention,
    '2',
    async (args) => {
      const opponent = checked.opponent === undefined ? singleText(args.expected) : checked.opponent(args);
      if (opponent === undefined) return { score: null, reason: 'the case has no answer to compare with' };
      const question = inputText(args.input);
      const ask = (a: string, b: string): Promise<ModelResponse> => {
        const material = fenceMaterial([
          { label: 'QUESTION', text: question },
          { label: 'ANSWER A', text: a },
          { label: 'ANSWER B', text: b },
        ]);
        const input = prompt({
          rubric: checked.rubric,
          material: material.text,
          fenceInstruction: fenceInstruction(material.fence),
          verdictInstruction: instruction,
        });
        return caller.ask(input, args.signal);
      };
      const replies = await Promise.all([ask(args.output, opponent), ask(opponent, args.output)]);
      return pairScore(replies, read);
    },
    checked,
  );
  return withCorpusMetric(withJudgeIdentity(scorer, checked.client), pairwiseCorpus);
}

const VERDICTS = ['A', 'B', 'TIE'] as const;

type PairVerdict = (typeof VERDICTS)[number];

/** What each word of the judge says. */
type PairMenu = ReadonlyMap<string, PairVerdict>;

function pairMenu({ a, b, tie = [] }: PairVerdicts): PairMenu {
  const entries = (words: string | readonly string[], verdict: PairVerdict) =>
    [words].flat().map((word): [string, PairVerdict] => [word, verdict]);
  return new Map([...entries(a, 'A'), ...entries(b, 'B'), ...entries(tie, 'TIE')]);
}

const wordsFor = (menu: PairMenu, verdict: PairVerdict): string[] =>
  [...menu].filter(([, said]) => said === verdict).map(([word]) => word);

/** Other keys of a JSON reply. */
const PAIR_KEYS = ['preference', 'winner', 'better', 'choice', 'decision', 'judgement', 'judgment'];

type PairRead = VerdictRead<PairVerdict> & { readonly scores?: readonly [number, number] };
type ReadPair = (response: ModelResponse) => PairRead;

function pairVerdict(response: ModelResponse, form: VerdictForm, menu: PairMenu): PairRead {
  const said = readVerdict(response, form, itemOf([...menu.keys()]));
  return said.ok ? { ...said, value: menu.get(said.value)! } : said;
}

function scoredVerdict(response: ModelResponse, { minimum, maximum }: RatingScale): PairRead {
  const said = readScorePair(response, minimum, maximum);
  if (!said.ok) return said;
  const [first, second] = said.value;
  return { ...said, value: first > second ? 'A' : first < second ? 'B' : 'TIE', scores: said.value };
}

function verdictInstruction(menu: PairMenu, field: string, format: 'text' | 'json'): string {
  const firstWords = VERDICTS.flatMap((verdict) => wordsFor(menu, verdict).slice(0, 1));
  const asked = `${firstWords.slice(0, -1).join(', ')} or ${firstWords.at(-1)} as the verdict`;
  return format === 'json'
    ? `Reply with one JSON object and nothing else: first \`"reasoning"\`, your reasons in brief, then \`"${field}"\`, with ${asked}.`
    : `End with one line of exactly this form, with ${asked}:\n${field}: <verdict>`;
}

const scoresInstruction = ({ minimum, maximum }: RatingScale): string =>
  `End with one line that holds two numbers from ${minimum} (worst) to ${maximum} (best) and nothing else: the score of ` +
  'ANSWER A, a space, the score of ANSWER B.';

function pairScore([firstReply, secondReply]: readonly [ModelResponse, ModelResponse], read: ReadPair) {
  const first = read(firstReply);
  const second = read(secondReply);
  const metadata = {
    first: readOf(first, firstReply),
    second: readOf(second, secondReply),
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

const readOf = (read: PairRead, { text: reply }: ModelResponse) => ({
  verdict: read.ok ? read.value : null,
  ...(read.ok ? { tier: read.tier, start: read.start, end: read.end } : {}),
  ...(read.scores === undefined ? {} : { scores: read.scores }),
  text: reply,
});

const UNPARSED = Object.freeze([0, 0, 0, 0, 0, 0, 0, 0, 1]);

const preferenceOf = (verdict: PairVerdict, own: 'A' | 'B'): Preference =>
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

const defaultPrompt = (parts: JudgePromptParts): readonly ChatMessage[] => [
  {
    role: 'system',
    content:
      'You compare two answers to a question and say which is better by a rubric. Their order and their length ' +
      `mean nothing.\n\n${parts.fenceInstruction}\n\nRubric:\n${parts.rubric}\n\n` +
      `Reason briefly first. ${parts.verdictInstruction}`,
  },
  {
    role: 'user',
    content: `${parts.material}\n\nWhich answer is better by the rubric? ${parts.verdictInstruction}`,
  },
];
