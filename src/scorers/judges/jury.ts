import { stableHash } from '../../foundation/stable-hash.js';
import { AssayError } from '../../errors.js';
import type { DimensionResult, Score, Scorer } from '../../evaluation/evaluation-types.js';
import { callable, checkOptions, integer, object, oneOf } from '../../foundation/options.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import { dimensionResult, erroredResult } from '../../evaluation/dimension-result.js';
import { judgeUsageOf, sumUsage } from '../../evaluation/judge-usage.js';

/** Options of {@link jury}. */
export interface JuryOptions<Input = unknown, Expected = unknown, Metadata = unknown> {
  /** The members by name: judges with different models or rubrics, or any scorers. At least two. */
  readonly members: Readonly<Record<string, Scorer<Input, Expected, Metadata>>>;
  /**
   * How votes become one score. `majority` takes the vote (label, or else score) that most members gave; `mean` and
   * `median` take the scores. @default 'majority'
   */
  readonly rule?: 'majority' | 'mean' | 'median' | undefined;
  /** What a majority without a winner becomes. @default 'unscored' */
  readonly ties?: 'unscored' | 'mean' | undefined;
  /** Fewest votes for a score, at most as many as members; with fewer the answer is unscored. @default more than half */
  readonly quorum?: number | undefined;
}

/** One member's vote, as it stands in `metadata.votes`. */
export interface JuryVote {
  /** The member's name. */
  readonly member: string;
  /** Only `scored` counts as a vote. */
  readonly outcome: DimensionResult['outcome'];
  /** 0..1, or `null` without a vote. */
  readonly score: number | null;
  /** The verdict, where the member gave one. */
  readonly label?: string;
  /** Why there is no vote, or what the member said of it. */
  readonly reason?: string;
  /** What the member kept, its raw reply included. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/**
 * Asks several scorers and makes one score of their votes. Members run side by side; one that fails or has no score
 * gives no vote. Without a quorum, and on a tie, the answer is unscored with the count of votes as reason; when every
 * member errored the dimension errors with the first error.
 *
 * `metadata` holds the votes with the members' own metadata, `agreement` (the share of votes for the winner) and
 * `judge` (what all members cost together). For Krippendorff's alpha over a run collect {@link juryVotes}.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function jury<Input = unknown, Expected = unknown, Metadata = unknown>(
  options: JuryOptions<Input, Expected, Metadata>,
): Scorer<Input, Expected, Metadata> {
  const checked = checkOptions('jury', options, {
    members: object,
    rule: oneOf('majority', 'mean', 'median'),
    ties: oneOf('unscored', 'mean'),
    quorum: integer(1),
  });
  const members = Object.entries(checked.members ?? {});
  if (members.length < 2) {
    throw new AssayError('ASSAY_INVALID_OPTION', 'Expected `members` of jury to hold at least two scorers');
  }
  checkOptions(
    '`members` of jury',
    checked.members,
    Object.fromEntries(members.map(([name]) => [name, callable])),
  );
  checkOptions('jury', { quorum: checked.quorum }, { quorum: integer(1, members.length) });
  const rule = checked.rule ?? 'majority';
  const ties = checked.ties ?? 'unscored';
  const quorum = checked.quorum ?? Math.floor(members.length / 2) + 1;
  const convention = conventionText('jury', {
    rule,
    ties: rule === 'majority' ? ties : undefined,
    quorum,
    members: members
      .map(([name, { convention: own, version }]) => `${name}:${own ?? 'custom'}@${version ?? '?'}`)
      .join('|'),
  });
  const scorer = defineScorer<Input, Expected, Metadata>({ convention, version: '1' }, async (args) => {
    const results = await Promise.all(
      members.map(async ([name, member]) => {
        try {
          return dimensionResult(name, await member(args), 0);
        } catch (error) {
          return erroredResult(name, error, 0);
        }
      }),
    );
    return sentence(results, { rule, ties, quorum });
  });
  const identities = members.map(([, { cacheIdentity = null }]) => cacheIdentity);
  return identities.every((identity) => identity === null)
    ? scorer
    : Object.assign(scorer, { cacheIdentity: stableHash(identities) });
}

/**
 * The votes of a jury's dimension in the order of its members: the label, or else the score; `null` where a member
 * gave none. One row of the table that Krippendorff's alpha takes.
 */
export function juryVotes(dimension: Pick<DimensionResult, 'metadata'>): (string | number | null)[] {
  const votes = (dimension.metadata?.['votes'] ?? []) as readonly JuryVote[];
  return votes.map(({ label, score }) => (score === null ? null : (label ?? score)));
}

interface Rules {
  readonly rule: 'majority' | 'mean' | 'median';
  readonly ties: 'unscored' | 'mean';
  readonly quorum: number;
}

/** What the members' results come to. */
function sentence(results: readonly DimensionResult[], { rule, ties, quorum }: Rules): Score {
  const failure = results[0]!.error;
  if (failure !== undefined && results.every(({ outcome }) => outcome === 'errored')) {
    throw new AssayError(failure.code, `Every member of the jury failed: ${failure.message}`, {
      retryable: failure.retryable,
    });
  }
  const usages = results.map(judgeUsageOf).filter((usage) => usage !== undefined);
  const votes = results.filter((result) => result.score !== null) as (DimensionResult & {
    score: number;
  })[];
  const decided = votes.length < quorum ? noQuorum(votes.length, quorum) : decide(votes, rule, ties);
  return {
    ...decided,
    metadata: {
      ...decided.metadata,
      votes: results.map(voteOf),
      ...(usages.length === 0 ? {} : { judge: sumUsage(usages) }),
    },
  };
}

const noQuorum = (votes: number, quorum: number): Score => ({
  score: null,
  reason: `${votes} of the ${quorum} votes that are needed`,
});

function decide(
  votes: readonly (DimensionResult & { score: number })[],
  rule: Rules['rule'],
  ties: Rules['ties'],
): Score {
  const scores = votes.map(({ score }) => score);
  if (rule === 'mean') return { score: meanOf(scores) };
  if (rule === 'median') return { score: medianOf(scores) };
  const camps = new Map<string | number, number[]>();
  for (const { label, score } of votes) {
    const vote = label ?? score;
    const camp = camps.get(vote);
    if (camp === undefined) camps.set(vote, [score]);
    else camp.push(score);
  }
  const ranked = [...camps].sort(([, a], [, b]) => b.length - a.length);
  const [winner, winners] = ranked[0]!;
  const agreement = winners.length / votes.length;
  if (ranked[1] === undefined || ranked[1][1].length < winners.length) {
    return { score: meanOf(winners), label: String(winner), metadata: { agreement } };
  }
  const counts = ranked.map(([vote, camp]) => `${vote} ${camp.length}`).join(', ');
  return {
    score: ties === 'mean' ? meanOf(scores) : null,
    reason: `the votes are tied: ${counts}`,
    metadata: { agreement },
  };
}

/** The mean; of equal scores that score itself, which a rounded sum need not give. */
const meanOf = (scores: readonly number[]): number =>
  scores.every((score) => score === scores[0])
    ? scores[0]!
    : scores.reduce((sum, score) => sum + score, 0) / scores.length;

function medianOf(scores: readonly number[]): number {
  const sorted = [...scores].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function voteOf({ name, outcome, score, label, reason, error, metadata }: DimensionResult): JuryVote {
  const why = error?.message ?? reason;
  return {
    member: name,
    outcome,
    score,
    ...(label === undefined ? {} : { label }),
    ...(why === undefined ? {} : { reason: why }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}
