import { describe, expect, it } from 'vitest';
import { languageModelPrompt } from '../../../src/client/language-model-prompt.js';
import { LoadBalancedClient } from '../../../src/client/load-balanced-client.js';
import type { ChatMessage, ModelParameters } from '../../../src/client/model-client.js';
import { PROTOCOLS, type ProtocolName } from '../../../src/client/protocols/protocol-names.js';
import { startFakeModelServer } from '../../../src/testing/fake-model-server.js';

const png = 'iVBORw0KGgoAAAANSUhEUg==';
const wav = Buffer.from('RIFF\u0024\0\0\0WAVEfmt ', 'latin1');
const pdf = Buffer.from('%PDF-1.7');
const text = { type: 'text', text: 'Look:' } as const;

/** The content that a protocol sends for a message of the user with these parts. */
function written(protocol: ProtocolName, ...parts: unknown[]): unknown {
  const input = [{ role: 'user', content: parts }] as ChatMessage[];
  const body = PROTOCOLS[protocol].body({ input, model: 'm', parameters: {}, stream: false });
  const messages = (body['messages'] ?? body['input']) as Record<string, unknown>[];
  return messages[0]!['images'] === undefined ? messages[0]!['content'] : messages[0];
}

const refusal = (protocol: ProtocolName, ...parts: unknown[]): string => {
  try {
    written(protocol, ...parts);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

const dataUrl = `data:image/png;base64,${png}`;
/** One image in every shape that people have it in. */
const images: readonly unknown[] = [
  { type: 'image', data: png },
  { type: 'image', data: new Uint8Array(Buffer.from(png, 'base64')) },
  { type: 'image', data: dataUrl },
  { type: 'image', data: new URL(dataUrl) },
  { type: 'image', data: png, mediaType: 'image/png' },
  { type: 'image', image: png, mimeType: 'image/png' },
  { type: 'image_url', image_url: { url: dataUrl } },
  { type: 'input_image', image_url: dataUrl },
  { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
  { type: 'file', data: png, mediaType: 'image/png' },
];

describe('message parts', () => {
  it('an image reaches each protocol in its own form, whatever form it came in', () => {
    for (const image of images) {
      expect(written('openai-chat', text, image)).toMatchObject([
        text,
        { type: 'image_url', image_url: { url: dataUrl } },
      ]);
      expect(written('openai-responses', text, image)).toMatchObject([
        { type: 'input_text', text: 'Look:' },
        { type: 'input_image', image_url: dataUrl },
      ]);
      expect(written('anthropic-messages', text, image)).toEqual([
        text,
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
      ]);
      expect(written('ollama-chat', text, image)).toEqual({ role: 'user', content: 'Look:', images: [png] });
      const prompt = languageModelPrompt([{ role: 'user', content: [text, image as never] }]);
      expect(prompt).toMatchObject([
        { content: [text, { type: 'file', data: png, mediaType: 'image/png' }] },
      ]);
    }
  });

  it('an image by URL stays a URL, and is refused where it cannot be one', () => {
    const url = 'https://example.org/a.png';
    for (const image of [
      { type: 'image', data: url },
      { type: 'image', data: new URL(url) },
    ]) {
      expect(written('openai-chat', image)).toMatchObject([{ image_url: { url } }]);
      expect(written('openai-responses', image)).toMatchObject([{ image_url: url }]);
      expect(written('anthropic-messages', image)).toEqual([{ type: 'image', source: { type: 'url', url } }]);
      expect(refusal('ollama-chat', image)).toBe(
        'ollama-chat cannot carry images by URL; openai-chat, openai-responses, anthropic-messages can',
      );
    }
  });

  it('sound is for chat completions', () => {
    const audio = { type: 'audio', data: wav };
    const native = { type: 'input_audio', input_audio: { data: wav.toString('base64'), format: 'wav' } };
    expect(written('openai-chat', audio)).toEqual([native]);
    expect(written('openai-chat', native)).toEqual([native]);
    expect(written('openai-chat', { type: 'audio', data: 'x', mediaType: 'audio/mpeg' })).toMatchObject([
      { input_audio: { format: 'mp3' } },
    ]);
    for (const protocol of ['openai-responses', 'anthropic-messages', 'ollama-chat'] as const) {
      expect(refusal(protocol, audio)).toBe(`${protocol} cannot carry audio; openai-chat can`);
      expect(refusal(protocol, native)).toBe(`${protocol} cannot carry audio; openai-chat can`);
    }
  });

  it('files go where they can', () => {
    const file = { type: 'file', data: pdf, filename: 'a.pdf' };
    const base64 = pdf.toString('base64');
    expect(written('openai-chat', file)).toEqual([
      { type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${base64}` } },
    ]);
    expect(written('openai-responses', file)).toEqual([
      { type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${base64}` },
    ]);
    expect(written('anthropic-messages', file)).toEqual([
      {
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: base64 },
        title: 'a.pdf',
      },
    ]);
    expect(written('anthropic-messages', { type: 'file', data: 'data:text/plain,H%C3%B6he' })).toEqual([
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Höhe' } },
    ]);
    expect(refusal('ollama-chat', file)).toMatch(/^ollama-chat cannot carry files; openai-chat,/);
    expect(refusal('openai-chat', { type: 'file', data: 'http://x/a.pdf' })).toBe(
      'openai-chat cannot carry files by URL; openai-responses, anthropic-messages can',
    );
  });

  it('parts that only the server knows are sent as they are, and refused where only text can be', () => {
    const own = { type: 'tool_reference', tool_name: 'x' };
    for (const protocol of ['openai-chat', 'openai-responses', 'anthropic-messages'] as const) {
      expect(written(protocol, own)).toEqual([own]);
    }
    expect(refusal('ollama-chat', own)).toContain('a message part of type "tool_reference"');
    const cached = { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } };
    expect(written('anthropic-messages', cached)).toEqual([cached]);
  });

  it('says what is wrong with a part', () => {
    expect(refusal('openai-chat', { type: 'image' })).toMatch(/`data` of an image part to be base64/);
    expect(refusal('openai-chat', { type: 'image', data: 'AAAA' })).toMatch(/`mediaType` with an image part/);
    expect(refusal('openai-chat', { type: 'file', data: 7 })).toMatch(/`data` of a file part/);
  });

  it('a list of texts is a text', () => {
    for (const protocol of Object.keys(PROTOCOLS) as ProtocolName[]) {
      const { parse } = PROTOCOLS[protocol];
      if (protocol === 'openai-chat') {
        expect(parse({ choices: [{ message: { content: ['a', 'b'] }, finish_reason: 'stop' }] }).text).toBe(
          'ab',
        );
      } else if (protocol === 'anthropic-messages') {
        expect(parse({ content: ['a', 'b'], stop_reason: 'end_turn' }).text).toBe('ab');
      } else if (protocol === 'ollama-chat') {
        expect(parse({ message: { content: ['a', 'b'] }, done: true }).text).toBe('ab');
      }
    }
  });
});

describe('a request that not every endpoint can carry', () => {
  it('goes to those that can, and is refused when none can', async () => {
    const server = await startFakeModelServer({ reply: () => 'ok' });
    const plain = { id: 'plain', url: server.origin, protocol: 'openai-completions' } as const;
    const generate = { id: 'generate', url: server.origin, protocol: 'ollama-generate' } as const;
    const chat = { id: 'chat', url: server.origin } as const;
    const input = [{ role: 'user', content: [{ type: 'image', data: png }] }] as const;
    for (const policy of ['round-robin', 'latency-aware'] as const) {
      const client = new LoadBalancedClient({ endpoints: [plain, chat, generate], model: 'm', policy });
      const answered = await Promise.all(Array.from({ length: 20 }, () => client.complete({ input })));
      expect(new Set(answered.map(({ endpoint }) => endpoint))).toEqual(new Set(['chat']));
      expect((await client.complete({ input: 'text' })).text).toBe('ok');
      expect(client.snapshot().endpoints.map(({ state }) => state)).toEqual([
        'healthy',
        'healthy',
        'healthy',
      ]);
      await client.close();
    }
    const none = new LoadBalancedClient({ endpoints: [plain, generate], model: 'm' });
    await expect(none.complete({ input })).rejects.toMatchObject({
      code: 'ASSAY_BAD_REQUEST',
      message: expect.stringMatching(/cannot carry images; openai-chat/) as string,
      attempts: [],
    });
    await none.close();
    await server.close();
  });
});

describe('what a protocol has no word for', () => {
  const parameters: ModelParameters = { seed: 1, stop: ['x'], logprobs: true, maxTokens: 5 };
  const dropped: Readonly<Record<ProtocolName, readonly string[]>> = {
    'openai-chat': [],
    'openai-completions': [],
    'openai-responses': ['seed', 'stop'],
    'anthropic-messages': ['seed', 'logprobs'],
    'ollama-chat': [],
    'ollama-generate': [],
  };
  for (const [protocol, names] of Object.entries(dropped)) {
    it(`stands in the warnings of a response: ${protocol}`, async () => {
      const server = await startFakeModelServer();
      for (const shared of [true, false]) {
        const client = new LoadBalancedClient({
          endpoints: [server.origin],
          protocol: protocol as ProtocolName,
          ...(shared ? { parameters } : {}),
        });
        const { warnings } = await client.complete({ input: 'x', ...(shared ? {} : { parameters }) });
        const wanted = names.map((name) => `\`${name}\` was not sent: ${protocol} has no such parameter`);
        expect(warnings).toEqual(wanted.length === 0 ? undefined : wanted);
        expect((await client.complete({ input: 'x', parameters: { seed: undefined } })).warnings).toEqual(
          shared && wanted.length > 0 ? wanted : undefined,
        );
        await client.close();
      }
      await server.close();
    });
  }

  it("Anthropic's structured output is a member of `output_config`", () => {
    const responseFormat = { type: 'json_schema', schema: { type: 'object' } };
    const body = PROTOCOLS['anthropic-messages'].body({
      input: 'x',
      model: 'm',
      parameters: { responseFormat },
      stream: false,
    });
    expect([body['output_config'], 'output_format' in body]).toEqual([{ format: responseFormat }, false]);
  });
});

describe('token counts of a stream', () => {
  const read = (protocol: ProtocolName, messages: readonly unknown[]) => {
    const reader = PROTOCOLS[protocol].stream();
    for (const message of messages) reader.read(message);
    return reader.reply().usage;
  };

  it('zeros at the end do not overwrite what was counted', () => {
    const chunk = (usage: object | null, finish: string | null = null) => ({
      choices: [{ delta: { content: 'a' }, text: 'a', finish_reason: finish }],
      usage,
    });
    const zero = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    const counted = { prompt_tokens: 7, completion_tokens: 3 };
    for (const protocol of ['openai-chat', 'openai-completions'] as const) {
      expect(read(protocol, [chunk(counted), chunk(zero, 'stop')])).toEqual({
        inputTokens: 7,
        outputTokens: 3,
      });
      expect(
        read(protocol, [
          chunk(counted),
          chunk({ ...counted, prompt_tokens: 0, completion_tokens: 5 }, 'stop'),
        ]),
      ).toEqual({ inputTokens: 7, outputTokens: 5 });
      expect(read(protocol, [chunk(zero, 'stop')])).toBeNull();
    }
    expect(
      read('anthropic-messages', [
        { type: 'message_start', message: { usage: { input_tokens: 7, output_tokens: 1 } } },
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: 'a' } },
        {
          type: 'message_delta',
          delta: { stop_reason: 'end_turn' },
          usage: { input_tokens: 0, output_tokens: 3 },
        },
        { type: 'message_stop' },
      ]),
    ).toEqual({ inputTokens: 7, outputTokens: 3 });
  });
});
