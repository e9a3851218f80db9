/**
 * Text in one line and without characters that a terminal, a log or a workflow command would act on: control
 * characters, line and paragraph separators and marks of writing direction become spaces.
 */
export function plainText(text: string): string {
  return text.replace(/[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ');
}
