/**
 * Porter's stemmer with NLTK's extensions, which is what rouge_score stems with; the original algorithm gives other
 * stems for one word in ten. Source: Porter 1980, "An algorithm for suffix stripping", and NLTK 3.8
 * `PorterStemmer(mode=NLTK_EXTENSIONS)`. Expects lower case.
 */
export function porterStem(word: string): string {
  const irregular = IRREGULAR.get(word);
  if (irregular !== undefined) return irregular;
  if (word.length <= 2) return word;
  return step5(step4(applyRules(step2(step1c(step1b(step1a(word)))), STEP_3)));
}

const IRREGULAR: ReadonlyMap<string, string> = new Map([
  ['sky', 'sky'],
  ['skies', 'sky'],
  ['dying', 'die'],
  ['lying', 'lie'],
  ['tying', 'tie'],
  ['news', 'news'],
  ['innings', 'inning'],
  ['inning', 'inning'],
  ['outings', 'outing'],
  ['outing', 'outing'],
  ['cannings', 'canning'],
  ['canning', 'canning'],
  ['howe', 'howe'],
  ['proceed', 'proceed'],
  ['exceed', 'exceed'],
  ['succeed', 'succeed'],
]);

type Condition = (stem: string) => boolean;
type Rule = readonly [suffix: string, replacement: string, condition?: Condition];

/** Which letters are consonants; a y is one at the beginning and after a vowel. */
function consonantsOf(word: string): boolean[] {
  const consonants: boolean[] = [];
  for (let i = 0; i < word.length; i++) {
    consonants.push(word[i] === 'y' ? i === 0 || !consonants[i - 1]! : !'aeiou'.includes(word[i]!));
  }
  return consonants;
}

/** How many times a vowel run is followed by a consonant run: Porter's m. */
function measure(stem: string): number {
  let count = 0;
  let vowel = false;
  for (const consonant of consonantsOf(stem)) {
    if (consonant && vowel) count++;
    vowel = !consonant;
  }
  return count;
}

const positive: Condition = (stem) => measure(stem) > 0;
const long: Condition = (stem) => measure(stem) > 1;

const holdsVowel = (stem: string): boolean => consonantsOf(stem).includes(false);

function endsConsonantVowelConsonant(word: string): boolean {
  const consonants = consonantsOf(word);
  if (word.length === 2) return !consonants[0] && consonants[1]!;
  const [first, second, third] = consonants.slice(-3);
  return word.length >= 3 && first! && !second && third! && !'wxy'.includes(word.at(-1)!);
}

/** The first rule whose suffix fits decides, even when its condition then fails. */
function applyRules(word: string, rules: readonly Rule[]): string {
  for (const [suffix, replacement, condition] of rules) {
    if (!word.endsWith(suffix)) continue;
    const stem = word.slice(0, word.length - suffix.length);
    return condition === undefined || condition(stem) ? stem + replacement : word;
  }
  return word;
}

function step1a(word: string): string {
  if (word.endsWith('ies') && word.length === 4) return word.slice(0, -1);
  return applyRules(word, [
    ['sses', 'ss'],
    ['ies', 'i'],
    ['ss', 'ss'],
    ['s', ''],
  ]);
}

function step1b(word: string): string {
  if (word.endsWith('ied')) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith('eed')) return positive(word.slice(0, -3)) ? word.slice(0, -1) : word;
  const suffix = ['ed', 'ing'].find(
    (each) => word.endsWith(each) && holdsVowel(word.slice(0, word.length - each.length)),
  );
  if (suffix === undefined) return word;
  const stem = word.slice(0, word.length - suffix.length);
  if (/(at|bl|iz)$/.test(stem)) return `${stem}e`;
  const end = stem.length - 1;
  if (end > 0 && stem[end] === stem[end - 1] && consonantsOf(stem)[end]) {
    return 'lsz'.includes(stem[end]!) ? stem : stem.slice(0, -1);
  }
  return measure(stem) === 1 && endsConsonantVowelConsonant(stem) ? `${stem}e` : stem;
}

const step1c = (word: string): string =>
  applyRules(word, [['y', 'i', (stem) => stem.length > 1 && consonantsOf(stem).at(-1)!]]);

function step2(word: string): string {
  if (word.endsWith('alli') && positive(word.slice(0, -4))) return step2(word.slice(0, -2));
  return applyRules(word, [...STEP_2, ['logi', 'log', () => positive(word.slice(0, -3))]]);
}

const STEP_2: readonly Rule[] = [
  ['ational', 'ate', positive],
  ['tional', 'tion', positive],
  ['enci', 'ence', positive],
  ['anci', 'ance', positive],
  ['izer', 'ize', positive],
  ['bli', 'ble', positive],
  ['alli', 'al', positive],
  ['entli', 'ent', positive],
  ['eli', 'e', positive],
  ['ousli', 'ous', positive],
  ['ization', 'ize', positive],
  ['ation', 'ate', positive],
  ['ator', 'ate', positive],
  ['alism', 'al', positive],
  ['iveness', 'ive', positive],
  ['fulness', 'ful', positive],
  ['ousness', 'ous', positive],
  ['aliti', 'al', positive],
  ['iviti', 'ive', positive],
  ['biliti', 'ble', positive],
  ['fulli', 'ful', positive],
];

const STEP_3: readonly Rule[] = [
  ['icate', 'ic', positive],
  ['ative', '', positive],
  ['alize', 'al', positive],
  ['iciti', 'ic', positive],
  ['ical', 'ic', positive],
  ['ful', '', positive],
  ['ness', '', positive],
];

const step4 = (word: string): string => applyRules(word, STEP_4);

const STEP_4: readonly Rule[] = [
  ['al', '', long],
  ['ance', '', long],
  ['ence', '', long],
  ['er', '', long],
  ['ic', '', long],
  ['able', '', long],
  ['ible', '', long],
  ['ant', '', long],
  ['ement', '', long],
  ['ment', '', long],
  ['ent', '', long],
  ['ion', '', (stem) => long(stem) && /[st]$/.test(stem)],
  ['ou', '', long],
  ['ism', '', long],
  ['ate', '', long],
  ['iti', '', long],
  ['ous', '', long],
  ['ive', '', long],
  ['ize', '', long],
];

function step5(word: string): string {
  let result = word;
  if (word.endsWith('e')) {
    const stem = word.slice(0, -1);
    const m = measure(stem);
    if (m > 1 || (m === 1 && !endsConsonantVowelConsonant(stem))) result = stem;
  }
  return result.endsWith('ll') && long(result.slice(0, -1)) ? result.slice(0, -1) : result;
}
