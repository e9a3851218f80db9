import { CHANNEL_MARK, channelOf } from './reasoning-trace.js';
import type { TracePiece } from './trace-piece.js';

const MARKS = ['<|start|>', '<|channel|>', '<|channel>', '<|end|>', '<|return|>', '<|call|>', '<channel|>'];
const LONGEST_MARK = 180;
/** A mark with its words that has not come whole. */
const OPEN_MARK =
  /^(?:<\|start\|>[a-z]{0,20}|<\|channel>[a-z]{0,20}|<\|channel\|>[a-z]{0,20}[^<]{0,80}(?:<\|constrain\|>[^<]{0,20})?(?:<\|?[a-z]{0,9}\|?)?)$/;

/** Whether a text is a mark's beginning, or all there is of one that may go on. */
const mayGoOn = (text: string): boolean =>
  MARKS.some((mark) => mark.startsWith(text)) || OPEN_MARK.test(text);

/**
 * Tells the channels of a streamed answer apart (`<|channel|>analysis<|message|>`), in whatever pieces it comes: the text
 * of the final one is what `visibleText` sees in the whole, every other one is reasoning.
 */
export class ChannelStream {
  #held = '';
  #thought = false;
  #space = ''; // white space before the first visible character of a stretch
  #shown = false; // whether a stretch has shown anything

  /** Whether an answer that begins so is in channels; `undefined` until that can be told. */
  static begins(text: string): boolean | undefined {
    const begin = text.trimStart();
    if (/^<\|(?:start|channel)\|?>/.test(begin)) return true;
    return MARKS.slice(0, 3).some((mark) => mark.startsWith(begin)) ? undefined : false;
  }

  /** Takes a piece; gives what can be told of now. */
  push(piece: string, isLast: boolean): TracePiece[] {
    const pieces: TracePiece[] = [];
    const text = this.#held + piece;
    const end = isLast ? text.length : heldFrom(text);
    let from = 0;
    for (const mark of text.slice(0, end).matchAll(CHANNEL_MARK)) {
      this.#pass(text.slice(from, mark.index), pieces);
      this.#thought = channelOf(mark) !== 'final';
      this.#space = '';
      this.#shown = false;
      from = mark.index + mark[0].length;
    }
    this.#pass(text.slice(from, end), pieces);
    this.#held = text.slice(end);
    return pieces;
  }

  #pass(passed: string, pieces: TracePiece[]): void {
    const text = this.#space + passed;
    this.#space = '';
    if (text === '') return;
    if (!this.#shown && text.trim() === '') {
      this.#space = text;
      return;
    }
    this.#shown = true;
    pieces.push({ type: this.#thought ? 'reasoning' : 'text', text });
  }
}

/** Where a mark begins that may go on. */
function heldFrom(text: string): number {
  const from = Math.max(0, text.length - LONGEST_MARK);
  for (let at = text.indexOf('<', from); at >= 0; at = text.indexOf('<', at + 1))
    if (mayGoOn(text.slice(at))) return at;
  return text.length;
}
