import { messageOf } from '../../errors.js';
import { oneOf } from '../../foundation/options.js';

/**
 * Where the JSON stands in an answer.
 * - `whole`: the answer is JSON and nothing else but white space.
 * - `fenced`: as `whole`, or the content of the last fenced code block.
 * - `embedded`: as `fenced`, or the first object or array in the text that parses (of the first 200 that begin).
 */
export type JsonPlace = 'whole' | 'fenced' | 'embedded';

/** Check for an option of type {@link JsonPlace}. */
export const jsonPlace = oneOf('whole', 'fenced', 'embedded');

/** What was found: the value and where it stood, or why there is none. */
export type JsonFound =
  | { readonly ok: true; readonly value: unknown; readonly place: JsonPlace }
  | { readonly ok: false; readonly reason: string };

/** Parses the JSON of an answer, strictly: no repair, no comments, no trailing commas. */
export function findJson(text: string, place: JsonPlace): JsonFound {
  const whole = parse(text, 'whole');
  if (whole.ok || place === 'whole') return whole;
  const block = lastFencedBlock(text);
  const fenced = block === undefined ? undefined : parse(block, 'fenced');
  if (fenced?.ok) return fenced;
  const embedded = place === 'embedded' ? firstEmbedded(text) : undefined;
  return embedded ?? fenced ?? whole;
}

function parse(text: string, place: JsonPlace): JsonFound {
  try {
    return { ok: true, value: JSON.parse(text), place };
  } catch (error) {
    return {
      ok: false,
      reason: text.trim() === '' ? 'the answer is empty' : `not JSON: ${messageOf(error)}`,
    };
  }
}

function lastFencedBlock(text: string): string | undefined {
  let content: string | undefined;
  for (const found of text.matchAll(/^[ \t]*(`{3,}|~{3,})[^\n`~]*\n([\s\S]*?)^[ \t]*\1[ \t]*$/gm))
    content = found[2];
  return content;
}

const MOST_ATTEMPTS = 200; // each attempt reads to its closing bracket: hostile text must not make that quadratic

/** Tries at every opening bracket; the end is where brackets outside of strings close. */
function firstEmbedded(text: string): JsonFound | undefined {
  let attempts = 0;
  for (let start = 0; start < text.length && attempts < MOST_ATTEMPTS; start++) {
    if (text[start] !== '{' && text[start] !== '[') continue;
    attempts++;
    const end = closingBracket(text, start);
    if (end === undefined) continue;
    const found = parse(text.slice(start, end + 1), 'embedded');
    if (found.ok) return found;
  }
  return undefined;
}

function closingBracket(text: string, start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let i = start; i < text.length; i++) {
    const character = text[i];
    if (inString) {
      if (character === '\\') i++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && --depth === 0) return i;
  }
  return undefined;
}
