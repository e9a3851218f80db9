import { systemClock } from '../foundation/clock.js';
import { cutText, type FakeContent, type FakeWire, type WirePiece } from './fake-answer.js';

/** Ollama's chat and generate. */
export const fakeOllamaChat: FakeWire = ollama((text, thinking, calls) => ({
  message: {
    role: 'assistant',
    content: text,
    ...(thinking === '' ? {} : { thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(wireToolCall) }),
  },
}));

/** As {@link fakeOllamaChat}, for one prompt. */
export const fakeOllamaGenerate: FakeWire = ollama((text, thinking) => ({
  response: text,
  ...(thinking === '' ? {} : { thinking }),
}));

type Said = (text: string, thinking: string, calls: FakeContent['toolCalls']) => object;

function ollama(said: Said): FakeWire {
  const line = (content: FakeContent, members: object, done: object = { done: false }): object => ({
    model: content.request.model,
    created_at: new Date(systemClock.wallTime()).toISOString(),
    ...members,
    ...done,
  });
  return {
    streamType: 'application/x-ndjson',
    whole: (content) => {
      const { text, reasoning, toolCalls } = content;
      return line(content, said(text, reasoning, toolCalls), ended(content));
    },
    pieces: (content) => {
      const { text, reasoning, toolCalls, charactersPerPiece } = content;
      const piece = (members: object, tokens: number, done?: object): WirePiece => ({
        text: `${JSON.stringify(line(content, members, done))}\n`,
        tokens,
      });
      return [
        ...cutText(reasoning, charactersPerPiece).map((each) => piece(said('', each, []), 1)),
        ...cutText(text, charactersPerPiece).map((each) => piece(said(each, '', []), 1)),
        ...toolCalls.map((call) => piece(said('', '', [call]), 1)), // Ollama sends a call whole
        piece(said('', '', []), 0, ended(content)),
      ];
    },
    error: (_status, message) => ({ error: message }),
  };
}

function ended({ finishReason, usage }: FakeContent): object {
  return {
    done: true,
    done_reason: finishReason ?? 'stop',
    ...(usage === null ? {} : { prompt_eval_count: usage.inputTokens, eval_count: usage.outputTokens }),
  };
}

function wireToolCall({ name, arguments: given }: FakeContent['toolCalls'][number]): object {
  return { function: { name, arguments: given ?? {} } };
}
