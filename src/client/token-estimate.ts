import { list, plainText, record } from './protocols/protocol.js';

const CHARACTERS_PER_TOKEN = 4;

/** About as many tokens as common tokenizers make of English text: one for four characters. */
export function estimateTokens(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

/**
 * Characters of an input as a model reads them: a prompt, messages (each with some for its role), or whatever a function
 * target gets, as JSON; 0 for what JSON cannot write. Images and sound are not counted.
 */
export function inputCharacters(input: unknown): number {
  if (typeof input === 'string') return input.length + CHARACTERS_PER_TOKEN;
  if (Array.isArray(input)) {
    let characters = 0;
    for (const message of list(input)) {
      const { content } = record(message);
      characters += CHARACTERS_PER_TOKEN;
      if (typeof content === 'string' || Array.isArray(content)) characters += plainText(content).length;
    }
    return characters;
  }
  try {
    return JSON.stringify(input)?.length ?? 0;
  } catch {
    return 0;
  }
}
