import type { RetrievedContext } from '../client/model-client.js';
import { InputError } from '../errors.js';
import { show } from '../foundation/options.js';

/** Says that a target tells nothing of what it retrieved. */
export const NO_CONTEXTS =
  'the target did not tell what it retrieved: let it return `contexts`, [] for nothing';

/** What names a passage: its `id`, else its text. @throws InputError `ASSAY_INVALID_INPUT` for one that has neither. */
export function idOf(context: RetrievedContext, index: number): string {
  const id = typeof context === 'string' ? context : (context?.id ?? context?.text);
  if (typeof id === 'string') return id;
  throw new InputError(
    'ASSAY_INVALID_INPUT',
    `Expected context ${index + 1} of the answer to be a text, or to have an \`id\` or a \`text\`, got ${show(context)}`,
  );
}

/** The passages of an answer that are known word by word. */
export function passagesOf(contexts: readonly RetrievedContext[]): string[] {
  return contexts.flatMap((context) => {
    const passage = typeof context === 'string' ? context : context?.text;
    return typeof passage === 'string' && passage.trim() !== '' ? [passage] : [];
  });
}
