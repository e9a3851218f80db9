import {
  reasoningTagPattern,
  visibleText,
  type ReasoningHandling,
  type VisibleText,
} from '../foundation/reasoning-trace.js';

/** What a scorer does with reasoning that a model wrote into its answer. */
export interface ReasoningOptions {
  /**
   * Whether the scorer sees the reasoning that stands in the answer between `<think>` tags and their like: `apart`
   * takes it out, `{ tags }` takes out what stands between tags of these names, `keep` leaves it in, and puts what the
   * client kept apart (`response.reasoning`) before the text again. Reasoning without an answer is unscored, unless it
   * is kept.
   * @default 'apart'
   */
  readonly reasoning?: ReasoningHandling | undefined;
}

/** What there is to score, a text and where its places stand in the output, or why there is none. */
export type VisibleOutput = Pick<VisibleText, 'text' | 'placeOf'> | { readonly reason: string };

/** Builds what takes the reasoning out of an answer. `reasoning` is what the client kept apart. */
export function visibleOutput(
  options: ReasoningOptions,
): (output: string, reasoning: string | undefined) => VisibleOutput {
  const how = options.reasoning ?? 'apart';
  if (how === 'keep') {
    return (output, reasoning) => {
      const text = withReasoning(output, reasoning);
      return { text, placeOf: (index) => Math.max(-1, index - (text.length - output.length)) };
    };
  }
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

/** As the model wrote it, or would have: what the client kept apart stands between `<think>` and `</think>`. */
const withReasoning = (output: string, reasoning: string | undefined): string =>
  reasoning === undefined || reasoning === '' ? output : `<think>\n${reasoning}\n</think>\n\n${output}`;

/** How a convention names the option; `undefined` for the default. */
export function reasoningConvention({ reasoning }: ReasoningOptions): string | undefined {
  if (reasoning === undefined || reasoning === 'apart') return undefined;
  return reasoning === 'keep' ? 'keep' : reasoning.tags.join('|');
}
