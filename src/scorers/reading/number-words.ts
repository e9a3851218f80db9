import { parseDecimal } from '../../foundation/decimal.js';
import { wholeRational, type Rational } from './rational.js';

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

const FIRST_WORD = /^[\s*_"'`$({[]*(\p{L}{1,9})(?!\p{L})/u;
const MARKED_WORD = /\*\*\s?(\p{L}+)\s?\*\*/gu;

/** A number that stands as a word: the text is it, begins with it, or holds it in bold as its only one. */
export function numberInWords(text: string): Rational | undefined {
  const first = FIRST_WORD.exec(text);
  const value = first === null ? undefined : VALUES.get(first[1]!.toLowerCase());
  if (value === undefined || (value === 1 && /[\p{L}\p{N}]/u.test(text.slice(first![0].length))))
    return numberInBold(text);
  return rationalOfWord(value);
}

/** The only number word in bold: `you can hold **zero** litres`. */
export function numberInBold(text: string): Rational | undefined {
  if (!text.includes('**')) return undefined;
  const values = [...text.matchAll(MARKED_WORD)].flatMap(([, word]) => VALUES.get(word!.toLowerCase()) ?? []);
  return new Set(values).size === 1 ? rationalOfWord(values[0]!) : undefined;
}

const rationalOfWord = (value: number): Rational => wholeRational(parseDecimal(String(value))!);
