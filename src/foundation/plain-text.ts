/**
 * Text in one line and without characters that a terminal, a log or a workflow command would act on: control
 * characters, line and paragraph separators and marks of writing direction become spaces.
 */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ');
}
