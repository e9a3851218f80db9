import { parseDecimal } from '../../foundation/decimal.js';
import { negative, rationalOf, timesPowerOfTen, wholeRational, type Rational } from './rational.js';

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

/** `million` after a number: the power of ten that it stands for, and where it ends. */
export function scaleAfter(
  text: string,
  at: number,
): { readonly power: number; readonly end: number } | undefined {
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
const FIRST_WORD =
  /^[\s*_"'`$({[]*(?:(minus|negative|moins|menos|meno|минус|负|負)\s*)?(\p{L}{1,20})(?!\p{L})/iu;
const NEXT_WORD = /^(?: and |-| )(\p{L}{3,10})(?!\p{L})/iu;
const MARKED_WORD = /\*\*\s?(\p{L}+)\s?\*\*/gu;

/** A number that stands as a word: the text is it, begins with it, or holds it in bold as its only one. */
export function numberInWords(text: string): Rational | undefined {
  const first = FIRST_WORD.exec(text);
  const rest = first === null ? '' : text.slice(first[0].length);
  const value = first === null ? undefined : wordsFrom(first[2]!.toLowerCase(), rest);
  if (value === undefined || (value === 'one' && /[\p{L}\p{N}]/u.test(rest))) return numberInBold(text);
  const read = value === 'one' ? rationalOfWord(1) : value;
  return first![1] === undefined ? read : negative(read);
}

/** `five`, `twenty-five`, `two thirds`, `three hundred`; `one` may be the pronoun or an article. */
function wordsFrom(word: string, rest: string): Rational | 'one' | undefined {
  const tens = TENS.indexOf(word);
  const value = VALUES.get(word) ?? (tens < 0 ? undefined : 20 + 10 * tens);
  if (value === undefined) return undefined;
  const next = NEXT_WORD.exec(rest)?.[1]!.toLowerCase();
  if (next === undefined) return value === 1 ? 'one' : rationalOfWord(value);
  const part = PARTS.indexOf(
    next === 'halves' ? 'half' : next.replace(/^fourth/, 'quarter').replace(/s$/, ''),
  );
  if (part >= 0) return rationalOf(parseDecimal(String(value))!, parseDecimal(String(part + 2))!);
  const ones = VALUES.get(next);
  if (tens >= 0 && ones !== undefined && ones > 0 && ones < 10) return rationalOfWord(value + ones);
  const power = powerOf(next);
  if (power === undefined) return value === 1 ? 'one' : rationalOfWord(value);
  const more = NEXT_WORD.exec(rest.slice(next.length + 1))?.[1]?.toLowerCase();
  const isAll =
    more === undefined || !(VALUES.has(more) || TENS.includes(more) || powerOf(more) !== undefined);
  return isAll ? timesPowerOfTen(rationalOfWord(value), power) : undefined;
}

/** The only number word in bold: `you can hold **zero** litres`. */
export function numberInBold(text: string): Rational | undefined {
  if (!text.includes('**')) return undefined;
  const values = [...text.matchAll(MARKED_WORD)].flatMap(([, word]) => VALUES.get(word!.toLowerCase()) ?? []);
  return new Set(values).size === 1 ? rationalOfWord(values[0]!) : undefined;
}

const rationalOfWord = (value: number): Rational => wholeRational(parseDecimal(String(value))!);
