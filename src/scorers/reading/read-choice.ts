import { announcements, type Announcement } from './announcements.js';
import { letterAt, letterFor, mayBeLetter, namesAnother, passDecor, type Menu } from './choice-letter.js';
import { finalAnswer } from './final-answer.js';
import { matchedOption, optionTexts, type OptionFound, type OptionTexts } from './option-text.js';
import { endsInLoop, endsMidSentence, lastParagraph, lineEnd, type Stretch } from './paragraphs.js';
import { UNREADABLE, type Found, type PlaceReading, type Reading } from './reading.js';
import { chosenLetters } from './statements.js';

/**
 * The option that an answer chooses. Asked in this order, the first that finds one decides:
 *
 * 1. `whole`: the answer is the letter, or an option by its wording, and nothing else.
 * 2. `boxed`, `field`, `sentence`: where an answer is announced, the last one that can be read. Several letters there,
 *    or words for none, and nothing is chosen.
 * 3. `statement`: a sentence that calls an option right, or chooses it.
 * 4. `leading`: the text begins with the marked letter, and no other letter is marked that way.
 * 5. `line`: the last line that is a letter and nothing else.
 * 6. `paragraph`: the only marked letter of the last paragraph.
 *
 * A letter that is only spoken of (`option C is wrong`) never decides.
 */
export function readChoice(text: string, menu: Menu, options?: OptionTexts): Reading<string> {
  if (answersParts(text, menu)) return REASONS.several;
  let unread = 0;
  const mentioned = new Set<string>();
  return finalAnswer(text, {
    reasons: REASONS,
    babble: BABBLE,
    whole: (own) =>
      wholeLetter(own, menu) ??
      (options === undefined
        ? undefined
        : foundOption(matchedOption(own, { start: 0, end: own.length, options, whole: true }), 'whole')),
    places(own) {
      mentioned.clear();
      return announcements(own, (_, at) => mayBeLetter(own, at, menu));
    },
    at(own, place, decided) {
      if (place.tier === 'direct' && mentioned.size > 1) return UNREADABLE; // of several none is meant
      const read = readPlace(own, place, menu);
      if (place.tier === 'direct')
        mentioned.add(read.kind === 'value' ? read.value : (mentionAt(own, place.start, menu) ?? ''));
      if (read.kind === 'value' || read.kind === 'several' || place.tier === 'direct' || decided) return read;
      const option = unread++ < MOST_UNREAD ? announcedOption(own, place, { menu, options }) : undefined;
      return option === undefined ? read : { kind: 'value', ...option };
    },
    byPosition: (own, weak) =>
      letterMember(own, menu) ??
      chosenByStatement(own, menu, mentioned.size === 1 ? weak : undefined) ??
      chosenByPlace(own, menu) ??
      optionInEnd(own, options),
  });
}

const PART = /(?:^|[\n.。>]\s{0,3})(?:for part )?[（(](\d{1,2}|[a-h])[)）]/gi;
const MOST_PARTS = 20;

/** `(1) 【答案】A`, `(2) 【答案】C`: a letter for each part of a question, and not the same; none is the answer. */
function answersParts(text: string, menu: Menu): boolean {
  const marks = [...text.matchAll(PART)].slice(0, MOST_PARTS);
  if (marks.length < 2 || !marks.slice(1).every((mark, i) => follows(marks[i]![1]!, mark[1]!))) return false;
  const letters = marks.map(({ index }, i) => {
    const part = text.slice(index, marks[i + 1]?.index ?? text.length);
    for (const place of announcements(part)) {
      const read = place.tier === 'direct' ? UNREADABLE : readPlace(part, place, menu);
      if (read.kind === 'value') return read.value;
    }
    return undefined;
  });
  return letters.every((letter) => letter !== undefined) && new Set(letters).size > 1;
}

