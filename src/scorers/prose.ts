/**
 * Matches (flag `u`) what follows a letter that is a word of a sentence: `A man` and `I think` go on as prose, while
 * `A because` and `A wins` choose A. Only A and I are words.
 */
export const PROSE_AFTER_LETTER = '\\s+(?!(?:and|as|because|due|for|is|since|which|wins|with)\\b)\\p{Ll}';
