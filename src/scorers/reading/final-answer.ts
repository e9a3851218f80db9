import { announcements, type Announcement } from './announcements.js';
import { ownTurns } from './own-turn.js';
import { withoutClosing } from './paragraphs.js';
import type { Found, NotFound, PlaceReading, Reading } from './reading.js';

/** A place that may hold the answer. */
export type AnswerPlace = Pick<Announcement, 'noun'> & { readonly tier: string };

/** A kind of value, and what it looks like in each place where an answer may stand. */
export interface AnswerKind<Value, Place extends AnswerPlace = Announcement> {
  /** Why there is no value: nothing looks like one, several were announced, or expressly none. */
  readonly reasons: Readonly<Record<'nothing' | 'several' | 'none', NotFound>>;
  /** The value, when the text is it and nothing else. */
  whole(text: string): Found<Value> | undefined;
  /** The places where an answer is announced, the last one first. @default those of {@link announcements} */
  places?(text: string): Iterable<Place>;
  /** What stands at a place; `decided`: a later place has told the answer, this one may only contradict it. */
  at(text: string, place: Place, decided: boolean): PlaceReading<Value>;
  /** What the text ends with, without closing words unless `readsOn`, where nothing was announced; `weak` is the last value that a mere noun stood before. */
  byPosition(text: string, weak: Found<Value> | undefined): Reading<Value> | undefined;
  /** A text that announces so many different values announces none. @default the last one decides alone */
  readonly babble?: number | undefined;
  /** Whether what follows a long text and the beginning of another turn may still be the answer. @default false */
  readonly readsOn?: boolean | undefined;
}

/**
 * The final answer of a text, the one question that all readers ask. The text is what there is to see, without
 * reasoning; cut where the model begins a turn that is not its own. The first of these decides:
 *
 * 1. the whole text is a value of that kind and nothing else,
 * 2. a place where an answer is announced, the last one that can be read; several values there, or words for none, and
 *    there is none,
 * 3. the position: what stands where an answer usually stands.
 */
export function finalAnswer<Value, Place extends AnswerPlace = Announcement>(
  text: string,
  kind: AnswerKind<Value, Place>,
): Reading<Value> {
  const whole = kind.whole(text);
  if (whole !== undefined) return whole;
  for (const own of ownTurns(text, kind.readsOn === true)) {
    const read =
      (own.length < text.length ? kind.whole(own) : undefined) ?? answerIn(own, kind) ?? kind.reasons.nothing;
    if (read !== kind.reasons.nothing) return read;
  }
  return kind.reasons.nothing;
}

function answerIn<Value, Place extends AnswerPlace>(
  text: string,
  kind: AnswerKind<Value, Place>,
): Reading<Value> | undefined {
  const { reasons, babble } = kind;
  const said = new Set<Value>();
  let weak: Found<Value> | undefined;
  let final: Found<Value> | undefined;
  let places = 0;
  for (const place of kind.places?.(text) ??
    (announcements(text) as Iterable<AnswerPlace> as Iterable<Place>)) {
    const read = kind.at(text, place, final !== undefined);
    const direct = place.tier === 'direct';
    if (read.kind === 'value') {
      const { value, start, end } = read;
      if (direct) weak ??= { value, tier: 'statement', start, end };
      else {
        final ??= { value, tier: place.tier, start, end };
        if (babble === undefined) return final;
        if (said.add(value).size >= babble) return reasons.several;
      }
    } else if (!direct && final === undefined) {
      if (read.kind === 'several') return reasons.several;
      if (read.kind === 'none' && place.noun === 'answer') return read.reason ?? reasons.none;
    }
    if (final !== undefined && ++places > babble! * 2) break;
  }
  return final ?? kind.byPosition(kind.readsOn === true ? text : withoutClosing(text), weak);
}
