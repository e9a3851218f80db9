/** A piece of two texts: in both, only in the old one, or only in the new one. */
export interface DiffPiece {
  readonly kind: 'both' | 'old' | 'new';
  readonly text: string;
}

/** Texts whose table would have more steps are compared by sentences, or given as one change. */
const MOST_CELLS = 1_500_000;

/**
 * The difference of two texts by words: the longest common subsequence of words, spaces and marks after what both have
 * in common at their ends. The pieces of kind `both` and `old` make up the old text, `both` and `new` the new one.
 */
export function wordDiff(old: string, now: string): DiffPiece[] {
  const a = wordsOf(old);
  const b = wordsOf(now);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const pieces: DiffPiece[] = [];
  const add = (kind: DiffPiece['kind'], words: readonly string[]): void => {
    if (words.length > 0) pieces.push({ kind, text: words.join('') });
  };
  add('both', a.slice(0, start));
  middle(a.slice(start, a.length - end), b.slice(start, b.length - end), add);
  add('both', a.slice(a.length - end));
  return gathered(pieces);
}

/** Changes with no more than a space between them as one: what was there, then what is there now. */
function gathered(pieces: readonly DiffPiece[]): DiffPiece[] {
  const found: DiffPiece[] = [];
  let [both, old, now] = ['', '', ''];
  const flush = (): void => {
    if (old !== '') found.push({ kind: 'old', text: old });
    if (now !== '') found.push({ kind: 'new', text: now });
    if (both !== '') found.push({ kind: 'both', text: both });
    [both, old, now] = ['', '', ''];
  };
  for (const { kind, text } of pieces) {
    if (kind === 'both') both += text;
    else {
      if (/\S/.test(both) || (old === '' && now === '')) flush();
      old += both;
      now += both;
      both = '';
      if (kind === 'old') old += text;
      else now += text;
    }
  }
  flush();
  return found;
}

/** Scripts that are written without spaces: each character counts as a word, or a sentence would be one. */
const SPACELESS = String.raw`[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]`;
const WORDS = new RegExp(
  String.raw`${SPACELESS}\p{M}*|(?:(?!${SPACELESS})[\p{L}\p{N}\p{M}_])+|\s+|[^\p{L}\p{N}\p{M}_\s]`,
  'gu',
);
const wordsOf = (text: string): string[] => text.match(WORDS) ?? [];

/** Words up to the ends of sentences and lines, as texts. */
function sentencesOf(words: readonly string[]): string[] {
  const sentences: string[] = [];
  let sentence = '';
  for (const word of words) {
    sentence += word;
    if (!/[.!?。！？\n]/.test(word)) continue;
    sentences.push(sentence);
    sentence = '';
  }
  return sentence === '' ? sentences : [...sentences, sentence];
}

type Add = (kind: DiffPiece['kind'], words: readonly string[]) => void;

const fits = (a: readonly string[], b: readonly string[]): boolean => a.length * b.length <= MOST_CELLS;

/** By words; where that would take too long by sentences, and then by words within those that changed. */
function middle(a: readonly string[], b: readonly string[], add: Add): void {
  if (fits(a, b)) return compare(a, b, add);
  const [before, after] = [sentencesOf(a), sentencesOf(b)];
  if (!fits(before, after)) return replace(a, b, add);
  let [old, now] = ['', ''];
  const flush = (): void => {
    const [x, y] = [wordsOf(old), wordsOf(now)];
    (fits(x, y) ? compare : replace)(x, y, add);
    [old, now] = ['', ''];
  };
  compare(before, after, (kind, sentences) => {
    if (kind === 'old') old += sentences.join('');
    else if (kind === 'new') now += sentences.join('');
    else {
      flush();
      add('both', sentences);
    }
  });
  flush();
}

function replace(a: readonly string[], b: readonly string[], add: Add): void {
  add('old', a);
  add('new', b);
}

/** By the table of the longest common subsequences. */
function compare(a: readonly string[], b: readonly string[], add: Add): void {
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      add('both', [a[i]!]);
      i++;
      j++;
    } else if (longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!) add('old', [a[i++]!]);
    else add('new', [b[j++]!]);
  }
  add('old', a.slice(i));
  add('new', b.slice(j));
}
