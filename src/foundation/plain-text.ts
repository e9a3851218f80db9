/**
 * Text in one line and without characters that a terminal, a log or a workflow command would act on: control
 * characters, line and paragraph separators, and what hides or changes the direction of writing become spaces.
 */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ');
}

const DANGEROUS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Makes text harmless for a terminal: control characters (cursor moves, colours, title changes), the characters
 * that reorder or hide (bidi controls, zero width), line separators and lone surrogates are shown as `\u{…}`
 * instead of being obeyed.
 */
export function terminalSafe(text: string): string {
  return text.replace(DANGEROUS, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A name or an id for people: {@link terminalSafe}, and in quotes where nothing of it would be seen. */
export const shownName = (name: string): string => quotedIfBlank(terminalSafe(name));

/** A name in quotes where nothing of it would be seen. */
export const quotedIfBlank = (name: string): string => (name.trim() === '' ? `"${name}"` : name);
