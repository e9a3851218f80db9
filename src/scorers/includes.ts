import type { Scorer } from '../evaluation/evaluation-types.js';
import { checkOptions, oneOf } from '../foundation/options.js';
import { conventionText, defineScorer } from './define-scorer.js';
import { textComparison, textComparisonChecks, type TextComparisonOptions } from './text-comparison.js';
import { acceptedTexts, NO_REFERENCE, type TextReference } from './text-reference.js';

/** Options of {@link includes}. */
export interface IncludesOptions extends Omit<TextComparisonOptions, 'ignoreFinalPeriod'> {
  /** With several expected texts: whether any of them must stand in the answer, or all. @default 'any' */
  readonly require?: 'any' | 'all' | undefined;
}

/** Options of {@link startsWith}. */
export type StartsWithOptions = Omit<TextComparisonOptions, 'ignoreFinalPeriod'>;

const { ignoreFinalPeriod: _, ...comparisonChecks } = textComparisonChecks;

/**
 * 1 when the expected text stands somewhere in the answer, else 0; it need not begin or end at a word (`cat` is in
 * `concatenate`): use {@link regex} for that. Unscored when the case has no expected answer, or an empty one, which
 * every answer would hold.
 */
export function includes(options: IncludesOptions = {}): Scorer<unknown, TextReference> {
  const checked = checkOptions('includes', options, { ...comparisonChecks, require: oneOf('any', 'all') });
  const require = checked.require ?? 'any';
  return contained('includes', {
    own: { require },
    options: checked,
    holds: (answer, accepted) =>
      require === 'any'
        ? accepted.some((text) => answer.includes(text))
        : accepted.every((text) => answer.includes(text)),
  });
}

/**
 * 1 when the answer begins with the expected text (any one of them when there are several), else 0. Unscored when
 * the case has no expected answer, or an empty one.
 */
export function startsWith(options: StartsWithOptions = {}): Scorer<unknown, TextReference> {
  const checked = checkOptions('startsWith', options, comparisonChecks);
  return contained('starts-with', {
    own: {},
    options: checked,
    holds: (answer, accepted) => accepted.some((text) => answer.startsWith(text)),
  });
}

function contained(
  name: string,
  {
    own,
    options,
    holds,
  }: {
    readonly own: Readonly<Record<string, string>>;
    readonly options: TextComparisonOptions;
    readonly holds: (answer: string, accepted: readonly string[]) => boolean;
  },
): Scorer<unknown, TextReference> {
  const comparison = textComparison(options);
  return defineScorer(
    { convention: conventionText(name, { ...own, ...comparison.convention }), version: '2' },
    ({ output, expected }) => {
      const accepted = acceptedTexts(expected)?.map(comparison.normalized);
      if (accepted === undefined) return NO_REFERENCE;
      if (accepted.includes(''))
        return { score: null, reason: 'an expected text is empty after normalisation' };
      return holds(comparison.normalized(output), accepted);
    },
    options,
  );
}
