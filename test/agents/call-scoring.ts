import type { AnyOutputScorer, Score } from '../../src/evaluation/evaluation-types.js';
import { textResponse } from '../../src/evaluation/evaluator.js';
import type { ModelResponse } from '../../src/client/model-client.js';
import { toolCallsOf, type GivenToolCall } from '../../src/client/given-tool-calls.js';

/** What a scorer says of an answer that came by these calls; `undefined`: the target told of none. */
export async function scoreCalls(
  scorer: AnyOutputScorer,
  calls: readonly GivenToolCall[] | undefined,
  expected: unknown,
  response: Partial<ModelResponse> = {},
): Promise<Score> {
  const toolCalls = calls === undefined ? {} : { toolCalls: toolCallsOf(calls) };
  return (await scorer({
    input: 'question',
    output: 'answer',
    expected,
    metadata: { calls: expected },
    response: { ...textResponse('answer'), ...toolCalls, ...response },
    signal: new AbortController().signal,
  })) as Score;
}

/** Calls written short: `a1 b` is a call of tool a with `{ x: 1 }` and one of tool b without arguments. */
export function written(text: string): GivenToolCall[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const [, name, digits] = /^([a-z]+)(\d*)$/.exec(word)!;
      const args = [...digits!].map((digit, i) => ['xyz'[i], Number(digit)]);
      return { name: name!, arguments: Object.fromEntries(args) as object };
    });
}
