/** A fenced code block of a text. */
export interface CodeBlock {
  /** What the fence says that it holds, in lower case: `json`. */
  readonly language: string;
  readonly content: string;
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
  let open: { fence: string; language: string; quoted: boolean; lines: string[] } | undefined;
  const close = (): void => {
    if (open !== undefined) blocks.push({ language: open.language, content: open.lines.join('\n') });
    open = undefined;
  };
  for (const line of text.split('\n')) {
    if (blocks.length >= MOST_BLOCKS) break;
    const found = line.length < 100_000 || /^\s*[`~>]/.test(line) ? OPENING.exec(line) : null;
    const fence = found?.[2];
    if (open !== undefined && (fence === undefined || !isNewOpening(found!, open.fence))) {
      const inner = open.quoted ? line.replace(/^[ \t]*>[ \t]?/, '') : line;
      if (inner.trim().startsWith(open.fence) && /^[`~]+$/.test(inner.trim())) close();
      else if (inner.trimEnd().endsWith(open.fence)) {
        open.lines.push(inner.trimEnd().slice(0, -open.fence.length));
        close();
      } else open.lines.push(inner);
      continue;
    }
    if (fence === undefined) {
      const amid = AMID_LINE.exec(line.slice(-LONGEST_FENCE));
      if (amid !== null)
        open = { fence: amid[1]!, language: amid[2]!.toLowerCase(), quoted: false, lines: [] };
      continue;
    }
    close();
    const rest = found![4]!;
    const end = rest.indexOf(fence);
    if (end >= 0) blocks.push({ language: found![3]!.toLowerCase(), content: rest.slice(0, end) });
    else {
      open = { fence, language: found![3]!.toLowerCase(), quoted: found![1]!.includes('>'), lines: [] };
      if (rest !== '') open.lines.push(rest);
    }
  }
  close();
  return blocks;
}

/** Within an open block: a fence with a language begins another one, the first was never closed. */
const isNewOpening = (found: RegExpExecArray, fence: string): boolean =>
  found[3] !== '' && found[2]!.length >= fence.length && found[2]![0] === fence[0];
