import type { NumberToken } from './number-token.js';
import { sameRational, timesPowerOfTen } from './rational.js';

const JOINS =
  /^[\s$€£*_(){}"'\\]*(?:[,;、，/&]|,?\s?(?:and|or|und|oder|et|ou|y|o|u|e|и|или|au|na|atau|dan|eller|en|of|veya|ve)|或者|或|和|及|与|または|か)[\s$€£¥*_(){}"'\\]*(?:[a-z]\w{0,2} ?= ?)?[\s$€£¥*_({"'\\]*$/i;
const RANGES = /^[\s$°%]*(?:-|–|—|~|〜|～|to|bis|through|until|hasta|à|至|到|до|a)[\s$€£¥]*$/i;

/** Whether two numbers are named as alternatives, as a list or as the ends of a range. */
export function areJoined(text: string, a: NumberToken, b: NumberToken): boolean {
  if (b.start - a.end > 24) return false;
  const between = text.slice(a.end, b.start);
  return (
    (JOINS.test(between) && !(between === ' en ' && PERIOD.test(text.slice(b.end, b.end + 12)))) ||
    RANGES.test(between) ||
    (between === '' && text[b.start] === '-') ||
    (SPAN.test(between) && SPANS.test(text.slice(Math.max(0, a.start - 12), a.start))) ||
    EITHER.test(text.slice(Math.max(0, a.start - 14), a.start))
  );
}

/** After French and Spanish `en`, which is no `and` there: `7425 en 1 semana`. */
const PERIOD =
  /^ (?:semanas?|d[íi]as?|mes(?:es)?|años?|horas?|minutos?|total|tot|ans?|années?|jours?|mois|heures?|semaines?)(?!\p{L})/iu;

