import type { AnyOutputScorer, ScorerArguments } from '../evaluation/evaluation-types.js';
import { checkOptions, integer, oneOf, requireOptions } from '../foundation/options.js';
import { conventionText } from '../scorers/define-scorer.js';
import { responseScorer } from '../scorers/response-scorer.js';
import { trajectoryOf } from './known-calls.js';

/** Options of {@link stepCount}. */
export interface StepCountOptions {
  /** Most steps that are good, >= 0. */
  readonly max: number;
  /**
   * What a step is: a call of a tool, or a turn of the model (`metadata.turns` of the answer, as `runTools` and the readers
   * of other frameworks' steps give it).
   * @default 'calls'
   */
  readonly of?: 'calls' | 'turns' | undefined;
}

/**
 * 1 when an answer took at most `max` steps, else 0; `metadata.steps` is their number. Unscored where the target does not
 * tell it.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function stepCount(options: StepCountOptions): AnyOutputScorer {
  const checked = checkOptions<StepCountOptions>('stepCount', options, {
    max: integer(0),
    of: oneOf('calls', 'turns'),
  });
  requireOptions('stepCount', checked, ['max']);
  const { max, of = 'calls' } = checked;
  return responseScorer({ convention: conventionText('step-count', { max, of }), version: '1' }, (args) => {
    const steps = of === 'calls' ? callsMade(args) : turnsTold(args);
    if (typeof steps === 'object') return { score: null, reason: steps.reason };
    if (steps <= max) return { score: 1, metadata: { steps } };
    return { score: 0, reason: `${steps} ${of}, more than ${max}`, metadata: { steps } };
  });
}

interface Unknown {
  readonly reason: string;
}

function callsMade(args: Pick<ScorerArguments, 'response'>): number | Unknown {
  const calls = trajectoryOf(args);
  return 'reason' in calls ? calls : calls.length;
}

function turnsTold({ response }: Pick<ScorerArguments, 'response'>): number | Unknown {
  const turns = response.metadata?.['turns'];
  if (typeof turns === 'number') return turns;
  return { reason: 'the target did not tell its turns: let it return `metadata.turns`' };
}
