import type { Menu } from './choice-letter.js';

/** Sentences that choose an option without the word answer: `Option B is correct`, `(B) is the best`, `I choose C`, `故选B`. */
const POSITIVE =
  '(?:therefore |thus |hence |clearly |indeed |definitely |also )?(?:the |a |an |my )?(?:only |most |single |best |closest |more )?(?:correct|right|true|accurate|appropriate|suitable|answer|best|closest|choice|richtig|korrekt|correct[aeo]?|corrett[aoe]|correct[ae]s?|vrai|верн|правильн)';

/** After a letter: it is called right. */
const CALLED_RIGHT = new RegExp(
  `[*_\`)\\]."”]{0,4}(?:(?: (?:qui|che|que|which|that))? {1,2}(?:is|was|are|ist|est|es|è|é|would be|should be|must be|seems|appears to be|является|—)(?: the)? ${POSITIVE}` +
    '|(?<= (?:ist|sind) (?:die )?(?:Antwort|Option|Aussage)? ?.) (?:korrekt|richtig)(?![\\p{L}])' +
    '| the (?:clear |only |most )?(?:best|better|correct|right|closest|likeliest) (?:answer|choice|option|fit|match)(?![\\p{L}])' +
    '| ?(?:选项|選項|项|が|は|은|는|이|가)?(?:是)?(?:最)?(?:正确|正確|正解|对的|對的|符合|정답|맞)(?!吗|嗎|か|与否))',
  'iuy',
);

/** Before a letter: it is chosen. */
const CHOOSES =
  /(?:(?<![\p{L}])(?:i (?:would |will |shall |must )?(?:therefore |thus |hence |then |finally )?(?:choose|select|pick|vote for|go with|opt for)|i['’]ll (?:choose|go with|pick|select)|i['’]d (?:choose|go with|pick|select)|(?:we|you) (?:should |must |would )?(?:choose|select|pick)|my (?:choice|pick|selection) is|(?:select|choose|pick)(?=[ ]{1,2}(?:option|choice|\()))(?: (?:is|option|choice|answer|letter|the)){0,3}[: ]{1,3}|(?:(?:故选|应选|因此选|所以选|選|选择|选)(?!项|項)|(?:正确|正確|最佳)的?(?:选项|選項)(?:应该|应)?(?:是|为|為)?)[:：]? ?)[*_`(["“]{0,4}$/iu;

/** Before a letter that ends its clause: what was said leads to it. */
const CONCLUDES =
  /(?:(?:(?:^|[.!?。]\s|\n|, )(?:so|thus|hence|therefore|ergo|daher|also|donc)[,:]?(?: it['’]s| it is| that['’]s)?|(?<![\p{L}])(?:i think|i believe|i['’]d say|i would say|it must be|it has to be)(?: (?:that|it|is|it['’]s|the answer)){0,4}|(?<![\p{L}])(?:leaving|leaves)(?: us)?(?: with)?(?: only| just)?|(?<![\p{L}])(?:leads|points|leaning|lean)(?: us)? (?:to|towards?)|(?:^|[.;] )it(?: is|['’]s)|it can only be|(?<![\p{L}])(?:correct|right|true|best) (?:statement|pair|match|sequence|order|one) is(?: number)?|∴|(?<![\p{L}])(?:richtig|korrekt|zutreffend) (?:ist|sind)(?: \p{L}{1,10}){0,2}|(?<![\p{L}])(?:correct[aeo]?s?|corrett[ao]|correta) (?:es|est|è|é)(?: la| l['’])?)(?: (?:option|answer|choice|letter|antwort|opción|opzione))?[: ]{1,2}|正しいのは|正解は)[*_`(["“]{0,4}$/iu;
const ENDS_CLAUSE =
  /[*_`)\]"”]{0,4}(?:です|である|だ)?(?:\s*(?:[.,;!)。，、\n]|$)|\s(?:because|since|as|da|weil|porque|car|,)(?![\p{L}])|\s\((?:not|rather|and not)\b)/iuy;

/** Another letter that is called the same: `both (A) and (B) are correct`. */
const JOINED =
  /(?<![\p{L}\p{N}])([\p{L}\p{N}])[*_`)\]."”]{0,4}(?: ?[,，、&/] ?| (?:and|or|und|oder|et|ou|y|o|e|и|или) |和|与|と)$/iu;

const OPENING =
  /(?:(?<![\p{L}\p{N}])(?:options?|choice|answer|alternative|statement|letter|opción|opzione|opção|вариант|antwort) {0,2})?[*_`(["“]{0,4}$/iu;
const CLOSES = /[*_`)\]."”]{0,4}(?![\p{Script=Latin}\p{N}'’])/uy;

const NEGATED = /(?:(?<![\p{L}])(?:not|never|no longer|nicht|no|pas|non|não|не)|n't|不|非)\s*$/iu;
const ASKED =
  /(?:\b(?:if|whether|why|suppose|assume|which(?! makes| leaves)|wenn|si|se)\b|如果|假设|若)[^.!?\n。]{0,30}$/i;

/** A letter that a sentence chooses. */
export interface ChosenLetter {
  readonly letter: string;
  readonly start: number;
}

const REACH = 100;

/** All letters of the menu that a sentence chooses, in their order. */
export function chosenLetters(text: string, { alone }: Menu): ChosenLetter[] {
  const chosen: ChosenLetter[] = [];
  alone.lastIndex = 0;
  for (let found = alone.exec(text); found !== null; found = alone.exec(text)) {
    const { index: start } = found;
    const before = text.slice(Math.max(0, start - REACH), start);
    const statement = statementAt(text, start, before);
    if (statement === undefined) continue;
    const lead = before.slice(0, before.length - (start - statement.from));
    if (NEGATED.test(lead) || ASKED.test(lead) || text.startsWith('?', statement.end)) continue;
    const other = statement.calledRight ? JOINED.exec(lead)?.[1] : undefined;
    if (other !== undefined) chosen.push({ letter: other, start });
    chosen.push({ letter: found[0], start });
  }
  return chosen;
}

/** The statement that chooses the letter at a place. */
function statementAt(
  text: string,
  start: number,
  before: string,
): { readonly from: number; readonly end: number; readonly calledRight: boolean } | undefined {
  const right = endAfter(CALLED_RIGHT, text, start + 1);
  if (right !== undefined)
    return { from: start - OPENING.exec(before)![0].length, end: right, calledRight: true };
  const end = endAfter(CLOSES, text, start + 1);
  const chooses =
    (end === undefined ? null : CHOOSES.exec(before)) ??
    (endAfter(ENDS_CLAUSE, text, start + 1) === undefined ? null : CONCLUDES.exec(before));
  return chooses === null
    ? undefined
    : { from: start - chooses[0].length, end: end ?? start + 1, calledRight: false };
}

function endAfter(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
