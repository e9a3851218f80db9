/**
 * Text in one line and without characters that a terminal, a log or a workflow command would act on: control
 * characters, line and paragraph separators, and what hides or changes the direction of writing become spaces.
 */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ');
}
