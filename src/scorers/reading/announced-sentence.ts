import { isBeside } from './number-pairs.js';
import type { NumberToken } from './number-token.js';
import type { Stretch } from './paragraphs.js';

/** A verb that tells an amount, right before it: `will be $`, `totals`, `равно`, `花费了`. */
const TELLS =
  /(?:(?<![\p{L}])(?<!which )(?:is|are|was|were|be|equals?|becomes?|totals?|amounts to|comes to|ist|sind|war|wird|beträgt|betrug|est|sont|fut|sera|serait|es|son|será|sería|è|sono|sarà|é|são|составляет|составит|равн[оа]|это|будет)(?: (?:then|now|thus|therefore|only|exactly|about|approximately|around|roughly|nearly|equal to|a total of|dann|etwa|rund|environ|d['’]environ|alors|de|aproximadamente|unos|около))?[\s*_$€£¥\\(~≈]*|[=≈][\s$€£¥\\(]*|(?:総計|合計|是|为|為|等于|等於|共有|共|花费了|花了|赚|需要)[\s*$¥]*)$/iu;

/** `数は5匹です`: the topic, and what it amounts to. */
const TOPIC = /(?:は|が)[\s*$¥約]*$/u;
const AMOUNTS = /^[^\d、。\n]{0,8}(?:です|でした|だ|になり|になる|となり|となる|である|[。\n]|$)/u;

/** An amount of time that Japanese sets beside the amount told: `2か月間で`, `1週間に`, `10年後、`; or a place: `3回目`. */
const TIME_OR_PLACE =
  /^ ?(?:(?:週間|日間|日|[かヶヵカケ]月間?|年間?|時間|分間?)(?:後[、は]?|、?毎|で|に|の間|あたり|につき|ごとに|平均|、)|(?:回|番|つ|日|年|個|週)目)/u;

/** A sentence that opens with when, where or on what condition: `After 12 months, she …`, `В оставшихся 24 литрах …`. */
const OPENS =
  /^[\s*_"'“(]*(?:(?:after|in|at|by|with|within|for|on|of|from|over|during|when|if|once|since|given|assuming|considering|before|until|nach|bei|mit|von|für|nachdem|wenn|innerhalb|während|après|dans|en|avec|pour|pendant|lorsque|si|quand|au bout de|después de|tras|con|durante|cuando|para|depois de|em|com|dopo|per|quando|в|во|через|после|за|для|если|когда)(?![\p{L}])(?! (?:total|all|summe|tutto|average|least|most|sum|short|conclusion|other words|fact|tal|todo|tout|somme|conséquence|conclusión|consecuencia|conclusione|sintesi|fazit)(?![\p{L}]))|[\d.,]+ (?:years?|months?|weeks?|days?|hours?|minutes?|jahren?|ans|años|anni|лет)(?: (?:from now|later|hence|ago|after|on))?(?=,))/iu;
/** The same in Chinese: up to the comma after `后`, `时`, `中`. */
const OPENS_HAN = /^[^，。\n]{1,80}(?:后|後|时|時|中|里|裡|间|間)，/u;

/**
 * The numbers of a sentence that tells an answer, without those that only say when, where and of what: of `After 12
 * months, she still owes $220` the 220, of `The volume of all 3 boxes is 72` the 72. All of them where nothing is told apart.
 *
 * @param tokens The numbers of the stretch, in their order.
 */
export function toldNumbers(
  text: string,
  tokens: readonly NumberToken[],
  { start, end }: Stretch,
): readonly NumberToken[] {
  const [first] = tokens;
  if (first === undefined || tokens.length === 1) return tokens;
  const own = tokens.filter(
    (token, i) =>
      !TIME_OR_PLACE.test(text.slice(token.end, Math.min(end, token.end + 8))) &&
      !isBeside(text, token, { before: tokens[i - 1], first }),
  );
  const left = afterOpening(text, own.length === 0 ? tokens : own, { start, end });
  if (left.length === 1 || opensWith(text, start, left[0]!)) return left;
  const told = left.filter(({ start: at, end: after }) => {
    const before = text.slice(Math.max(start, at - 40), at);
    return (
      TELLS.test(before) || (TOPIC.test(before) && AMOUNTS.test(text.slice(after, Math.min(end, after + 14))))
    );
  });
  return told.length === 1 && !told[0]!.operand ? told : left;
}

function afterOpening(
  text: string,
  tokens: readonly NumberToken[],
  { start, end }: Stretch,
): readonly NumberToken[] {
  const sentence = text.slice(start, end);
  const last = tokens.at(-1)!;
  const han = OPENS_HAN.exec(sentence);
  if (han !== null) {
    const after = tokens.filter((token) => token.start >= start + han[0].length);
    return after.length === 0 ? tokens : after;
  }
  if (!OPENS.test(sentence)) return tokens;
  const comma = /,(?= )/.exec(text.slice(start, last.start));
  const from = comma === null ? tokens[0]!.end : start + comma.index;
  const after = tokens.filter((token) => token.start >= from);
  return after.length === 0 ? tokens : after;
}

const opensWith = (text: string, start: number, token: NumberToken): boolean =>
  /^[\s*_"'`$({[\\]*$/.test(text.slice(start, token.start)) &&
  !/^[^\d，。]{0,30}は/u.test(text.slice(token.end, token.end + 32));
