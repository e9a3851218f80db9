/** A fenced code block of a text. */
export interface CodeBlock {
  /** What the fence says that it holds, in lower case: `json`. */
  readonly language: string;
  readonly content: string;
  /** Where the content begins in the text. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
}

const OPENING = /^((?:[ \t]*(?:>|[-*+•]|\d{1,3}[.)]))*[ \t]*)(`{3,}|~{3,})[ \t]*([^\s`~{["]*)[ \t]*(.*)$/;
/** `Then ```json` at the end of a line. */
const AMID_LINE = /[^`~\s][ \t]*(`{3,})([A-Za-z0-9+-]*)[ \t\r]*$/;
const LONGEST_FENCE = 60;
const MOST_BLOCKS = 500;

/**
 * The fenced code blocks of a text: also within quotations and lists, closed on the line of their content, or never
 * closed (up to the next opening, or the end). Each line is read once.
 */
export function codeBlocks(text: string): CodeBlock[] {
  if (!text.includes('```') && !text.includes('~~~')) return [];
  const blocks: CodeBlock[] = [];
  let open: OpenBlock | undefined;
  let at = 0;
  for (const line of text.split('\n')) {
    if (blocks.length >= MOST_BLOCKS) break;
    const found = line.length < 100_000 || /^\s*[`~>]/.test(line) ? OPENING.exec(line) : null;
    const fence = found?.[2];
    if (open !== undefined && (fence === undefined || !isNewOpening(found!, open.fence))) {
      if (isLastLine(open, line, at)) {
        blocks.push(closed(open));
        open = undefined;
      }
    } else if (fence === undefined) open = openedAmid(line, at);
    else {
      if (open !== undefined) blocks.push(closed(open));
      const begun = openedBy(found!, at);
      const end = begun.lines.at(-1)?.indexOf(fence) ?? -1;
      open = end < 0 ? begun : undefined;
      if (end >= 0)
        blocks.push(closed({ ...begun, lines: [begun.lines[0]!.slice(0, end)], end: begun.start + end }));
    }
    at += line.length + 1;
  }
  if (open !== undefined) blocks.push(closed(open));
  return blocks;
}

interface OpenBlock {
  readonly fence: string;
  readonly language: string;
  readonly quoted: boolean;
  readonly lines: string[];
  readonly start: number;
  end: number;
}

const closed = ({ language, lines, start, end }: OpenBlock): CodeBlock => ({
  language,
  content: lines.join('\n'),
  start,
  end,
});

function openedBy(found: RegExpExecArray, at: number): OpenBlock {
  const [line, prefix, fence, language, rest] = found as unknown as [string, string, string, string, string];
  const start = at + line.length - rest.length;
  return {
    fence,
    language: language.toLowerCase(),
    quoted: prefix.includes('>'),
    lines: rest === '' ? [] : [rest],
    start: rest === '' ? start + 1 : start,
    end: start + rest.length,
  };
}

function openedAmid(line: string, at: number): OpenBlock | undefined {
  const amid = AMID_LINE.exec(line.slice(-LONGEST_FENCE));
  if (amid === null) return undefined;
  const start = at + line.length + 1;
  return { fence: amid[1]!, language: amid[2]!.toLowerCase(), quoted: false, lines: [], start, end: start };
}

/** Takes a line into an open block; whether the block ends there. */
function isLastLine(open: OpenBlock, line: string, at: number): boolean {
  const inner = open.quoted ? line.replace(/^[ \t]*>[ \t]?/, '') : line;
  const bare = inner.trim();
  if (bare.startsWith(open.fence) && /^[`~]+$/.test(bare)) return true;
  const visible = inner.trimEnd();
  const ends = visible.endsWith(open.fence);
  open.lines.push(ends ? visible.slice(0, -open.fence.length) : inner);
  open.end = ends ? at + line.trimEnd().length - open.fence.length : at + line.length;
  return ends;
}

/** Within an open block: a fence with a language begins another one, the first was never closed. */
const isNewOpening = (found: RegExpExecArray, fence: string): boolean =>
  found[3] !== '' && found[2]!.length >= fence.length && found[2]![0] === fence[0];
