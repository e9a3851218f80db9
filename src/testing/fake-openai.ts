import { systemClock } from '../foundation/clock.js';
import type { TokenUsage } from '../client/model-client.js';
import { cutText, fakeId, type FakeContent, type FakeWire, type WirePiece } from './fake-answer.js';

/** OpenAI chat completions. */
export const fakeChat: FakeWire = {
  streamType: 'text/event-stream',
  whole: (content) => ({
    ...envelope(content, 'chatcmpl-', 'chat.completion'),
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: content.text === '' && content.toolCalls.length > 0 ? null : content.text,
          reasoning_content: content.reasoning === '' ? undefined : content.reasoning,
          tool_calls: content.toolCalls.length === 0 ? undefined : content.toolCalls.map(wireToolCall),
        },
        logprobs: content.logprobs ?? null,
        finish_reason: finishReason(content),
      },
    ],
    ...(content.usage === null ? {} : { usage: wireUsage(content.usage) }),
  }),
  pieces: (content) => {
    const { text, reasoning, toolCalls, charactersPerPiece: length, logprobs } = content;
    const event = eventsOf(content, 'chatcmpl-', 'chat.completion.chunk');
    const delta = (members: object, tokens: number): WirePiece =>
      event({ delta: members, finish_reason: null }, tokens);
    return [
      delta({ role: 'assistant', content: '' }, 0),
      ...cutText(reasoning, length).map((piece) => delta({ reasoning_content: piece }, 1)),
      ...cutText(text, length).map((piece) => delta({ content: piece }, 1)),
      ...toolCalls.flatMap((call, index) => [
        delta({ tool_calls: [{ index, ...wireToolCall({ ...call, argumentsText: '' }) }] }, 1),
        ...cutText(call.argumentsText, length).map((piece) =>
          delta({ tool_calls: [{ index, function: { arguments: piece } }] }, 1),
        ),
      ]),
      event({ delta: {}, finish_reason: finishReason(content), logprobs: logprobs ?? null }, 0),
      ...ending(content, event),
    ];
  },
  error: errorOf,
};

/** OpenAI completions. */
export const fakeCompletions: FakeWire = {
  streamType: 'text/event-stream',
  whole: (content) => ({
    ...envelope(content, 'cmpl-', 'text_completion'),
    choices: [
      {
        index: 0,
        text: content.text,
        logprobs: content.logprobs ?? null,
        finish_reason: finishReason(content),
      },
    ],
    ...(content.usage === null ? {} : { usage: wireUsage(content.usage) }),
  }),
  pieces: (content) => {
    const event = eventsOf(content, 'cmpl-', 'text_completion');
    return [
      ...cutText(content.text, content.charactersPerPiece).map((text) =>
        event({ text, finish_reason: null }, 1),
      ),
      event({ text: '', finish_reason: finishReason(content), logprobs: content.logprobs ?? null }, 0),
      ...ending(content, event),
    ];
  },
  error: errorOf,
};

/** The body of an error in OpenAI's form. */
export function errorOf(status: number, message: string, code?: string): object {
  const type =
    status === 401
      ? 'authentication_error'
      : status === 429
        ? 'rate_limit_error'
        : status < 500
          ? 'invalid_request_error'
          : 'server_error';
  return { error: { message, type, param: null, code: code ?? null } };
}

type EventOf = (choice: object | null, tokens: number, extra?: object) => WirePiece;

function eventsOf(content: FakeContent, prefix: string, object: string): EventOf {
  const head = envelope(content, prefix, object);
  return (choice, tokens, extra = {}) => ({
    text: `data: ${JSON.stringify({ ...head, choices: choice === null ? [] : [{ index: 0, ...choice }], ...extra })}\n\n`,
    tokens,
  });
}

function ending({ request, usage }: FakeContent, event: EventOf): WirePiece[] {
  const options = request.body['stream_options'] as { readonly include_usage?: unknown } | null | undefined;
  const told = usage !== null && options?.include_usage === true;
  return [
    ...(told ? [event(null, 0, { usage: wireUsage(usage) })] : []),
    { text: 'data: [DONE]\n\n', tokens: 0 },
  ];
}

function envelope(content: FakeContent, prefix: string, object: string): object {
  const created = Math.floor(systemClock.wallTime() / 1000);
  return { id: fakeId(prefix, content), object, created, model: content.request.model };
}

function wireToolCall({ id, name, argumentsText }: FakeContent['toolCalls'][number]): object {
  return { id, type: 'function', function: { name, arguments: argumentsText } };
}

function finishReason({ finishReason: given, toolCalls }: FakeContent): string {
  return given ?? (toolCalls.length === 0 ? 'stop' : 'tool_calls');
}

function wireUsage(usage: TokenUsage): object {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    ...(usage.cachedInputTokens === undefined
      ? {}
      : { prompt_tokens_details: { cached_tokens: usage.cachedInputTokens } }),
  };
}
