const HALF_CHARACTER = /\p{Cs}/u;

/**
 * A text as it goes into an address, which holds whole characters only: as it is, or as JSON where it holds half of one
 * (a lone surrogate), or could be taken for that.
 */
export const addressText = (text: string): string =>
  text.startsWith('"') || HALF_CHARACTER.test(text) ? JSON.stringify(text) : text;

/** The text that {@link addressText} was given. Throws what `JSON.parse` does for one that it has not made. */
export const textOfAddress = (text: string): string =>
  text.startsWith('"') ? String(JSON.parse(text)) : text;
