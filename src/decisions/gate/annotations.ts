import { plainText } from '../../foundation/plain-text.js';
import { checkName } from './format-gate.js';
import type { GateCheck, GateVerdictData } from './gate-verdict.js';

const MOST = 10; // that GitHub shows of a step

const LEVELS = { 'not-comparable': 'error', fail: 'error', undecided: 'warning', pass: undefined } as const;

/**
 * The checks that are not met as GitHub's workflow commands, a line each; print them to standard output and they stand
 * at the pull request. At most 10, as GitHub shows no more of a step; errors come first, and the last one counts the
 * rest. Empty for a verdict that passes.
 */
export function formatAnnotations(verdict: GateVerdictData): string {
  const open = verdict.checks.filter(({ outcome }) => outcome !== 'pass').sort((a, b) => rank(a) - rank(b));
  const shown = open.length > MOST ? open.slice(0, MOST - 1) : open;
  const lines = shown.map((check) => {
    const level =
      check.outcome === 'undecided' && verdict.undecided === 'fail' ? 'error' : LEVELS[check.outcome];
    return `::${level} title=${property(`${check.outcome}: ${checkName(check)}`)}::${data(plainText(check.reason))}`;
  });
  if (shown.length < open.length)
    lines.push(`::warning title=assaykit::${open.length - shown.length} more checks are not met`);
  return lines.join('\n');
}

const rank = ({ outcome }: GateCheck): number => (LEVELS[outcome] === 'error' ? 0 : 1);

const data = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