const follows = (before: string, mark: string): boolean =>
  /\d/.test(mark) ? Number(mark) === Number(before) + 1 : mark.charCodeAt(0) === before.charCodeAt(0) + 1;

/** A text that announces this many different letters announces none. */
const BABBLE = 4;
/** So many announcements without a letter are looked at for the wording of an option. */
const MOST_UNREAD = 8;
const REASONS = Object.freeze({
  nothing: Object.freeze({ reason: 'no letter of the menu was found in the answer' }),
  several: Object.freeze({ reason: 'the answer names several letters' }),
  none: Object.freeze({ reason: 'the answer says that no option is right' }),
});

function readPlace(text: string, place: Announcement, menu: Menu): PlaceReading<string> {
  const { start, end, mayWrap: acrossLines, tier } = place;
  const bare = tier === 'direct' && /[\x00-\u05ff]/.test(text[start - 1] ?? ''); // spaced scripts have a verb
  return letterAt(text, start, { menu, acrossLines, end, bare });
}

/** The letter that an option or answer is called by, chosen or not: `option A fails`. */
function mentionAt(text: string, start: number, menu: Menu): string | undefined {
  const read = letterAt(text, start, { menu, acrossLines: false });
  return read.kind === 'value' ? read.value : undefined;
}

/** An option by its wording, as the host gave it or as the answer itself wrote it beside the letter. */
function announcedOption(
  text: string,
  place: Announcement,
  { menu, options }: { readonly menu: Menu; readonly options: OptionTexts | undefined },
): OptionFound | undefined {
  const from = passDecor(text, place.start, { acrossLines: place.mayWrap });
  const end = place.end ?? lineEnd(text, from, LONGEST_WORDING);
  const known = options ?? optionsWritten(text.slice(Math.max(0, place.from - TAIL), place.from), menu);
  return known.length === 0
    ? undefined
    : matchedOption(text, { start: from, end, options: known, whole: options === undefined });
}

const foundOption = (found: OptionFound | undefined, tier: string): Found<string> | undefined =>
  found === undefined ? undefined : { ...found, tier };

const LONGEST_WORDING = 600;

/** Options that a text writes on lines of their own with their letters: `(I) sector`. */
function optionsWritten(text: string, menu: Menu): OptionTexts {
  const letters: string[] = [];
  const texts: string[] = [];
  for (const found of text.matchAll(/^[ \t*_-]*\(?([\p{L}\p{N}])[).:][ \t*_]+([^\n]{1,200})$/gmu)) {
    if (!menu.letters.has(found[1]!)) continue;
    letters.push(found[1]!);
    texts.push(found[2]!);
  }
  return optionTexts(letters, texts);
}

