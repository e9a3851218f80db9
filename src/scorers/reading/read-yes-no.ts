import type { Announcement } from './announcements.js';
import { finalAnswer } from './final-answer.js';
import { lastParagraph, lineEnd, sentenceEnd, type Stretch } from './paragraphs.js';
import { SEVERAL, UNREADABLE, type Found, type PlaceReading, type Reading } from './reading.js';
import type { SaidWord, YesNoFinder } from './yes-no-words.js';

/** Yes or no. */
export type YesNo = 'yes' | 'no';

/**
 * Whether an answer says yes or no. The first that finds it decides:
 *
 * 1. `whole`: the text is the word and nothing else.
 * 2. `boxed`, `field`, `sentence`: where an answer is announced, the last one with such a word.
 * 3. `leading`: the text begins with the word, and nothing later takes it back.
 * 4. `advice`: what a sentence says that one should do, or that a statement is; the last one.
 * 5. `line`: lines that are the word and nothing else.
 * 6. `marked`: the word in brackets or bold in the last paragraph, or alone as the last sentence.
 *
 * `not true` is no. A place that says both, or that it makes no difference, says neither.
 */
export function readYesNo(text: string, finder: YesNoFinder): Reading<YesNo> {
  return finalAnswer<YesNo>(text, {
    reasons: REASONS,
    whole: (own) => wholeWord(own, finder),
    at: (own, place) => saidAt(own, place, finder),
    byPosition: (own) => byPosition(own, finder),
  });
}

const BOTH = Object.freeze({ reason: 'the answer says both' });
const NOTHING = Object.freeze({ reason: 'the answer says neither yes nor no' });
const REASONS = Object.freeze({ nothing: NOTHING, several: BOTH, none: NOTHING });

