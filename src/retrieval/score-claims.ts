import type { Score } from '../evaluation/evaluation-types.js';
import type { JudgeMaterial } from '../scorers/judges/judge-material.js';
import type { ClaimJudge, JudgedClaim, Read } from './claim-judge.js';

/** What is judged. */
export interface ClaimsToJudge {
  /** The claims, or the text that they are to be found in and what it is about. */
  readonly from: readonly string[] | { readonly text: string; readonly about: string };
  /** What each claim is held against; nothing: no claim holds, and nobody is asked. */
  readonly against: readonly JudgeMaterial[];
  readonly maxClaims: number;
  /** What holds for good claims: `supported by the passages`. */
  readonly holds: string;
}

const SHOWN = 20;

/**
 * The share of claims that hold. Unscored with the reason where there is no claim, and where the judge's replies cannot be
 * read; each claim is kept with its verdict and evidence.
 */
export async function scoreClaims(judge: ClaimJudge, options: ClaimsToJudge): Promise<Score> {
  const { from, against, maxClaims, holds } = options;
  const all: Read<readonly string[]> =
    'text' in from ? await judge.claimsIn(from.text, from.about) : { ok: true, value: from };
  const unscored = (reason: string): Score => ({ score: null, reason, metadata: { judge: judge.usage } });
  if (!all.ok) return unscored(all.reason);
  if (all.value.length === 0) return unscored('there is no claim to judge');
  const claims = all.value.slice(0, maxClaims);
  const judged: Read<readonly JudgedClaim[]> =
    against.length === 0
      ? { ok: true, value: claims.map((claim) => ({ claim, holds: false, evidence: '', quoted: false })) }
      : await judge.verdictsOn(claims, against);
  if (!judged.ok) return unscored(judged.reason);
  const good = judged.value.filter((each) => each.holds);
  const bad = judged.value.filter((each) => !each.holds);
  const leftOut = all.value.length - claims.length;
  return {
    score: good.length / claims.length,
    reason: `${good.length} of ${claims.length} claims are ${holds}`,
    evidence: bad.slice(0, SHOWN).map(({ claim }) => `not ${holds}: ${claim}`),
    metadata: { claims: judged.value, ...(leftOut === 0 ? {} : { leftOut }), judge: judge.usage },
  };
}
