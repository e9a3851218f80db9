import { OllamaStream, ollamaCommon, ollamaReply, ollamaUsage } from './ollama-chat.js';
import { promptOf } from './prompt.js';
import {
  record,
  textField,
  unexpected,
  type Protocol,
  type ProtocolReply,
  type ProtocolRequest,
} from './protocol.js';

/** Ollama generate: `POST /api/generate`, one prompt in, one text out; streams as one JSON value a line. */
export const ollamaGenerate: Protocol = {
  name: 'ollama-generate',
  path: '/generate',
  prefix: '/api',
  streamFormat: 'ndjson',

  body(request: ProtocolRequest): Record<string, unknown> {
    const { model, parameters, stream } = request;
    return {
      model: model === '' ? undefined : model,
      prompt: promptOf('ollama-generate', request),
      ...ollamaCommon(parameters, stream),
    };
  },

  parse(body: unknown): ProtocolReply {
    const reply = record(body);
    const text = reply['response'];
    if (typeof text !== 'string') throw unexpected('`response`');
    return ollamaReply(reply, { text, thinking: reply['thinking'] });
  },

  usage: ollamaUsage,
  stream: () =>
    new OllamaStream(
      (line) => textField(line, 'response') ?? '',
      (line) => textField(line, 'thinking') ?? '',
    ),
};
