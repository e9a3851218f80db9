/** Characters that are not seen but change what is seen: marks of direction, of no width, and control characters. */
export const UNSEEN =
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]|[\u{e0000}-\u{e007f}]/gu;

/** A character by its number: `U+202E`. */
export const numberOf = (character: string): string =>
  `U+${(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}`;

/** A text in which every character can be seen, for places that hold no elements. */
export const seen = (text: string): string => text.replace(UNSEEN, (character) => `[${numberOf(character)}]`);
