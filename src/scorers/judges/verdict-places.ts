import { lastParagraph, lineEnd, type Stretch } from '../reading/paragraphs.js';

const LONGEST_VERDICT = 200;

/**
 * What follows the last field with one of the names, up to its line's end; on the next line that holds anything when
 * nothing does. Fields stand at the beginning of a line (`**GRADE:** C`, `3. Grade: C`), or within one where nobody is
 * quoted. Each name is looked at once, with a fixed length around it.
 */
export function labelledVerdict(text: string, names: readonly string[]): Stretch | undefined {
  let last: Stretch | undefined;
  for (const found of text.matchAll(fieldPattern(names))) {
    const end = found.index + found[0].length;
    if (isQuotation(text, found.index)) continue;
    if (isUnfinishedKey(text, found.index, end)) continue;
    const between = last === undefined ? '' : text.slice(last.start, found.index);
    const joint = OR.exec(between); // `GRADE: C or GRADE: I` is neither
    last = joint === null ? valueAfter(text, end) : { start: last!.start + joint.index, end };
  }
  return last;
}

const OR = /(?<=^.{1,16}\W)(?:or|oder|ou|или|或)\W{1,4}$/;

const fieldPattern = (names: readonly string[]): RegExp => {
  const any = names.map((name) =>
    name
      .trim()
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/\s+/g, '[\\s_-]{1,3}'),
  );
  return new RegExp(
    `(?<![\\p{L}\\p{N}])(?:${any.join('|')})[\\s*_"'\`]{0,6}(?:[:：=→⇒】]|->|(?<=<\\w{1,24})>|(?<=\\s)[-–—](?=\\s)|(?<=\\n[ \\t]*\\|[^|\\n]{1,40})\\|(?=[^|\\n]{1,24}\\|[ \\t]*(?:$|\\n(?![ \\t]*\\|? ?:?-))))[*_"'\`]{0,4}`,
    'giu',
  );
};

function valueAfter(text: string, from: number): Stretch {
  const end = lineEnd(text, from, LONGEST_VERDICT);
  const line = text.slice(from, end);
  if (/[\p{L}\p{N}]/u.test(line) || text[end] !== '\n') return { start: from, end };
  const below = /[\s*_"'`>]{0,20}/y;
  below.lastIndex = end;
  const start = end + (below.exec(text)?.[0].length ?? 0);
  return { start, end: lineEnd(text, start, LONGEST_VERDICT) };
}

const LINE_BEGINS =
  /(?:^|\n)[ \t]*(?:[-*•#]{1,6}[ \t]+|\d{1,2}[.)][ \t]+)?[*_`#"'{[(\s]{0,6}(?:(?:my|the|final|overall|your)[ \t]+){0,2}$/iu;
const SPEAKS =
  /\b(?:said|says?|saying|claim\w*|assert\w*|insist\w*|writ\w+|wrote|stat(?:e|es|ed|ing)|contain\w*|ends with|reads|includ\w*|would|could|might|should|if|instead|pretend\w*|demand\w*|instruct\w*|ask\w*|tell\w*|told|quot\w+|like|such as|rather|because it|tries|tried|try)\b[^.!?\n]*$/i;

/** A field that the judge only reports: in quotation marks, in a quoted line, or after a verb of saying. */
function isQuotation(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 80), at);
  const line = before.slice(before.lastIndexOf('\n') + 1);
  if (/^[ \t]*>/.test(line) && (at <= 80 || before.includes('\n'))) return true;
  if (
    LINE_BEGINS.test(before) ||
    (at <= 80 && /^[\s*_`#"'{[(>-]*(?:(?:my|the|final|overall)\s+){0,2}$/i.test(before))
  )
    return false;
  return /["'“‘«`]\s?$/.test(before) || SPEAKS.test(line);
}

/** `"grade":` of a JSON text that did not parse because it is not all there. */
const isUnfinishedKey = (text: string, at: number, end: number): boolean =>
  text[at - 1] === '"' &&
  /"\s*[:：]/.test(text.slice(at, end)) &&
  !/[}\]]\s*(?:`{3,}\s*)?$/.test(text.slice(-200));

/** The lines that may be a verdict and nothing else: the last one, then the first one. */
export function ownLines(text: string): readonly Stretch[] {
  const end = text.trimEnd().length;
  const begin = text.length - text.trimStart().length;
  const last = text.lastIndexOf('\n', end - 1) + 1;
  const first = text.indexOf('\n', begin);
  const lines = [{ start: Math.max(begin, last), end }];
  return first < 0 || first >= end ? lines : [...lines, { start: begin, end: first }];
}

/** What a sentence of the last paragraph states, the last one first: `the grade is C`, `classified as "Not OK"`. */
export function* sentenceVerdict(text: string, names: readonly string[]): Generator<Stretch> {
  const { start, end } = lastParagraph(text);
  const begin = Math.max(start, end - 1_000);
  const paragraph = text.slice(begin, end);
  const any = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const states = new RegExp(
    `(?<![\\p{L}\\p{N}])(?:(?:(?:verdict|judge?ment)[:：]|(?:${any}|verdict|judge?ment)(?: \\p{L}+){0,4}? (?:is|of|(?:w|sh)ould be|must be)(?: (?:therefore|thus|hence|clearly))?:?)|(?:classified|graded|rated|judged|scored|marked)(?: (?:it|this|the \\p{L}+))? (?:as|at|a)|(?:i (?:would |will )?)?(?:grade (?:it|this|the \\p{L}+)(?: as)?(?: an?)?|(?:give|assign|award)(?: (?:it|(?:this|the)(?: \\p{L}+)?))? (?:an?|the \\p{L}+(?: of)?))) ["'“*_\`]{0,4}`,
    'giu',
  );
  const found = [...paragraph.matchAll(states)].reverse();
  for (const each of found) {
    if (SPEAKS.test(paragraph.slice(Math.max(0, each.index - 60), each.index))) continue;
    const from = begin + each.index + each[0].length;
    yield { start: from, end: Math.min(end, lineEnd(text, from, LONGEST_VERDICT)) };
  }
}
