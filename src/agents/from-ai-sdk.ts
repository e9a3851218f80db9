import type { GivenToolCall } from '../client/given-tool-calls.js';
import { list, record } from '../client/protocols/protocol.js';
import { InputError } from '../errors.js';
import { isThenable } from '../foundation/thenable.js';
import { show } from '../foundation/options.js';
import { StepRecorder, type RecordedSteps } from './step-recorder.js';

/**
 * The tool calls of the AI SDK: of what `generateText` or an agent of it gives, or of its `steps` alone (of `streamText`
 * await them first). Versions 4 to 6; each step is a turn.
 *
 * @example
 * const target = async (input: string) => {
 *   const result = await generateText({ model, tools, prompt: input, stopWhen: stepCountIs(8) });
 *   return { output: result.text, ...fromAiSdk(result) };
 * };
 * @throws InputError `ASSAY_INVALID_INPUT` for anything else.
 */
export function fromAiSdk(given: { readonly steps: unknown } | readonly unknown[]): RecordedSteps {
  const steps: unknown = Array.isArray(given) ? given : record(given)['steps'];
  if (!Array.isArray(steps)) {
    const hint = isThenable(steps) ? 'a promise: await `steps` first' : show(steps);
    throw new InputError('ASSAY_INVALID_INPUT', `Expected the steps of the AI SDK to be a list, got ${hint}`);
  }
  const recorder = new StepRecorder();
  for (const step of steps) {
    recorder.turn();
    for (const part of partsOf(record(step))) addPart(recorder, part);
  }
  return recorder.read();
}

/** The parts of a step; of version 4, which has none, its calls and then its results. */
function partsOf(step: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>[] {
  const content = list(step['content']);
  if (content.length > 0) return content.map(record);
  return [
    ...list(step['toolCalls']).map((call) => ({ ...record(call), type: 'tool-call' })),
    ...list(step['toolResults']).map((result) => ({ ...record(result), type: 'tool-result' })),
  ];
}

function addPart(recorder: StepRecorder, part: Readonly<Record<string, unknown>>): void {
  const { type, toolCallId } = part;
  if (type === 'tool-call') recorder.call(part as GivenToolCall);
  else if (type === 'tool-result') recorder.result(toolCallId, 'ok', part['output'] ?? part['result']);
  else if (type === 'tool-error') recorder.result(toolCallId, 'failed', part['error']);
}
