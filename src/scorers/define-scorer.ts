import { InputError } from '../errors.js';
import type { Scorer, ScorerArguments, ScorerResult } from '../evaluation/evaluation-types.js';
import { show } from '../foundation/options.js';

/**
 * Gives a scoring function its convention (the rule with every option that changes a score) and the version of the
 * rule. Both are stored with a run, and runs whose conventions differ refuse to be compared.
 *
 * The scorer throws `ASSAY_INVALID_CASE` when it is called with an `output` that is no text.
 *
 * @example
 * const polite = defineScorer('polite(words=please)', '1', ({ output }) => output.includes('please'));
 */
export function defineScorer<Input = unknown, Expected = unknown, Metadata = unknown>(
  convention: string,
  version: string,
  score: (args: ScorerArguments<Input, Expected, Metadata>) => ScorerResult | Promise<ScorerResult>,
): Scorer<Input, Expected, Metadata> & {
  /** The rule with every option that changes a score, as given. */
  readonly convention: string;
  /** Version of the rule, as given. */
  readonly version: string;
} {
  return Object.assign(
    (args: ScorerArguments<Input, Expected, Metadata>): ScorerResult | Promise<ScorerResult> => {
      if (typeof args.output === 'string') return score(args);
      throw new InputError(
        'ASSAY_INVALID_CASE',
        `Expected \`output\` to be a text, got ${show(args.output)}`,
      );
    },
    { convention, version },
  );
}

/**
 * The text of a convention: `name(option=value,…)` with the options in the given order. Give every option that
 * changes a score, defaults too, so that a changed default shows. `undefined` members are left out.
 */
export function conventionText(
  name: string,
  options: Readonly<Record<string, string | number | boolean | undefined>> = {},
): string {
  const parts = Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([option, value]) => `${option}=${typeof value === 'boolean' ? (value ? 'yes' : 'no') : value}`);
  return parts.length === 0 ? name : `${name}(${parts.join(',')})`;
}
