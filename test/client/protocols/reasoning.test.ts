import { describe, expect, it } from 'vitest';
import { fromLanguageModel } from '../../../src/client/language-model.js';
import { PROTOCOLS } from '../../../src/client/protocols/protocol-names.js';

const chat = (message: object) => ({ choices: [{ index: 0, message, finish_reason: 'stop' }] });
const chunk = (delta: object, finish: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason: finish }],
});

function streamed(name: keyof typeof PROTOCOLS, messages: readonly unknown[]) {
  const reader = PROTOCOLS[name].stream();
  const text = messages.map((message) => reader.read(message)).join('');
  return { ...reader.reply(), streamedText: text };
}

describe('reasoning that a server keeps apart', () => {
  it.each([
    ['reasoning_content', { content: 'B', reasoning_content: 'hm' }],
    ['reasoning', { content: 'B', reasoning: 'hm' }],
    [
      'parts',
      {
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
          { type: 'text', text: 'B' },
        ],
      },
    ],
  ])('is read from %s of chat completions, whole and streamed', (_, message) => {
    expect(PROTOCOLS['openai-chat'].parse(chat(message))).toMatchObject({ text: 'B', reasoning: 'hm' });
    expect(streamed('openai-chat', [chunk(message), chunk({}, 'stop')])).toMatchObject({
      text: 'B',
      reasoning: 'hm',
      streamedText: 'B',
    });
  });

  it('is read from thinking blocks', () => {
    const content = [
      { type: 'thinking', thinking: 'hm', signature: 's' },
      { type: 'text', text: 'B' },
    ];
    expect(PROTOCOLS['anthropic-messages'].parse({ content })).toMatchObject({ text: 'B', reasoning: 'hm' });
    const events = [
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'B' } },
      { type: 'message_stop' },
    ];
    expect(streamed('anthropic-messages', events)).toMatchObject({
      text: 'B',
      reasoning: 'hm',
      streamedText: 'B',
    });
  });

  it('is read from what Ollama calls thinking', () => {
    const message = { content: 'B', thinking: 'hm' };
    expect(PROTOCOLS['ollama-chat'].parse({ message })).toMatchObject({ text: 'B', reasoning: 'hm' });
    expect(PROTOCOLS['ollama-generate'].parse({ response: 'B', thinking: 'hm' })).toMatchObject({
      text: 'B',
      reasoning: 'hm',
    });
    expect(streamed('ollama-chat', [{ message }, { message: {}, done: true }])).toMatchObject({
      reasoning: 'hm',
    });
    expect(streamed('ollama-generate', [{ response: 'B', thinking: 'hm' }, { done: true }])).toMatchObject({
      text: 'B',
      reasoning: 'hm',
    });
  });

  it('is read from reasoning items of responses', () => {
    const body = {
      status: 'completed',
      output: [
        { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] },
        { type: 'message', content: [{ type: 'output_text', text: 'B' }] },
      ],
    };
    expect(PROTOCOLS['openai-responses'].parse(body)).toMatchObject({ text: 'B', reasoning: 'hm' });
  });

  it('is read from parts of the AI SDK, and from tags in the text', async () => {
    const content = [
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: '<think>or not</think>B' },
    ];
    const model = {
      specificationVersion: 'v2',
      provider: 'p',
      modelId: 'm',
      doGenerate: async () => ({ content, finishReason: 'stop', usage: {} }),
    };
    const response = await fromLanguageModel(model).complete({ input: 'x' });
    expect(response).toMatchObject({ text: 'B', reasoning: 'hm\n\nor not' });
  });
});
