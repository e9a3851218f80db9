/** A piece of two texts: in both, only in the old one, or only in the new one. */
export interface DiffPiece {
  readonly kind: 'both' | 'old' | 'new';
  readonly text: string;
}

/** Beyond so many steps of the table the middle is given as one change. */
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

const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) ?? [];

function middle(
  a: readonly string[],
  b: readonly string[],
  add: (kind: DiffPiece['kind'], words: readonly string[]) => void,
): void {
  const width = b.length + 1;
  if (a.length * b.length > MOST_CELLS || a.length === 0 || b.length === 0) {
    add('old', a);
    add('new', b);
    return;
  }
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
