import { cutText, fakeId, type FakeContent, type FakeWire, type WirePiece } from './fake-answer.js';

/** Anthropic messages. */
export const fakeMessages: FakeWire = {
  streamType: 'text/event-stream',
  whole: (content) => ({
    ...messageOf(content),
    content: blocksOf(content).map(({ block, whole }) => ({ ...block, ...whole })),
    stop_reason: stopReason(content),
    ...(content.usage === null ? {} : { usage: usageOf(content, content.usage.outputTokens) }),
  }),
  pieces: (content) => {
    const pieces: WirePiece[] = [];
    const tell = (type: string, members: object, tokens = 0): void => {
      pieces.push({ text: `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`, tokens });
    };
    const begun = content.usage === null ? {} : { usage: usageOf(content, 0) };
    tell('message_start', { message: { ...messageOf(content), content: [], stop_reason: null, ...begun } });
    for (const [index, { block, text, delta }] of blocksOf(content).entries()) {
      tell('content_block_start', { index, content_block: block });
      for (const piece of cutText(text, content.charactersPerPiece))
        tell('content_block_delta', { index, delta: delta(piece) }, 1);
      tell('content_block_stop', { index });
    }
    const usage = content.usage === null ? {} : { usage: { output_tokens: content.usage.outputTokens } };
    tell('message_delta', { delta: { stop_reason: stopReason(content), stop_sequence: null }, ...usage });
    tell('message_stop', {});
    return pieces;
  },
  error: (status, message) => {
    const type =
      status === 401
        ? 'authentication_error'
        : status === 429
          ? 'rate_limit_error'
          : status < 500
            ? 'invalid_request_error'
            : 'api_error';
    return { type: 'error', error: { type, message } };
  },
};

interface Block {
  /** As it begins in a stream. */
  readonly block: object;
  /** What a whole answer has on top. */
  readonly whole: object;
  readonly text: string;
  readonly delta: (piece: string) => object;
}

function blocksOf({ text, reasoning, toolCalls }: FakeContent): readonly Block[] {
  const blocks: Block[] = [];
  if (reasoning !== '') {
    blocks.push({
      block: { type: 'thinking', thinking: '', signature: '' },
      whole: { thinking: reasoning },
      text: reasoning,
      delta: (thinking) => ({ type: 'thinking_delta', thinking }),
    });
  }
  if (text !== '' || toolCalls.length === 0) {
    blocks.push({
      block: { type: 'text', text: '' },
      whole: { text },
      text,
      delta: (piece) => ({ type: 'text_delta', text: piece }),
    });
  }
  for (const { id, name, arguments: input, argumentsText } of toolCalls) {
    blocks.push({
      block: { type: 'tool_use', id, name, input: {} },
      whole: { input: input ?? {} },
      text: argumentsText,
      delta: (piece) => ({ type: 'input_json_delta', partial_json: piece }),
    });
  }
  return blocks;
}

function messageOf(content: FakeContent): object {
  const { model } = content.request;
  return { id: fakeId('msg_', content), type: 'message', role: 'assistant', model, stop_sequence: null };
}

function stopReason({ finishReason, toolCalls }: FakeContent): string {
  if (finishReason === 'length') return 'max_tokens';
  return finishReason ?? (toolCalls.length === 0 ? 'end_turn' : 'tool_use');
}

/** Input tokens do not include those that came from the cache. */
function usageOf({ usage }: FakeContent, outputTokens: number): object {
  const cached = usage?.cachedInputTokens ?? 0;
  return {
    input_tokens: (usage?.inputTokens ?? 0) - cached,
    cache_read_input_tokens: cached,
    output_tokens: outputTokens,
  };
}
