import type { Requirement } from './gate-options.js';
import type { GateCheck } from './gate-verdict.js';

/** Scores of the cases that a requirement is about. */
export interface ScoreSample {
  /** A score (or a difference of two) for each case. */
  readonly values: readonly number[];
  /** The cluster of each case; `null` when cases are independent. */
  readonly clusters: readonly string[] | null;
}

/** A check before Holm's correction: its outcome is still to be said. */
export interface TestedCheck extends Omit<GateCheck, 'outcome' | 'reason' | 'adjustedP'> {
  /** Whether the requirement is met. */
  readonly met: boolean;
  /** Set when the check cannot be decided or made, whatever its p-value. */
  readonly verdict?: { readonly outcome: 'undecided' | 'not-comparable'; readonly reason: string };
}

/** What a check starts from. */
export function blankCheck(requirement: Requirement): TestedCheck {
  const { metric, group, slice, kind, asked } = requirement;
  return {
    metric,
    group,
    slice,
    kind,
    asked,
    value: null,
    baseline: null,
    interval: null,
    method: 'none',
    n: 0,
    clusters: null,
    degreesOfFreedom: null,
    discordant: null,
    p: null,
    detectable: null,
    casesNeeded: null,
    met: false,
  };
}

/** A check that says from the start why it cannot be decided. */
export function openCheck(
  requirement: Requirement,
  { outcome, reason }: { readonly outcome: 'undecided' | 'not-comparable'; readonly reason: string },
): TestedCheck {
  return { ...blankCheck(requirement), verdict: { outcome, reason } };
}

/** A check of a score that no case has: nothing was measured, which is no pass and no shortage of cases either. */
export function unscoredCheck(
  requirement: Requirement,
  { results, errored }: { readonly results: number; readonly errored: number },
): TestedCheck {
  const errors = errored === 0 ? '' : `: ${errored} of ${results} results errored`;
  return openCheck(requirement, { outcome: 'not-comparable', reason: `no case has this score${errors}` });
}

/** Degrees of freedom below which a clustered error says too little. */
export const FEWEST_DEGREES = 4;

/** Why clusters are too few. */
export const tooFewClusters = (clusters: number, degreesOfFreedom: number | null): string =>
  `too few clusters: ${clusters}` +
  (degreesOfFreedom === null
    ? ''
    : `, ${degreesOfFreedom.toFixed(1)} degrees of freedom where ${FEWEST_DEGREES} are needed`);
