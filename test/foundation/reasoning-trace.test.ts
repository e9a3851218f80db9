import { describe, expect, it } from 'vitest';
import { mayHoldReasoning, reasoningTagPattern, visibleText } from '../../src/foundation/reasoning-trace.js';

describe('visibleText', () => {
  it.each([
    ['<think>France.</think>\nParis', '\nParis', 'France.'],
    ['France.\n</think>\nParis', '\nParis', 'France.'],
    ['<thinking>a</thinking><think>b</think>c', 'c', 'a\n\nb'],
    ['Lyon? <think>no</think> Paris', 'Lyon?  Paris', 'no'],
    ['<think>I close with </think> in the end</think>Paris', 'Paris', 'I close with\n\nin the end'],
    ['<think>x</think>Paris</think>', 'Paris', 'x'],
    ['[THINK]x[/THINK]Paris', 'Paris', 'x'],
    ['◁think▷x◁/think▷Paris', 'Paris', 'x'],
    ['<think></think>Paris', 'Paris', ''],
    ['<THINK>x</THINK>Paris', 'Paris', 'x'],
  ])('of %j is %j', (whole, text, reasoning) => {
    expect(visibleText(whole)).toMatchObject({ text, reasoning, unclosed: false });
  });

  it.each([
    'Use `<think>` to reason.',
    'The "</think>" tag ends it.',
    'Paris',
    'a <think> b',
    '```\n<think>\nx\n```\n',
  ])('leaves %j as it is', (whole) => {
    expect(visibleText(whole)).toMatchObject({ text: whole, reasoning: '', unclosed: false });
  });

  it('says when a trace never closes, and keeps what stood before it', () => {
    expect(visibleText('<think>It may be Paris')).toMatchObject({
      text: '',
      reasoning: 'It may be Paris',
      unclosed: true,
    });
    expect(visibleText('Paris.\n<think>or')).toMatchObject({
      text: 'Paris.\n',
      reasoning: 'or',
      unclosed: true,
    });
    expect(visibleText('It may be Paris</think>')).toMatchObject({ text: '', reasoning: 'It may be Paris' });
  });

  it('takes other tags by name', () => {
    const tags = reasoningTagPattern(['reason.ing']);
    expect(visibleText('<reason.ing>x</reason.ing>Paris', tags).text).toBe('Paris');
    expect(visibleText('<reasonXing>x</reasonXing>Paris', tags).reasoning).toBe('');
  });

  it.each([
    '<think>x</think>Paris',
    'Paris\n<think>x</think> or <think>y</think>Rome',
    '<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>Paris<|return|>',
  ])('says where each place of the rest stands in %j', (whole) => {
    const seen = visibleText(whole);
    for (let i = 0; i < seen.text.length; i++) expect(whole[seen.placeOf(i)]).toBe(seen.text[i]);
  });

  it('takes the final one of several channels', () => {
    const analysis = '<|channel|>analysis<|message|>Rome?';
    expect(
      visibleText(`${analysis}<|end|><|start|>assistant<|channel|>final<|message|>Paris<|return|>`),
    ).toMatchObject({ text: 'Paris', reasoning: 'Rome?', unclosed: false });
    expect(visibleText(analysis)).toMatchObject({ text: '', reasoning: 'Rome?', unclosed: true });
    expect(visibleText('<|channel>thought\nRome?<channel|>Paris')).toMatchObject({
      text: 'Paris',
      reasoning: 'Rome?',
    });
    expect(visibleText('analysisUser asks for a city.assistantfinalParis')).toMatchObject({
      text: 'Paris',
      reasoning: 'User asks for a city.',
    });
    expect(visibleText('analysisResult = 3')).toMatchObject({ text: 'analysisResult = 3', reasoning: '' });
  });

  it('is looked for wherever its first look cannot rule it out', () => {
    const traces = [
      '<think>hm</think>a',
      '[THINK]hm[/THINK]a',
      '◁think▷hm◁/think▷a',
      ' analysisUser asks for a city.assistantfinalParis',
    ];
    for (const text of traces) {
      expect(mayHoldReasoning(text), text).toBe(true);
      expect(visibleText(text).reasoning, text).not.toBe('');
    }
    expect(mayHoldReasoning('Paris, by analysis of the question')).toBe(false);
  });
});