/** `from 15 litres to 16`, `between 3 km and 4`. */
const SPANS = /(?<!\p{L})(?:from|between|von|zwischen|entre|desde|da|tra|от)[\s*$€£\\(]*$/iu;
const SPAN = /^ ?\p{L}{0,12} (?:to|and|bis|und|à|et|a|hasta|y|e|до) [$€£]?$/iu;

/** What promises a second value: `soit 8, soit 12`. */
const EITHER = /(?<!\p{L})(?:either|entweder|soit|либо)[\s*_$\\(]*$/iu;

/** Whether two numbers are the first of a list in brackets: `[0, 0]`. */
export const areListed = (text: string, a: NumberToken, b: NumberToken): boolean =>
  /[[({]\s?$/.test(text.slice(Math.max(0, a.start - 2), a.start)) && /^, ?$/.test(text.slice(a.end, b.start));

/** Whether the second number is the first one again, or the same share in per cent: `3/8, or 37.5 %`. */
export const saysTheSame = (first: NumberToken, second: NumberToken): boolean =>
  first.value !== undefined &&
  second.value !== undefined &&
  (sameRational(first.value, second.value) ||
    (second.percent && !first.percent && sameRational(first.value, timesPowerOfTen(second.value, -2))));

/** The second number only explains the first: `5 (that is, 10 / 2)`. */
export const isAside = (text: string, first: NumberToken, second: NumberToken): boolean =>
  /^[^,;]{0,24}\((?!\d)/.test(text.slice(first.end, second.start)) ||
  /^(?: |\\text\{|\\,)*(?:[\p{L}]{1,12}\}?)\^$/u.test(text.slice(first.end, second.start));

const UNIT =
  '(?:hours?|hrs?|h|min(?:ute)?s?|days?|weeks?|months?|years?|feet|foot|ft|pounds?|lbs?|stunden?|jahre|heures?|ans|horas?|años|ore|anni|часа?|часов|лет|小时|年)';
const COMPOUND = new RegExp(`^[ -]?${UNIT}\\.?,?(?: (?:and|und|et|y|e|и))?[ 零]?$`, 'iu');

/** `2 hours and 30 minutes`, `5 feet 4`: two numbers for one amount. */
export const isCompound = (text: string, a: NumberToken, b: NumberToken): boolean =>
  b.start - a.end < 20 && COMPOUND.test(text.slice(a.end, b.start));

const SHARE_OF =
  /^ (?:\p{L}+ ){0,3}(?:in|out of(?: the)?|of the|(?:sur|parmi) les|von (?:den|insgesamt)|de l[oa]s|d[oa]s|dei|delle|из)(?: (?:original|total|all|other))? $/u;

/** `14 of the 30`, or of a chance `1 in 6`: the second number is what the first is part of. */
export const isShareOf = (text: string, a: NumberToken, b: NumberToken): boolean =>
  b.start - a.end < 50 &&
  SHARE_OF.test(text.slice(a.end, b.start)) &&
  (!text.slice(a.end, b.start).endsWith(' in ') ||
    CHANCE.test(text.slice(Math.max(0, a.start - 80), a.start)));

const TAIL =
  /^[*_]{0,2}(?: [^\s\d,;.=]+){0,4}?(?:,? (?:over|for(?! an?| total)|from|on|per|than|across|among|with|(?:still )?to (?!about|around|nearly|roughly|the|be|reach|get|become|give|make|obtain|total|equal|yield)\p{L}{2,}|pour (?!obtenir|donner|avoir|faire|un )\p{L}{2,}|para (?!obtener|obter|dar|hacer|una? )\p{L}{2,}|чтобы (?!получ)\p{L}{2,})|, (?:not|по|je|zu je|at|um (?:alle|all|die|den|das))|(?:, [^,\d]{0,24})? (?:als|que|чем|y sobran?))(?: [\p{L}'’]+){0,2} [*_$€£¥]{0,4}$/u;

/** Whether the second number only says of the first for what it is: `14 more to fill all 50 pages`, `5, not 6`. */
export const isTail = (text: string, a: NumberToken, b: NumberToken): boolean =>
  b.start - a.end < 60 && TAIL.test(text.slice(a.end, b.start));

const PARALLEL = /(?<![\p{L}])(is|are|was|has|have|costs?|gets?|ist|hat|est|es|tiene) [*_$€£¥]{0,4}$/iu;

/** `Tom is 12 and his sister is 8`: each number answers a question of its own. */
export function areParallel(text: string, a: NumberToken, b: NumberToken): boolean {
  const verb = PARALLEL.exec(text.slice(Math.max(0, a.start - 16), a.start))?.[1];
  const between = text.slice(a.end, b.start);
  return (
    verb !== undefined &&
    PARALLEL.exec(between)?.[1] === verb &&
    /^[^,.;=]{0,30},? (?:and|while|whereas|und|et|y) (?!so|the (?:total|sum|answer|result))[^,.;=]{1,40}$/iu.test(
      between,
    )
  );
}

const CHANCE = /probab|chance|odds|likelihood|wahrscheinlich/i;

const ASIDE = /\([a-z][^()]{0,60}$/;
const ASIDE_OF_NUMBER = /[\s*_\u3040-\u9fff]\([^()\n]{0,60}$/; // `14 cups (2 cups × 7 days)`
const MONEY = /[$€£¥₹]|^[\d.,]+ ?(?:euros?|dollars?|pesos|рубл|元|円)/;
const COMPARED = /^(?: \p{L}+){0,2} (?:than|als|que|чем)(?!\p{L})/u;

/** Whether a number of a sentence only tells of something else: `350-page`, `(using π ≈ 22/7)`, `$40 over 3 years`. */
export const isBeside = (
  text: string,
  { start, end }: NumberToken,
  { before, first }: { readonly before: NumberToken | undefined; readonly first: NumberToken },
): boolean =>
  /^-\p{L}{3}/u.test(text.slice(end, end + 5)) ||
  ASIDE.test(text.slice(Math.max(0, start - 64), start)) ||
  (first.start < start &&
    !/^\(.*\)$/.test(text.slice(start - 1, end + 1)) &&
    ASIDE_OF_NUMBER.test(text.slice(Math.max(first.end, start - 64), start))) ||
  (before !== undefined &&
    / (?:\p{L}+ ){0,2}(?:over|during|within|for|on|from|per|in|en|за)(?: the| all)? $/u.test(
      text.slice(before.end, start),
    ) &&
    MONEY.test(text.slice(before.start, before.end + 8)) &&
    !MONEY.test(text.slice(start, end + 8))) ||
  (before !== undefined &&
    text.slice(before.end, start).endsWith(', ') &&
    COMPARED.test(text.slice(end, end + 40)));
