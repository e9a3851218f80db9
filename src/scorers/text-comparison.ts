import { boolean, oneOf, type OptionCheck } from '../foundation/options.js';
import { reasoningHandling } from '../foundation/reasoning-trace.js';
import type { ReasoningOptions } from './visible-output.js';
import { foldCase, isAscii, stripWhiteSpace, WHITE_SPACE } from './unicode-text.js';

/** How two texts are made comparable, the same way on both sides. */
export interface TextComparisonOptions extends ReasoningOptions {
  /** Ignore white space at both ends (Python's set of white space). @default true */
  readonly trim?: boolean | undefined;
  /** Ignore case by full Unicode case folding (`Straße` equals `STRASSE`). @default false */
  readonly ignoreCase?: boolean | undefined;
  /**
   * Drop ASCII punctuation, whatever Unicode calls punctuation (`\p{P}`), and format characters that nobody sees
   * (`\p{Cf}`: zero-width, direction marks, soft hyphens). @default false
   */
  readonly ignorePunctuation?: boolean | undefined;
  /** Count any run of white space as one space. @default false */
  readonly collapseWhiteSpace?: boolean | undefined;
  /** Unicode normalisation form before everything else. @default 'none' */
  readonly normalize?: 'none' | 'NFC' | 'NFKC' | undefined;
  /** Ignore one full stop at the end of the answer, and of the expected text. @default false */
  readonly ignoreFinalPeriod?: boolean | undefined;
}

/** A rule by which texts are compared. */
export interface TextComparison {
  /** The comparable form of a text (a final period is still there). */
  readonly normalized: (text: string) => string;
  /** Whether an answer and an accepted text, both normalised, are the same. */
  readonly equal: (answer: string, accepted: string) => boolean;
  /** The options as they stand in a convention. */
  readonly convention: Readonly<Record<string, string | boolean>>;
}

/** Checks for {@link TextComparisonOptions}. */
export const textComparisonChecks: { readonly [Name in keyof TextComparisonOptions]-?: OptionCheck } = {
  trim: boolean,
  ignoreCase: boolean,
  ignorePunctuation: boolean,
  collapseWhiteSpace: boolean,
  normalize: oneOf('none', 'NFC', 'NFKC'),
  ignoreFinalPeriod: boolean,
  reasoning: reasoningHandling,
};

const WHITE_SPACE_RUN = new RegExp(`[${WHITE_SPACE}]+`, 'g');
const ASCII_PUNCTUATION = /[!-/:-@[-`{-~]/g;
const PUNCTUATION = /[!-/:-@[-`{-~\p{P}\p{Cf}]/gu;

/** Builds the comparison that the options describe. */
export function textComparison(options: TextComparisonOptions): TextComparison {
  const trim = options.trim ?? true;
  const ignoreCase = options.ignoreCase ?? false;
  const ignorePunctuation = options.ignorePunctuation ?? false;
  const collapseWhiteSpace = options.collapseWhiteSpace ?? false;
  const normalize = options.normalize ?? 'none';
  const ignoreFinalPeriod = options.ignoreFinalPeriod ?? false;
  return {
    normalized(text) {
      let result = normalize === 'none' ? text : text.normalize(normalize);
      if (ignoreCase) result = foldedAndNormal(result, normalize);
      if (ignorePunctuation) result = result.replace(isAscii(result) ? ASCII_PUNCTUATION : PUNCTUATION, '');
      if (collapseWhiteSpace) result = result.replace(WHITE_SPACE_RUN, ' ');
      return trim ? stripWhiteSpace(result) : result;
    },
    equal: ignoreFinalPeriod
      ? (answer, accepted) => {
          const bare = withoutFinalPeriod(answer);
          return bare === accepted || bare === withoutFinalPeriod(accepted);
        }
      : (answer, accepted) => answer === accepted,
    convention: {
      trim,
      case: ignoreCase ? 'fold' : 'keep',
      punctuation: ignorePunctuation ? 'drop' : 'keep',
      space: collapseWhiteSpace ? 'collapse' : 'keep',
      unicode: normalize,
      ...(ignoreFinalPeriod ? { finalPeriod: 'drop' } : {}),
    },
  };
}

/**
 * Folding takes normal forms apart (`ΐ` becomes three characters), so the form is made again; and without one, a
 * character and its parts must still fold alike, as in Unicode's canonical caseless match.
 */
function foldedAndNormal(text: string, form: 'none' | 'NFC' | 'NFKC'): string {
  if (isAscii(text)) return foldCase(text);
  if (form === 'none') return foldCase(text);
  return foldCase(foldCase(text.normalize(form === 'NFC' ? 'NFD' : 'NFKD')).normalize(form)).normalize(form);
}

const withoutFinalPeriod = (text: string): string => (text.endsWith('.') ? text.slice(0, -1) : text);
