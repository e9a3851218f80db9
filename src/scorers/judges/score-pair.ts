import { findJson } from '../json/json-extraction.js';
import { finalAnswer } from '../reading/final-answer.js';
import type { Stretch } from '../reading/paragraphs.js';
import { isFound, UNREADABLE, type Found } from '../reading/reading.js';
import type { ModelResponse } from '../../client/model-client.js';
import { ownLines } from './verdict-places.js';
import { ratingBetween, readReply, type Accepted, type VerdictRead } from './verdict.js';

/** Two scores, of the answer that was shown first and of the other. */
export type ScorePair = readonly [number, number];

/**
 * The two scores of a reply: in its JSON, on a line that is two numbers and nothing else (`8 9`, `8/10, 9/10`; the last
 * line, else the first), or on two labelled lines (`Assistant 1: 8`). None in reasoning, and none where the reply was
 * cut off before they could be final.
 */
export function readScorePair(
  response: Pick<ModelResponse, 'text' | 'finishReason'>,
  minimum: number,
  maximum: number,
): VerdictRead<ScorePair> {
  const none = Object.freeze({ reason: `the judge gave no two scores from ${minimum} to ${maximum}` });
  return readReply(response, (text) =>
    finalAnswer<Accepted<ScorePair>>(text, {
      reasons: { nothing: none, several: none, none },
      readsOn: true,
      whole: () => undefined,
      places: () => [],
      at: () => UNREADABLE,
      byPosition: (own) => pairIn(own, minimum, maximum),
    }),
  );
}

function pairIn(text: string, minimum: number, maximum: number): Found<Accepted<ScorePair>> | undefined {
  const onScale = (pair: PlacedPair | undefined, tier: string): Found<Accepted<ScorePair>> | undefined =>
    pair?.scores.every((score) => score >= minimum && score <= maximum) === true
      ? { value: { value: pair.scores, text: pair.scores.join(' ') }, tier, start: pair.start, end: pair.end }
      : undefined;
  return (
    onScale(jsonPair(text), 'json') ??
    ownLines(text)
      .map((line) => onScale(pairOfLine(text, line, maximum), 'line'))
      .find((pair) => pair !== undefined) ??
    onScale(labelledPair(text, minimum, maximum), 'field')
  );
}

interface PlacedPair extends Stretch {
  readonly scores: ScorePair;
}

const isScore = (value: unknown): value is number => typeof value === 'number';

function jsonPair(text: string): PlacedPair | undefined {
  if (!/[[{]/.test(text)) return undefined;
  const numbersIn = (value: unknown): number[] => {
    if (typeof value !== 'object' || value === null) return [];
    const members = Object.values(value);
    const own = members.filter(isScore);
    return own.length > 0 ? own : (members.map(numbersIn).find((inner) => inner.length === 2) ?? []);
  };
  const found = findJson(text, {
    place: 'auto',
    inexact: Number,
    fit: (value) => Number(numbersIn(value).length === 2),
  });
  if (!isFound(found)) return undefined;
  const [{ value, start, end }] = found.value;
  const [first, second, ...others] = numbersIn(value);
  return second === undefined || others.length > 0 ? undefined : { scores: [first!, second], start, end };
}

/** `8 9`, `8, 9`, `8/10 9/10`, `Scores: 8 and 9`. */
function pairOfLine(text: string, { start, end }: Stretch, maximum: number): PlacedPair | undefined {
  if (end - start > 60) return undefined;
  const bare = text.slice(start, end).replaceAll(new RegExp(`\\s?/\\s?${maximum}(?!\\d)`, 'g'), '');
  const written =
    /^[\s*_"'`([{#>]*(?:(?:scores?|ratings?)\s*[:：=]?\s*)?[*_([{ ]*(\d+(?:\.\d+)?)[\s,;:|&*_]+(?:and\s)?(\d+(?:\.\d+)?)[\s*_"'`)\]}.]*$/iu.exec(
      bare,
    );
  return written === null ? undefined : { scores: [Number(written[1]), Number(written[2])], start, end };
}

const LABELLED =
  /^[ \t>*_#-]{0,12}(?:score (?:of|for) )?(?:the )?(?:assistant|answer|response|model|output|candidate|ai|system)?[ #]{0,3}\(?(1|2|a|b|one|two|first|second)\)?(?: (?:assistant|answer|response|score))?['’]?s?(?: score| rating)?[*_ )]{0,4}[:：=][*_ ]{0,4}([^\n]{1,40})/gimu;
const SECOND = /^(?:2|b|two|second)$/i;

function labelledPair(text: string, minimum: number, maximum: number): PlacedPair | undefined {
  const accept = ratingBetween(minimum, maximum);
  let first: (Stretch & { readonly score: number }) | undefined;
  let second: typeof first;
  for (const { 0: line, 1: which, 2: said, index: start } of text.matchAll(LABELLED)) {
    const rating = accept(said!);
    if (!rating.ok) continue;
    const read = { score: rating.value, start, end: start + line.length };
    if (SECOND.test(which!)) second = read;
    else first = read;
  }
  if (first === undefined || second === undefined) return undefined;
  const start = Math.min(first.start, second.start);
  return { scores: [first.score, second.score], start, end: Math.max(first.end, second.end) };
}
