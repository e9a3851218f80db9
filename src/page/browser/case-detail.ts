import type {
  CaseDetail,
  CutText,
  ShownAnswer,
  ShownDimension,
  ShownMessage,
  ShownToolCall,
} from '../case-data.js';
import { el, type Child } from './dom.js';
import { duration, score } from '../figures.js';
import { appendVisible, textBlock, textPane, visible, type TextMark } from './visible-text.js';
import { wordDiff } from './word-diff.js';

/** Everything that is known of a case. */
export function caseDetail(detail: CaseDetail): Child {
  return [
    problem(detail),
    part('Input', detail.messages.length === 0 ? notKept() : detail.messages.map(message)),
    detail.expected !== null && part('Expected', textBlock(detail.expected)),
    part('Answer', answer(detail, marksOf(detail.dimensions))),
    detail.baseline !== null && part('Against the baseline', againstBaseline(detail, detail.baseline)),
    detail.dimensions.length > 0 && part('Scores', detail.dimensions.map(dimension)),
    detail.notes !== null && part('Notes of the evaluator', textBlock(detail.notes)),
    detail.contexts.length > 0 &&
      part(
        'Passages that it rests on',
        detail.contexts.map((context) => textBlock(context)),
      ),
    detail.metadata !== null && folded('Metadata of the case', textBlock(detail.metadata)),
    part('Time and cost', facts(detail)),
  ];
}

const notKept = (): HTMLElement => el('p', { class: 'quiet' }, 'The store has not kept what was asked.');

/** A part of the detail view under its heading. */
function part(name: string, ...content: Child[]): HTMLElement {
  return el('section', { class: 'part' }, el('h3', {}, name), content);
}

/** A part that is closed at first. */
function folded(name: string, ...content: Child[]): HTMLElement {
  return el('details', { class: 'part' }, el('summary', {}, name), content);
}

const problem = ({ problem: text }: ShownAnswer): Child =>
  text !== null && el('div', { class: 'problem' }, textBlock(text));

function message({ role, content, toolCalls }: ShownMessage): HTMLElement {
  return el(
    'div',
    { class: 'message' },
    role !== '' && visible('strong', role, { class: 'role' }),
    (content.length > 0 || toolCalls.length === 0) && textBlock(content),
    toolCalls.map(toolCall),
  );
}

function toolCall({ name, arguments: given, invalid }: ShownToolCall): HTMLElement {
  return el(
    'div',
    { class: 'tool-call' },
    el('span', { class: 'quiet' }, 'calls '),
    visible('code', name),
    invalid && el('span', { class: 'badge failed' }, 'no valid arguments'),
    textBlock(given),
  );
}

/** An answer with its reasoning and tool calls; `marks` are places of the text. */
export function answer(shown: ShownAnswer, marks: readonly TextMark[]): Child {
  const { text, reasoning, toolCalls, finishReason } = shown;
  return [
    reasoning !== null && folded('Reasoning', textBlock(reasoning)),
    text === null ? el('p', { class: 'quiet' }, 'No answer.') : textBlock(text, marks),
    toolCalls.map(toolCall),
    finishReason === 'length' &&
      el('p', { class: 'warning' }, 'The answer was cut off: it reached the most tokens.'),
    finishReason === 'content-filter' && el('p', { class: 'warning' }, 'A content filter ended the answer.'),
  ];
}

function marksOf(dimensions: readonly ShownDimension[]): TextMark[] {
  return dimensions.flatMap(({ name, evidence }) =>
    evidence.flatMap(({ start, end }) =>
      start === undefined || end === undefined ? [] : [{ start, end, title: `read by ${name}` }],
    ),
  );
}

function againstBaseline(now: ShownAnswer, old: ShownAnswer): Child {
  return [
    el('p', {}, `Score ${score(old.score)} before, ${score(now.score)} now.`),
    problem(old),
    old.text === null || now.text === null ? answer(old, []) : diffBlock(old.text, now.text),
  ];
}

/** Two answers as one text: what is gone struck out, what is new underlined. */
export function diffBlock(old: CutText, now: CutText): HTMLElement {
  if (old.text === now.text && old.tail === now.tail && old.length === now.length)
    return el(
      'p',
      { class: 'quiet' },
      old.tail === undefined
        ? 'The answer is the same text.'
        : 'What of the answers is in this page is the same text.', // the middle may differ
    );
  const block = textPane('diff');
  for (const { kind, text } of wordDiff(wholeOf(old), wholeOf(now))) {
    if (kind === 'both') appendVisible(block, text);
    else {
      const piece = el(kind === 'old' ? 'del' : 'ins');
      appendVisible(piece, text);
      block.append(piece);
    }
  }
  return block;
}

const wholeOf = ({ text, tail }: CutText): string => (tail === undefined ? text : `${text}\n…\n${tail}`);

function dimension(shown: ShownDimension): HTMLElement {
  const { name, outcome, label, confidence, reason, evidence, notes, error } = shown;
  return el(
    'div',
    { class: 'dimension' },
    el(
      'p',
      {},
      visible('strong', name),
      ` ${outcome === 'scored' ? score(shown.score) : outcome}`,
      label !== undefined && [' ', visible('span', label, { class: 'tag' })],
      confidence !== undefined && ` · confidence ${score(confidence)}`,
      el('span', { class: 'quiet' }, ` · ${duration(shown.durationMs)}`),
    ),
    reason !== undefined && textBlock(reason),
    error !== undefined && visible('p', error, { class: 'warning' }),
    evidence.length > 0 &&
      el(
        'ul',
        { class: 'evidence' },
        evidence.map(({ text, start }) =>
          el(
            'li',
            {},
            visible('span', text),
            start !== undefined && el('span', { class: 'quiet' }, ` at ${start}`),
          ),
        ),
      ),
    notes !== undefined && folded('Notes', textBlock(notes)),
  );
}

function facts({ facts: named, timings }: CaseDetail): HTMLElement {
  return el(
    'dl',
    { class: 'facts' },
    [...named, ...timings.map(([name, ms]) => [name, duration(ms)] as const)].map(([name, value]) =>
      el('div', {}, el('dt', {}, name), el('dd', {}, visible('span', value))),
    ),
  );
}
