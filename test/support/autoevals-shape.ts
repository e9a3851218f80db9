/**
 * Scorers written here with the types and the manner of autoevals: an object of arguments in, a score with a name out,
 * at once or later, and an error thrown where an argument is missing. The package itself is no development dependency:
 * it refuses npm in its `engines` and runs a script when it is installed.
 */
import { distance } from 'fastest-levenshtein';

/** As autoevals types a score. */
export interface ForeignScore {
  name: string;
  score: number | null;
  metadata?: Record<string, unknown>;
  error?: unknown;
}

/** As autoevals types a scorer: a function that also has a method to fill in arguments beforehand. */
export interface ForeignScorer<Output, Extra> {
  (args: { output: Output; expected?: Output } & Extra): ForeignScore | Promise<ForeignScore>;
  partial: <Name extends keyof Extra>(args: { [Key in Name]: Extra[Key] }) => (
    args: { output: Output; expected?: Output } & Omit<Extra, Name> & Partial<Pick<Extra, Name>>,
  ) => ForeignScore | Promise<ForeignScore>;
}

function foreign<Output, Extra = object>(
  name: string,
  measure: (args: { output: Output; expected?: Output } & Extra) => number,
): ForeignScorer<Output, Extra> {
  const scorer = async (args: { output: Output; expected?: Output } & Extra): Promise<ForeignScore> => ({
    name,
    score: measure(args),
    metadata: { by: name },
  });
  Object.defineProperty(scorer, 'name', { value: name, configurable: true });
  return Object.assign(scorer, {
    partial: (fixed: object) => (args: object) => scorer({ ...fixed, ...args } as never),
  }) as ForeignScorer<Output, Extra>;
}

function given<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw new Error(`${name} requires an expected value`);
  return value;
}

/** 1 for equal JSON. */
export const Same = foreign<unknown>('Same', ({ output, expected }) =>
  JSON.stringify(output) === JSON.stringify(expected) ? 1 : 0,
);

/** Share of characters that need no edit; throws without `expected`. */
export const Near = foreign<string>('Near', ({ output, expected }) => {
  const wanted = given(expected, 'Near');
  return 1 - distance(output, wanted) / Math.max(output.length, wanted.length, 1);
});

/** Closeness of two numbers. */
export const Close = foreign<number>('Close', ({ output, expected }) => {
  const wanted = given(expected, 'Close');
  return output === 0 && wanted === 0
    ? 1
    : 1 - Math.abs(output - wanted) / (Math.abs(output) + Math.abs(wanted));
});