const NO_DIFFERENCE =
  /(?:no difference|(?:doesn['’]t|does not|don['’]t|won['’]t) (?:really )?matter|makes no|either (?:way|choice|option)|equally (?:good|likely)|indifferent|cannot be (?:determined|answered)|(?<![\p{L}])egal|peu importe|da igual|无所谓|没有区别)/iu;

/** What may stand before the first word: emphasis, brackets, a tick or a cross, a word that only gives it weight. */
const BEFORE_FIRST =
  /^[\s*_"'`$([{#>✅❌☑✔✓✗✘✖]*(?:(?:certainly|definitely|absolutely|of course|indeed|clearly|obviously|well|oh|hmm|actually|technically|strictly speaking|in (?:short|conclusion|summary)|overall|so|therefore|thus|hence|i think|i believe|i(?: would|['’]d) say|my answer is|je dirais que|ich würde sagen|(?:yo )?diría que|я бы сказал)[,:]? (?!not(?![\p{L}])))?[*_"'`]*/iu;

const firstWord = (text: string, finder: YesNoFinder): SaidWord | undefined =>
  finder.at(text, BEFORE_FIRST.exec(text)![0].length);

/** Words that affirm without a yes; a chat's `Sure! Here is …` does not, so only where they end their sentence. */
const AFFIRMS =
  /^[\s*_"'`]*(?:(?:absolutely|certainly|definitely|of course|indeed|exactly)( not)?|that['’]s (not )?(?:right|so|the case)|(not) at all|(by no means)|indeed,? (?:it|this|that|he|she|they) (?:is|does|do|are|was|can|has|will)( not|n['’]t)?)(?:[.!]?[\s*_"'`]*$|(?<=not)[,:.])/iu;

/** `Absolutely not.`, or `Y` and `F` alone, where yes and no are the words. */
function affirmed(text: string, finder: YesNoFinder): Found<YesNo> | undefined {
  const letter = /^[\s*_"'`(]*([ynft])[\s*_"'`).]*$/i.exec(text);
  const phrase = letter ?? AFFIRMS.exec(text.slice(0, 60 + text.length));
  if (phrase === null || finder.at('yes', 0) === undefined) return undefined;
  const isNo = letter === null ? phrase.slice(1).some(Boolean) : /[nf]/i.test(letter[1]!);
  return { value: isNo ? 'no' : 'yes', tier: 'whole', start: 0, end: phrase[0].trimEnd().length };
}

const DENIAL = /^[\s*_"'`]*(?:(?:it|that|this)(?: is|['’]s) )?(?:not|nicht|pas|no|non|não|не|不)\s*/i;

/** `Yes`, `**No.**`, `not true`. */
function wholeWord(text: string, finder: YesNoFinder): Found<YesNo> | undefined {
  const denial = firstWord(text, finder) === undefined ? DENIAL.exec(text) : null;
  const first = denial === null ? firstWord(text, finder) : finder.at(text, denial[0].length);
  return first !== undefined &&
    text.length - first.end < 60 &&
    /^[\s*_"'`$)\]}.!。]*$/.test(text.slice(first.end))
    ? found(first, 'whole')
    : affirmed(text, finder);
}

function byPosition(text: string, finder: YesNoFinder): Reading<YesNo> | undefined {
  const last = lastParagraph(text);
  if (NO_DIFFERENCE.test(text.slice(Math.max(last.start, last.end - 1_000), last.end))) return BOTH;
  const conclusion = concluded(text, finder);
  if (conclusion !== undefined) return conclusion;
  const first = firstWord(text, finder);
  const leading = first !== undefined && endsClause(text, first) ? found(first, 'leading') : undefined;
  const advice =
    leading === undefined || TAKES_BACK.test(text.slice(leading.end)) ? advised(text, finder) : undefined;
  return advice ?? leading ?? onLines(text, finder) ?? marked(text, last, finder);
}

/** After a first word: what comes may be another conclusion. */
const TAKES_BACK =
  /(?<![\p{L}])(?:wait|actually|but|however|though|although|so|therefore|thus|hence|overall|in conclusion|on second thought|aber|doch|also|daher|mais|donc|pero|así que|mas|portanto|ma|quindi|но|поэтому)(?![\p{L}])|但|所以|因此|しかし|そのため|하지만|그러나|따라서/iu;

const found = ({ value, start, end }: SaidWord, tier: string): Found<YesNo> => ({ value, tier, start, end });

const LONGEST_VALUE = 300;

function saidAt(text: string, place: Announcement, finder: YesNoFinder): PlaceReading<YesNo> {
  const decor = place.mayWrap ? /[\s*_"'`“”$([{:：>#-]{0,40}(?:\\text\{)?/y : /[ \t*_"'`“”$([{]{0,20}/y;
  decor.lastIndex = place.start;
  const start = place.start + (decor.exec(text)?.[0].length ?? 0);
  const here = finder.at(text, start);
  if (here !== undefined && isOneOfTwo(text, here, finder)) return SEVERAL;
  if (here !== undefined && (place.tier === 'boxed' || endsClause(text, here) || isLowerCase(text, here)))
    return { kind: 'value', ...here };
  const end = place.end ?? lineEnd(text, start, LONGEST_VALUE);
  if (NO_DIFFERENCE.test(text.slice(start, end))) return SEVERAL;
  return agreed(
    finder.all(text, { from: start, end: Math.min(end, sentenceEnd(text, start, LONGEST_VALUE)) }),
  );
}

/** `yes or no`; `yes if it is prime, no if it is not`. */
function isOneOfTwo(text: string, here: SaidWord, finder: YesNoFinder): boolean {
  const isOnCondition = /^["'”’*)\]]{0,4} (?:if|when|provided|wenn|falls|si|se|если)(?![\p{L}])/iu.test(
    text.slice(here.end, here.end + 16),
  );
  if (isOnCondition) {
    const rest = finder.all(text, {
      from: here.end,
      end: sentenceEnd(text, here.end, LONGEST_VALUE),
      weighed: true,
    });
    return rest.some(({ value }) => value !== here.value);
  }
  const [next] = finder.all(text, { from: here.end, end: here.end + 24, weighed: true });
  if (next === undefined || next.value === here.value) return false;
  return /^[\s*_"',/]*(?:or|and|oder|und|ou|et|o|y|e)?[\s*_"']*$/i.test(text.slice(here.end, next.start));
}

/** The first of words that say the same; several where they differ. */
function agreed(said: readonly SaidWord[]): PlaceReading<YesNo> {
  const [first] = said;
  if (first === undefined) return UNREADABLE;
  return said.every(({ value }) => value === first.value) ? { kind: 'value', ...first } : SEVERAL;
}

const isLowerCase = (text: string, { start }: SaidWord): boolean =>
  text[start] === text[start]!.toLowerCase();

const FOLLOWS =
  /^[*_"'”’)\]]{0,4}(?:$|[\s]*(?:[,.;:!?()\]—–\n<，。；：！、،؛।]|- )|\s+(?:it|i|you|we|they|he|she|this|that|these|the|there|because|since|as|for|my|your|both|in|with|to|doors?|based|by)(?![\p{L}]))/iu;

/** A word that ends its clause, or that another clause follows: `No, …`, `Yes it is`; not `No universal answer`. */
const endsClause = (text: string, { end }: SaidWord): boolean =>
  FOLLOWS.test(text.slice(end, end + 16)) || /^[\u3040-\u9fff\uac00-\ud7af]/.test(text.slice(end, end + 1));

const CONCLUSION =
  /(?:(?:^|[.!?\n,;]\s{0,3})(?:(?:but|and) )?(?:so|therefore|thus|hence|also|daher|donc|entonces|por lo tanto|quindi|portanto|итак|(?:(?:on [\p{L} ]{3,24}|then),? )?(?:it|that)['’]s|it is)|[^\s"'”][:?])[,:]?\s{1,3}[*_]{0,3}(?=\p{L}{2,12}[*_]{0,3}(?:, [^.!?\n]{1,100})?[.!]?[*_]{0,3}\s*$)/iu;

/** What the last words conclude: `So no.`, `Doubtless: yes.` */
function concluded(text: string, finder: YesNoFinder): Found<YesNo> | undefined {
  const from = Math.max(0, text.length - 160);
  const cue = CONCLUSION.exec(text.slice(from));
  const said = cue === null ? undefined : finder.at(text, from + cue.index + cue[0].length);
  return said === undefined || !/^[*_.!\s]*$|^,/.test(text.slice(said.end))
    ? undefined
    : found(said, 'advice');
}

const ADVISING =
  /(?:(?:\b(?:should|must|ought to|had better|better to|best to|want to|need to|advantageous to|recommend(?:ed)?|advise|(?:it|this|that|(?:statement|claim|assertion|proposition|sentence|function|argument|hypothesis|conclusion|answer)(?: ["“][^"”\n]{1,80}["”])?) (?:is|was)|(?:aussage|behauptung|satz|das|dies) ist|(?:afirmación|declaración|frase|enunciado|esto|eso) es|(?:affirmation|énoncé|phrase|c['’]) ?est|(?:affermazione|questo) è|(?:afirmação|declaração|isso) é|(?:so|therefore|thus|hence):|i would|i['’]d|we would|you would)|утверждение|высказывание|العبارة|कथन|sollte[nst]*|devrait|devez|debes?|deberías?)(?![\p{L}])|문장은|진술은|주장은|명제는|(?:说法|說法|陈述|命题|该句|论断)(?:是)?|(?:この文|主張|命題|記述)は|应该|應該|建议)/giu;
/** After a word: it holds in part. */
const HEDGED =
  /^[*_"'”]{0,3},? (?:but )?(?:only )?(?:in part|partly|partially|to (?:some|a certain) extent|sometimes|in some)/i;
const ADVICE_WINDOW = 4_000;

/** `You should (not) switch`, `the statement is true`: the last such sentence. */
function advised(text: string, finder: YesNoFinder): Found<YesNo> | undefined {
  const from = Math.max(0, text.length - ADVICE_WINDOW);
  for (const cue of [...text.slice(from).matchAll(ADVISING)].reverse()) {
    const start = from + cue.index + cue[0].length;
    const clause = /^[^.!?\n,;。，]{0,60}/u.exec(text.slice(start, start + 60))![0];
    if (
      /\b(?:classic|original|standard|usual|if|whether|when|why)\b[^.!?\n]*$/i.test(
        text.slice(Math.max(0, start - 70), start),
      )
    )
      continue;
    if (
      /(?:no (?:evidence|proof|indication|reason)|not|n['’]t|never|doubt|claims?|believes?|thinks?|says?)(?: (?:that|to \p{L}+))?(?: (?:it|this|that|the))?$/iu.test(
        text.slice(Math.max(0, start - cue[0].length - 40), start - cue[0].length).trimEnd(),
      )
    )
      continue;
    const [said] = finder.all(text, { from: start, end: start + clause.length });
    if (said === undefined || HEDGED.test(text.slice(said.end, said.end + 30))) continue;
    return found(said, 'advice');
  }
  return undefined;
}

/** Lines that are a word and nothing else, when they all say the same. */
function onLines(text: string, finder: YesNoFinder): Found<YesNo> | undefined {
  const from = Math.max(0, text.length - 2_000);
  let last: SaidWord | undefined;
  for (const line of text.slice(from).matchAll(/^[ \t*_>`"'([]{0,6}(?=\S)([^\n]{1,24})$/gmu)) {
    const start = from + line.index + line[0].length - line[1]!.length;
    const said = finder.at(text, start);
    if (said === undefined || !/^[\s*_`"')\].!。]*$/.test(text.slice(said.end, start + line[1]!.length)))
      continue;
    if (last !== undefined && last.value !== said.value) return undefined;
    last = said;
  }
  return last === undefined ? undefined : found(last, 'line');
}

const MARKED =
  /(?:\[|【|\*\*|<)\s?(?=(\p{L}{2,14})\s?[.!]?(?:\]|】|\*\*|>))|(?<=[.!?。！？]["')\]]?\s{1,3})["'`“(]?(?=\p{L}{2,14}["'`”)]?[.!。]?\s*$)/gu;

/** `Therefore, 5209 is a prime number. [Yes]`: where all that is marked says the same. */
function marked(text: string, { start, end }: Stretch, finder: YesNoFinder): Found<YesNo> | undefined {
  const from = Math.max(start, end - 2_000);
  const said: SaidWord[] = [];
  for (const mark of text.slice(from, end).matchAll(MARKED)) {
    const word = finder.at(text, from + mark.index + mark[0].length);
    if (word !== undefined) said.push(word);
  }
  const read = agreed(said);
  return read.kind === 'value'
    ? { value: read.value, tier: 'marked', start: read.start, end: read.end }
    : undefined;
}
