import { count } from '../../foundation/counted.js';
import type { CutText } from '../case-data.js';
import { numberOf, UNSEEN } from '../unseen.js';
import { el } from './dom.js';

/** A passage of a text that is marked. */
export interface TextMark {
  readonly start: number;
  readonly end: number;
  /** What the mark says. */
  readonly title: string;
}

/** Appends text in which every character can be seen: those that nobody sees are written by their number. */
export function appendVisible(parent: Element, text: string): void {
  let from = 0;
  for (const match of text.matchAll(UNSEEN)) {
    parent.append(text.slice(from, match.index));
    parent.append(el('span', { class: 'unseen' }, numberOf(match[0])));
    from = match.index + match[0].length;
  }
  parent.append(text.slice(from));
}

/** An element with text in which every character can be seen. */
export function visible<
  Tag extends 'span' | 'td' | 'p' | 'pre' | 'div' | 'strong' | 'code' | 'h1' | 'h3' | 'th',
>(tag: Tag, text: string, properties: Readonly<Record<string, string>> = {}): HTMLElementTagNameMap[Tag] {
  const element = el(tag, { dir: 'auto', ...properties });
  appendVisible(element, text);
  return element;
}

/** Who uses the keyboard can scroll only what can have the focus; a text that fits needs none. */
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries)
    if (target.scrollHeight > target.clientHeight) target.setAttribute('tabindex', '0');
    else target.removeAttribute('tabindex');
});

/** A block for text as it was written; a long one scrolls. */
export function textPane(className = ''): HTMLElement {
  const pane = el('pre', { class: `text ${className}`.trim(), dir: 'auto' });
  sizes.observe(pane);
  return pane;
}

/** A long text as it was written, with the marked places, and what was cut said with its size. */
export function textBlock({ text, tail, length }: CutText, marks: readonly TextMark[] = []): HTMLElement {
  const block = textPane();
  if (length === 0) block.append(el('span', { class: 'quiet' }, 'empty'));
  appendMarked(block, text, { marks, offset: 0 });
  if (tail === undefined) return block;
  const left = length - text.length - tail.length;
  block.append(
    el('span', { class: 'cut' }, `… ${count(left)} of ${count(length)} characters are not in this page …`),
  );
  appendMarked(block, tail, { marks, offset: length - tail.length });
  return block;
}

/** `offset`: where `text` begins in the text that the marks are of. */
function appendMarked(
  parent: Element,
  text: string,
  { marks, offset }: { readonly marks: readonly TextMark[]; readonly offset: number },
): void {
  let from = 0;
  const inside = marks
    .map((mark) => ({ ...mark, start: mark.start - offset, end: mark.end - offset }))
    .filter(({ start, end }) => start >= 0 && end > start && end <= text.length)
    .sort((a, b) => a.start - b.start || b.end - a.end);
  for (const { start, end, title } of inside) {
    if (start < from) continue; // within the mark before
    appendVisible(parent, text.slice(from, start));
    const mark = el('mark', { title });
    appendVisible(mark, text.slice(start, end));
    parent.append(mark);
    from = end;
  }
  appendVisible(parent, text.slice(from));
}
