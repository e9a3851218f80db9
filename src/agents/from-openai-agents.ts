import { list, record } from '../client/protocols/protocol.js';
import { InputError } from '../errors.js';
import { show } from '../foundation/options.js';
import { StepRecorder, type RecordedSteps } from './step-recorder.js';

/**
 * The tool calls of the OpenAI Agents SDK: of a result (`newItems`), of its items or of its history, in the spelling of its
 * JavaScript or its Python form. Handoffs are calls of the tools that the model made them by. A turn begins with whatever
 * the model says after results.
 *
 * @example
 * const target = async (input: string) => {
 *   const result = await run(agent, input);
 *   return { output: result.finalOutput, ...fromOpenAIAgents(result) };
 * };
 * @throws InputError `ASSAY_INVALID_INPUT` for anything else.
 */
export function fromOpenAIAgents(
  given: { readonly newItems: unknown } | { readonly new_items: unknown } | readonly unknown[],
): RecordedSteps {
  const { newItems, new_items: pythonItems } = record(given);
  const items = Array.isArray(given) ? given : (newItems ?? pythonItems);
  if (!Array.isArray(items))
    throw new InputError(
      'ASSAY_INVALID_INPUT',
      `Expected the items of the OpenAI Agents SDK to be a list, got ${show(items)}`,
    );
  const recorder = new StepRecorder();
  let answered = true; // the next word of the model begins a turn
  for (const each of items) {
    const item = record(each);
    const raw = record(item['rawItem'] ?? item['raw_item'] ?? item);
    const id = raw['callId'] ?? raw['call_id'];
    const type = String(raw['type'] ?? '');
    if (RESULTS.has(type)) {
      answered = true;
      recorder.result(
        id,
        raw['status'] === 'incomplete' ? 'failed' : 'ok',
        textOf(item['output'] ?? raw['output']),
      );
      continue;
    }
    const isCall = CALLS.has(type);
    if (!isCall && raw['role'] !== 'assistant' && type !== 'reasoning') continue;
    if (answered) recorder.turn();
    answered = false;
    if (isCall)
      recorder.call({
        id: (id ?? raw['id']) as string,
        name: nameOf(raw, type),
        arguments: raw['arguments'] ?? raw['action'],
      });
    if (isCall && HOSTED.has(type)) recorder.result(id ?? raw['id'], 'ok', raw['output']); // the server has answered it
  }
  return recorder.read();
}

/** Tools that the vendor's server runs, and so answers, by itself. */
const HOSTED: ReadonlySet<string> = new Set([
  'hosted_tool_call',
  'web_search_call',
  'file_search_call',
  'code_interpreter_call',
  'image_generation_call',
  'mcp_call',
]);
const CALLS: ReadonlySet<string> = new Set([
  ...HOSTED,
  'function_call',
  'computer_call',
  'shell_call',
  'apply_patch_call',
]);
const RESULTS: ReadonlySet<string> = new Set([
  'function_call_result',
  'function_call_output',
  'computer_call_result',
  'computer_call_output',
  'shell_call_output',
  'apply_patch_call_output',
]);

const nameOf = (raw: Readonly<Record<string, unknown>>, type: string): string =>
  typeof raw['name'] === 'string' ? raw['name'] : type.replace(/_call$/, '');

/** A result is a text, a part that holds one, or several. */
function textOf(output: unknown): unknown {
  const parts = list(output).length > 0 ? list(output) : [output];
  const texts = parts.map((part) => record(part)['text']);
  return texts.every((text) => typeof text === 'string') ? texts.join('') : output;
}
