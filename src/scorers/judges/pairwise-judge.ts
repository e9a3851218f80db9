import { AssayError } from '../../errors.js';
import type { ChatMessage, ModelResponse } from '../../client/model-client.js';
import { withCorpusMetric, type CorpusMetric, type CorpusScorer } from '../../evaluation/corpus-metric.js';
import type { ScorerArguments } from '../../evaluation/evaluation-types.js';
import { callable, checkOptions, requireOptions, text, type OptionCheck } from '../../foundation/options.js';
import { givenAtOnce } from '../../foundation/thenable.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import { acceptedTexts, type TextReference } from '../text-reference.js';
import { usageOf, withJudgeIdentity } from './judge-call.js';
import { inputText } from './judge-material.js';
import {
  ratingScaleCheck,
  RubricJudge,
  rubricChecks,
  type AskedVerdict,
  type JudgePromptParts,
  type RatingScale,
  type RubricOptions,
} from './rubric-judge.js';
import { readScorePair } from './score-pair.js';
import { itemOf, readVerdict, type VerdictRead, type VerdictForm } from './verdict.js';

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
export interface PairwiseJudgeOptions<
  Input = unknown,
  Expected = unknown,
  Metadata = unknown,
> extends RubricOptions {
  /** The answer to compare with. @default `expected`, when it is one text */
  readonly opponent?: ((args: ScorerArguments<Input, Expected, Metadata>) => string | undefined) | undefined;
  /** What the verdicts are called. @default { a: 'A', b: 'B', tie: 'TIE' } */
  readonly verdicts?: PairVerdicts | undefined;
  /**
   * The judge gives both answers a score on this scale in place of a verdict: `8 9`, or a labelled line for each. The
   * higher one wins, equal ones are a tie. Not with `verdicts`, `verdictName`, `verdictPattern` or `format`.
   */
  readonly scores?: RatingScale | undefined;
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
    ...rubricChecks,
    opponent: callable,
    verdicts: verdictsCheck,
    scores: ratingScaleCheck,
  });
  requireOptions('pairwiseJudge', checked, ['client', 'rubric']);
  const { scores } = checked;
  if (scores !== undefined) refuseBesideScores(checked);
  const menu = pairMenu(checked.verdicts ?? { a: 'A', b: 'B', tie: 'TIE' });
  const asked = new RubricJudge(checked, { verdict: askedVerdict(menu, scores), defaultPrompt });
  const read: ReadPair =
    scores === undefined
      ? (response) => pairVerdict(response, asked.form, menu)
      : (response) => scoredVerdict(response, scores);
  const { rubric, prompt } = asked.rubricConvention;
  const convention = conventionText('pairwise-judge', {
    rubric,
    opponent: checked.opponent === undefined ? 'expected' : 'custom',
    verdicts: VERDICTS.map((verdict) => wordsFor(menu, verdict).join(','))
      .filter((listed) => listed !== '')
      .join('|'),
    prompt,
    ...asked.convention,
    scores: scores === undefined ? undefined : `${scores.minimum}..${scores.maximum}`,
    ...asked.modelConvention,
  });
  const scorer = defineScorer<Input, Expected, Metadata>(
    { convention, version: '2' },
    async (args) => {
      const opponent =
        checked.opponent === undefined
          ? singleText(args.expected)
          : givenAtOnce('`opponent`', checked.opponent(args));
      if (opponent === undefined) return { score: null, reason: 'the case has no answer to compare with' };
      const question = { label: 'QUESTION', text: inputText(args.input) };
      const ask = (a: string, b: string): Promise<ModelResponse> =>
        asked.ask([question, { label: 'ANSWER A', text: a }, { label: 'ANSWER B', text: b }], args.signal);
      const replies = await Promise.all([ask(args.output, opponent), ask(opponent, args.output)]);
      return pairScore(replies, read);
    },
    checked,
  );
  return withCorpusMetric(withJudgeIdentity(scorer, checked.client), pairwiseCorpus);
}

function refuseBesideScores(options: Readonly<Record<string, unknown>>): void {
  const besides = ['verdicts', 'verdictName', 'verdictPattern', 'format'].find(
    (name) => options[name] !== undefined,
  );
  if (besides === undefined) return;
  throw new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected either \`scores\` or \`${besides}\` of pairwiseJudge, got both`,
  );
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
  const said = readVerdict(response, { form, accept: itemOf([...menu.keys()]) });
  return said.ok ? { ...said, value: menu.get(said.value)! } : said;
}

function scoredVerdict(response: ModelResponse, { minimum, maximum }: RatingScale): PairRead {
  const said = readScorePair(response, minimum, maximum);
  if (!said.ok) return said;
  const [first, second] = said.value;
  return { ...said, value: first > second ? 'A' : first < second ? 'B' : 'TIE', scores: said.value };
}

function askedVerdict(menu: PairMenu, scores: RatingScale | undefined): AskedVerdict {
  const firstWords = VERDICTS.flatMap((verdict) => wordsFor(menu, verdict).slice(0, 1));
  return {
    keyword: 'VERDICT',
    otherKeys: PAIR_KEYS,
    asked: `${firstWords.slice(0, -1).join(', ')} or ${firstWords.at(-1)} as the verdict`,
    schema: { type: 'string', enum: VERDICTS.flatMap((verdict) => wordsFor(menu, verdict)) },
    placeholder: 'verdict',
    ...(scores === undefined ? {} : { instruction: scoresInstruction(scores) }),
  };
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
