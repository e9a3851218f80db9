import type { Menu } from './choice-letter.js';

/** Nouns that a letter is called by. */
const NOUN =
  '(?:options?|choice|answer|alternativ[ae]|statement|letter|proposition|réponse|antwort|aussage|opción|respuesta|letra|opção|resposta|opzione|risposta|вариант|ответ)';

/** What may stand right before a letter and right after it. */
const OPENS = '[*_`(["“]{0,12}';
const CLOSES = '[*_`)\\]."”]{0,12}';

const RIGHT =
  '(?:correct|right|true|accurate|appropriate|suitable|answer|best|closest|choice|richtig|korrekt|correct[aeo]?s?|corrett[aoe]|vrai|juste(?! une?(?![\\p{L}]))|bonne|verdadeira|cert[ao]|richtige|beste|верн|правильн)';
/** `the only option that fits`; but not the only one that is wrong. */
const ONLY_ONE =
  "(?:only|best|right) (?:option|one|statement)(?![^.!?\\n]{0,60}(?:not|n['’]t|wrong|false|incorrect|fail|violat|contradict))|(?:one|option) (?:to (?:choose|pick)|that fits)";

const VERB = '(?:choose|select|pick|vote for|go (?:with|for)|opt for)';
const NOT = '(?:not|nor|noch|ni|nicht|pas|non|no|não|не)';

const ENDS_TEXT = /[*_`)\]"”.!。\s]*$/y;

/** Another letter that is called the same: `both (A) and (B) are correct`. */
const JOINED =
  /(?<![\p{L}\p{N}])([\p{L}\p{N}])[*_`)\]."”]{0,4}(?: ?[,，、&/] ?| (?:and|or|und|oder|et|ou|y|o|e|и|или) |和|与|と)$/iu;

