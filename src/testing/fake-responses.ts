import { systemClock } from '../foundation/clock.js';
import { cutText, fakeId, type FakeContent, type FakeWire, type WirePiece } from './fake-answer.js';
import { errorOf } from './fake-openai.js';

/** OpenAI responses. */
export const fakeResponses: FakeWire = {
  streamType: 'text/event-stream',
  whole: (content) => ({ ...responseOf(content), output: itemsOf(content) }),
  pieces: (content) => {
    const items = itemsOf(content);
    const pieces: WirePiece[] = [];
    const tell = (type: string, members: object, tokens = 0): void => {
      const event = { type, sequence_number: pieces.length, ...members };
      pieces.push({ text: `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`, tokens });
    };
    tell('response.created', { response: { ...responseOf(content), status: 'in_progress', output: [] } });
    for (const [index, item] of items.entries()) {
      const at = { output_index: index, item_id: item['id'] };
      tell('response.output_item.added', { output_index: index, item });
      const [type, text] = textOf(item, content);
      for (const delta of cutText(text, content.charactersPerPiece)) tell(type, { ...at, delta }, 1);
      tell('response.output_item.done', { output_index: index, item });
    }
    const response: Members = { ...responseOf(content), output: items };
    tell(response['status'] === 'incomplete' ? 'response.incomplete' : 'response.completed', { response });
    return pieces;
  },
  error: errorOf,
};

type Members = Readonly<Record<string, unknown>>;

function responseOf(content: FakeContent): Members {
  const { request, usage, finishReason } = content;
  const reason = finishReason === 'length' ? 'max_output_tokens' : finishReason;
  const incomplete = reason === 'max_output_tokens' || reason === 'content_filter';
  return {
    id: fakeId('resp_', content),
    object: 'response',
    created_at: Math.floor(systemClock.wallTime() / 1000),
    model: request.model,
    status: incomplete ? 'incomplete' : 'completed',
    incomplete_details: incomplete ? { reason } : null,
    ...(usage === null
      ? {}
      : {
          usage: {
            input_tokens: usage.inputTokens,
            output_tokens: usage.outputTokens,
            total_tokens: usage.inputTokens + usage.outputTokens,
            input_tokens_details: { cached_tokens: usage.cachedInputTokens ?? 0 },
          },
        }),
  };
}

function itemsOf(content: FakeContent): readonly Members[] {
  const { text, reasoning, toolCalls, logprobs } = content;
  const part = {
    type: 'output_text',
    text,
    annotations: [],
    ...(logprobs === undefined ? {} : { logprobs }),
  };
  const message = { type: 'message', id: fakeId('msg_', content), role: 'assistant', status: 'completed' };
  return [
    ...(reasoning === ''
      ? []
      : [
          {
            type: 'reasoning',
            id: fakeId('rs_', content),
            summary: [{ type: 'summary_text', text: reasoning }],
          },
        ]),
    ...(text === '' && toolCalls.length > 0 ? [] : [{ ...message, content: [part] }]),
    ...toolCalls.map(({ id, name, argumentsText }) => ({
      type: 'function_call',
      id: `fc_${id}`,
      call_id: id,
      name,
      arguments: argumentsText,
      status: 'completed',
    })),
  ];
}

/** The event that streams an item, and its text. */
function textOf(item: Members, { text, reasoning }: FakeContent): readonly [type: string, text: string] {
  if (item['type'] === 'reasoning') return ['response.reasoning_summary_text.delta', reasoning];
  if (item['type'] === 'message') return ['response.output_text.delta', text];
  return ['response.function_call_arguments.delta', item['arguments'] as string];
}
