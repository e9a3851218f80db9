/**
 * The words by which answers are announced, in the languages that models answer in. Latin script without marks apart
 * from the rest, which is looked for only in texts that are not ASCII.
 */
const PLAIN_NOUNS =
  'answer|ans|response|solution|result|conclusion|verdict|decision|judge?ment|choice|option|alternative|antwort|antwoord|loesung|ergebnis|endergebnis|reponse|respuesta|opcion|alternativa|resultado|risposta|opzione|soluzione|risultato|resposta|wynik|svar|svaret|vastaus|cevap|jawaban|jibu|oplossing|resultat|resultaat|jawapan|sagot|gabarito';

const CASED_NOUNS =
  'lösung|réponse|résultat|opción|solución|opção|solução|odpowiedź|odpověď|výsledek|yanıt|sonuç|đáp án|răspuns|válasz|ответ|ответа|вариант|результат|відповідь|отговор|απάντηση';

const UNCASED_NOUNS =
  'câu trả lời|trả lời|الإجابة|الخيار|الجواب|إجابة|جواب|پاسخ|תשובה|התשובה|उत्तर|जवाब|विकल्प|উত্তর|பதில்|விடை|సమాధానం|คำตอบ|答案|答复|解答|回答|结果|結果|答え|正解|選択肢|答|정답|선택지|답변|답안|답';

/** Nouns that announce options only: `the correct option is`. */
const OPTION_NOUNS =
  'choice option alternative alternativa opcion opción opzione opção вариант विकल्प 選択肢 선택지 الخيار';
/** Nouns that may introduce anything: what follows decides only if it can be read. */
const VAGUE_NOUNS =
  'response result solution conclusion decision resultado risultato resultat resultaat 结果 結果 результат wynik výsledek sonuç solución soluzione solução oplossing lösung loesung ergebnis';

/** How much an announcing noun says. */
export type NounKind = 'answer' | 'option' | 'vague';

const KINDS: ReadonlyMap<string, NounKind> = new Map([
  ...OPTION_NOUNS.split(' ').map((noun) => [noun, 'option'] as const),
  ...VAGUE_NOUNS.split(' ').map((noun) => [noun, 'vague'] as const),
]);

/** The kind of a noun that was found. */
export const nounKind = (noun: string): NounKind =>
  KINDS.get(noun) ?? KINDS.get(noun.toLowerCase()) ?? 'answer';

const PLAIN = new RegExp(PLAIN_NOUNS, 'gi');
const CASED = new RegExp(CASED_NOUNS, 'gi');
const UNCASED = new RegExp(UNCASED_NOUNS, 'g');

/**
 * The patterns that find every noun that may announce an answer in a text; whether it stands alone is checked where it
 * was found. Apart by script, and without the flag `u`: that costs a tenth for text that is not ASCII.
 */
export function answerNounsFor(text: string): readonly RegExp[] {
  if (!/[^\x00-\x7f]/.test(text)) return [PLAIN];
  const patterns = [PLAIN];
  if (/[\u00c0-\u052f\u1e00-\u1fff]/.test(text)) patterns.push(CASED);
  if (/[\u0590-\u1dff\u2e80-\ud7ff]/.test(text)) patterns.push(UNCASED);
  return patterns;
}

const LINKING_WORDS =
  'choices?|options?|letter|key|value|number|is|to|of|for|based|in|from|after|using|given|final|correct|right|here|auf|zur|de|del|della|à|a la|finale|esatta|giusta|certa|juste|exacte|correcta|correcte|corretta|correta';

const COPULAS =
  'is|was|are|would be|should be|must be|will be|has to be|equals|ist|lautet|wäre|sind|est|serait|es|sería|son|è|é|sarebbe|seria|são|to(?<=(?:odpowied|wynik)[^.\\n]{0,80}to)|jest|je|är|er|on(?<=vastau[^.\\n]{0,80}on)|olur|adalah|ialah|là|ni|is dus|este|είναι|это|является|е|هي|هو|है|হল|హల్|คือ|הוא|היא';

/** After a noun: up to the colon, arrow or bracket that ends a field's label. */
export const FIELD_TAIL = new RegExp(
  `(?:s?[ _](?:${LINKING_WORDS})(?:[ _,/-]+[\\p{L}'’]{1,20}){0,8}?)?(?: ?\\([^()\\n]{0,40}\\))?[*_\`"'”’» ]{0,6}(?:[:：]|=>?|[-–—]?->|→|⇒|】|\\]|>)|[*_]{0,3} [—–-](?= )`,
  'iuy',
);

/** After a noun: up to the verb of `the answer to this question is`. */
export const SENTENCE_TAIL = new RegExp(
  `[*_]{0,2}(?:(?: {1,3}(?!not\\b|cannot\\b|depends\\b|if\\b|whether\\b)[\\p{L}\\p{M}'’-]{1,24}){0,6}? {1,3}(?:${COPULAS})(?![\\p{L}\\p{M}'’])|(?:应该|應該|应当|應當|应|應)?(?:是|为|為|选择|選擇|选|選)|とは|は|은|는|이|가|คือ| —| –)`,
  'iuy',
);

/** Ends a label that fills its line: `### Final Answer`, `**Answer**`. */
export const HEADING_TAIL = /[*_`"'】\])]{0,6}[ \t]*(?:\r?\n)/y;

/** Before an announcement, in its sentence: what comes is only supposed, asked for, or an example. */
export const SUPPOSED =
  /(?:\b(?:(?:if|suppose|supposing|assume|assuming|say|imagine|unless|whether|why|where|like|such as|for example|for instance|wenn|falls|si|se|not|isn't|wasn't)\b|form)|例如|比如|假设|如果|若|たとえば|もし|예를 들어)[^]{0,40}$/i;

/** Content of an announcement that says that there is no answer. */
export const NO_ANSWER =
  /^(?:none|no (?:correct |valid )?(?:answer|option|solution|choice)s?\b|n\/a\b|not (?:available|given|enough|possible|determinable)|cannot be|can't be|unknown|undefined|undetermined|indeterminate|unclear|\?|keine?\b|ninguna?\b|aucune?\b|nessuna?\b|nenhuma?\b|нет\b|无法|沒有|没有|无)/i;

/** Before a noun for an option that means the chosen one; or the noun begins its line. */
export const SINGLED_OUT =
  /(?:^|[\n\r]|correct|right|best|final|only|remaining|closest|chosen|selected|my|your|richtige|beste|correcta|mejor|correcte|bonne|juste|meilleure|corretta|migliore|correta|melhor|правильный|верный|सही|正しい|올바른|맞는|옳은)["'*_`#>{ \t-]*$/iu;

/** After a noun for an option that means the right one, as Romance languages have it: `la opción correcta es`. */
export const SINGLED_OUT_AFTER =
  / (?:correct[aeo]s?|corrett[ao]|correta|giust[ao]|esatt[ao]|certa|juste|exacte|adéquate|adecuada|الصحيح|الصحيحة|left|remaining)(?![\p{L}])/uy;
