import { InputError } from '../errors.js';
import type { Scorer, ScorerArguments, ScorerResult } from '../evaluation/evaluation-types.js';
import { callable, checkArgument, checkOptions, requireOptions, show, text } from '../foundation/options.js';
import { isThenable } from '../foundation/thenable.js';
import { reasoningConvention, visibleOutput, type ReasoningOptions } from './visible-output.js';

/**
 * Gives a scoring function its convention (the rule with every option that changes a score) and the version of the
 * rule. Both are stored with a run, and runs whose conventions differ refuse to be compared.
 *
 * The function sees the answer without the reasoning that stands in it (`options.reasoning`); an answer that is
 * nothing but reasoning is unscored before it is asked. The scorer throws `ASSAY_INVALID_CASE` when it is called with
 * an `output` that is no text.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for a rule without a name or version, or without a function.
 * @example
 * const polite = defineScorer({ convention: 'polite(words=please)', version: '1' }, ({ output }) =>
 *   output.includes('please'),
 * );
 */
export function defineScorer<Input = unknown, Expected = unknown, Metadata = unknown>(
  rule: {
    /** The rule, with every option that changes a score. */
    readonly convention: string;
    /** Version of the rule; another one where a score may change. */
    readonly version: string;
  },
  score: (args: ScorerArguments<Input, Expected, Metadata>) => ScorerResult | Promise<ScorerResult>,
  options: ReasoningOptions & {
    /** Whether an answer that is an object is scored by its JSON. @default false */
    readonly takesJson?: boolean;
  } = {},
): Scorer<Input, Expected, Metadata> & {
  /** The rule with every option that changes a score, as given. */
  readonly convention: string;
  /** Version of the rule, as given. */
  readonly version: string;
} {
  const { convention, version } = checkOptions('defineScorer', rule, { convention: text, version: text });
  requireOptions('defineScorer', rule, ['convention', 'version']);
  checkArgument(score, callable, ' that scores');
  const visible = visibleOutput(options);
  const reasoning = reasoningConvention(options);
  const ask = (args: ScorerArguments<Input, Expected, Metadata>): ScorerResult | Promise<ScorerResult> => {
    const { output } = args;
    if (typeof output !== 'string') {
      if (options.takesJson === true && output !== undefined)
        return placedBy(() => -1, score(withOutput(args, JSON.stringify(output))));
      throw new InputError('ASSAY_INVALID_CASE', `Expected \`output\` to be a text, got ${show(output)}`);
    }
    const seen = visible(output, args.response?.reasoning);
    if (!('text' in seen)) return { score: null, reason: seen.reason };
    return seen.text === output ? score(args) : placedBy(seen.placeOf, score(withOutput(args, seen.text)));
  };
  return Object.assign(ask, {
    convention: reasoning === undefined ? convention : `${convention}+reasoning=${reasoning}`,
    version,
  });
}

type PlaceOf = (index: number) => number;

/** A result with its evidence where it stands in the output; what does not stand there (-1) keeps its text alone. */
function placedBy(
  placeOf: PlaceOf,
  result: ScorerResult | Promise<ScorerResult>,
): ScorerResult | Promise<ScorerResult> {
  if (isThenable(result)) return Promise.resolve(result).then((said) => placedBy(placeOf, said));
  if (typeof result !== 'object' || result?.evidence === undefined) return result;
  const evidence = result.evidence.map((item) => {
    if (typeof item === 'string') return item;
    const start = placeOf(item.start);
    return start < 0 ? item.text : { ...item, start, end: Math.max(start, placeOf(item.end - 1) + 1) };
  });
  return { ...result, evidence };
}

/** The same arguments with another output; `signal` is still made when it is first read. */
const withOutput = <Input, Expected, Metadata>(
  args: ScorerArguments<Input, Expected, Metadata>,
  output: string,
): ScorerArguments<Input, Expected, Metadata> => ({
  input: args.input,
  output,
  expected: args.expected,
  metadata: args.metadata,
  response: args.response,
  get signal() {
    return args.signal;
  },
});

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
