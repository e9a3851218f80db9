import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visibleText } from '../../src/foundation/reasoning-trace.js';
import type { TracePiece } from '../../src/foundation/trace-piece.js';
import { TraceStream } from '../../src/foundation/trace-stream.js';

function told(
  whole: string,
  size: number,
): { readonly text: string; readonly pieces: readonly TracePiece[] } {
  const stream = new TraceStream(['think', 'thinking']);
  const pieces: TracePiece[] = [];
  for (let at = 0; at < whole.length; at += size) pieces.push(...stream.push(whole.slice(at, at + size)));
  pieces.push(...stream.end());
  const from = pieces.findLastIndex(({ retracts }) => retracts === true) + 1;
  const shown = pieces.slice(from).filter(({ type }) => type === 'text');
  return { text: shown.map(({ text }) => text).join(''), pieces };
}

const textOf = (pieces: readonly TracePiece[], type: TracePiece['type']): string =>
  pieces
    .filter((piece) => piece.type === type)
    .map(({ text }) => text)
    .join('');

const PARTS = [
  '<think>',
  '</think>',
  '<thinking>',
  '[/THINK]',
  '<thin',
  '`',
  '```',
  '\n',
  ' ',
  'a',
  '"',
  '<',
  'B.',
];

describe('TraceStream', () => {
  it.each([
    '<think>Rome?\nNo.</think>\n\nParis',
    '\n<think>\n\n</think>\n\nParis',
    'Rome?</think>Paris',
    'Rome?</think>',
    '<think>Rome?',
    'Paris.\n<think>or',
    'a <think> b',
    'a <think>b</think> c',
    'Use `<think>` to reason.',
    'The "</think>" tag ends it.',
    '```\n<think>\nx\n```\n',
    '1 < 2 and [3]',
    '<think>x</think>Paris<think>y</think>, France',
    '',
  ])('gives of %j, byte for byte, the text that is seen in the whole', (whole) => {
    expect(told(whole, 1).text).toBe(visibleText(whole).text);
  });

  it('never shows a trace as text that has an opening tag on its line', () => {
    const { pieces } = told('<think>Rome?</think>Paris', 1);
    expect(textOf(pieces, 'text')).toBe('Paris');
    expect(textOf(pieces, 'reasoning')).toBe('Rome?');
  });

  it('retracts what it has shown when a trace ends that never began', () => {
    const { pieces } = told('Rome?</think>Paris', 1);
    expect(textOf(pieces, 'text')).toBe('Rome?Paris');
    expect(pieces.filter(({ retracts }) => retracts)).toHaveLength(1);
  });

  it('holds back no more than what may be a tag', () => {
    const stream = new TraceStream(['think']);
    expect(stream.push('Paris <th')).toEqual([{ type: 'text', text: 'Paris ' }]);
    expect(stream.push('ree')).toEqual([{ type: 'text', text: '<three' }]);
  });

  it('gives the same text in pieces of every size', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...PARTS), { maxLength: 10 }),
        fc.integer({ min: 1, max: 5 }),
        (parts, size) => {
          const whole = parts.join('');
          expect(told(whole, size).text).toBe(told(whole, whole.length + 1).text);
        },
      ),
    );
  });

  const HARMONY =
    '<|channel|>analysis<|message|>Rome? <b>No</b>.<|end|><|start|>assistant<|channel|>final<|message|>Paris <3<|return|>';

  it.each([
    HARMONY,
    '<|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{"a":1}<|call|>',
    '<|channel>thought\nRome?<channel|>Paris',
    '<|channel|>final<|message|>Paris <|chan',
    ' <|channel|>analysis<|message|>cut off',
    '<|start here',
    'Say <|channel|>analysis<|message|> to think.',
  ])('tells channels apart: %j', (whole) => {
    const seen = visibleText(whole);
    for (const size of [1, 2, 3, 7, 1_000]) {
      const stream = new TraceStream();
      const pieces: TracePiece[] = [];
      for (let at = 0; at < whole.length; at += size) pieces.push(...stream.push(whole.slice(at, at + size)));
      pieces.push(...stream.end());
      expect(textOf(pieces, 'text')).toBe(seen.text);
      expect(textOf(pieces, 'reasoning').trim()).toBe(seen.reasoning);
    }
  });

  it('shows the thoughts of a channel as they come', () => {
    const stream = new TraceStream();
    expect(stream.push('<|channel|>analysis<|message|>Ro')).toEqual([{ type: 'reasoning', text: 'Ro' }]);
    expect(stream.push('me<|e')).toEqual([{ type: 'reasoning', text: 'me' }]);
  });
});
