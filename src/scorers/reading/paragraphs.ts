/** A stretch of a text. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** The last paragraph that holds anything but white space and rules. */
export function lastParagraph(text: string): Stretch {
  let end = lastVisible(text, text.length) + 1;
  for (;;) {
    const blank = lastBlankLine(text, end);
    const start = firstVisible(text, blank, end);
    if (start >= end) return { start: 0, end };
    if (
      !/^[-*_=~`"'\s\\[\]$]*$/.test(text.slice(start, Math.min(end, start + 40))) ||
      end - start > 40 ||
      blank === 0
    )
      return { start, end };
    end = lastVisible(text, blank) + 1;
  }
}

/** The end of the last blank line before `end`; 0 when there is none. */
function lastBlankLine(text: string, end: number): number {
  let lineBreak = text.lastIndexOf('\n', end - 1);
  while (lineBreak > 0) {
    const before = text.lastIndexOf('\n', lineBreak - 1);
    if (text.slice(before + 1, lineBreak).trim() === '') return lineBreak + 1;
    lineBreak = before;
  }
  return 0;
}

function lastVisible(text: string, end: number): number {
  let i = end - 1;
  while (i >= 0 && /\s/.test(text[i]!)) i--;
  return i;
}

function firstVisible(text: string, start: number, end: number): number {
  let i = start;
  while (i < end && /\s/.test(text[i]!)) i++;
  return i;
}

const LOOP_TAIL = 1_200;

/**
 * Whether a text ends in a loop: its last stretch is the same passage of at least 12 characters three times over. What
 * such a text ends with is no conclusion. Looks at the last 1,200 characters, in linear time.
 */
export function endsInLoop(text: string): boolean {
  const tail = text.slice(-LOOP_TAIL).trimEnd();
  if (tail.length < 40) return false;
  const fromEnd = (i: number): number => tail.charCodeAt(tail.length - 1 - i);
  const longest = new Int32Array(tail.length); // longest proper border of each ending (Knuth, Morris, Pratt)
  for (let i = 1, border = 0; i < tail.length; i++) {
    while (border > 0 && fromEnd(i) !== fromEnd(border)) border = longest[border - 1]!;
    if (fromEnd(i) === fromEnd(border)) border++;
    longest[i] = border;
    const length = i + 1;
    const period = length - border;
    if (period >= 12 && length >= 3 * period && length >= 60) return true;
  }
  return false;
}

/** Lines that only close a conversation, or say something beside the answer. */
const CLOSING =
  /(?:\n|[.!?)*] {1,2})[ \t>*_#(]{0,6}(?:let me know|feel free|would you like|do you (?:want|need)|want me to|if you(?:['’]d| (?:have|need|want|would))|(?:i )?hope (?:this|that)|please (?:let me|feel free)|is there anything|(?:note|confidence|source|sources|references?|disclaimer|hint|tip|p\.?s|remark|check|verification|hinweis|remarque|nota|注|备注)[ \w]{0,12}\**[ ]?[:：]|n['’]hésite|si (?:vous|tienes|tem|quieres)|no dudes|lass mich|wenn (?:du|sie) (?:noch|weitere)|fique à vontade|espero|espère|如果(?:你|您)|如有|希望|もし|ご不明)[^\n]*$/iu;
const LONGEST_CLOSING = 400;

/** A text up to the lines that only close the conversation: offers, wishes, notes. */
export function withoutClosing(text: string): string {
  let own = text.trimEnd();
  for (let lines = 0; lines < 3; lines++) {
    const from = Math.max(0, own.length - LONGEST_CLOSING);
    const found = CLOSING.exec(own.slice(from));
    const before = found === null ? '' : own.slice(0, from + found.index + (found[0][0] === '\n' ? 0 : 1));
    if (before.trim() === '') break;
    own = before.trimEnd();
  }
  return own;
}

/** Whether a text breaks off amid a sentence: what stands at its end is no conclusion. */
export const endsMidSentence = (text: string): boolean =>
  /(?:[,([{=+×÷→]|->|(?:^|\n)[ \t]*(?:[-*•]|\d{1,3}[.)])|(?<![\p{L}'’])(?:the|an|not|this|is|are|was|of|and|or|that|which|because|so|to|in|by|with|we|if|then|der|die|das|und|ist|weil|le|les|et|est|que|el|los|или|что))\s*$/iu.test(
    text.slice(-24),
  ) || /[a-z] a\s*$/.test(text.slice(-24)); // `A` may be an option

/** Whether a code block was opened that nothing closes. */
export function endsInBlock(text: string): boolean {
  let open = false;
  for (let at = text.indexOf('```'); at >= 0; at = text.indexOf('```', at + 3)) open = !open;
  return open;
}

/** The end of the line from `from` on, or of the next `limit` characters. */
export function lineEnd(text: string, from: number, limit: number): number {
  const part = text.slice(from, from + limit);
  const end = part.indexOf('\n');
  return from + (end < 0 ? part.length : end);
}

/** The end of a sentence from `from` on: a full stop before white space, a line's end, or the text's. */
export function sentenceEnd(text: string, from: number, limit: number): number {
  const part = text.slice(from, from + limit);
  SENTENCE_ENDS.lastIndex = 0;
  for (let found = SENTENCE_ENDS.exec(part); found !== null; found = SENTENCE_ENDS.exec(part)) {
    if (found[0] === '.' && ABBREVIATED.test(part.slice(Math.max(0, found.index - 8), found.index))) continue;
    return from + found.index;
  }
  return from + part.length;
}

const SENTENCE_ENDS = /[.!?](?=["'”’*_)\]]{0,4}(?:\s(?![=≈×÷]|[-+*/] ?[\d(\\])|$))|[。！？\n]/g; // `5! = 120` and `5! - 1` go on
const ABBREVIATED = /(?:^|[\s($])(?:rs|approx|ca|no|vs|etc|e\.g|i\.e|z\.b|ungef|env|aprox|[A-Z])$/i;
