import type { ModelInput } from '../model-client.js';
import type { ProtocolReply } from '../protocols/protocol.js';
import { estimateTokens, inputCharacters } from '../token-estimate.js';

const CALL_OVERHEAD_UNITS = 32;
const DEFAULT_OUTPUT_TOKENS = 256;
const GENEROUS = 2;

/**
 * How much work a call is. A unit is one output token; every call also costs about 32 units for its prompt and
 * the way there and back, so that short answers do not look slow. Before the answer is known, work is what
 * answers took on average, doubled, and at most `maxTokens`: an error of half does no harm to the selection.
 */
export class WorkEstimate {
  /** Whether some endpoint limits tokens, so that prompts must be measured. */
  counted: boolean;
  #averageOutput = Number.NaN;

  constructor(counted: boolean) {
    this.counted = counted;
  }

  /** Units that a call is expected to take. */
  expectedUnits(maxTokens: number | undefined): number {
    const typical = Number.isNaN(this.#averageOutput)
      ? DEFAULT_OUTPUT_TOKENS
      : this.#averageOutput * GENEROUS;
    return CALL_OVERHEAD_UNITS + Math.min(typical, maxTokens ?? Number.POSITIVE_INFINITY);
  }

  /** Units that an answer took. */
  unitsOf(reply: ProtocolReply, expected: number): number {
    if (reply.usage === null && reply.text === '') return expected; // nothing to learn from
    const output = reply.usage?.outputTokens ?? estimateTokens(reply.text.length);
    this.#averageOutput = Number.isNaN(this.#averageOutput)
      ? output
      : this.#averageOutput * 0.95 + output * 0.05;
    return CALL_OVERHEAD_UNITS + output;
  }

  /**
   * Tokens that a call is charged at admission: the prompt at four characters a token, and `maxTokens` (else
   * what answers took on average), which is how vendors with token limits count.
   */
  tokensToCharge(input: ModelInput, maxTokens: number | undefined): number {
    const average = Number.isNaN(this.#averageOutput) ? DEFAULT_OUTPUT_TOKENS : this.#averageOutput;
    return estimateTokens(inputCharacters(input)) + Math.ceil(maxTokens ?? average);
  }

  /** Tokens that an answer really used; what was charged when the server does not say. */
  tokensUsed(reply: ProtocolReply, charged: number): number {
    return reply.usage === null ? charged : reply.usage.inputTokens + reply.usage.outputTokens;
  }
}
