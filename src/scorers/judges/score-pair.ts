import { findJson } from '../json/json-extraction.js';
import { readableText } from '../reading/readable-text.js';
import { visibleText } from '../../foundation/reasoning-trace.js';
import type { ModelResponse } from '../../client/model-client.js';
import { ratingBetween, type Verdict } from './verdict.js';

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
): Verdict<ScorePair> {
  const { text } = readableText(visibleText(response.text).text);
  const pair = pairIn(text, minimum, maximum);
  if (pair === undefined) {
    const cut = response.finishReason === 'length' ? ' (its reply was cut off at the token limit)' : '';
    return { ok: false, reason: `the judge gave no two scores from ${minimum} to ${maximum}${cut}` };
  }
  return response.finishReason === 'length'
    ? {
        ok: false,
        reason: `the judge's scores are not certain: ${pair.join(' ')} (its reply was cut off at the token limit)`,
      }
    : { ok: true, value: pair, text: pair.join(' ') };
}

function pairIn(text: string, minimum: number, maximum: number): ScorePair | undefined {
  const onScale = (pair: ScorePair | undefined): ScorePair | undefined =>
    pair?.every((score) => score >= minimum && score <= maximum) === true ? pair : undefined;
  const trimmed = text.trim();
  const lastLine = trimmed.slice(trimmed.lastIndexOf('\n') + 1);
  const [firstLine = ''] = trimmed.split('\n', 1);
  return (
    onScale(jsonPair(text)) ??
    onScale(pairOfLine(lastLine, maximum)) ??
    onScale(pairOfLine(firstLine, maximum)) ??
    labelledPair(text, minimum, maximum)
  );
}

const isScore = (value: unknown): value is number => typeof value === 'number';

function jsonPair(text: string): ScorePair | undefined {
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
  const pair = found.ok ? numbersIn(found.value) : [];
  return pair.length === 2 ? [pair[0]!, pair[1]!] : undefined;
}

/** `8 9`, `8, 9`, `8/10 9/10`, `Scores: 8 and 9`. */
function pairOfLine(line: string, maximum: number): ScorePair | undefined {
  if (line.length > 60) return undefined;
  const bare = line.replaceAll(new RegExp(`\\s?/\\s?${maximum}(?!\\d)`, 'g'), '');
  const written =
    /^[\s*_"'`([{#>]*(?:(?:scores?|ratings?)\s*[:：=]?\s*)?[*_([{ ]*(\d+(?:\.\d+)?)[\s,;:|&*_]+(?:and\s)?(\d+(?:\.\d+)?)[\s*_"'`)\]}.]*$/iu.exec(
      bare,
    );
  return written === null ? undefined : [Number(written[1]), Number(written[2])];
}

const LABELLED =
  /^[ \t>*_#-]{0,12}(?:score (?:of|for) )?(?:the )?(?:assistant|answer|response|model|output|candidate|ai|system)?[ #]{0,3}\(?(1|2|a|b|one|two|first|second)\)?(?: (?:assistant|answer|response|score))?['’]?s?(?: score| rating)?[*_ )]{0,4}[:：=][*_ ]{0,4}([^\n]{1,40})/gimu;
const SECOND = /^(?:2|b|two|second)$/i;

function labelledPair(text: string, minimum: number, maximum: number): ScorePair | undefined {
  const accept = ratingBetween(minimum, maximum);
  let first: number | undefined;
  let second: number | undefined;
  for (const [, which, said] of text.matchAll(LABELLED)) {
    const rating = accept(said!);
    if (!rating.ok) continue;
    if (SECOND.test(which!)) second = rating.value;
    else first = rating.value;
  }
  return first === undefined || second === undefined ? undefined : [first, second];
}
