import { AssayError } from '../../errors.js';
import { formatGate } from './format-gate.js';
import type { GateVerdictData } from './gate-verdict.js';

/** A gate was not passed. */
export class GateError extends AssayError {
  /** What came of the gate. */
  readonly verdict: GateVerdictData;

  constructor(verdict: GateVerdictData) {
    super('ASSAY_GATE_NOT_PASSED', formatGate(verdict));
    this.verdict = verdict;
  }
}

/**
 * Throws unless a verdict lets the change through: for `node:test`, and any runner without matchers. An undecided
 * verdict throws where the gate was made with `undecided: 'fail'`.
 *
 * @throws GateError `ASSAY_GATE_NOT_PASSED`, whose message says each check.
 *
 * @example
 * test('answers are no worse than on main', async () => {
 *   assertGate(await gate({ run, baseline, require: { accuracy: { noWorse: true } } }));
 * });
 */
export function assertGate(verdict: GateVerdictData): void {
  if (verdict.exitCode !== 0) throw new GateError(verdict);
}