function wholeLetter(text: string, menu: Menu): Found<string> | undefined {
  if (text.length > 200) return undefined;
  const at = passDecor(text, 0, { acrossLines: true });
  const letter = letterFor(menu, text[at] ?? '', true);
  if (letter === undefined || !/^[\s*_"'`$)\]}.:>\\。、]*(?:<[^<>]{0,12}>\s*)?$/u.test(text.slice(at + 1)))
    return undefined;
  return { value: letter, tier: 'whole', start: at, end: at + 1 };
}

const HEAD = 1_000;
const TAIL = 2_000;

function chosenByStatement(
  text: string,
  menu: Menu,
  direct: Found<string> | undefined,
): Found<string> | undefined {
  const from = text.length > HEAD + TAIL ? text.length - TAIL : 0;
  const stretches =
    from === 0
      ? [{ text, start: 0 }]
      : [
          { text: text.slice(from), start: from },
          { text: text.slice(0, HEAD), start: 0 },
        ];
  for (const { text: part, start } of stretches) {
    const chosen = chosenLetters(part, menu).filter(({ letter }) => menu.letters.has(letter));
    const last = chosen.at(-1);
    if (last === undefined) continue;
    const { letter: value } = last;
    if (!last.isLastWord && chosen.some(({ letter }) => letter !== value)) return undefined;
    const at = start + last.start;
    return { value, tier: 'statement', start: at, end: at + 1 };
  }
  return direct !== undefined && isDismissed(text, direct) ? undefined : direct;
}

function chosenByPlace(text: string, menu: Menu): Found<string> | undefined {
  const leading = leadingLetter(text, menu);
  if (leading !== undefined) return leading;
  if (endsInLoop(text) || endsMidSentence(text)) return undefined;
  return (
    checkedLetter(text, menu) ?? letterOnItsLine(text, menu) ?? onlyMarked(text, lastParagraph(text), menu)
  );
}

/** `option E is generally not accurate`, `rule out option E`: near the letter, in its sentence. */
const isDismissed = (text: string, { start, end }: Found<string>): boolean =>
  DISMISSED.test(/^[^.!?;\n]*/.exec(text.slice(end, end + 40))![0]) ||
  DISMISSED.test(/[^.!?;,\n]*$/.exec(text.slice(Math.max(0, start - 24), start))![0]);

const MEMBER = /"\s{0,8}:\s{0,8}"\(?([\p{L}\p{N}])[).]?"/gu;

/** The only member of a JSON text that is a letter: `{"why": "A is too small", "choice": "D"}`. */
function letterMember(text: string, menu: Menu): Found<string> | undefined {
  if (!/^[^{]{0,40}\{\s*"/.test(text)) return undefined;
  const members = [...text.slice(-TAIL).matchAll(MEMBER)].filter(([, letter]) => menu.letters.has(letter!));
  const [only] = members;
  if (only === undefined || members.some(([, letter]) => letter !== only[1])) return undefined;
  const start = Math.max(0, text.length - TAIL) + only.index + only[0].lastIndexOf(only[1]!);
  return { value: only[1]!, tier: 'field', start, end: start + 1 };
}

const SHORT = 100;
const LEADING =
  /^[\s>*_]*(?:\(([\p{L}\p{N}])\)|([\p{L}\p{N}])([.):]|\*\*|,?(?= (?:not|rather than|because|since)(?![\p{L}]))|(?=[\p{Script=Han}。，]))(?=[\s*_$\\(]|[^\x00-\x7f]|$))/u;

/** `(B) because …`, `B. Copper`: but not where the text goes on with `(C) …`, `C. …`, as an echo of the options does. */
function leadingLetter(text: string, menu: Menu): Found<string> | undefined {
  const found = LEADING.exec(text.slice(0, 60));
  if (found === null) return undefined;
  const written = (found[1] ?? found[2])!;
  const isShort = text.length <= SHORT && !text.trim().includes('\n');
  const letter = letterFor(menu, written, found[1] !== undefined || (isShort && found[3] !== ':'));
  const at = found[0].indexOf(written);
  if (letter === undefined || namesAnother(text, at + 1, { menu, letter })) return undefined;
  if (letter !== written && !isShort) return undefined; // `(a) The pressure …`: the first part of an outline
  const others =
    found[1] === undefined
      ? /(?:^|[\n;；。\p{Script=Han}])[\s*_-]*([\p{L}\p{N}])[.):：]/gu
      : /(?:^|\n)[\s*_-]*\(([\p{L}\p{N}])\)/gu;
  for (const other of text.slice(found[0].length).matchAll(others))
    if (menu.letters.has(other[1]!) && other[1] !== letter) return undefined;
  return { value: letter, tier: 'leading', start: at, end: at + 1 };
}

/** The only box of a list that is ticked: `- [x] B`. */
function checkedLetter(text: string, menu: Menu): Found<string> | undefined {
  if (!text.includes('[')) return undefined;
  const boxes = [...text.matchAll(/^[ \t]*[-*+] \[[xX✓✔]\] \(?([\p{L}\p{N}])(?![\p{L}\p{N}])/gmu)];
  const [only] = boxes;
  const value = only === undefined || boxes.length > 1 ? undefined : letterFor(menu, only[1]!, false);
  if (value === undefined) return undefined;
  const end = only!.index + only![0].length;
  return { value, tier: 'line', start: end - 1, end };
}

function letterOnItsLine(text: string, menu: Menu): Found<string> | undefined {
  const tail = Math.max(0, text.length - TAIL);
  const alone = /^[ \t>*_(["`$\\∴⇒→]{0,6}([\p{L}\p{N}])[ \t*_)\]"`$.\\]{0,6}(?:<[^<>\n]{0,12}>)?\r?$/gmu;
  let last: Found<string> | undefined;
  for (const found of text.slice(tail).matchAll(alone)) {
    const value = letterFor(menu, found[1]!, false);
    if (value === undefined) continue;
    if (last !== undefined && last.value !== value) return undefined;
    const start = tail + found.index + found[0].indexOf(found[1]!);
    last = { value, tier: 'line', start, end: start + 1 };
  }
  return last;
}

const MARKED =
  /(?<![\p{L}\p{N}([{,_^\\=])(?:\(([\p{L}\p{N}])\)(?!\()|\*\*\(?([\p{L}\p{N}])[).:]?(?:\*\*|(?= ))|\\\(([\p{L}])\\\)|(?<=(?:^|[\n;；])[ \t]{0,3})([\p{L}\p{N}])[.):](?=[\s*_$])|(?:option|choice|选项|選項|опци[яию]|opción|opzione|opção) ?(?:[*("$]|\\\(|\\(?:mathrm|text|textbf|mathbf)\{){0,4}([\p{L}\p{N}])(?![\p{L}\p{N}])|([\p{L}])(?:选项|選項|项))/giu;

const DISMISSED =
  /(?:\b(?:not|n't|wrong|incorrect|false|invalid|ignores?|fails?|eliminate[sd]?|unlike|rather than|instead of|except|tempting|exclude[sd]?|rule[sd]? out|however|although|nicht|falsch|incorrecte?|faux|falsa?|errata|sbagliat[ao]|неверн\p{L}*|неправильн\p{L}*)\b|错误|錯誤|不正确|不正確|不对|不符|排除|誤り|틀린|틀렸)/iu;

/** The only letter that is marked in a paragraph: `(B)`, `**B**`, `option B`; spoken of as wrong it does not count. */
function onlyMarked(text: string, { start, end }: Stretch, menu: Menu): Found<string> | undefined {
  const paragraph = text.slice(Math.max(start, end - TAIL), end);
  let only: Found<string> | undefined;
  for (const found of paragraph.matchAll(MARKED)) {
    const written = found.slice(1).find((group) => group !== undefined)!;
    const value = letterFor(menu, written, false);
    if (value === undefined) continue;
    if (only !== undefined && only.value !== value) return undefined;
    if (DISMISSED.test(sentenceAround(paragraph, found.index))) return undefined;
    const at = end - paragraph.length + found.index + found[0].lastIndexOf(written);
    only ??= { value, tier: 'paragraph', start: at, end: at + 1 };
  }
  return only;
}

function sentenceAround(text: string, at: number): string {
  const before = Math.max(
    text.lastIndexOf('. ', at),
    text.lastIndexOf('\n', at),
    text.lastIndexOf('。', at),
    at - 200,
  );
  const ends = ['. ', '\n', '。'].map((mark) => text.indexOf(mark, at + 3)).filter((end) => end >= 0);
  return text.slice(Math.max(0, before), Math.min(...ends, at + 200));
}

/** An option by its wording in the last paragraph, when it is the only one. */
function optionInEnd(text: string, options: OptionTexts | undefined): Found<string> | undefined {
  if (options === undefined) return undefined;
  const { start, end } = lastParagraph(text);
  return foundOption(matchedOption(text, { start, end, options, whole: false }), 'option text');
}
