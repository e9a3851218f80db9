import { reasoningTagPattern, visibleText } from '../foundation/reasoning-trace.js';
import type { OptionCheck } from '../foundation/options.js';

/** What a scorer does with reasoning that a model wrote into its answer. */
export interface ReasoningOptions {
  /**
   * Whether the scorer sees the reasoning that stands in the answer between `<think>` tags and their like: `apart`
   * takes it out, `keep` leaves the text as it came, `{ tags }` takes out what stands between tags of these names.
   * Reasoning that never ends leaves no answer: unscored. What is kept in `response.reasoning` is never seen.
   * @default 'apart'
   */
  readonly reasoning?: 'apart' | 'keep' | { readonly tags: readonly string[] } | undefined;
}

/** Check for {@link ReasoningOptions}. */
export const reasoningCheck: OptionCheck = (value) => {
  if (value === 'apart' || value === 'keep') return undefined;
  const { tags, ...others } = (value ?? {}) as { tags?: unknown };
  return Array.isArray(tags) &&
    tags.length > 0 &&
    tags.every((tag) => typeof tag === 'string' && tag !== '') &&
    Object.keys(others).length === 0
    ? undefined
    : "'apart', 'keep' or { tags: names }";
};

/** What there is to score: a text, or why there is none. */
export type VisibleOutput = { readonly text: string } | { readonly reason: string };

/** Builds what takes the reasoning out of an answer. `reasoning` is what the client kept apart. */
export function visibleOutput(
  options: ReasoningOptions,
): (output: string, reasoning: string | undefined) => VisibleOutput {
  const how = options.reasoning ?? 'apart';
  if (how === 'keep') return (output) => ({ text: output });
  const tags = how === 'apart' ? undefined : reasoningTagPattern(how.tags);
  return (output, reasoning) => {
    const seen = visibleText(output, tags);
    if (seen.text.trim() !== '') return seen;
    const thought = seen.reasoning !== '' || (reasoning !== undefined && reasoning.trim() !== '');
    if (!thought && !seen.unclosed) return seen;
    return {
      reason: seen.unclosed
        ? 'the reasoning never ends: there is no answer'
        : 'there is reasoning and no answer',
    };
  };
}

/** How a convention names the option; `undefined` for the default. */
export function reasoningConvention({ reasoning }: ReasoningOptions): string | undefined {
  if (reasoning === undefined || reasoning === 'apart') return undefined;
  return reasoning === 'keep' ? 'keep' : reasoning.tags.join('|');
}
