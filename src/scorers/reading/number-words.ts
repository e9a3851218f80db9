import { parseDecimal } from '../../foundation/decimal.js';
import { negative, rationalOf, sameRational, wholeRational, type Rational } from './rational.js';

const WORDS: readonly (readonly [language: string, words: string])[] = [
  [
    'en',
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty',
  ],
  ['de', 'null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf'],
  ['fr', 'zéro un deux trois quatre cinq six sept huit neuf dix onze douze'],
  ['es', 'cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce'],
  ['it', 'zero uno due tre quattro cinque sei sette otto nove dieci undici dodici'],
  ['pt', 'zero um dois três quatro cinco seis sete oito nove dez onze doze'],
  ['ru', 'ноль один два три четыре пять шесть семь восемь девять десять'],
  ['zh', '零 一 二 三 四 五 六 七 八 九 十'],
];

const VALUES = new Map(
  WORDS.flatMap(([, words]) => words.split(' ').map((word, value) => [word, value] as const)),
);

const SCALES: readonly (readonly [power: number, words: RegExp])[] = [
  [2, /^hundre[dt]$/],
  [3, /^(?:thousand|tausend|mille|mila?|тыс\p{L}*|千)$/u],
  [4, /^[万萬만]$/],
  [5, /^lakhs?$/],
  [6, /^(?:mio|mil(?:li|l|h|i)[oõóã]\p{L}{1,3}|млн|миллион\p{L}*)$/u],
  [7, /^crores?$/],
  [8, /^[亿億억]$/],
  [9, /^(?:billions?|mrd|milliard\p{L}*|млрд|миллиард\p{L}*)$/u],
  [12, /^trillions?$/],
];
const powerOf = (word: string): number | undefined => SCALES.find(([, words]) => words.test(word))?.[0];
const SCALE = /[ \u00a0~]?([万萬만亿億억千])|(?:[ \u00a0]|\\ )(\p{L}{3,10})\.?(?![\p{L}\p{N}])/uy;

const MONEY_SCALE = /(?:([kK])|([mM]|mn)|(bn|[bB]))(?![\p{L}\p{N}])/uy;

/** `million` after a number, or the `k` of `$2.5k`: the power of ten that it stands for, and where it ends. */
export function scaleAfter(
  text: string,
  at: number,
  isMoney: boolean,
): { readonly power: number; readonly end: number } | undefined {
  MONEY_SCALE.lastIndex = at;
  const short = isMoney ? MONEY_SCALE.exec(text) : null;
  if (short !== null) return { power: short[1] ? 3 : short[2] ? 6 : 9, end: MONEY_SCALE.lastIndex };
  SCALE.lastIndex = at;
  const found = SCALE.exec(text);
  const word = found?.[1] ?? found?.[2];
  const power = word === undefined ? undefined : powerOf(word.toLowerCase());
  return power === undefined ? undefined : { power, end: at + found![0].replace(/\.$/, '').length };
}

const HAN_AMOUNT = /\d{1,8}(?:[亿億억万萬만千] ?\d{1,8}){1,3}[万萬만千]?/y;

/** Several steps of a scale in one number: `3万5千`, `1億2000万`. */
export function hanAmount(
  text: string,
  at: number,
): { readonly value: Rational; readonly end: number } | undefined {
  HAN_AMOUNT.lastIndex = at;
  const written = HAN_AMOUNT.exec(text)?.[0];
  if (written === undefined) return undefined;
  let sum = 0;
  for (const [, digits, scale = ''] of written.matchAll(/(\d+)(\D?)/g))
    sum += Number(digits) * 10 ** (powerOf(scale) ?? 0);
  return Number.isSafeInteger(sum) ? { value: rationalOfWord(sum), end: at + written.length } : undefined;
}

