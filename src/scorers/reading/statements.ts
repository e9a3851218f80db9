/**
 * Sentences that choose an option without the word answer: `Option B is correct`, `(B) is the best`, `I choose C`,
 * `故选B`. Group 1 or 2 is the letter; whether it is of the menu is checked where it is read.
 */
const POSITIVE =
  '(?:therefore |thus |hence |clearly |indeed |definitely |also )?(?:the |a |an |my )?(?:only |most |single |best |closest |more )?(?:correct|right|true|accurate|appropriate|suitable|answer|best|closest|choice|richtig|korrekt|correct[aeo]?|corrett[aoe]|correct[ae]s?|vrai|верн|правильн)';

const MARKED = '[*_`(\\["“]{0,4}(\\p{L}|\\p{N})[*_`)\\]."”]{0,4}';

const CHOOSES = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:options?|choice|answer|alternative|statement|letter|opción|opzione|opção|вариант|antwort|option)?[ ]{0,2}(?<![\\p{L}\\p{N}])${MARKED} {1,2}(?:is|was|are|ist|est|es|è|é|would be|should be|must be|seems|appears to be|является|—)(?: the)? ${POSITIVE}` +
    `|(?<![\\p{L}])(?:i (?:would )?(?:choose|select|pick|vote for|go with|opt for)|i['’]d (?:choose|go with|pick|select)|(?:we|you) (?:should |must |would )?(?:choose|select|pick)|my (?:choice|pick|selection) is|(?:select|choose|pick)(?=[ ]{1,2}(?:option|choice|\\()))(?: (?:is|option|choice|answer|letter|the)){0,3}[: ]{1,3}${MARKED}(?![\\p{Script=Latin}\\p{N}'’])` +
    `|(?:故选|应选|因此选|所以选|選|选择|选)(?:项|項)?[:：]? ?${MARKED}(?![\\p{Script=Latin}\\p{N}])` +
    `|${MARKED} ?(?:选项|選項|项|が|は|은|는|이|가)?(?:是)?(?:最)?(?:正确|正確|正解|对的|對的|符合|정답|맞)(?!吗|嗎|か|与否)`,
  'giu',
);

const NEGATED = /(?:not|n't|never|no longer|nicht|no|pas|non|não|не|不|非)\s*$/i;
const ASKED = /(?:if|whether|why|suppose|assume|which|wenn|si|se|如果|假设|若)[^.!?\n。]{0,30}$/i;

/** A letter that a sentence chooses. */
export interface ChosenLetter {
  readonly letter: string;
  readonly start: number;
}

/** All letters that a sentence of a text chooses, in their order. */
export function chosenLetters(text: string): ChosenLetter[] {
  const chosen: ChosenLetter[] = [];
  for (const found of text.matchAll(CHOOSES)) {
    const letter = found.slice(1).find((group) => group !== undefined)!;
    const before = text.slice(Math.max(0, found.index - 50), found.index);
    const after = text.slice(found.index + found[0].length, found.index + found[0].length + 3);
    if (NEGATED.test(before) || ASKED.test(before) || after.startsWith('?')) continue;
    chosen.push({ letter, start: found.index + found[0].lastIndexOf(letter) });
  }
  return chosen;
}
