import type { EvidencePlace } from '../../evaluation/evaluation-types.js';
import { readableText } from './readable-text.js';
import { evidenceOf, isFound, type Found, type NotFound, type Reading } from './reading.js';

/** What was read, with its place in the answer as it was written. */
export type AnswerRead<Value> = (Found<Value> & { readonly evidence: EvidencePlace }) | NotFound;

/** Reads an answer by a reader of readable text, and says where in the answer it was found. */
export function readAnswer<Value>(output: string, read: (text: string) => Reading<Value>): AnswerRead<Value> {
  const readable = readableText(output);
  const found = read(readable.text);
  if (!isFound(found)) return found;
  const start = readable.placeOf(found.start);
  const end = readable.placeOf(found.end);
  return { ...found, start, end, evidence: evidenceOf(output, { start, end }) };
}
