import { describe, expect, it } from 'vitest';
import { shownMessages, shownToolCalls, shownValue, valueText } from '../../src/report/shown-value.js';

const texts = (input: unknown): [string, string][] =>
  shownMessages(input, 1000).map(({ role, content }) => [role, content.text]);

describe('shownMessages', () => {
  it('shows a prompt, a chat, and input of any other shape', () => {
    expect(texts('hello')).toEqual([['', 'hello']]);
    expect(texts([{ role: 'user', content: 'hi' }])).toEqual([['user', 'hi']]);
    expect(texts({ messages: [{ role: 'user', content: 'hi' }], n: 1 })).toEqual([['user', 'hi']]);
    expect(texts({ a: 1 })).toEqual([['', '{\n  "a": 1\n}']]);
    expect(texts([1, 2])).toEqual([['', '[\n  1,\n  2\n]']]);
    expect(texts(null)).toEqual([['', 'null']]);
  });

  it('names parts that are no text by kind and size', () => {
    const parts = [
      { type: 'text', text: 'look' },
      { type: 'image', data: new Uint8Array(2000), mediaType: 'image/png' },
      { type: 'file', data: 'B'.repeat(5000), filename: 'a.pdf' },
      { type: 'image', data: new URL('https://example.com/x.png') },
      { type: 'input_audio', input_audio: { data: 'A'.repeat(400), format: 'wav' } },
    ];
    expect(texts([{ role: 'user', content: parts }])[0]![1]).toBe(
      'look\n[image image/png: 2,000 bytes]\n[file a.pdf: data, 5,000 characters]\n[image: https://example.com/x.png]\n' +
        '{\n  "type": "input_audio",\n  "input_audio": {\n    "data": "data, 400 characters",\n    "format": "wav"\n  }\n}',
    );
  });
});

describe('valueText', () => {
  it('never throws', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    expect(valueText(cyclic)).toBe('[object Object]');
    expect(valueText(10n)).toBe('"10n"');
    expect(valueText(undefined)).toBe('undefined');
    expect(shownValue(undefined, 10)).toBeNull();
  });
});

describe('shownToolCalls', () => {
  it('shows arguments as JSON, broken ones as the model wrote them', () => {
    expect(
      shownToolCalls(
        [
          { id: '1', name: 'add', arguments: { a: 1 }, argumentsText: '{"a":1}' },
          { id: '2', name: 'add', arguments: null, argumentsText: '{"a":', invalid: true },
        ],
        100,
      ),
    ).toEqual([
      { name: 'add', arguments: { text: '{\n  "a": 1\n}', length: 12 }, invalid: false },
      { name: 'add', arguments: { text: '{"a":', length: 5 }, invalid: true },
    ]);
  });
});