const MINUS =
  /(?:(?:^|[:=,(*$]|(?<![\p{L}])(?:is|was|are|be|equals|answer|to|of|ist|beträgt|lautet|sind|wert|est|vaut|es|son|è|é|fa|равен|равно|это))[\s*$"']{0,4}(?:minus|moins|menos|meno|минус)|(?<!\d ?)(?<![\p{L}])negative)[\s*$]{1,4}$|(?:负|負|マイナス|마이너스) ?$/iu;

/** `minus` or `negative` before a number, as a sign and not between two numbers. */
export const saysMinus = (text: string, at: number): boolean =>
  /[\s*$负負スー]/.test(text[at - 1] ?? '') && MINUS.test(text.slice(Math.max(0, at - 32), at));

const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const PARTS = 'half third quarter fifth sixth seventh eighth ninth tenth'.split(' ');
const WORD = /(?: and (?:a )?|[ -])?(\p{L}{1,20})(?!\p{L})/uy;
const SIGN = /(?:minus|negative|moins|menos|meno|минус|负|負)\s*/iuy;

/** A number in words, and where it ends. */
interface WordsRead {
  readonly value: Rational;
  readonly end: number;
}

/**
 * The number in words that begins at a place: `five`, `twenty-five`, `one hundred and five`, `two and a half`,
 * `two thirds`, `三十六`.
 */
function wordsAt(text: string, from: number): WordsRead | undefined {
  SIGN.lastIndex = from;
  const at = SIGN.test(text) ? SIGN.lastIndex : from;
  const read = hanNumber(text, at) ?? spelledNumber(text, at);
  return read === undefined || at === from ? read : { value: negative(read.value), end: read.end };
}

const smallNumber = (word: string): number | undefined => {
  const tens = TENS.indexOf(word);
  return VALUES.get(word) ?? (tens < 0 ? undefined : 20 + 10 * tens);
};

function spelledNumber(text: string, from: number): WordsRead | undefined {
  let [sum, group, last, end] = [0, 0, Infinity, from];
  for (;;) {
    WORD.lastIndex = end;
    const word = WORD.exec(text)?.[1]!.toLowerCase();
    if (word === undefined) break;
    const small = smallNumber(word);
    const power = powerOf(word);
    const part = partOf(word);
    if (end === from ? small === undefined : small === undefined && power === undefined && part < 0) break;
    if (small !== undefined) {
      if (small >= last || (last < 100 && small > 9)) break; // the next number
      group += small;
      last = small < 20 ? 0 : small;
    } else if (power !== undefined) {
      group *= 10 ** power;
      last = 10 ** power;
      if (power > 2) [sum, group] = [sum + group, 0];
    } else
      return { value: withPart(sum + group, part, text.slice(end, WORD.lastIndex)), end: WORD.lastIndex };
    end = WORD.lastIndex;
  }
  return end === from || !Number.isSafeInteger(sum + group)
    ? undefined
    : { value: rationalOfWord(sum + group), end };
}

const partOf = (word: string): number =>
  PARTS.indexOf(word === 'halves' ? 'half' : word.replace(/^fourth/, 'quarter').replace(/s$/, ''));

/** `two thirds` divides, `two and a half` adds. */
const withPart = (whole: number, part: number, written: string): Rational =>
  rationalOf(
    parseDecimal(String(written.startsWith(' and') ? whole * (part + 2) + 1 : whole))!,
    parseDecimal(String(part + 2))!,
  )!;

const HAN = '零一二三四五六七八九';
const HAN_RUN = /[零一二三四五六七八九十百千万两〇]{1,14}/uy;

/** `三十六`, `一百零五`, `两万`. */
function hanNumber(text: string, at: number): WordsRead | undefined {
  HAN_RUN.lastIndex = at;
  const run = HAN_RUN.exec(text)?.[0];
  if (run === undefined) return undefined;
  let [sum, group, digit] = [0, 0, 0];
  for (const sign of run) {
    const value = HAN.indexOf(sign === '两' ? '二' : sign === '〇' ? '零' : sign);
    const power = '十百千万'.indexOf(sign) + 1;
    if (value >= 0) digit = value;
    else if (power < 4) [group, digit] = [group + (digit || 1) * 10 ** power, 0];
    else [sum, group, digit] = [(group + digit) * 10_000, 0, 0];
  }
  return { value: rationalOfWord(sum + group + digit), end: at + run.length };
}

/** A number that stands as a word: the text is it, begins with it, or holds it in bold as its only one. */
export function numberInWords(text: string): Rational | undefined {
  const at = /^[\s*_"'`$({[]*/.exec(text)![0].length;
  const read = wordsAt(text, at);
  // `one` may be a pronoun
  if (read === undefined || (isOne(text.slice(at, read.end)) && /[\p{L}\p{N}]/u.test(text.slice(read.end))))
    return numberInBold(text);
  return read.value;
}

const isOne = (word: string): boolean => VALUES.get(word.toLowerCase()) === 1;

/** The only number word in bold: `you can hold **zero** litres`. */
export function numberInBold(text: string): Rational | undefined {
  if (!text.includes('**')) return undefined;
  const marked = [...text.matchAll(/\*\*\s?([\p{L} -]{1,40}?)\s?\*\*/gu)];
  const values = marked.flatMap((found) => {
    const read = wordsAt(found[1]!, 0);
    return read?.end === found[1]!.length ? read.value : [];
  });
  return values.every((value) => sameRational(value, values[0]!)) ? values[0] : undefined;
}

/** Nouns whose number says nothing: `two possible answers`. */
const COUNTS_WORDS =
  /^ (?:of(?! them)|more|other|possible|different|main|key|kinds?|ways?|reasons?|options?|things?|steps?|types?|factors?|parts?|cases?|possibilities|answers?|explanations?)(?![\p{L}])/iu;

/** The only number word of a text's last sentence: `There are twenty-four of them.` A single word alone is text. */
export function onlyNumberInWords(text: string): Rational | undefined {
  const sentence = /[^.!?。！？\n]{1,200}[.!?。！？\s*]*$/u.exec(text)?.[0] ?? '';
  if (/^\P{L}*(?:\p{L}|(?:(?![一-龥])\p{L})+)\P{L}*$/u.test(text)) return undefined;
  let only: Rational | undefined;
  const words =
    /(?<![\p{L}\p{M}-])\p{L}|(?<=[一-龥])[一二三四五六七八九十](?=[零一二三四五六七八九十百千万])/gu;
  for (let found = words.exec(sentence); found !== null; found = words.exec(sentence)) {
    const read = wordsAt(sentence, found.index);
    if (read === undefined) continue;
    words.lastIndex = read.end;
    const word = sentence.slice(found.index, read.end);
    if (
      word === 'null' ||
      (isOne(word) && sentence.trim().length > word.length + 1) ||
      COUNTS_WORDS.test(sentence.slice(read.end))
    )
      continue;
    if (only !== undefined) return undefined;
    only = read.value;
  }
  return only;
}

const rationalOfWord = (value: number): Rational => wholeRational(parseDecimal(String(value))!);