const NEGATED =
  /(?:(?<![\p{L}])(?:not|never|no longer|neither|nor|nicht|weder|noch|no|pas|ni|non|não|не|ни)|n't|不|非)\s*$/iu;
const ASKED =
  /(?:\b(?:if|whether|why|suppose|assume|which(?! makes| leaves|,? $)|wenn|si|se)\b|如果|假设|若)[^.!?\n。]{0,30}$/i;
const SET_ASIDE =
  /(?:wrong|incorrect|false|not|except|out|eliminated?|rejected|distractors?)(?: \p{L}+s)?[*_]{0,3}[:：→⇒>\s-]*[*_(]*$/iu;

/** What ends at a place, as group 1; read backwards from there. */
const endingAt = (pattern: string): RegExp => new RegExp(`(?<=(${pattern}))`, 'iuy');

/** The patterns that are made of the parts above, at their first use: they are large. */
const makePatterns = () => ({
  /** After a letter: it is called right, and not on a condition that something else must meet. */
  calledRight: new RegExp(
    `${CLOSES}(?:(?: (?:qui|che|que|which|that))? {1,2}(?:is|was|are|ist|est|es|è|é|would be|should be|must be|seems|appears to be|является|—)(?: the)? ` +
      `(?:therefore |thus |hence |clearly |indeed |definitely |also )?(?:(?:the|a|an|my|la|le|die) )?(?:${ONLY_ONE}|(?:${NOUN} )?(?:only |most |single |best |closest |more )?${RIGHT})` +
      '|(?<= (?:ist|sind) (?:die )?(?:Antwort|Option|Aussage)? ?.) (?:korrekt|richtig)(?![\\p{L}])' +
      '| (?:die (?:richtige|beste|korrekte)|la bonne) \\p{L}+' +
      '| (?:best|most closely|most accurately) \\p{L}{3,12} ' +
      '| it is(?=[.!]|$)| (?:passt am besten|trifft zu|stimmt(?! nicht))|が残' +
      '|:? ?(?:[|:—–] ?)[*_]{0,2}(?:correct[aeo]?|right|richtig|korrekt|верно|正确|[✓✔✅])[*_]{0,2}(?= ?(?:[.;!|。\\n]|$))' +
      '| the (?:clear |only |most )?(?:best|better|correct|right|closest|likeliest) (?:answer|choice|option|fit|match)(?![\\p{L}])' +
      '| ?(?:选项|選項|项|が|은|는|이|가)?(?:是)?(?:最)?(?:正确|正確|正解|对的|對的|符合|정답|맞|सही|صحيح|هو الصحيح)(?!吗|嗎|か|与否))' +
      '(?! ?(?:only )?(?:if|when|unless|had|were|wenn|si|at first|initially)(?![\\p{L}]))',
    'iuy',
  ),
  /** Before a letter: it is chosen. */
  chooses: endingAt(
    `(?:(?<![\\p{L}])(?:(?:i|we|you)(?:['’](?:ll|d)| (?:would|will|shall|must|should))?(?: \\p{L}{4,9})? ${VERB}|i(?:['’]m| am) (?:going with|choosing|picking|selecting)|my (?:choice|pick|selection) is|(?:select|choose|pick)(?= {1,2}(?:option|choice|\\())` +
      '|(?:je|on) (?:choisi[st]|sélectionne|retien[st]|opte pour)|ich wähle|(?:wähle|nehme|kreuze) ich|elijo|escojo|selecciono|elegimos|escolho|scelgo|выбира(?:ю|ем))' +
      `(?: (?:is|the|la|l['’]|die|a)?${NOUN}?){0,3}[: ]{1,3}` +
      `|(?<![\\p{L}])${NOT} (?:${NOUN} )?[*_(]{0,3}[^\\s][*_)]{0,3},? (?:but|sondern|mais|sino|mas|ma|а)(?: rather)?(?: ${NOUN})? ` +
      '|(?:ではなく|[가이] 아니라|而是|不是[^。,，\\n]{1,6}[，,]是)[、, ]?' +
      '|(?:(?:故选|应选|因此选|所以选|選|选择|选)(?!项|項)|(?:正确|正確|最佳)的?(?:选项|選項)(?:应该|应)?(?:是|为|為)?)[:：]? ?)' +
      OPENS,
  ),
  /** Before a letter that ends its clause: what was said leads to it. */
  concludes: endingAt(
    `(?:(?:(?:^|[.!?。]\\s|\\n|[,;] )(?:so|thus|hence|therefore|ergo|daher|also|donc|entonces|logo|quindi|итак),?:?(?: it['’]s| it is| that['’]s)?|(?<![\\p{L}])(?:i think|i believe|i['’]d say|i would say|it must be|it has to be)(?: (?:that|it|is|it['’]s|the answer)){0,4}|(?<![\\p{L}])(?:leaving|leaves)(?: us)?(?: with)?(?: only| just)?|(?<![\\p{L}])(?:leads|points|leaning|lean|corresponds)(?: us)? (?:to|towards?)|(?<![\\p{L}])(?:matches|namely|i\\.e\\.)|(?:^|[.;,] |but )it(?: is|['’]s)|(?:^|[.;,] )(?:es ist|c['’]est)|it can only be|(?:change|correct|revise) (?:it|that|my answer) to|(?<![\\p{L}])(?:supports|confirms|means|makes (?:it|that|this))|(?<![\\p{L}])(?:(?:in)?correct|right|true|false|best) (?:statement|pair|match|sequence|order|one) is(?: number)?|∴|(?:^|[.;] )(?:верно|правильно|подходит)(?: только)?|(?<![\\p{L}])(?:richtig|korrekt|zutreffend|(?:falsche|richtige) aussage) (?:ist|sind)(?: \\p{L}{1,10}){0,2}|(?<![\\p{L}])(?:correct[aeo]?s?|corrett[ao]) (?:es|est|è|é)(?: la| l['’])?)(?: (?:the )?${NOUN})?[: ]{1,2}|正しいのは|正解は|(?:正确|錯誤|错误|不正确|不正確|准确|不当|恰当)的(?:一项|选项)?是)` +
      OPENS,
  ),
  endsClause: new RegExp(
    `${CLOSES}(?:です|である|だ)?(?:\\s*(?:[.,;!)。，、\\n]|$)|\\s(?:because|since|as|da|weil|porque|car|,)(?![\\p{L}])|\\s\\((?:not|rather|and not)\\b|\\s[—–-]\\s| it is[.!])`,
    'iuy',
  ),
  /** Before a letter that ends the text: a colon or an arrow leads to it, but not from another letter: `B -> C -> A`. */
  leadsTo: endingAt(`(?:[\\p{L}\\p{N})][:：]|(?<!(?:^|[^\\p{L}])\\p{L} ?)(?:→|⇒|->)) ?${OPENS}`),
  opening: endingAt(`(?:(?<![\\p{L}\\p{N}])${NOUN} {0,2})?${OPENS}`),
  closing: new RegExp(`${CLOSES}(?![\\p{Script=Latin}\\p{N}'’])`, 'uy'),
});
let made: ReturnType<typeof makePatterns> | undefined;

/** A letter that a sentence chooses. */
export interface ChosenLetter {
  readonly letter: string;
  readonly start: number;
  /** It is what the text concludes, or it was put in another's place. */
  readonly isLastWord: boolean;
}

const REACH = 100;
const FONTS = /\\(?:text|textbf|mathrm|mathbf|bf|rm) ?\{|\\[()[\]]|[$}]/g;
/** The model takes back what it said. */
const TAKES_BACK =
  /(?<![\p{L}])(?:wait|actually|hmm+|no,|on second thought|correction|let me (?:re|double)|reconsider|my mistake|i (?:made|forgot|misread)|scratch that|moment|attendez|halt|espera)(?![\p{L}])|等等|不对/iu;

/** All letters of the menu that a sentence chooses, in their order. */
export function chosenLetters(given: string, { alone }: Menu): ChosenLetter[] {
  const text = given.includes('\\') ? given.replace(FONTS, (mark) => '*'.repeat(mark.length)) : given;
  const chosen: ChosenLetter[] = [];
  alone.lastIndex = 0;
  for (let found = alone.exec(text); found !== null; found = alone.exec(text)) {
    const { index: start } = found;
    const statement = statementAt(text, start);
    if (statement === undefined) continue;
    const lead = text.slice(Math.max(0, start - REACH), statement.from);
    if (NEGATED.test(lead) || ASKED.test(lead) || text.startsWith('?', statement.end)) continue;
    const other = statement.calledRight ? JOINED.exec(lead)?.[1] : undefined;
    if (other !== undefined) chosen.push({ letter: other, start, isLastWord: false });
    const said = chosen.at(-1);
    const isLastWord =
      statement.isConclusion || (said !== undefined && TAKES_BACK.test(text.slice(said.start, start)));
    chosen.push({ letter: found[0], start, isLastWord });
  }
  return chosen;
}

interface Statement {
  readonly from: number;
  readonly end: number;
  readonly calledRight: boolean;
  readonly isConclusion: boolean;
}

/** The statement that chooses the letter at a place. */
function statementAt(text: string, start: number): Statement | undefined {
  const patterns = (made ??= makePatterns());
  const after = start + 1;
  const right = endAfter(patterns.calledRight, text, after);
  if (right !== undefined)
    return {
      from: beginBefore(patterns.opening, text, start)!,
      end: right,
      calledRight: true,
      isConclusion: false,
    };
  const end = endAfter(patterns.closing, text, after);
  const isConclusion = endAfter(ENDS_TEXT, text, after) !== undefined;
  const from =
    (end === undefined ? undefined : beginBefore(patterns.chooses, text, start)) ??
    (endAfter(patterns.endsClause, text, after) === undefined
      ? undefined
      : beginBefore(patterns.concludes, text, start)) ??
    (isConclusion && !SET_ASIDE.test(text.slice(Math.max(0, start - REACH), start))
      ? beginBefore(patterns.leadsTo, text, start)
      : undefined);
  return from === undefined ? undefined : { from, end: end ?? after, calledRight: false, isConclusion };
}

function endAfter(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

function beginBefore(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found === null ? undefined : at - found[1]!.length;
}
