import { AssayError } from '../errors.js';
import { callable, checkOptions, milliseconds, number, unknownOption } from '../foundation/options.js';
import type { Aggregate, AggregateName } from './aggregate.js';
import type { Scorer } from './evaluation-types.js';

/** A dimension with settings of its own. */
export interface DimensionOptions<Input = unknown, Expected = unknown, Metadata = unknown, Output = string> {
  /** Measures the dimension. */
  readonly scorer: Scorer<Input, Expected, Metadata, Output>;
  /** Share of the overall score, >= 0; 0 reports the dimension without counting it. @default 1 */
  readonly weight?: number | undefined;
  /** Time for this dimension, milliseconds. @default the evaluator's `dimensionTimeoutMs` */
  readonly timeoutMs?: number | undefined;
}

/** The error of a bad option. */
export const invalid = (message: string): AssayError => new AssayError('ASSAY_INVALID_OPTION', message);

/** A dimension's scorer with its settings, from either form. */
export function dimensionSettings<Input, Expected, Metadata, Output>(
  name: string,
  given:
    | Scorer<Input, Expected, Metadata, Output>
    | DimensionOptions<Input, Expected, Metadata, Output>
    | undefined,
): DimensionOptions<Input, Expected, Metadata, Output> {
  if (typeof given === 'function') return { scorer: given };
  const settings = checkOptions<DimensionOptions<Input, Expected, Metadata, Output>>(
    `dimension \`${name}\``,
    given ?? ({} as DimensionOptions<Input, Expected, Metadata, Output>),
    { scorer: callable, weight: number(0), timeoutMs: milliseconds },
  );
  if (settings.scorer === undefined) throw invalid(`Expected dimension \`${name}\` to have a scorer`);
  return settings;
}

/** The weight of each dimension, from both places where it may be given. */
export function weightsOf(
  names: readonly string[],
  {
    settings,
    weights = {},
  }: {
    readonly settings: readonly { readonly weight?: number | undefined }[];
    readonly weights?: Readonly<Record<string, number | undefined>> | undefined;
  },
): number[] {
  for (const [name, weight] of Object.entries(weights)) {
    const index = names.indexOf(name);
    if (index < 0) throw unknownOption('`weights` of createEvaluator', name, names);
    if (weight === undefined) continue;
    checkOptions('`weights` of createEvaluator', { [name]: weight }, { [name]: number(0) });
    if (settings[index]!.weight !== undefined) {
      throw invalid(
        `Expected one weight for dimension \`${name}\`, got one in \`weights\` and one at the dimension`,
      );
    }
  }
  // By own members only: a dimension may be called `constructor`.
  return names.map((name, i) => settings[i]!.weight ?? ownOf(weights, name) ?? 1);
}

/** `convention@version` of the scorers that state one. */
export function conventionsOf(
  names: readonly string[],
  settings: readonly { readonly scorer: { readonly convention?: unknown; readonly version?: unknown } }[],
): Record<string, string> {
  const conventions = names.flatMap((name, i) => {
    const { convention, version } = settings[i]!.scorer;
    if (typeof convention !== 'string') return [];
    return [[name, typeof version === 'string' ? `${convention}@${version}` : convention] as const];
  });
  return Object.fromEntries(conventions); // an assignment to `__proto__` would make no member
}

function ownOf(weights: Readonly<Record<string, number | undefined>>, name: string): number | undefined {
  return Object.hasOwn(weights, name) ? weights[name] : undefined;
}

/** What the overall score depends on beside the scorers, with the host's own members. */
export function configurationOf(
  options: {
    readonly aggregate?: AggregateName | Aggregate | undefined;
    readonly passThreshold?: number | undefined;
    readonly configuration?: Readonly<Record<string, unknown>> | undefined;
  },
  weights: Record<string, number | undefined>,
): Record<string, unknown> {
  const aggregate = options.aggregate ?? 'weightedMean';
  const own: Record<string, unknown> = {
    aggregate: typeof aggregate === 'string' ? aggregate : `function ${aggregate.name}`.trimEnd(),
    weights,
    ...(options.passThreshold === undefined ? {} : { passThreshold: options.passThreshold }),
  };
  for (const key of Object.keys(options.configuration ?? {})) {
    if (!Object.hasOwn(own, key)) continue;
    throw invalid(
      `Expected \`configuration\` of createEvaluator to leave \`${key}\` to the option of that name`,
    );
  }
  return { ...options.configuration, ...own };
}
