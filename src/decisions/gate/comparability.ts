import { errorsAreUnequal } from '../paired/unequal-errors.js';
import type { CaseFacts, RunScores } from './run-scores.js';

/** Cases of two runs, matched. */
export interface MatchedCases {
  /** Positions in both runs. */
  readonly pairs: readonly (readonly [run: number, baseline: number])[];
  /** Why the runs cannot be compared, a line each. */
  readonly differences: readonly string[];
}

const LISTED = 5;

/**
 * Matches the cases of two runs and says why they must not be compared: other cases or cases that were changed, other
 * evaluators or conventions, errors on one side much more often than on the other.
 */
export function matchCases(
  run: RunScores,
  baseline: RunScores,
  options: {
    /** Whether cases that only one side has are a reason. */
    readonly unmatched: 'refuse' | 'ignore';
  },
): MatchedCases {
  const pairs: (readonly [number, number])[] = [];
  const onlyInRun: string[] = [];
  const changed: string[] = [];
  for (const [position, facts] of run.cases.entries()) {
    const other = baseline.positionOf(facts.caseId);
    if (other === undefined) {
      onlyInRun.push(facts.caseId);
      continue;
    }
    pairs.push([position, other]);
    const { contentHash } = baseline.cases[other] as CaseFacts;
    if (contentHash !== undefined && facts.contentHash !== undefined && contentHash !== facts.contentHash) {
      changed.push(facts.caseId);
    }
  }
  const onlyInBaseline = baseline.cases
    .filter(({ caseId }) => run.positionOf(caseId) === undefined)
    .map(({ caseId }) => caseId);
  const differences: string[] = [];
  if (options.unmatched === 'refuse') {
    if (onlyInRun.length > 0) differences.push(`cases that only the run has: ${listed(onlyInRun)}`);
    if (onlyInBaseline.length > 0)
      differences.push(`cases that only the baseline has: ${listed(onlyInBaseline)}`);
  }
  if (pairs.length === 0) differences.push('no case that both runs have');
  if (changed.length > 0) differences.push(`cases whose content has changed: ${listed(changed)}`);
  differences.push(...measuredDifferently(run, baseline), ...unequalErrors(run, baseline, pairs));
  return { pairs, differences };
}

function measuredDifferently(run: RunScores, baseline: RunScores): string[] {
  const found: string[] = [];
  const compare = (what: string, ofRun: string | undefined, ofBaseline: string | undefined): void => {
    if (ofRun !== ofBaseline)
      found.push(`${what}: ${ofRun ?? 'none'} in the run, ${ofBaseline ?? 'none'} in the baseline`);
  };
  const names = (of: ReadonlySet<string>): string => [...of].sort().join(', ');
  if (run.evaluators.size > 0 && baseline.evaluators.size > 0) {
    compare('evaluator', names(run.evaluators), names(baseline.evaluators));
  }
  const [a, b] = [run.manifest, baseline.manifest];
  if (a === undefined || b === undefined) {
    if (found.length === 0 && run.evaluators.size > 0 && baseline.evaluators.size > 0) {
      compare(
        'hash of conventions and configuration',
        names(run.scoringHashes),
        names(baseline.scoringHashes),
      );
    }
    return found;
  }
  for (const dimension of new Set([...Object.keys(a.conventions), ...Object.keys(b.conventions)])) {
    compare(`convention of ${dimension}`, a.conventions[dimension], b.conventions[dimension]);
  }
  // The hash covers the rest of the configuration; where something readable differs too, that says it better.
  if (found.length === 0) compare('configuration hash', a.configurationHash, b.configurationHash);
  return found;
}

function unequalErrors(run: RunScores, baseline: RunScores, pairs: MatchedCases['pairs']): string[] {
  const failed = ({ errored, answered }: CaseFacts): boolean => errored > 0 && answered === 0;
  const errored: [number, number] = [0, 0];
  const alone: [number, number] = [0, 0];
  for (const [position, other] of pairs) {
    const here = failed(run.cases[position] as CaseFacts);
    const there = failed(baseline.cases[other] as CaseFacts);
    if (here) errored[0]++;
    if (there) errored[1]++;
    if (here && !there) alone[0]++;
    if (there && !here) alone[1]++;
  }
  if (!errorsAreUnequal({ cases: pairs.length, errored, alone })) return [];
  return [
    `error rates: ${errored[0]} of ${pairs.length} cases errored in the run, ${errored[1]} in the baseline`,
  ];
}

function listed(ids: readonly string[]): string {
  const shown = [...ids]
    .sort()
    .slice(0, LISTED)
    .map((id) => JSON.stringify(id.length > 60 ? `${id.slice(0, 57)}...` : id));
  return `${ids.length} (${shown.join(', ')}${ids.length > LISTED ? ', ...' : ''})`;
}
