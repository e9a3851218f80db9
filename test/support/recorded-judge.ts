import type { ModelClient, ModelRequest, ModelResponse } from '../../src/client/model-client.js';
import { textResponse } from '../../src/evaluation/evaluator.js';

/** A judge that replies from a list (or by a function) and remembers what it was asked. */
export class RecordedJudge implements ModelClient {
  readonly requests: ModelRequest[] = [];
  readonly #reply: (request: ModelRequest, index: number) => string | Partial<ModelResponse>;

  constructor(
    reply: readonly string[] | ((request: ModelRequest, index: number) => string | Partial<ModelResponse>),
  ) {
    this.#reply = typeof reply === 'function' ? reply : (_, index) => reply[index % reply.length]!;
  }

  async complete(request: ModelRequest): Promise<ModelResponse> {
    this.requests.push(request);
    const reply = this.#reply(request, this.requests.length - 1);
    const usual = {
      ...textResponse(''),
      model: 'judge-model',
      usage: { inputTokens: 100, outputTokens: 20 },
      cost: 0.5,
    };
    return typeof reply === 'string' ? { ...usual, text: reply } : { ...usual, ...reply };
  }

  /** Everything that the judge was told in a call, as one text. */
  told(index: number): string {
    const { input } = this.requests[index]!;
    return typeof input === 'string' ? input : input.map(({ content }) => String(content)).join('\n');
  }
}
